//! How many connections one address may hold, so that a single slow or greedy client does not take all of them.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::rate::network;

/// Accepts connections up to a number for each address; trusted proxies are not counted.
#[derive(Clone)]
pub(crate) struct CountedConnections(Arc<Counts>);

struct Counts {
    most: usize,
    uncounted: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl CountedConnections {
    pub(crate) fn new(most: usize, uncounted: Vec<IpNet>) -> Self {
        Self(Arc::new(Counts {
            most,
            uncounted,
            open: Mutex::default(),
        }))
    }

    /// A place for a connection from there; `None` where there is none left.
    fn place(&self, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        if self.0.uncounted.iter().any(|net| net.contains(&peer)) {
            return Some(Place(None));
        }
        let peer = network(peer);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= self.0.most {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(&self.0), peer))))
    }
}

/// A connection's place; given back when dropped.
struct Place(Option<(Arc<Counts>, IpAddr)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((counts, peer)) = self.0.take() else {
            return;
        };
        let mut open = counts.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&peer);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for CountedConnections {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepted = stream.peer_addr().and_then(|peer| {
            // Small answers leave at once.
            stream.set_nodelay(true)?;
            self.place(peer.ip()).ok_or_else(|| {
                tracing::debug!(%peer, "too many connections from this address");
                io::Error::from(io::ErrorKind::ConnectionRefused)
            })
        });
        ready(accepted.map(|place| {
            (
                Counted {
                    stream,
                    _place: place,
                },
                service,
            )
        }))
    }
}

/// A connection that is counted while it is open.
pub(crate) struct Counted {
    stream: TcpStream,
    _place: Place,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::CountedConnections;

    #[test]
    fn an_address_has_its_share_and_a_trusted_proxy_has_no_bound() {
        let connections = CountedConnections::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let place = |peer: &str| connections.place(peer.parse::<IpAddr>().unwrap());
        let first = place("192.0.2.1").unwrap();
        let second = place("::ffff:192.0.2.1").unwrap();
        assert!(place("192.0.2.1").is_none());
        let others = (
            place("192.0.2.2").unwrap(),
            place("2001:db8::1").unwrap(),
            place("2001:db8::2").unwrap(),
        );
        assert!(place("2001:db8::3").is_none());
        let proxied: Vec<_> = (0..10).map(|_| place("10.0.0.1").unwrap()).collect();
        drop(first);
        assert!(place("192.0.2.1").is_some());
        drop((second, others, proxied));
        assert!(connections.0.open.lock().unwrap().is_empty());
    }
}
