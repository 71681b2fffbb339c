//! The geometry of windows: edges, rings and the widths of panes. Only arithmetic.
//!
//! Ring `i` is the part of window `i` that window `i - 1` does not cover. Rings are disjoint, so a fact belongs to one ring however many windows
//! there are, and window `i` is the sum of the rings `0..=i`.

use smallvec::SmallVec;

use crate::engine::terms::WindowSettings;
use crate::time::{EventTime, Span};

/// The starts of all windows at one instant, shortest window first, and therefore in descending order.
pub(crate) type Starts = SmallVec<[EventTime; 8]>;

/// The windows, and the widths of their panes.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    windows: Vec<WindowSettings>,
    /// The pane width of each tier. It divides the hop of its window and the pane width of the next tier, so that window starts lie on pane edges
    /// and panes roll up exactly.
    widths: Vec<Span>,
}

impl Geometry {
    /// The geometry of windows in the order of their ranges. Each must be longer than its predecessor by at least its own hop.
    ///
    /// # Panics
    /// If that is not so: the configuration was not checked.
    pub(crate) fn new(windows: &[WindowSettings]) -> Self {
        assert!(!windows.is_empty(), "there is at least one window");
        for pair in windows.windows(2) {
            assert!(pair[1].range.0 - pair[0].range.0 >= pair[1].hop.0, "window {} does not hold window {}", pair[1].name, pair[0].name);
        }
        let mut widths: Vec<Span> = windows.iter().map(|w| w.hop).collect();
        for tier in (0..widths.len().saturating_sub(1)).rev() {
            widths[tier] = Span(gcd(widths[tier].0, widths[tier + 1].0));
        }
        Self { windows: windows.to_vec(), widths }
    }

    /// The number of windows, which also is the number of rings and of tiers.
    pub(crate) fn len(&self) -> usize {
        self.windows.len()
    }

    /// The longest window.
    pub(crate) fn longest(&self) -> &WindowSettings {
        &self.windows[self.windows.len() - 1]
    }

    /// The width of the panes of a tier.
    pub(crate) fn width(&self, tier: usize) -> Span {
        self.widths[tier]
    }

    /// The starts of the windows at `now`: `(floor(now / hop) + 1) * hop - range`.
    pub(crate) fn starts(&self, now: EventTime) -> Starts {
        self.windows.iter().map(|w| EventTime((now.slice(w.hop) + 1) * w.hop.0) - w.range).collect()
    }

    /// The first instant after `now` at which a window moves.
    pub(crate) fn next_move(&self, now: EventTime) -> EventTime {
        let moves = self.windows.iter().map(|w| (now.slice(w.hop) + 1) * w.hop.0);
        EventTime(moves.min().expect("there is at least one window"))
    }
}

/// The ring of an instant; `None` if the instant is older than every window.
pub(crate) fn ring_of(starts: &Starts, time: EventTime) -> Option<usize> {
    starts.iter().position(|start| time >= *start)
}

/// The pane of an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PanePlace {
    /// The ring of the pane, which also is the index of its tier.
    pub(crate) ring: usize,
    /// The number of the pane's slice of event time.
    pub(crate) slice: i64,
    from: EventTime,
    until: EventTime,
}

impl PanePlace {
    /// The pane of an instant; `None` if the instant is older than every window.
    pub(crate) fn of(time: EventTime, starts: &Starts, geometry: &Geometry) -> Option<Self> {
        let ring = ring_of(starts, time)?;
        let width = geometry.width(ring);
        let slice = time.slice(width);
        let from = EventTime(slice * width.0);
        // The first pane of a ring ends at the start of the finer panes of the preceding ring.
        let until = (from + width).min(if ring == 0 { EventTime::MAX } else { starts[ring - 1] });
        Some(Self { ring, slice, from, until })
    }

    /// Whether another instant lies in the same pane.
    pub(crate) fn holds(self, time: EventTime) -> bool {
        (self.from..self.until).contains(&time)
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(range: Span, hop: Span) -> WindowSettings {
        WindowSettings { name: range.to_string(), range, hop }
    }

    #[test]
    fn a_window_covers_its_range_up_to_the_end_of_the_running_hop() {
        let geometry = Geometry::new(&[window(Span::minutes(5), Span::seconds(5))]);
        let now = EventTime(0) + Span::hours(1);
        let starts = geometry.starts(now);
        assert_eq!(starts[0], EventTime(3_305_000));
        assert_eq!(ring_of(&starts, EventTime(3_305_000)), Some(0));
        assert_eq!(ring_of(&starts, EventTime(3_304_999)), None);
    }

    #[test]
    fn panes_divide_every_hop_that_they_serve() {
        let hops = [Span::seconds(45), Span::seconds(60), Span::minutes(3)];
        let windows: Vec<_> = [180, 3_600, 7_200].iter().zip(hops).map(|(s, hop)| window(Span::seconds(*s), hop)).collect();
        let geometry = Geometry::new(&windows);
        assert_eq!([0, 1, 2].map(|t| geometry.width(t)), [Span::seconds(15), Span::seconds(60), Span::minutes(3)]);
    }
}
