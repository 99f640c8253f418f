//! Who may read the figures of the whole server: somebody above all organisations, or whoever holds the scrape token.

use axum::extract::FromRequestParts;
use http::request::Parts;
use protocol::ErrorCode;

use crate::caller::{Caller, bearer};
use crate::failure::Failure;
use crate::server::Server;

/// Whoever may read the figures of the whole server.
pub(crate) struct Overseer;

impl FromRequestParts<Server> for Overseer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Failure> {
        if has_scrape_token(parts, server) {
            return Ok(Self);
        }
        Caller::from_request_parts(parts, server).await?.stands_above()?;
        Ok(Self)
    }
}

/// Whoever may read them on the listener of their own: with the token where there is one, else anybody who reaches it.
pub(super) struct Scraper;

impl FromRequestParts<Server> for Scraper {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Failure> {
        if server.options.scrape_token.is_none() || has_scrape_token(parts, server) {
            Ok(Self)
        } else {
            Err(Failure::new(ErrorCode::LoginRequired))
        }
    }
}

fn has_scrape_token(parts: &Parts, server: &Server) -> bool {
    let (Some(token), Some(presented)) = (&server.options.scrape_token, bearer(parts)) else {
        return false;
    };
    token.is(presented)
}
