//! Figures read for one scrape serve all others of the same second, so that many readers cost no more than one.

use std::time::Duration;

use bytes::Bytes;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;

use super::exposition::Figures;
use super::site_labels::SiteLabels;
use crate::failure::Failure;
use crate::server::Server;

/// For how long figures are given out again.
const FRESH: Duration = Duration::from_secs(1);

/// The latest figures, and when they were read.
#[derive(Debug, Default)]
pub(crate) struct Scrapes(Mutex<Option<(Duration, Bytes)>>);

impl Scrapes {
    /// The figures as OpenMetrics text, whole or not at all. Whoever comes while they are read waits for them.
    ///
    /// # Errors
    /// [`protocol::ErrorCode::StoreUnavailable`]
    pub(crate) async fn text(&self, server: &Server) -> Result<Bytes, Failure> {
        let mut latest = self.0.lock().await;
        let now = server.clock.monotonic();
        if let Some((at, text)) = latest.as_ref()
            && now.saturating_sub(*at) < FRESH
        {
            return Ok(text.clone());
        }
        let text = Bytes::from(read(server).await?);
        *latest = Some((now, text.clone()));
        Ok(text)
    }
}

async fn read(server: &Server) -> Result<String, Failure> {
    let sites = SiteLabels::of(server.store.oldest_sites(SiteLabels::MOST).await?);
    let figures = Figures {
        totals: server.store.event_totals().await?,
        gauges: server.store.session_gauges(None, server.now()).await?,
        alerts: server.store.lasting_alerts().await?,
        impersonations: server.store.live_impersonations(server.now()).await?.len(),
        sites,
        dropped: server.observed.dropped(),
        posted_heads: server.posted_heads.counts(),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(figures));
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| Failure::internal(&error))?;
    Ok(text)
}
