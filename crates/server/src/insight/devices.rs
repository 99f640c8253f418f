//! Devices that suffer although the server answers well, by their own count.

use axum::extract::State;
use protocol::insight::{ClientReport, SufferingDevice, SufferingDevices};

use super::errors::site_names;
use super::range::{Wanted, bounds, scope};
use crate::body::Queried;
use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::server::Server;

const MOST: u32 = 100;

/// The longest that a client may count before it reports, in seconds.
const LONGEST_SECONDS: u32 = 86_400;

/// The most that a client may count of anything.
const COUNT_MOST: u32 = 100_000;

/// Devices that were cut off or met faults, the one longest without service first.
#[utoipa::path(
    get,
    path = "/admin/sessions/devices",
    tag = "admin",
    params(Wanted),
    responses((status = 200, description = "At most 100 of them", body = SufferingDevices))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
    Queried(wanted): Queried<Wanted>,
) -> Result<axum::Json<SufferingDevices>, Failure> {
    let organization_id = scope(&caller, wanted.organization_id)?;
    let (from, to) = bounds(wanted.range, caller.now);
    let found = server
        .store
        .suffering_devices(organization_id, from, to, MOST)
        .await?;
    let names = site_names(&server, organization_id).await?;
    let devices = found
        .into_iter()
        .map(|device| SufferingDevice {
            site_name: device.site_id.and_then(|id| names.get(&id).cloned()),
            device_name: device.device_name,
            site_id: device.site_id,
            observed_seconds: device.counted.observed_seconds,
            offline_seconds: device.counted.offline_seconds,
            server_fault_seconds: device.counted.server_fault_seconds,
            refreshes: device.counted.refreshes,
            incidents: device.counted.incidents,
            last_at: wire_time(device.last_at),
        })
        .collect();
    Ok(axum::Json(SufferingDevices { devices }))
}

/// Refuses what no device can have counted.
///
/// # Errors
/// A value out of its range.
pub(crate) fn plausible(report: &ClientReport) -> Result<(), Failure> {
    let bad = |field: &str, detail: String| Failure::invalid(format!("report.{field}"), detail);
    let observed = report.observed_seconds;
    if observed > LONGEST_SECONDS {
        return Err(bad("observed_seconds", format!("at most {LONGEST_SECONDS}")));
    }
    for (field, seconds) in [
        ("offline_seconds", report.offline_seconds),
        ("server_fault_seconds", report.server_fault_seconds),
    ] {
        if seconds > observed {
            return Err(bad(field, format!("at most the {observed} seconds observed")));
        }
    }
    for (field, count) in [("refreshes", report.refreshes), ("incidents", report.incidents)] {
        if count > COUNT_MOST {
            return Err(bad(field, format!("at most {COUNT_MOST}")));
        }
    }
    Ok(())
}
