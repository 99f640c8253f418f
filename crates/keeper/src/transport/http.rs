//! The transport over the network: reqwest with rustls, no redirects, and a pool that does not outlive a silent cut.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::{Request, Response};
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;
use url::{Host, Url};

use super::fault::classify;
use super::resolve::SystemResolver;
use super::{BEGINNING, ByteStream, Limits, Transport, TransportFault};

const CONNECT: Duration = Duration::from_secs(3);
/// A connection is asked for a sign of life this often while a call waits on it, and dropped without one.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// Whose signature under a server's certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The operating system's trust store.
    System,
    /// The certificates in this PEM file, and no others.
    CaFile(PathBuf),
}

/// Why the transport cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TransportSetup {
    /// The file with the organisation's certificate authority cannot be read.
    #[error("the certificate authority's file cannot be read")]
    CaUnreadable,
    /// It holds no certificate.
    #[error("the certificate authority's file holds no certificate")]
    CaEmpty,
    /// The operating system's trust store or TLS cannot be used.
    #[error("TLS cannot be set up")]
    Tls,
}

impl TransportSetup {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CaUnreadable => "ca_unreadable",
            Self::CaEmpty => "ca_empty",
            Self::Tls => "tls_setup",
        }
    }
}

/// HTTP/1.1 and HTTP/2 to one origin, through the system's proxies where there are any.
pub struct HttpTransport {
    origin: Url,
    route: Route,
    tls: rustls::ClientConfig,
    user_agent: String,
    client: ArcSwap<reqwest::Client>,
}

impl HttpTransport {
    /// A transport to this origin.
    ///
    /// # Errors
    /// [`TransportSetup`] where TLS cannot be set up with this trust.
    pub fn new(origin: &Url, trust: &Trust, user_agent: &str) -> Result<Self, TransportSetup> {
        let tls = tls_config(trust)?;
        let route = Route::to(origin);
        let client = build(&tls, user_agent, route)?;
        Ok(Self {
            origin: origin.clone(),
            route,
            tls,
            user_agent: user_agent.to_owned(),
            client: ArcSwap::from_pointee(client),
        })
    }

    fn address(&self, request: &Request<Bytes>) -> Result<Url, TransportFault> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let mut url = self.origin.clone();
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        if !path.starts_with('/') {
            return Err(TransportFault::Unsendable);
        }
        url.set_path(path);
        url.set_query(query);
        Ok(url)
    }

    fn outgoing(&self, request: Request<Bytes>) -> Result<reqwest::Request, TransportFault> {
        let url = self.address(&request)?;
        let (parts, body) = request.into_parts();
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        if !body.is_empty() {
            *outgoing.body_mut() = Some(body.into());
        }
        Ok(outgoing)
    }

    /// Drops the pool that a call timed out on: whatever hangs in it would hold up the next call too.
    fn drop_pool(&self, used: &Arc<reqwest::Client>) {
        let current = self.client.load();
        if Arc::ptr_eq(&current, used)
            && let Ok(fresh) = build(&self.tls, &self.user_agent, self.route)
        {
            self.client.compare_and_swap(&*current, Arc::new(fresh));
        }
    }

    async fn exchange(
        client: &reqwest::Client,
        request: reqwest::Request,
        body_bytes: usize,
    ) -> Result<Response<Bytes>, TransportFault> {
        let mut answer = client.execute(request).await.map_err(|error| classify(&error))?;
        if answer
            .content_length()
            .is_some_and(|length| length > body_bytes as u64)
        {
            return Err(TransportFault::TooLarge);
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let Some(first) = answer.chunk().await.map_err(|error| classify(&error))? else {
            return Ok(response);
        };
        let mut whole: Option<BytesMut> = None;
        let mut length = first.len();
        while let Some(chunk) = answer.chunk().await.map_err(|error| classify(&error))? {
            length += chunk.len();
            if length > body_bytes {
                return Err(TransportFault::TooLarge);
            }
            whole
                .get_or_insert_with(|| BytesMut::from(&first[..]))
                .extend_from_slice(&chunk);
        }
        if length > body_bytes {
            return Err(TransportFault::TooLarge);
        }
        *response.body_mut() = whole.map_or(first, BytesMut::freeze);
        Ok(response)
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportFault> {
        let mut outgoing = self.outgoing(request)?;
        *outgoing.timeout_mut() = Some(limits.total);
        let client = self.client.load_full();
        let result = Self::exchange(&client, outgoing, limits.body_bytes).await;
        if matches!(result, Err(TransportFault::Offline)) {
            self.drop_pool(&client);
        }
        result
    }

    async fn open_stream(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportFault> {
        let outgoing = self.outgoing(request)?;
        let client = self.client.load_full();
        let begun = match timeout(BEGINNING, client.execute(outgoing)).await {
            Ok(begun) => begun.map_err(|error| classify(&error)),
            Err(_) => Err(TransportFault::Offline),
        };
        if matches!(begun, Err(TransportFault::Offline)) {
            self.drop_pool(&client);
        }
        let mut answer = begun?;
        let (status, version) = (answer.status(), answer.version());
        let headers = std::mem::take(answer.headers_mut());
        let pieces: ByteStream = Box::pin(answer.bytes_stream().map_err(|error| classify(&error)));
        let mut response = Response::new(pieces);
        *response.status_mut() = status;
        *response.version_mut() = version;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// How requests get to the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    /// Through the system's proxies, if there are any.
    ByProxies,
    /// Straight: what is meant for this machine in plain http is shown to no proxy.
    Straight,
}

impl Route {
    fn to(origin: &Url) -> Self {
        let local = match origin.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if local { Self::Straight } else { Self::ByProxies }
    }
}

fn build(
    tls: &rustls::ClientConfig,
    user_agent: &str,
    route: Route,
) -> Result<reqwest::Client, TransportSetup> {
    let builder = match route {
        Route::ByProxies => reqwest::Client::builder(),
        Route::Straight => reqwest::Client::builder().no_proxy(),
    };
    builder
        .tls_backend_preconfigured(tls.clone())
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(KEEP_ALIVE)
        .dns_resolver(SystemResolver)
        .build()
        .map_err(|_| TransportSetup::Tls)
}

fn tls_config(trust: &Trust) -> Result<rustls::ClientConfig, TransportSetup> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::System => Arc::new(
            rustls_platform_verifier::Verifier::new(Arc::clone(&provider))
                .map_err(|_| TransportSetup::Tls)?,
        ),
        Trust::CaFile(path) => {
            let roots = Arc::new(roots(path)?);
            rustls::client::WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
                .build()
                .map_err(|_| TransportSetup::CaEmpty)?
        }
    };
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TransportSetup::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn roots(path: &Path) -> Result<rustls::RootCertStore, TransportSetup> {
    let pem = std::fs::read(path).map_err(|_| TransportSetup::CaUnreadable)?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| TransportSetup::CaEmpty)?;
        roots.add(certificate).map_err(|_| TransportSetup::CaEmpty)?;
    }
    if roots.is_empty() {
        Err(TransportSetup::CaEmpty)
    } else {
        Ok(roots)
    }
}
