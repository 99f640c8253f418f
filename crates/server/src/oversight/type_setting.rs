//! Setting pages: texts and bars at their places, made into a tagged PDF with its fonts inside.

use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag, Tag, TagGroup, TagTree};
use krilla::text::{Font, TextDirection};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};
use thiserror::Error;

/// Width of A4, in points.
pub(super) const PAGE_WIDTH: f32 = 595.0;

/// Height of A4, in points.
pub(super) const PAGE_HEIGHT: f32 = 842.0;

/// Why there is no PDF.
#[derive(Debug, Error)]
pub(crate) enum SettingError {
    /// A font that comes with the program cannot be used.
    #[error("report_font: a font of the program cannot be read")]
    Font,
    /// The library refuses.
    #[error("report_pdf: {0}")]
    Pdf(String),
}

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Of texts.
    Plain,
    /// Of what explains.
    Soft,
    /// Of bars and of what matters.
    Accent,
    /// Of lines.
    Line,
}

/// How thick a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// What a text is to whoever has the page read aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Heading,
    Paragraph,
    /// Part of every page, and not read.
    Footer,
}

/// Something on a page; places are in points from the top left corner, those of texts on their base line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Text {
        x: f32,
        y: f32,
        size: f32,
        weight: Weight,
        ink: Ink,
        role: Role,
        text: String,
    },
    Bar {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
}

/// The widths of texts, as they will be set.
pub(super) struct Faces {
    regular: GlyphWidths<'static>,
    bold: GlyphWidths<'static>,
}

struct GlyphWidths<'a> {
    face: FontRef<'a>,
}

impl Faces {
    /// The fonts that come with the program.
    ///
    /// # Errors
    /// [`SettingError::Font`]
    pub(super) fn new() -> Result<Self, SettingError> {
        let face = |bytes| FontRef::new(bytes).map(|face| GlyphWidths { face });
        Ok(Self {
            regular: face(notosans::REGULAR_TTF).map_err(|_| SettingError::Font)?,
            bold: face(notosans::BOLD_TTF).map_err(|_| SettingError::Font)?,
        })
    }

    /// How wide a text is, in points.
    pub(super) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        let face = match weight {
            Weight::Regular => &self.regular.face,
            Weight::Bold => &self.bold.face,
        };
        let metrics = GlyphMetrics::new(face, Size::new(size), LocationRef::default());
        let letters = face.charmap();
        text.chars()
            .filter_map(|c| metrics.advance_width(letters.map(c).unwrap_or_default()))
            .sum()
    }

    /// As much of a text as is that wide, with a sign where something is left out.
    pub(super) fn fitted(&self, text: &str, size: f32, weight: Weight, width: f32) -> String {
        let mut fitted: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if self.width(&fitted, size, weight) <= width {
            return fitted;
        }
        while fitted.pop().is_some() {
            let shortened = format!("{}…", fitted.trim_end());
            if self.width(&shortened, size, weight) <= width {
                return shortened;
            }
        }
        fitted
    }

    /// A text in lines of at most that width, broken between words.
    pub(super) fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let line = lines.last().map_or("", String::as_str);
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if line.is_empty() || self.width(&longer, size, Weight::Regular) <= width {
                lines.pop();
                lines.push(longer);
            } else {
                lines.push(word.to_owned());
            }
        }
        lines
    }
}

/// The pages as a PDF.
///
/// # Errors
/// See [`SettingError`].
pub(super) fn pdf(pages: &[Vec<Item>], title: &str, language: &str) -> Result<Vec<u8>, SettingError> {
    let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or(SettingError::Font);
    let fonts = (font(notosans::REGULAR_TTF)?, font(notosans::BOLD_TTF)?);
    let size = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT)
        .ok_or_else(|| SettingError::Pdf("no size of a page".to_owned()))?;
    let mut document = krilla::Document::new();
    let mut tags = TagTree::new().with_lang(Some(language.to_owned()));
    for items in pages {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        for item in items {
            draw(&mut surface, &mut tags, item, &fonts)?;
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tags);
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .language(language.to_owned())
            .creator("Vigie".to_owned()),
    );
    document
        .finish()
        .map_err(|error| SettingError::Pdf(format!("{error:?}")))
}

