//! Watching the screen for the moment at which there is something to read on it, the same way for every program.

use std::collections::BTreeSet;

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, Window};
use x11rb::rust_connection::RustConnection;

use crate::failure::{Doing as _, Failure};

/// Letters have soft edges: a page with text shows many colours, an empty window one or two.
const COLOURS_OF_A_PAGE: usize = 24;

/// The middle of a screen, in pixels: where the sign-in form is, and no window's title.
const LEFT: i16 = 340;
const TOP: i16 = 150;
const WIDTH: u16 = 600;
const HEIGHT: u16 = 500;

/// A screen that is watched.
pub(crate) struct Pixels {
    connection: RustConnection,
    root: Window,
}

/// What is in the middle of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    /// Nothing to read.
    Blank,
    /// A page.
    Page,
}

impl Pixels {
    /// Watches the screen of this name, as in `:7`.
    pub(crate) fn of(display: &str) -> Result<Self, Failure> {
        let (connection, screen) = x11rb::connect(Some(display)).doing("looking at the screen")?;
        let root = connection
            .setup()
            .roots
            .get(screen)
            .map(|screen| screen.root)
            .ok_or_else(|| Failure::found("looking at the screen", "there is none"))?;
        Ok(Self { connection, root })
    }

    /// Looks once.
    pub(crate) fn middle(&self) -> Result<Middle, Failure> {
        let image = self
            .connection
            .get_image(
                ImageFormat::Z_PIXMAP,
                self.root,
                LEFT,
                TOP,
                WIDTH,
                HEIGHT,
                u32::MAX,
            )
            .doing("looking at the screen")?
            .reply()
            .doing("looking at the screen")?;
        Ok(judge(&image.data))
    }
}

/// Judges 32-bit pixels.
fn judge(pixels: &[u8]) -> Middle {
    let (pixels, _) = pixels.as_chunks::<4>();
    let mut colours = BTreeSet::new();
    let mut last = None;
    for pixel in pixels {
        if last != Some(pixel) {
            last = Some(pixel);
            colours.insert(pixel);
            if colours.len() >= COLOURS_OF_A_PAGE {
                return Middle::Page;
            }
        }
    }
    Middle::Blank
}

#[cfg(test)]
mod tests {
    use super::{COLOURS_OF_A_PAGE, Middle, judge};

    #[test]
    fn only_many_colours_are_a_page() {
        let few: Vec<u8> = [[0, 0, 0, 0], [255, 255, 255, 0]].concat().repeat(500);
        assert_eq!(judge(&few), Middle::Blank);
        let many: Vec<u8> = (0..COLOURS_OF_A_PAGE)
            .flat_map(|shade| [shade as u8; 4])
            .collect();
        assert_eq!(judge(&many), Middle::Page);
        assert_eq!(judge(&[]), Middle::Blank);
    }
}
