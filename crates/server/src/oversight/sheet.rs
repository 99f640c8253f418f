//! A month's report laid out on pages of A4.

use super::figures::{Figures, Share};
use super::page::{by_day, by_hour, summary};
use super::type_setting::{Faces, Ink, Item, PAGE_HEIGHT, PAGE_WIDTH, Role, SettingError, Weight, pdf};
use super::words::Words;
use crate::mail::wording::{language_code, length};

const MARGIN: f32 = 48.0;
const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;
const BOTTOM: f32 = PAGE_HEIGHT - MARGIN - 16.0;

const BODY: f32 = 10.0;
const SMALL: f32 = 8.0;
const ROW: f32 = 15.0;
const CHART_HEIGHT: f32 = 70.0;

/// The columns of a table of shares, from the left.
const COUNT_AT: f32 = 270.0;
const LENGTH_AT: f32 = 330.0;
const BAR_AT: f32 = 410.0;

/// The report as a PDF.
///
/// # Errors
/// See [`SettingError`].
pub(super) fn sheet(figures: &Figures, words: &Words) -> Result<Vec<u8>, SettingError> {
    let title = words.title(figures.month);
    pdf(&pages(figures, words)?, &title, language_code(words.language))
}

fn pages(figures: &Figures, words: &Words) -> Result<Vec<Vec<Item>>, SettingError> {
    let mut flow = Flow::new(Faces::new()?);
    let title = words.title(figures.month);
    flow.y += 14.0;
    flow.text(0.0, 20.0, Weight::Bold, Ink::Accent, Role::Title, &title);
    flow.y += 22.0;
    flow.paragraph(&words.sentence(figures), BODY, Ink::Plain);
    if let Some(missing) = words.coverage(figures.coverage, figures.zone) {
        flow.paragraph(&missing, BODY, Ink::Plain);
    }
    flow.tiles(&summary(figures, words));
    if figures.count > 0 {
        let endings = figures.endings.iter().filter(|(_, count)| *count > 0);
        let endings: Vec<_> = endings
            .map(|(ending, count)| Row {
                name: words.ended(*ending).to_owned(),
                count: *count,
                length: None,
            })
            .collect();
        flow.table(words.endings, [words.ending, words.times, ""], &endings);
        flow.table(
            words.administrators,
            [words.administrator, words.times, words.lasted],
            &rows(&figures.administrators),
        );
        flow.table(
            words.organizations,
            [words.organization, words.times, words.lasted],
            &rows(&figures.organizations),
        );
        flow.chart(words.by_day, &by_day(figures));
        flow.chart(words.by_hour, &by_hour(figures));
    }
    flow.y += 16.0;
    flow.paragraph(words.source, SMALL, Ink::Soft);
    Ok(flow.finished(&title, words))
}

struct Row {
    name: String,
    count: u32,
    length: Option<String>,
}

fn rows(shares: &[Share]) -> Vec<Row> {
    let row = |share: &Share| Row {
        name: share.name.clone(),
        count: share.count,
        length: Some(length(share.total_ms)),
    };
    shares.iter().map(row).collect()
}

/// What is put below each other, on a new page where the present one is full.
struct Flow {
    faces: Faces,
    pages: Vec<Vec<Item>>,
    items: Vec<Item>,
    y: f32,
}

impl Flow {
    const fn new(faces: Faces) -> Self {
        Self {
            faces,
            pages: Vec::new(),
            items: Vec::new(),
            y: MARGIN,
        }
    }

