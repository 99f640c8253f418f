//! How a server is reached: through the router inside the app, or over the network.

use std::path::PathBuf;
use std::sync::Arc;

use keeper::profile::Reply;
use keeper::transport::TransportSetup;
use keeper::{Device, HttpTransport, Limits, Profile, ServerTarget, Transport, Trust, VigieProfile};

use crate::embedded_server::EmbeddedServer;
use crate::view::{DeviceSettings, ServerView, UiError, UiErrorCode};

/// The ways to servers.
#[derive(Clone)]
pub struct Reach {
    embedded: Arc<EmbeddedServer>,
    #[cfg(test)]
    pub(crate) between: Option<crate::testing::Between>,
}

/// What this app calls itself towards servers.
pub const USER_AGENT: &str = concat!("Vigie/", env!("CARGO_PKG_VERSION"));

/// What a device says of itself with these settings.
pub fn device_of(settings: &DeviceSettings) -> Device {
    Device {
        name: settings.device_name.trim().to_owned(),
        kind: settings.device_kind,
        user_agent: format!("{USER_AGENT} ({})", std::env::consts::OS),
    }
}

/// The server that these settings name.
///
/// # Errors
/// [`UiErrorCode::AddressInvalid`] or [`UiErrorCode::AddressInsecure`].
pub fn target_of(server: &ServerView) -> Result<ServerTarget, UiError> {
    match server {
        ServerView::ThisDevice => Ok(ServerTarget::Embedded),
        ServerView::Remote { url } => match ServerTarget::parse(url) {
            Ok(ServerTarget::Embedded) => Err(UiErrorCode::AddressInvalid.into()),
            Ok(target @ ServerTarget::Origin(_)) => Ok(target),
            Err(error) => Err(UiError::from(error).about(url.clone())),
        },
    }
}

impl Reach {
    /// With this server inside the app.
    pub fn new(embedded: Arc<EmbeddedServer>) -> Self {
        Self {
            embedded,
            #[cfg(test)]
            between: None,
        }
    }

    /// The server inside the app.
    pub fn embedded(&self) -> &Arc<EmbeddedServer> {
        &self.embedded
    }

    /// A transport to this server, trusting the system's certificates or those of this file.
    ///
    /// # Errors
    /// [`UiErrorCode::CaFileInvalid`], or [`UiErrorCode::CertificateRefused`] where the system has no trust store.
    pub fn transport(
        &self,
        target: &ServerTarget,
        ca_file: Option<&str>,
    ) -> Result<Arc<dyn Transport>, UiError> {
        let transport: Arc<dyn Transport> = match target {
            ServerTarget::Embedded => self.embedded.clone(),
            ServerTarget::Origin(url) => Arc::new(network(url, ca_file)?),
        };
        #[cfg(test)]
        if let Some(between) = &self.between {
            return Ok(between.over(transport));
        }
        Ok(transport)
    }

    /// Says whether a Vigie server answers there.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn test(&self, server: &ServerView, ca_file: Option<&str>) -> Result<(), UiError> {
        let target = target_of(server)?;
        if let ServerTarget::Embedded = target {
            return self.embedded.ready().await.map(drop);
        }
        let transport = self.transport(&target, ca_file)?;
        let profile = VigieProfile::new();
        let answer = transport.send(profile.heartbeat_request(), Limits::AUTH).await?;
        profile
            .read_heartbeat(Reply::of(&answer, 0))
            .map_err(UiError::from)
    }
}

fn network(url: &url::Url, ca_file: Option<&str>) -> Result<HttpTransport, UiError> {
    let trust = match ca_file.map(str::trim).filter(|path| !path.is_empty()) {
        Some(path) => Trust::CaFile(PathBuf::from(path)),
        None => Trust::System,
    };
    HttpTransport::new(url, &trust, USER_AGENT).map_err(|fault| match fault {
        TransportSetup::CaUnreadable | TransportSetup::CaEmpty => {
            UiError::from(UiErrorCode::CaFileInvalid).about(ca_file.unwrap_or_default())
        }
        TransportSetup::Tls => UiErrorCode::CertificateRefused.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::target_of;
    use crate::view::{ServerView, UiErrorCode};

    #[test]
    fn an_address_is_checked_and_its_fault_named() {
        let code =
            |url: &str| target_of(&ServerView::Remote { url: url.to_owned() }).map_err(|error| error.code);
        assert!(code("vigie.example").is_ok());
        assert_eq!(code("embedded").unwrap_err(), UiErrorCode::AddressInvalid);
        assert_eq!(code("ftp://x").unwrap_err(), UiErrorCode::AddressInvalid);
        assert_eq!(
            code("http://vigie.example").unwrap_err(),
            UiErrorCode::AddressInsecure
        );
    }
}
