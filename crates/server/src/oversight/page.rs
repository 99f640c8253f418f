//! A month's report as HTML and as text: bars are cells of tables, which every mail program shows and every screen reader
//! reads.

use html_escape::encode_text;

use super::figures::{Figures, Share};
use super::words::Words;
use crate::mail::wording::{language_code, length, one_line};

/// The bars, as the interface's accent.
const BAR: &str = "#1f6f6b";

/// The report as a page.
pub(super) fn html(figures: &Figures, words: &Words) -> String {
    let title = words.title(figures.month);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
         <body style=\"font-family: sans-serif; line-height: 1.5; color: #1a2326; background: #ffffff; max-width: 44em\">\n\
         <h1 style=\"font-size: 1.4em\">{}</h1>\n<p>{}</p>\n",
        language_code(words.language),
        encode_text(&title),
        encode_text(&title),
        encode_text(&words.sentence(figures)),
    );
    if let Some(missing) = words.coverage(figures.coverage, figures.zone) {
        html.push_str(&format!("<p><strong>{}</strong></p>\n", encode_text(&missing)));
    }
    html.push_str("<table>\n");
    for (label, value) in summary(figures, words) {
        html.push_str(&format!(
            "<tr><th scope=\"row\" style=\"text-align: left; padding-right: 1.5em\">{}</th><td>{}</td></tr>\n",
            encode_text(label),
            encode_text(&value)
        ));
    }
    html.push_str("</table>\n");
    if figures.count > 0 {
        let endings = figures.endings.iter().filter(|(_, count)| *count > 0);
        let endings: Vec<_> = endings
            .map(|(ending, count)| (words.ended(*ending).to_owned(), *count))
            .collect();
        bars(&mut html, words.endings, [words.ending, words.times], &endings);
        shares(
            &mut html,
            words.administrators,
            [words.administrator, words.times, words.lasted],
            &figures.administrators,
        );
        shares(
            &mut html,
            words.organizations,
            [words.organization, words.times, words.lasted],
            &figures.organizations,
        );
        bars(
            &mut html,
            words.by_day,
            [words.day, words.times],
            &by_day(figures),
        );
        bars(
            &mut html,
            words.by_hour,
            [words.hour, words.times],
            &by_hour(figures),
        );
    }
    html.push_str(&format!(
        "<p style=\"font-size: 0.85em\">{}<br>{}</p>\n</body>\n</html>\n",
        encode_text(words.source),
        encode_text(words.closing)
    ));
    html
}

/// The same as plain text.
pub(super) fn text(figures: &Figures, words: &Words) -> String {
    let colon = words.colon();
    let mut text = format!("{}\n\n{}\n", words.title(figures.month), words.sentence(figures));
    if let Some(missing) = words.coverage(figures.coverage, figures.zone) {
        text.push_str(&format!("{missing}\n"));
    }
    text.push('\n');
    for (label, value) in summary(figures, words) {
        text.push_str(&format!("{label}{colon}{value}\n"));
    }
    if figures.count > 0 {
        text.push_str(&format!("\n{}\n", words.endings));
        for (ending, count) in figures.endings.iter().filter(|(_, count)| *count > 0) {
            text.push_str(&format!("- {}{colon}{count}\n", words.ended(*ending)));
        }
        for (title, shares) in [
            (words.administrators, &figures.administrators),
            (words.organizations, &figures.organizations),
        ] {
            text.push_str(&format!("\n{title}\n"));
            for share in shares {
                text.push_str(&format!(
                    "- {}{colon}{}, {}\n",
                    one_line(&share.name),
                    share.count,
                    length(share.total_ms)
                ));
            }
        }
        for (title, bars) in [(words.by_day, by_day(figures)), (words.by_hour, by_hour(figures))] {
            text.push_str(&format!("\n{title}\n"));
            for (label, count) in bars.iter().filter(|(_, count)| *count > 0) {
                text.push_str(&format!("- {label}{colon}{count}\n"));
            }
        }
    }
    text.push_str(&format!("\n{}\n\n-- \n{}\n", words.source, words.closing));
    text
}

/// The figures that come first.
pub(super) fn summary(figures: &Figures, words: &Words) -> Vec<(&'static str, String)> {
    let length = |value: Option<i64>| value.map_or_else(|| "—".to_owned(), length);
    vec![
        (words.count, figures.count.to_string()),
        (words.total, length(Some(figures.total_ms))),
        (words.median, length(figures.median_ms)),
        (words.longest, length(figures.longest_ms)),
        (words.over_an_hour, figures.over_an_hour.to_string()),
    ]
}

/// Each day with how many began on it.
pub(super) fn by_day(figures: &Figures) -> Vec<(String, u32)> {
    let days = (1..).zip(&figures.by_day);
    days.map(|(day, count)| (format!("{day}"), *count)).collect()
}

/// Each hour with how many began in it.
pub(super) fn by_hour(figures: &Figures) -> Vec<(String, u32)> {
    let hours = (0..).zip(&figures.by_hour);
    hours.map(|(hour, count)| (format!("{hour} h"), *count)).collect()
}

