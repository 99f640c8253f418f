//! The place of one server's and one operator's session in the keychain and on disk.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ServerTarget;

/// 16 hexadecimal digits that stand for one server and one operator: the keychain account and the file name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(String);

impl SlotId {
    /// The slot of this operator, named as typed, at this server.
    pub fn of(server: &ServerTarget, operator: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(server.name().as_bytes());
        digest.update([0]);
        digest.update(normalised(operator).as_bytes());
        Self(hex(&digest.finalize()[..8]))
    }

    /// Reads a slot id back; `None` unless it is 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == 16
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        valid.then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user name without surrounding blanks and without difference of letter case, as the server compares them.
pub fn normalised(operator: &str) -> String {
    operator.trim().to_lowercase()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use super::SlotId;
    use crate::ServerTarget;

    #[test]
    fn letter_case_and_blanks_do_not_make_another_slot() {
        let slot = SlotId::of(&ServerTarget::Embedded, "Marie");
        assert_eq!(slot, SlotId::of(&ServerTarget::Embedded, " marie "));
        assert_eq!(SlotId::parse(slot.as_str()), Some(slot));
    }

    #[test]
    fn servers_and_operators_have_slots_of_their_own() {
        let server = ServerTarget::parse("caisse.example").unwrap();
        assert_ne!(
            SlotId::of(&server, "marie"),
            SlotId::of(&ServerTarget::Embedded, "marie")
        );
        assert_ne!(SlotId::of(&server, "marie"), SlotId::of(&server, "paul"));
    }

    #[test]
    fn what_is_no_slot_id_is_not_read_as_one() {
        for text in [
            "",
            "0123",
            "../../../../etc/x",
            "0123456789ABCDEF",
            "0123456789abcdefg",
        ] {
            assert_eq!(SlotId::parse(text), None, "{text}");
        }
    }
}
