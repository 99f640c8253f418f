//! The names around a proof of the device key (DPoP, RFC 9449).

/// The header that carries a proof.
pub const PROOF: &str = "dpop";

/// The header that carries the server's nonce.
pub const NONCE: &str = "dpop-nonce";

/// What stands for the server's address in the `htu` of a proof where the server is embedded in the app.
pub const EMBEDDED_ORIGIN: &str = "http://vigie.embedded";
