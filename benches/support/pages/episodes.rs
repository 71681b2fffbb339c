//! When an alert fires, from the instants at which its expression has a result: `for` and `keep_firing_for` as Prometheus applies them at each
//! evaluation.
//!
//! Does not know expressions.

/// A time in which an alert fired, from its first to its last evaluation that fired, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Episode {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// The state of one alert at one evaluation.
enum State {
    Inactive,
    Pending { since: i64 },
    Firing { episode: Episode, kept_since: Option<i64> },
}

/// The episodes of one label set over evaluations `from`, `from + step`, ... up to `to`, all in seconds. `active` has the evaluations with a result, in
/// ascending order.
pub(crate) fn episodes(active: &[i64], from: i64, to: i64, step: i64, hold: i64, keep: i64) -> Vec<Episode> {
    let mut ended = Vec::new();
    let mut state = State::Inactive;
    let mut active = active.iter().copied().peekable();
    let mut at = from;
    while at <= to {
        while active.peek().is_some_and(|instant| *instant < at) {
            active.next();
        }
        let is_active = active.peek() == Some(&at);
        state = match (state, is_active) {
            (State::Inactive, true) => begun(at, at, hold),
            (State::Pending { since }, true) => begun(since, at, hold),
            (State::Inactive | State::Pending { .. }, false) => State::Inactive,
            (State::Firing { episode, .. }, true) => State::Firing { episode: Episode { to: at, ..episode }, kept_since: None },
            (State::Firing { episode, kept_since }, false) => {
                let since = kept_since.unwrap_or(at);
                if keep > 0 && at - since < keep {
                    State::Firing { episode: Episode { to: at, ..episode }, kept_since: Some(since) }
                } else {
                    ended.push(episode);
                    State::Inactive
                }
            }
        };
        at += step;
    }
    if let State::Firing { episode, .. } = state {
        ended.push(episode);
    }
    ended
}

/// A condition that has held since an instant.
fn begun(since: i64, at: i64, hold: i64) -> State {
    if at - since >= hold { State::Firing { episode: Episode { from: at, to: at }, kept_since: None } } else { State::Pending { since } }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: i64 = 300;

    fn at(steps: &[i64]) -> Vec<i64> {
        steps.iter().map(|step| step * STEP).collect()
    }

    fn of(active: &[i64], hold: i64, keep: i64) -> Vec<(i64, i64)> {
        episodes(&at(active), 0, 20 * STEP, STEP, hold, keep).iter().map(|episode| (episode.from / STEP, episode.to / STEP)).collect()
    }

    #[test]
    fn a_condition_fires_once_it_has_held_for_its_time_and_begins_anew_after_a_gap() {
        assert_eq!(of(&[1, 2, 3, 4, 5], 900, 0), [(4, 5)]);
        assert_eq!(of(&[1, 2, 4, 5, 6], 900, 0), []);
        assert_eq!(of(&[3], 0, 0), [(3, 3)]);
    }

    #[test]
    fn an_alert_is_kept_from_the_first_evaluation_without_a_result_on() {
        // Evaluations 4, 5 and 6 lie 0, 300 and 600 s after the first one without a result; 7 lies 900 s after it.
        assert_eq!(of(&[1, 2, 3], 0, 900), [(1, 6)]);
        assert_eq!(of(&[1, 2, 3, 6, 9], 0, 900), [(1, 12)]);
        assert_eq!(of(&[1, 2, 3, 8], 0, 900), [(1, 6), (8, 11)]);
    }

    #[test]
    fn an_alert_that_fires_at_the_end_is_an_episode() {
        assert_eq!(of(&[18, 19, 20], 300, 900), [(19, 20)]);
    }
}
