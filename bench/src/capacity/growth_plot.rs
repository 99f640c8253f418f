//! The plot of what a refresh costs by the number of sessions, as SVG.

use std::fmt::Write as _;

/// One size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Sessions in the database.
    pub(crate) sessions: usize,
    /// Wall time of a refresh among others, in microseconds.
    pub(crate) takes_us: f64,
    /// Processor time of the server for a refresh, in microseconds.
    pub(crate) works_us: f64,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 616.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 264.0;
const STEPS: u32 = 4;
const TAKES: &str = "#1b5e8c";
const WORKS: &str = "#a3541a";

/// Draws it: sessions in powers of ten to the right, microseconds from zero upwards.
pub(crate) fn plot(points: &[Point]) -> String {
    let most = points
        .iter()
        .map(|point| point.takes_us.max(point.works_us))
        .fold(1.0, f64::max);
    let axis = Axis::of(points, round_up(most));
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13" role="img">
<title>Cost of a refresh by the number of sessions</title>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
<text x="{LEFT}" y="22" fill="#222222">Microseconds for each refresh, 64 clients at once</text>
<text x="{LEFT}" y="42" fill="{TAKES}">time on the clock</text>
<text x="220" y="42" fill="{WORKS}">the server's processor time</text>
"##
    );
    for step in 0..=STEPS {
        let us = axis.most_us * f64::from(step) / f64::from(STEPS);
        let y = axis.y(us);
        let _ = writeln!(
            svg,
            r##"<line x1="{LEFT}" y1="{y:.1}" x2="{RIGHT}" y2="{y:.1}" stroke="#d8d8d8"/><text x="{:.1}" y="{:.1}" text-anchor="end" fill="#444444">{us:.0}</text>"##,
            LEFT - 8.0,
            y + 4.0
        );
    }
    for point in points {
        let _ = writeln!(
            svg,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="#444444">{}</text>"##,
            axis.x(point.sessions),
            BOTTOM + 22.0,
            grouped(point.sessions)
        );
    }
    let _ = writeln!(
        svg,
        r##"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="#222222">sessions in the database</text>"##,
        LEFT.midpoint(RIGHT),
        BOTTOM + 44.0
    );
    axis.line(&mut svg, points, TAKES, |point| point.takes_us);
    axis.line(&mut svg, points, WORKS, |point| point.works_us);
    svg.push_str("</svg>\n");
    svg
}

struct Axis {
    first_power: f64,
    last_power: f64,
    most_us: f64,
}

impl Axis {
    fn of(points: &[Point], most_us: f64) -> Self {
        let power = |point: &Point| (point.sessions as f64).log10();
        Self {
            first_power: points.first().map_or(0.0, power),
            last_power: points.last().map_or(1.0, power),
            most_us,
        }
    }

    fn x(&self, sessions: usize) -> f64 {
        let span = (self.last_power - self.first_power).max(1.0);
        LEFT + 40.0 + (RIGHT - LEFT - 80.0) * ((sessions as f64).log10() - self.first_power) / span
    }

    fn y(&self, us: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * us / self.most_us
    }

    fn line(&self, svg: &mut String, points: &[Point], colour: &str, value: impl Fn(&Point) -> f64) {
        let places: Vec<(f64, f64)> = points
            .iter()
            .map(|point| (self.x(point.sessions), self.y(value(point))))
            .collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#,
            path.join(" ")
        );
        for ((x, y), point) in places.iter().zip(points) {
            let _ = writeln!(
                svg,
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="4" fill="{colour}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle" fill="{colour}">{:.0}</text>"#,
                y - 9.0,
                value(point)
            );
        }
    }
}

/// The next number above that divides well.
fn round_up(most: f64) -> f64 {
    let step = 10_f64.powf(most.log10().floor()) * 0.4;
    (most * 1.1 / step).ceil() * step
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Point, grouped, plot, round_up};

    #[test]
    fn equal_costs_lie_on_one_height_and_powers_of_ten_at_equal_distances() {
        let points = [1_000, 10_000, 100_000].map(|sessions| Point {
            sessions,
            takes_us: 80.0,
            works_us: 40.0,
        });
        let svg = plot(&points);
        let circles: Vec<(f64, f64)> = svg
            .split("<circle cx=\"")
            .skip(1)
            .map(|rest| {
                let mut parts = rest.split('"');
                (
                    parts.next().unwrap().parse().unwrap(),
                    parts.nth(1).unwrap().parse().unwrap(),
                )
            })
            .collect();
        assert_eq!(circles.len(), 6);
        assert!(circles[..3].iter().all(|(_, y)| *y == circles[0].1));
        assert!(circles[3].1 > circles[0].1, "less is lower");
        assert!((circles[2].0 - circles[1].0 - (circles[1].0 - circles[0].0)).abs() < 0.11);
    }

    #[test]
    fn the_axis_ends_above_the_highest_point() {
        for most in [3.0, 71.0, 99.0, 100.0, 820.0] {
            assert!(
                round_up(most) > most && round_up(most) <= most * 2.0,
                "{most}: {}",
                round_up(most)
            );
        }
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(grouped(100), "100");
    }
}
