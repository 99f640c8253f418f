//! Cuts a stream of events off that is larger or faster than the server's ever are, before anything of it is kept.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::Instant;

use crate::TransportFault;
use crate::transport::ByteStream;

/// One event, up to the blank line after it, has at most this many bytes.
const EVENT_BYTES: usize = 16 << 10;
/// A stream may bring this many bytes at once,
const BURST_BYTES: u64 = 32 << 10;
/// and from then on this many a second.
const BYTES_PER_SECOND: u64 = 512;

/// The same bytes, for as long as they stay within bounds.
pub(super) fn guarded(body: ByteStream) -> impl Stream<Item = Result<Bytes, TransportFault>> + Send {
    let state = (body, Guard::new(Instant::now()), false);
    futures_util::stream::unfold(state, |(mut body, mut guard, is_over)| async move {
        if is_over {
            return None;
        }
        let item = match body.next().await? {
            Ok(piece) if !guard.admits(&piece, Instant::now()) => Err(TransportFault::TooLarge),
            item => item,
        };
        let is_over = item.is_err();
        Some((item, (body, guard, is_over)))
    })
}

struct Guard {
    allowance: u64,
    counted: Instant,
    last: u8,
    line: usize,
    event: usize,
}

impl Guard {
    fn new(now: Instant) -> Self {
        Self {
            allowance: BURST_BYTES,
            counted: now,
            last: b'\n',
            line: 0,
            event: 0,
        }
    }

    fn admits(&mut self, piece: &[u8], now: Instant) -> bool {
        let earned = (now - self.counted).as_secs().saturating_mul(BYTES_PER_SECOND);
        if earned > 0 {
            self.counted = now;
            self.allowance = self.allowance.saturating_add(earned).min(BURST_BYTES);
        }
        let Some(left) = self.allowance.checked_sub(piece.len() as u64) else {
            return false;
        };
        self.allowance = left;
        for byte in piece {
            match byte {
                // The second half of a line's end (WHATWG HTML §9.2.5).
                b'\n' if self.last == b'\r' => {}
                b'\n' | b'\r' if self.line == 0 => self.event = 0,
                b'\n' | b'\r' => self.line = 0,
                _ => {
                    self.line += 1;
                    self.event += 1;
                }
            }
            self.last = *byte;
            if self.event > EVENT_BYTES {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::StreamExt;
    use tokio::time::Instant;

    use super::{BURST_BYTES, BYTES_PER_SECOND, EVENT_BYTES, Guard, guarded};
    use crate::TransportFault;

    #[test]
    fn a_working_day_of_comments_and_events_passes() {
        let begun = Instant::now();
        let mut guard = Guard::new(begun);
        for turn in 0..(16 * 3_600 / 15) {
            let now = begun + Duration::from_secs(turn * 15);
            for piece in [
                ":\n\n",
                ": keep-alive\r\n\r\n",
                "event: notice\ndata: {\"id\":\"0\"}\n\n",
            ] {
                assert!(guard.admits(piece.as_bytes(), now), "turn {turn}");
            }
        }
    }

    #[test]
    fn a_line_or_an_event_without_an_end_is_cut() {
        for piece in ["aaaaaaaa", "data: aaaaaa\n", ":\n:\n:a\r\n"] {
            let begun = Instant::now();
            let mut guard = Guard::new(begun);
            let mut sent = 0;
            let mut turns = 0_u64;
            while guard.admits(piece.as_bytes(), begun + Duration::from_secs(turns)) {
                sent += piece.len();
                turns += 1;
                assert!(sent < 4 * EVENT_BYTES, "{piece:?}");
            }
            assert!(sent >= EVENT_BYTES - piece.len(), "{piece:?}");
        }
    }

    #[test]
    fn a_flood_is_cut_and_a_slow_stream_is_not() {
        let begun = Instant::now();
        let mut guard = Guard::new(begun);
        let event = "event: settings_changed\ndata: {}\n\n".as_bytes();
        let at_once = (0..).take_while(|_| guard.admits(event, begun)).count() as u64;
        assert_eq!(at_once, BURST_BYTES / event.len() as u64);
        let mut guard = Guard::new(begun);
        for turn in 0..10_000 {
            let now = begun + Duration::from_secs(turn * event.len() as u64 / BYTES_PER_SECOND + turn);
            assert!(guard.admits(event, now));
        }
    }

    #[tokio::test]
    async fn after_the_cut_nothing_more_comes() {
        let endless = futures_util::stream::repeat_with(|| Ok(Bytes::from_static(&[b'a'; 1_024])));
        let items: Vec<_> = guarded(Box::pin(endless)).collect().await;
        assert_eq!(items.len(), 17);
        assert_eq!(items[16], Err(TransportFault::TooLarge));
    }
}
