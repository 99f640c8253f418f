//! Which passwords may be chosen: long enough, not among the common ones, not made of what everybody knows. Nothing is
//! asked of which characters they are made of (ASVS 5.0 6.2, NIST SP 800-63B §3.1.1.2).
//!
//! The list holds the 19,640 most common passwords, lower-cased, as compiled by Royce Williams and shipped with Django.

use protocol::ErrorCode;
use thiserror::Error;

use crate::failure::Failure;
use crate::passwords::{LONGEST_BYTES, SHORTEST};

const COMMON: &str = include_str!("common_passwords.txt");

/// What anybody tries first at a Vigie server.
const OF_THE_PLACE: [&str; 2] = ["vigie", "ressourcerie"];

/// The shortest context word that counts.
const SHORTEST_WORD: usize = 3;

/// Why a password may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Weakness {
    /// Too short.
    #[error("password_short: a password has {SHORTEST} characters or more")]
    Short,
    /// Too long.
    #[error("password_long: a password has at most {LONGEST_BYTES} bytes")]
    Long,
    /// Among the most common, or one of them with digits or marks at its end.
    #[error("password_common: this is among the passwords that are tried first")]
    Common,
    /// Little more than the user's name or the program's.
    #[error("password_of_context: it is little more than a name that everybody knows")]
    OfContext,
    /// One or two characters, again and again.
    #[error("password_monotonous: it repeats one or two characters")]
    Monotonous,
    /// The one to be changed.
    #[error("password_same: it is the password as it was")]
    Same,
}

impl From<Weakness> for Failure {
    fn from(weakness: Weakness) -> Self {
        if weakness == Weakness::Long {
            return Self::invalid("new_password", weakness.to_string());
        }
        Self::new(ErrorCode::WeakPassword)
            .at("new_password")
            .detail(weakness.to_string())
    }
}

/// Judges a password for somebody with these names.
///
/// # Errors
/// See [`Weakness`].
pub fn judge(password: &str, names: &[&str]) -> Result<(), Weakness> {
    if password.len() > LONGEST_BYTES {
        return Err(Weakness::Long);
    }
    if password.chars().count() < SHORTEST {
        return Err(Weakness::Short);
    }
    let lower = password.to_lowercase();
    let mut kinds: Vec<char> = lower.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() < 3 {
        return Err(Weakness::Monotonous);
    }
    let stem = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    if is_common(&lower) || (stem.chars().count() >= SHORTEST_WORD && is_common(stem)) {
        return Err(Weakness::Common);
    }
    let words = names.iter().flat_map(|name| name.split_whitespace());
    let mut left = lower;
    for word in words.chain(OF_THE_PLACE) {
        let word = word.to_lowercase();
        if word.chars().count() >= SHORTEST_WORD {
            left = left.replace(&word, "");
        }
    }
    if left.chars().count() < SHORTEST {
        return Err(Weakness::OfContext);
    }
    Ok(())
}

fn is_common(lower: &str) -> bool {
    COMMON.lines().any(|common| common == lower)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{COMMON, Weakness, judge};

    const NAMES: [&str; 2] = ["camille", "Camille Le Goff"];

    #[test]
    fn the_list_is_long_enough_for_the_standard() {
        let of_length = COMMON.lines().filter(|line| line.chars().count() >= 8).count();
        assert!(of_length >= 3_000, "{of_length}");
        assert!(
            COMMON
                .lines()
                .all(|line| line == line.to_lowercase() && !line.trim().is_empty())
        );
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for (password, weakness) in [
            ("seven77", Weakness::Short),
            ("é".repeat(7).as_str(), Weakness::Short),
            ("x".repeat(1_025).as_str(), Weakness::Long),
            ("12345678", Weakness::Common),
            ("PassWord", Weakness::Common),
            ("motdepasse", Weakness::Common),
            ("sunshine2026!", Weakness::Common),
            ("azertyuiop", Weakness::Common),
            ("camille1", Weakness::Common),
            ("camille-demo", Weakness::OfContext),
            ("Vigie-2026", Weakness::OfContext),
            ("vigie-camille-goff", Weakness::OfContext),
            ("abababababab", Weakness::Monotonous),
            ("zzzzzzzzzzzzzzzz", Weakness::Monotonous),
        ] {
            assert_eq!(judge(password, &NAMES), Err(weakness), "{password}");
        }
    }

    #[test]
    fn any_characters_make_a_good_password() {
        for password in [
            "correct horse battery",
            "quatre mouettes ivres",
            "ρόδινα μήλα",
            "   8 blanks   ok",
            "vigie sur la dunette du navire",
            &"long ".repeat(200),
        ] {
            assert_eq!(judge(password, &NAMES), Ok(()), "{password}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in any::<String>(), name in any::<String>()) {
            let verdict = judge(&text, &[&name]);
            prop_assert!(verdict != Err(Weakness::Same));
        }
    }
}
