//! The program behind a `User-Agent` header, by name and version, as a list of sessions shows it.

/// Engines that say in their header that they are another one: the later name is the truer one.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("AppleWebKit/", "WebKit"),
];

const LONGEST: usize = 48;

/// `Vigie 0.1.0` for the app, `Firefox 140` for a browser, the first product for anything else; `None` where the header
/// names none.
pub(crate) fn application(user_agent: &str) -> Option<String> {
    let first = user_agent.split_whitespace().next()?;
    let (name, version) = first.split_once('/')?;
    if name.eq_ignore_ascii_case("mozilla") {
        return BROWSERS.iter().find_map(|(mark, name)| {
            let (_, version) = user_agent.split_once(mark)?;
            let major = version.split(|c: char| !c.is_ascii_digit()).next()?;
            (!major.is_empty()).then(|| format!("{name} {major}"))
        });
    }
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '+'))
    };
    if !plain(name) || !plain(version) {
        return None;
    }
    let name = if name.eq_ignore_ascii_case("vigie") {
        "Vigie"
    } else {
        name
    };
    Some(format!("{name} {version}").chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{LONGEST, application};

    #[test]
    fn programs_are_named_as_people_know_them() {
        for (header, name) in [
            ("vigie/0.1.0", Some("Vigie 0.1.0")),
            ("Vigie/0.2.0 (Linux)", Some("Vigie 0.2.0")),
            ("curl/8.5.0", Some("curl 8.5.0")),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                Some("Firefox 140"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                Some("Chrome 141"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0",
                Some("Edge 141"),
            ),
            (
                "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
                Some("Safari 18"),
            ),
            ("Mozilla/5.0", None),
            ("", None),
            ("a program", None),
            ("<b>/1", None),
        ] {
            assert_eq!(application(header).as_deref(), name, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_gives_a_short_plain_name_or_none(header in any::<String>()) {
            if let Some(name) = application(&header) {
                prop_assert!(name.chars().count() <= LONGEST && name.is_ascii());
            }
        }
    }
}
