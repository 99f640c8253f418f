//! Lists in pages: each answer says after what the next one begins, in a form that only this server reads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::PageKey;
use uuid::Uuid;

use crate::failure::Failure;

const USUAL: u32 = 50;

/// The most that a page holds.
pub(crate) const MOST: u32 = 200;

/// How many rows a page is to hold.
///
/// # Errors
/// A value out of its range.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Failure> {
    match asked {
        None => Ok(USUAL),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(limit) => Err(Failure::invalid("limit", format!("1 to {MOST}, is {limit}"))),
    }
}

/// A text key as it stands in `next`.
pub(crate) fn written(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// The text key in an `after`.
///
/// # Errors
/// A value that this server did not write.
pub(crate) fn read(after: Option<&str>) -> Result<Option<String>, Failure> {
    after
        .map(|after| {
            URL_SAFE_NO_PAD
                .decode(after)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .filter(|key| key.len() <= 1_024 && !key.contains('\0'))
                .ok_or_else(foreign)
        })
        .transpose()
}

/// A session's place in a list as it stands in `next`.
pub(crate) fn written_place(key: PageKey) -> String {
    written(&format!("{}:{}", key.created_at, key.id))
}

/// The place in a list of sessions in an `after`.
///
/// # Errors
/// A value that this server did not write.
pub(crate) fn read_place(after: Option<&str>) -> Result<Option<PageKey>, Failure> {
    read(after)?
        .map(|key| {
            let (created_at, id) = key.split_once(':')?;
            Some(PageKey {
                created_at: created_at.parse().ok()?,
                id: id.parse::<Uuid>().ok()?,
            })
        })
        .map(|place| place.ok_or_else(foreign))
        .transpose()
}

fn foreign() -> Failure {
    Failure::invalid("after", "not a `next` of this list")
}

/// Cuts one page out of a list in the order of its keys.
pub(crate) fn cut<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    after: Option<&str>,
    limit: u32,
) -> (Vec<T>, Option<String>) {
    let mut rest: Vec<T> = items
        .into_iter()
        .skip_while(|item| after.is_some_and(|after| key(item).as_str() <= after))
        .collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rest.len() > limit;
    rest.truncate(limit);
    let next = rest.last().filter(|_| more).map(|last| written(&key(last)));
    (rest, next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use store::PageKey;
    use uuid::Uuid;

    use super::{cut, limit, read, read_place, written_place};

    proptest! {
        #[test]
        fn pages_together_are_the_whole_list(mut all in proptest::collection::vec("[a-z]{1,4}", 0..40), size in 1..9_u32) {
            all.sort_unstable();
            all.dedup();
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let (page, next) = cut(all.clone(), Clone::clone, after.as_deref(), size);
                prop_assert!(page.len() <= size as usize);
                seen.extend(page);
                match next {
                    Some(next) => after = read(Some(&next)).unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(seen, all);
        }

        #[test]
        fn a_place_reads_back(created_at in any::<i64>(), id in any::<u128>()) {
            let key = PageKey { created_at, id: Uuid::from_u128(id) };
            prop_assert_eq!(read_place(Some(&written_place(key))).unwrap(), Some(key));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in any::<String>()) {
            let _ = read(Some(&text));
            let _ = read_place(Some(&text));
        }
    }

    #[test]
    fn a_page_has_a_bound() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some(200)).unwrap(), 200);
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }
}
