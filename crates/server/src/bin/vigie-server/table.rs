//! Lists on the terminal: columns as wide as their widest entry.

use std::io::{self, Write as _};

/// Prints rows under headings on standard output.
pub(crate) fn print<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = io::stdout().lock();
    let mut line = |cells: [&str; N]| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            // What a client sent must not move the terminal's cursor.
            text.extend(cell.chars().map(|c| if c.is_control() { '?' } else { c }));
            let blanks = width.saturating_sub(cell.chars().count()) + 2;
            text.extend(std::iter::repeat_n(' ', blanks));
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(headings)?;
    rows.iter()
        .try_for_each(|row| line(std::array::from_fn(|at| row[at].as_str())))
}

/// Prints one line on standard output.
pub(crate) fn say(line: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}
