//! Calling a webhook: one POST of JSON over https, to an address that is looked up, judged and then kept to, without
//! following anybody elsewhere.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::alert::{AlertTestFailure, WebhookCall};
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, StatusCode, header};
use thiserror::Error;
use url::Url;

use super::reach::{Reach, literal};
use crate::options::AlertOptions;

/// How long one call may take.
const CALL_WITHIN: Duration = Duration::from_secs(10);

/// Why no webhook can be called at all.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// The certificate authority cannot be used.
    #[error("webhook_ca_file: {path}: {reason}")]
    Authority {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Why a call came to nothing.
#[derive(Debug, Error)]
pub(crate) enum CallFault {
    /// What is set is no address.
    #[error("no address to call")]
    NoAddress,
    /// Nobody may be called there.
    #[error("the name leads into the server's own network")]
    NotAllowed,
    /// Nobody answers there.
    #[error("{0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// It was answered with something else than success.
    #[error("answered {0}")]
    Refused(StatusCode),
}

impl CallFault {
    /// Whether another try may go better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::NoAddress | Self::NotAllowed => false,
            Self::Unreachable(_) | Self::Timeout => true,
            Self::Refused(status) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
                    )
            }
        }
    }

    /// As a try says it.
    pub(super) const fn failure(&self) -> AlertTestFailure {
        match self {
            Self::NoAddress => AlertTestFailure::NotSetUp,
            Self::NotAllowed => AlertTestFailure::AddressNotAllowed,
            Self::Unreachable(_) => AlertTestFailure::Unreachable,
            Self::Timeout => AlertTestFailure::Timeout,
            Self::Refused(_) => AlertTestFailure::Refused,
        }
    }
}

/// Calls webhooks.
pub(crate) struct Webhooks {
    reach: Reach,
    authorities: Vec<Certificate>,
}

impl Webhooks {
    /// Calls nobody yet.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub(crate) fn new(options: &AlertOptions) -> Result<Self, WebhookError> {
        let mut authorities = Vec::new();
        if let Some(path) = &options.webhook_ca_file {
            let refused = |reason: String| WebhookError::Authority {
                path: path.display().to_string(),
                reason,
            };
            let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
            authorities = Certificate::from_pem_bundle(&pem).map_err(|error| refused(error.to_string()))?;
            if authorities.is_empty() {
                return Err(refused("it holds no certificate".to_owned()));
            }
        }
        Ok(Self {
            reach: Reach::with(&options.webhook_networks),
            authorities,
        })
    }

    /// Which addresses may be called.
    pub(crate) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Posts it.
    ///
    /// # Errors
    /// See [`CallFault`].
    pub(crate) async fn post(&self, url: &str, call: &WebhookCall) -> Result<(), CallFault> {
        tokio::time::timeout(CALL_WITHIN, self.posted(url, call))
            .await
            .unwrap_or(Err(CallFault::Timeout))
    }

    async fn posted(&self, url: &str, call: &WebhookCall) -> Result<(), CallFault> {
        let url: Url = url.parse().map_err(|_| CallFault::NoAddress)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(CallFault::NoAddress);
        };
        let mut builder = self.client().https_only(true);
        match literal(&url) {
            Some(address) if self.reach.allows(address) => {}
            Some(_) => return Err(CallFault::NotAllowed),
            // The very addresses that were judged are called: the name is not looked up a second time.
            None => builder = builder.resolve_to_addrs(host, &self.addresses(host, port).await?),
        }
        let client = builder.build().map_err(|error| said(&error))?;
        sent(client.post(url).json(call)).await
    }

    /// Posts a body to where the server's own configuration says, which may be anywhere.
    ///
    /// # Errors
    /// See [`CallFault`].
    pub(crate) async fn post_where_set(
        &self,
        url: &Url,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Result<(), CallFault> {
        let client = self.client().build().map_err(|error| said(&error))?;
        let mut request = client
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        sent(request).await
    }

    /// A client that follows nobody elsewhere.
    fn client(&self) -> ClientBuilder {
        Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("vigie-server/", env!("CARGO_PKG_VERSION")))
            .timeout(CALL_WITHIN)
            .tls_certs_merge(self.authorities.iter().cloned())
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, CallFault> {
        let found: Vec<_> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|_| CallFault::Unreachable("the name is not known".to_owned()))?
            .collect();
        if found.is_empty() {
            return Err(CallFault::Unreachable("the name has no address".to_owned()));
        }
        if found.iter().all(|address| self.reach.allows(address.ip())) {
            Ok(found)
        } else {
            Err(CallFault::NotAllowed)
        }
    }
}

async fn sent(request: RequestBuilder) -> Result<(), CallFault> {
    let answer = request.send().await.map_err(|error| said(&error.without_url()))?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(CallFault::Refused(answer.status()))
    }
}

/// What went wrong on the way, down to its cause.
fn said(error: &reqwest::Error) -> CallFault {
    if error.is_timeout() {
        return CallFault::Timeout;
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = next.to_string();
        cause = next.source();
    }
    CallFault::Unreachable(text)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::CallFault;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, again) in [
            (500, true),
            (503, true),
            (429, true),
            (408, true),
            (404, false),
            (301, false),
            (410, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(CallFault::Refused(status).may_pass(), again, "{status}");
        }
        assert!(CallFault::Timeout.may_pass() && CallFault::Unreachable(String::new()).may_pass());
        assert!(!CallFault::NotAllowed.may_pass() && !CallFault::NoAddress.may_pass());
    }
}