fn heading(html: &mut String, title: &str, columns: &[&str]) {
    html.push_str(&format!(
        "<h2 style=\"font-size: 1.1em\">{}</h2>\n<table cellspacing=\"0\" cellpadding=\"2\">\n<tr>",
        encode_text(title)
    ));
    for column in columns {
        html.push_str(&format!(
            "<th scope=\"col\" style=\"text-align: left; padding-right: 1.5em\">{}</th>",
            encode_text(column)
        ));
    }
    html.push_str("</tr>\n");
}

fn bars(html: &mut String, title: &str, columns: [&str; 2], bars: &[(String, u32)]) {
    heading(html, title, &columns);
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    for (label, count) in bars {
        html.push_str(&format!(
            "<tr><th scope=\"row\" style=\"text-align: left; font-weight: normal; padding-right: 1.5em\">{}</th><td>{count}</td>",
            encode_text(label)
        ));
        // A bar of no width is still a pixel in some mail programs.
        let width = u64::from(*count) * 240 / u64::from(most);
        html.push_str(&match count {
            0 => "<td></td></tr>\n".to_owned(),
            _ => format!(
                "<td><table aria-hidden=\"true\" cellspacing=\"0\" cellpadding=\"0\"><tr><td bgcolor=\"{BAR}\" \
                 width=\"{width}\" height=\"12\" style=\"font-size: 1px; line-height: 12px\">&nbsp;</td></tr></table></td></tr>\n"
            ),
        });
    }
    html.push_str("</table>\n");
}

fn shares(html: &mut String, title: &str, columns: [&str; 3], shares: &[Share]) {
    heading(html, title, &columns);
    for share in shares {
        html.push_str(&format!(
            "<tr><th scope=\"row\" style=\"text-align: left; font-weight: normal; padding-right: 1.5em\">{}</th><td>{}</td><td>{}</td></tr>\n",
            encode_text(&share.name),
            share.count,
            encode_text(&length(share.total_ms))
        ));
    }
    html.push_str("</table>\n");
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use protocol::alert::AlertLanguage;
    use strum::IntoEnumIterator as _;

    use super::super::figures::tests::stay;
    use super::super::figures::{Coverage, Ending, Figures};
    use super::super::words::words;
    use super::{html, text};

    fn figures(coverage: Coverage) -> Figures {
        let mut stays = vec![
            stay("2026-10-02T07:10:00Z", Some(12), 1, 1),
            stay("2026-10-02T13:00:00Z", Some(65), 1, 2),
            stay("2026-10-17T08:30:00Z", Some(120), 2, 1),
            stay("2026-10-30T16:45:00Z", None, 3, 1),
        ];
        stays[2].ending = Ending::Expired;
        stays[0].administrator = "<b>alix</b> & \"co\"".to_owned();
        stays[1].administrator = stays[0].administrator.clone();
        let month = "2026-10".parse().unwrap();
        Figures::of(&stays, month, Tz::Europe__Paris, coverage)
    }

    #[test]
    fn a_report_reads_well_in_both_languages() {
        let mut all = String::new();
        for language in AlertLanguage::iter() {
            all.push_str(&text(&figures(Coverage::Whole), words(language)));
        }
        let month = "2026-11".parse().unwrap();
        let until = Coverage::Until(1_795_250_000_000);
        let none = Figures::of(&[], month, Tz::Europe__Paris, until);
        all.push_str(&text(&none, words(AlertLanguage::French)));
        all.push_str(&text(&none, words(AlertLanguage::English)));
        insta::assert_snapshot!(all);
    }

    #[test]
    fn names_are_no_markup() {
        let html = html(&figures(Coverage::Whole), words(AlertLanguage::English));
        assert!(html.contains("&lt;b&gt;alix&lt;/b&gt; &amp; \"co\""), "{html}");
        assert!(!html.contains("<b>alix"), "{html}");
    }

    #[test]
    fn what_the_log_has_no_more_is_said() {
        let cut = figures(Coverage::From(1_791_000_000_000));
        for (language, words_of_it) in [
            (
                AlertLanguage::French,
                "Incomplet : les lignes du journal d’avant le 03/10/2026",
            ),
            (
                AlertLanguage::English,
                "Incomplete: rows of the log from before 2026-10-03",
            ),
        ] {
            for report in [html(&cut, words(language)), text(&cut, words(language))] {
                assert!(report.contains(words_of_it), "{report}");
            }
            let whole = text(&figures(Coverage::Whole), words(language));
            assert!(!whole.contains("ncompl"), "{whole}");
        }
    }

    #[test]
    fn the_longest_bar_is_the_highest_count_and_an_empty_day_has_none() {
        let html = html(&figures(Coverage::Whole), words(AlertLanguage::French));
        let days = html
            .split("<h2")
            .find(|part| part.contains("Par jour du mois"))
            .unwrap();
        assert_eq!(days.matches("width=\"240\"").count(), 1, "{days}");
        assert_eq!(days.matches("width=\"120\"").count(), 2, "{days}");
        assert_eq!(days.matches("<td></td>").count(), 28, "{days}");
    }
}
