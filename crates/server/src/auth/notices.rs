//! What the caller is told about the safety of the own account.

use axum::extract::{Path, State};
use http::StatusCode;
use protocol::ErrorCode;
use protocol::notice::{NoticeKind, SecurityNotice, SecurityNoticeList};
use store::Notice;
use uuid::Uuid;

use crate::caller::Caller;
use crate::clock::wire_time;
use crate::failure::Failure;
use crate::server::Server;
use crate::user_agent::application;

const LISTED: u32 = 100;

/// The caller's security notices that were not seen yet, newest first.
#[utoipa::path(
    get,
    path = "/auth/notices",
    tag = "auth",
    responses((status = 200, description = "Those not seen yet", body = SecurityNoticeList))
)]
pub(super) async fn list(
    State(server): State<Server>,
    caller: Caller,
) -> Result<axum::Json<SecurityNoticeList>, Failure> {
    let user_id = caller.identity.session.user_id;
    let notices = server.store.security_notices(user_id, true, LISTED).await?;
    Ok(axum::Json(SecurityNoticeList {
        notices: notices.into_iter().map(wire).collect(),
    }))
}

/// Takes note that the caller saw a notice.
#[utoipa::path(
    post,
    path = "/auth/notices/{id}/seen",
    tag = "auth",
    params(("id" = Uuid, Path, description = "The notice")),
    responses((status = 204, description = "Noted"))
)]
pub(super) async fn seen(
    State(server): State<Server>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let not_found = || Failure::new(ErrorCode::NoticeNotFound);
    let id = id.parse::<Uuid>().map_err(|_| not_found())?;
    let user_id = caller.identity.session.user_id;
    if server.store.mark_notice_seen(user_id, id, caller.now).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found())
    }
}

fn wire(notice: Notice) -> SecurityNotice {
    let told = |text: String| Some(text).filter(|text| !text.is_empty());
    SecurityNotice {
        id: notice.id,
        kind: match notice.kind {
            store::NoticeKind::NewDevice => NoticeKind::NewDevice,
            store::NoticeKind::NewNetwork => NoticeKind::NewNetwork,
            store::NoticeKind::DeviceLimit => NoticeKind::DeviceLimit,
            store::NoticeKind::PasswordChanged => NoticeKind::PasswordChanged,
            store::NoticeKind::ProofRefused => NoticeKind::ProofRefused,
            store::NoticeKind::Impersonated => NoticeKind::Impersonated,
            store::NoticeKind::ImpersonationStarted => NoticeKind::ImpersonationStarted,
        },
        at: wire_time(notice.at),
        application: application(&notice.detail.user_agent),
        device_name: told(notice.detail.device_name),
        ip_address: told(notice.detail.ip_address),
    }
}