fn draw(
    surface: &mut Surface<'_>,
    tags: &mut TagTree,
    item: &Item,
    (regular, bold): &(Font, Font),
) -> Result<(), SettingError> {
    match item {
        Item::Text {
            x,
            y,
            size,
            weight,
            ink,
            role,
            text,
        } => {
            surface.set_fill(Some(fill(*ink)));
            let content = match role {
                Role::Title | Role::Heading | Role::Paragraph => ContentTag::Span(SpanTag::empty()),
                Role::Footer => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)),
            };
            let identifier = surface.start_tagged(content);
            let font = match weight {
                Weight::Regular => regular.clone(),
                Weight::Bold => bold.clone(),
            };
            surface.draw_text(
                Point::from_xy(*x, *y),
                font,
                *size,
                text,
                false,
                TextDirection::Auto,
            );
            surface.end_tagged();
            let level = |number| NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN);
            let mut group = match role {
                Role::Title => TagGroup::new(Tag::Hn(level(1), Some(text.clone()))),
                Role::Heading => TagGroup::new(Tag::Hn(level(2), Some(text.clone()))),
                Role::Paragraph => TagGroup::new(Tag::P),
                Role::Footer => return Ok(()),
            };
            group.push(identifier);
            tags.push(group);
        }
        Item::Bar {
            x,
            y,
            width,
            height,
            ink,
        } => {
            let Some(rectangle) = Rect::from_xywh(*x, *y, *width, *height) else {
                return Err(SettingError::Pdf("a bar has no size".to_owned()));
            };
            let mut path = PathBuilder::new();
            path.push_rect(rectangle);
            let Some(path) = path.finish() else {
                return Err(SettingError::Pdf("a bar has no outline".to_owned()));
            };
            surface.set_fill(Some(fill(*ink)));
            // Beside each bar stands its number.
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
            surface.draw_path(&path);
            surface.end_tagged();
        }
    }
    Ok(())
}

fn fill(ink: Ink) -> Fill {
    let (red, green, blue) = match ink {
        Ink::Plain => (0x1a, 0x23, 0x26),
        Ink::Soft => (0x55, 0x63, 0x66),
        Ink::Accent => (0x1f, 0x6f, 0x6b),
        Ink::Line => (0xc9, 0xd3, 0xd3),
    };
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        ..Fill::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Faces, Weight};

    #[test]
    fn a_long_text_is_cut_where_its_column_ends() {
        let faces = Faces::new().unwrap();
        let name = "Association des ressourceries du littoral et de l’arrière-pays";
        let fitted = faces.fitted(name, 10.0, Weight::Regular, 120.0);
        assert!(
            fitted.ends_with('…') && name.starts_with(fitted.trim_end_matches('…')),
            "{fitted}"
        );
        assert!(faces.width(&fitted, 10.0, Weight::Regular) <= 120.0);
        assert_eq!(faces.fitted("Alix", 10.0, Weight::Bold, 120.0), "Alix");
        assert_eq!(faces.fitted("a\nb", 10.0, Weight::Regular, 120.0), "a b");
    }

    #[test]
    fn lines_are_broken_between_words_and_lose_none() {
        let faces = Faces::new().unwrap();
        let text = "Ces chiffres viennent du journal d’audit et de rien d’autre.";
        let lines = faces.lines(text, 10.0, 90.0);
        assert!(lines.len() > 2, "{lines:?}");
        assert_eq!(lines.join(" "), text);
        for line in &lines {
            assert!(faces.width(line, 10.0, Weight::Regular) <= 90.0, "{line}");
        }
    }
}