    /// Begins a new page where less than this height is left.
    fn needs(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.pages.push(std::mem::take(&mut self.items));
            self.y = MARGIN + 12.0;
        }
    }

    fn text(&mut self, x: f32, size: f32, weight: Weight, ink: Ink, role: Role, text: &str) {
        let text = self.faces.fitted(text, size, weight, WIDTH - x);
        self.put(x, size, weight, ink, role, text);
    }

    fn put(&mut self, x: f32, size: f32, weight: Weight, ink: Ink, role: Role, text: String) {
        if text.is_empty() {
            return;
        }
        self.items.push(Item::Text {
            x: MARGIN + x,
            y: self.y,
            size,
            weight,
            ink,
            role,
            text,
        });
    }

    fn bar(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.items.push(Item::Bar {
            x: MARGIN + x,
            y,
            width,
            height,
            ink,
        });
    }

    fn paragraph(&mut self, text: &str, size: f32, ink: Ink) {
        for line in self.faces.lines(text, size, WIDTH) {
            self.needs(size);
            self.text(0.0, size, Weight::Regular, ink, Role::Paragraph, &line);
            self.y += size * 1.4;
        }
        self.y += 2.0;
    }

    fn heading(&mut self, text: &str) {
        self.y += 26.0;
        self.text(0.0, 12.0, Weight::Bold, Ink::Plain, Role::Heading, text);
        self.y += 8.0;
    }

    /// The figures that come first, side by side.
    fn tiles(&mut self, tiles: &[(&'static str, String)]) {
        self.y += 10.0;
        let top = self.y;
        let width = (WIDTH + 10.0) / tiles.len().max(1) as f32;
        for (number, (label, value)) in tiles.iter().enumerate() {
            let x = width * number as f32;
            self.bar(x, top, width - 10.0, 1.5, Ink::Accent);
            self.y = top + 16.0;
            let label = self.faces.fitted(label, SMALL, Weight::Regular, width - 10.0);
            self.put(x, SMALL, Weight::Regular, Ink::Soft, Role::Paragraph, label);
            self.y = top + 34.0;
            let value = self.faces.fitted(value, 14.0, Weight::Bold, width - 10.0);
            self.put(x, 14.0, Weight::Bold, Ink::Plain, Role::Paragraph, value);
        }
        self.y = top + 40.0;
    }

    fn table(&mut self, title: &str, columns: [&str; 3], rows: &[Row]) {
        self.needs(48.0 + ROW * 3.0);
        self.heading(title);
        self.y += 6.0;
        for (x, column) in [0.0, COUNT_AT, LENGTH_AT].into_iter().zip(columns) {
            self.text(x, SMALL, Weight::Regular, Ink::Soft, Role::Paragraph, column);
        }
        self.y += 4.0;
        self.bar(0.0, self.y, WIDTH, 0.75, Ink::Line);
        let most = rows.iter().map(|row| row.count).max().unwrap_or(0).max(1);
        for row in rows {
            self.needs(ROW);
            self.y += ROW;
            let name = self
                .faces
                .fitted(&row.name, BODY, Weight::Regular, COUNT_AT - 12.0);
            self.put(0.0, BODY, Weight::Regular, Ink::Plain, Role::Paragraph, name);
            let count = row.count.to_string();
            self.text(COUNT_AT, BODY, Weight::Bold, Ink::Plain, Role::Paragraph, &count);
            if let Some(length) = &row.length {
                self.text(
                    LENGTH_AT,
                    BODY,
                    Weight::Regular,
                    Ink::Plain,
                    Role::Paragraph,
                    length,
                );
            }
            let width = (WIDTH - BAR_AT) * row.count as f32 / most as f32;
            self.bar(BAR_AT, self.y - 8.0, width, 8.0, Ink::Accent);
        }
    }

    /// Upright bars side by side, each with its number above and its label below.
    fn chart(&mut self, title: &str, bars: &[(String, u32)]) {
        self.needs(CHART_HEIGHT + 76.0);
        self.heading(title);
        let floor = self.y + CHART_HEIGHT + 10.0;
        let step = WIDTH / bars.len().max(1) as f32;
        let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        self.bar(0.0, floor, WIDTH, 0.75, Ink::Line);
        for (number, (label, count)) in bars.iter().enumerate() {
            let left = step * number as f32;
            let height = CHART_HEIGHT * *count as f32 / most as f32;
            self.y = floor + 11.0;
            self.middle(left, step, label, Ink::Soft);
            if *count > 0 {
                self.bar(left + 2.0, floor - height, step - 4.0, height, Ink::Accent);
                self.y = floor - height - 3.0;
                self.middle(left, step, &count.to_string(), Ink::Plain);
            }
        }
        self.y = floor + 16.0;
    }

    /// A small text in the middle of a column.
    fn middle(&mut self, left: f32, width: f32, text: &str, ink: Ink) {
        let size = 6.5;
        let wide = self.faces.width(text, size, Weight::Regular);
        let x = left + (width - wide) / 2.0;
        self.put(x, size, Weight::Regular, ink, Role::Paragraph, text.to_owned());
    }

    fn finished(mut self, title: &str, words: &Words) -> Vec<Vec<Item>> {
        self.pages.push(std::mem::take(&mut self.items));
        let many = self.pages.len();
        for (number, page) in (1..).zip(&mut self.pages) {
            page.push(Item::Text {
                x: MARGIN,
                y: PAGE_HEIGHT - MARGIN + 8.0,
                size: SMALL,
                weight: Weight::Regular,
                ink: Ink::Soft,
                role: Role::Footer,
                text: format!("Vigie — {title} — {} {number}/{many}", words.page),
            });
        }
        self.pages
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use protocol::alert::AlertLanguage;
    use strum::IntoEnumIterator as _;

    use super::super::figures::tests::stay;
    use super::super::figures::{Coverage, Figures};
    use super::super::type_setting::{Item, PAGE_HEIGHT, PAGE_WIDTH};
    use super::super::words::words;
    use super::{pages, sheet};

    fn figures(organizations: u128) -> Figures {
        let stays: Vec<_> = (0..organizations)
            .map(|place| stay("2026-10-17T08:30:00Z", Some(30), place % 7, place))
            .collect();
        Figures::of(
            &stays,
            "2026-10".parse().unwrap(),
            Tz::Europe__Paris,
            Coverage::Whole,
        )
    }

    fn texts(pages: &[Vec<Item>]) -> Vec<&str> {
        let texts = pages.iter().flatten().filter_map(|item| match item {
            Item::Text { text, .. } => Some(text.as_str()),
            Item::Bar { .. } => None,
        });
        texts.collect()
    }

    #[test]
    fn everything_stands_on_its_page_however_much_there_is() {
        for organizations in [0, 1, 90] {
            for language in AlertLanguage::iter() {
                let pages = pages(&figures(organizations), words(language)).unwrap();
                for item in pages.iter().flatten() {
                    let (left, top, right, bottom) = match item {
                        Item::Text { x, y, size, .. } => (*x, y - size, *x, *y),
                        Item::Bar {
                            x, y, width, height, ..
                        } => (*x, *y, x + width, y + height),
                    };
                    assert!(
                        left >= 40.0
                            && top >= 30.0
                            && right <= PAGE_WIDTH - 40.0
                            && bottom <= PAGE_HEIGHT - 30.0,
                        "{item:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_organisation_has_its_row_on_as_many_pages_as_it_takes() {
        let pages = pages(&figures(90), words(AlertLanguage::French)).unwrap();
        assert!(pages.len() > 2, "{}", pages.len());
        let texts = texts(&pages);
        for place in 0..90 {
            assert_eq!(
                texts
                    .iter()
                    .filter(|text| **text == format!("Maison {place}"))
                    .count(),
                1
            );
        }
        let last = format!("Page {0}/{0}", pages.len());
        assert!(texts.iter().any(|text| text.ends_with(&last)), "{last}");
    }

    #[test]
    fn it_is_a_pdf_with_its_fonts_inside() {
        for language in AlertLanguage::iter() {
            let pdf = sheet(&figures(3), words(language)).unwrap();
            assert!(pdf.starts_with(b"%PDF-1."), "{:?}", &pdf[..8]);
            let holds = |wanted: &[u8]| pdf.windows(wanted.len()).any(|part| part == wanted);
            assert!(holds(b"/FontFile2") && holds(b"NotoSans") && holds(b"/StructTreeRoot"));
            assert!(pdf.len() < 100_000, "{}", pdf.len());
        }
    }

    #[test]
    fn signs_that_the_font_has_not_do_no_harm() {
        let mut stays = vec![stay("2026-10-17T08:30:00Z", Some(30), 1, 1)];
        stays[0].administrator = "دومينيك 店長 🙂 \u{202e}x\u{0}".to_owned();
        stays[0].organization = "店".repeat(300);
        let month = "2026-10".parse().unwrap();
        let figures = Figures::of(&stays, month, Tz::Europe__Paris, Coverage::Whole);
        assert!(
            sheet(&figures, words(AlertLanguage::French))
                .unwrap()
                .starts_with(b"%PDF")
        );
    }
}
