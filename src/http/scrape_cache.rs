//! Which rendered scrape a scraper gets, and when a newer one is rendered.
//!
//! A *renewal* renders the newest snapshot, away from the scrapers. Three rules decide which rendered scrape a scraper gets, and when:
//!
//! * While renewals are quick, a scrape waits for one. At rest its values are thus those of its own moment.
//! * While renewals are slow, because the process counts events as fast as it can, a scrape gets the newest rendered scrape without waiting, and a newer
//!   one is rendered each second as long as a scraper is expected. Under load its values are thus at most [`AGE_MAX`] old.
//! * If the newest rendered scrape is older than that (at the first scrape after a pause), or is of an earlier era, a scrape waits for a newer one as
//!   long as its scraper can wait.
//!
//! Does not know HTTP.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::ValueSource;
use super::rendered_scrape::{NumberedSnapshot, RenderedScrape};
use crate::metrics::Exposition;

/// How long a scrape waits for a renewal if it could have a rendered scrape that is young enough. A renewal that takes longer is slow.
const WAIT: Duration = Duration::from_millis(20);
/// How old the values of a rendered scrape may be if it is given without waiting for a newer one.
const AGE_MAX: Duration = Duration::from_secs(2);
/// While renewals are slow, or a service that is not ready reads its logs, a renewal begins this long after the previous one began. Together with the
/// time that it takes itself, a rendered scrape stays younger than [`AGE_MAX`].
const AHEAD_EVERY: Duration = Duration::from_secs(1);
/// A scrape that does not wait for a slow renewal starts one for the next scrape, but so seldom that renewals take at most one part in this many of
/// the time. So the cache soon notices that a load has ended.
const RENEWAL_SHARE: u32 = 8;
/// A scraper that scraped within this time is expected to scrape again.
const SCRAPED_WITHIN: Duration = Duration::from_secs(120);

/// Keeps the newest rendered scrape. One renewal at a time renders the next one, and all scrapes that wait share it.
#[derive(Debug, Default)]
pub(super) struct ScrapeCache {
    state: Mutex<CacheState>,
    /// Signals that a renewal has ended.
    renewed: Condvar,
    /// Signals that a renewal is wanted: a scrape waits for one, or the next scrape is to find a newer one (see [`RENEWAL_SHARE`]).
    wanted: Notify,
    numbered: Mutex<Option<NumberedSnapshot>>,
}

#[derive(Debug, Default)]
struct CacheState {
    newest: Option<CachedScrape>,
    /// The number of renewals that have begun.
    begun: u64,
    /// The number of the last renewal that has ended.
    ended: u64,
    begun_at: Option<Instant>,
    /// How long the last renewal took.
    took: Duration,
    scraped_at: Option<Instant>,
    /// Whether the last scrape asked for the compressed form.
    is_compressed: bool,
}

#[derive(Clone, Debug)]
struct CachedScrape {
    rendered: RenderedScrape,
    era: u64,
}

/// A scrape that is being answered.
#[derive(Clone, Copy, Debug)]
struct PendingScrape {
    asked_at: Instant,
    /// The number of the renewal that it waits for. A renewal that was already running when the scrape came does not serve: it may have read the
    /// values before the events that the scraper knows of.
    awaited: u64,
    patience: Duration,
}

/// What happens to a scrape now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScrapeDecision {
    /// It gets the newest rendered scrape.
    Give,
    /// It waits for a renewal, until this instant at most.
    Wait(Instant),
    /// It fails, because there is nothing to give.
    Fail,
}

impl ScrapeCache {
    /// The newest snapshot with its number. Numbers ascend, and the same snapshot always has the same number.
    pub(super) fn newest(&self, source: &dyn ValueSource) -> NumberedSnapshot {
        let mut numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, because otherwise an older snapshot could get a higher number than a newer one.
        let dated = source.snapshot();
        let number = match &*numbered {
            Some(known) if Arc::ptr_eq(&known.snapshot, &dated.snapshot) => known.number,
            earlier => earlier.as_ref().map_or(1, |earlier| earlier.number + 1),
        };
        numbered.insert(NumberedSnapshot { number, snapshot: dated.snapshot, as_of: dated.as_of }).clone()
    }

    /// The rendered scrape for one scraper; `None` when none could be rendered within its patience. Blocks up to that long.
    pub(super) fn scrape(&self, source: &dyn ValueSource, is_compressed: bool, patience: Duration) -> Option<RenderedScrape> {
        let mut state = self.lock();
        let asked_at = Instant::now();
        (state.scraped_at, state.is_compressed) = (Some(asked_at), is_compressed);
        let mut scrape = PendingScrape { asked_at, awaited: state.begun + 1, patience };
        let mut is_asked_for = false;
        loop {
            let now = Instant::now();
            match state.decide(&scrape, source.era(), now) {
                ScrapeDecision::Give => {
                    if state.is_renewal_worth_its_cost(now) {
                        self.wanted.notify_one();
                    }
                    return state.newest.as_ref().map(|newest| newest.rendered.clone());
                }
                ScrapeDecision::Fail => return None,
                ScrapeDecision::Wait(until) => {
                    if state.ended >= scrape.awaited {
                        // The awaited renewal has ended and does not serve, so the scrape waits for the next one.
                        (scrape.awaited, is_asked_for) = (state.begun + 1, false);
                    }
                    if !std::mem::replace(&mut is_asked_for, true) {
                        self.wanted.notify_one();
                    }
                    let waited = self.renewed.wait_timeout(state, until.saturating_duration_since(now));
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Returns when it is time for a renewal.
    pub(super) async fn renewal_due(&self, source: &dyn ValueSource) {
        // A service that is not ready reads its logs as fast as it can.
        let ahead_at = self.lock().ahead_at(source.ready().is_err(), Instant::now());
        let ahead = async {
            match ahead_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.wanted.notified() => {}
            () = ahead => {}
        }
    }

    /// Renders the newest snapshot. Blocks. Only one caller may do so at a time.
    pub(super) fn renew(&self, source: &dyn ValueSource, exposition: &ArcSwap<Exposition>) {
        let begun_at = Instant::now();
        // Read before the snapshot and the exposition, which are then of this era or of a later one.
        let era = source.era();
        let (earlier, is_compressed) = {
            let mut state = self.lock();
            state.begun += 1;
            state.begun_at = Some(begun_at);
            // The exposition may have been replaced since an earlier era, so that the same snapshot has another text now.
            (state.newest.as_ref().filter(|newest| newest.era == era).map(|newest| newest.rendered.clone()), state.is_compressed)
        };
        let mut rendered = RenderedScrape::render(self.newest(source), earlier, &exposition.load());
        if is_compressed && let Ok(compressed) = rendered.clone().compress() {
            rendered = compressed;
        }
        let mut state = self.lock();
        state.newest = Some(CachedScrape { rendered, era });
        state.took = begun_at.elapsed();
        self.end(state);
    }

    /// Ends a renewal that has panicked: the scrapes that wait for it fail, and the next renewal starts without an earlier rendered scrape.
    pub(super) fn give_up(&self) {
        let mut state = self.lock();
        state.newest = None;
        self.end(state);
    }

    fn end(&self, mut state: MutexGuard<'_, CacheState>) {
        state.ended = state.begun;
        drop(state);
        self.renewed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, CacheState> {
        // The state is plain data that is consistent whenever the lock is released, also by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheState {
    fn is_slow(&self) -> bool {
        self.took > WAIT
    }

    fn is_renewal_worth_its_cost(&self, now: Instant) -> bool {
        let is_running = self.begun > self.ended;
        self.is_slow() && !is_running && self.begun_at.is_none_or(|at| now.saturating_duration_since(at) >= self.took * RENEWAL_SHARE)
    }

    /// When the next renewal begins although no scrape waits for it.
    fn ahead_at(&self, is_busy: bool, now: Instant) -> Option<Instant> {
        // At once after the start, so that the first scraper finds a rendered scrape.
        let Some(begun_at) = self.begun_at else { return Some(now) };
        let is_expected = self.scraped_at.is_some_and(|at| now.saturating_duration_since(at) <= SCRAPED_WITHIN);
        (is_expected && (is_busy || self.is_slow())).then(|| begun_at + AHEAD_EVERY)
    }

    fn decide(&self, scrape: &PendingScrape, era: u64, now: Instant) -> ScrapeDecision {
        let is_renewed = self.ended >= scrape.awaited;
        let gives_up_at = scrape.asked_at + scrape.patience;
        let Some(newest) = self.newest.as_ref().filter(|newest| newest.era >= era) else {
            let is_lost = is_renewed && self.newest.is_none();
            return if is_lost || now >= gives_up_at { ScrapeDecision::Fail } else { ScrapeDecision::Wait(gives_up_at) };
        };
        let is_young = scrape.asked_at.saturating_duration_since(newest.rendered.made_of.as_of) <= AGE_MAX;
        if is_young && (is_renewed || self.is_slow()) {
            return ScrapeDecision::Give;
        }
        // A stuck processing loop must not hold a scrape for ever. `/-/healthy` reports the stuck loop.
        let until = if is_young { gives_up_at.min(scrape.asked_at + WAIT) } else { gives_up_at };
        if now >= until { ScrapeDecision::Give } else { ScrapeDecision::Wait(until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, Snapshot};

    const PATIENCE: Duration = Duration::from_secs(5);

    /// A state whose rendered scrape is as of an instant, and a scrape that asks `age` later.
    fn scraped(age: Duration, took: Duration) -> (CacheState, PendingScrape) {
        let configuration = crate::config::Configuration::default();
        let snapshot = Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot());
        let as_of = Instant::now();
        let numbered = NumberedSnapshot { number: 1, snapshot, as_of };
        let rendered = RenderedScrape::render(numbered, None, &Exposition::new(&configuration));
        let (newest, begun_at) = (Some(CachedScrape { rendered, era: 3 }), Some(as_of));
        let state = CacheState { newest, begun: 1, ended: 1, begun_at, took, ..CacheState::default() };
        (state, PendingScrape { asked_at: as_of + age, awaited: 2, patience: PATIENCE })
    }

    #[test]
    fn a_scrape_waits_a_moment_for_a_renewal_that_is_quick() {
        let (mut state, scrape) = scraped(AGE_MAX / 2, WAIT / 2);
        let until = scrape.asked_at + WAIT;
        assert_eq!(state.decide(&scrape, 3, scrape.asked_at), ScrapeDecision::Wait(until));
        assert_eq!(state.decide(&scrape, 3, until), ScrapeDecision::Give);
        state.ended = 2;
        assert_eq!(state.decide(&scrape, 3, scrape.asked_at), ScrapeDecision::Give);
        let hurried = PendingScrape { patience: WAIT / 4, awaited: 3, ..scrape };
        assert_eq!(state.decide(&hurried, 3, scrape.asked_at + WAIT / 4), ScrapeDecision::Give);
    }

    #[test]
    fn a_scrape_does_not_wait_for_slow_renewals_while_there_is_a_young_text() {
        let (state, scrape) = scraped(AGE_MAX, WAIT * 2);
        assert_eq!(state.decide(&scrape, 3, scrape.asked_at), ScrapeDecision::Give);
        let begun_at = scrape.asked_at - AGE_MAX;
        assert!(!state.is_renewal_worth_its_cost(begun_at + WAIT * 2 * (RENEWAL_SHARE - 1)));
        assert!(state.is_renewal_worth_its_cost(begun_at + WAIT * 2 * RENEWAL_SHARE), "the next scrape gets a younger one");
    }

    #[test]
    fn renewals_are_made_ahead_of_scrapes_that_are_expected_and_could_not_wait_for_them() {
        let now = Instant::now();
        assert_eq!(
            CacheState::default().ahead_at(false, now),
            Some(now),
            "the first scraper of a process that has just begun finds a text"
        );
        let (mut state, scrape) = scraped(AGE_MAX, WAIT * 2);
        assert_eq!(state.ahead_at(true, scrape.asked_at), None, "nobody has scraped yet");
        state.scraped_at = Some(scrape.asked_at);
        let (ahead, asked_at) = (state.begun_at.map(|at| at + AHEAD_EVERY), scrape.asked_at);
        assert_eq!([state.ahead_at(false, asked_at), state.ahead_at(true, asked_at)], [ahead; 2]);
        assert_eq!(state.ahead_at(true, asked_at + SCRAPED_WITHIN * 2), None, "nobody has scraped for a long time");
        state.took = WAIT;
        assert_eq!(
            [state.ahead_at(false, asked_at), state.ahead_at(true, asked_at)],
            [None, ahead],
            "a quick renewal can wait for the scrape"
        );
    }

    #[test]
    fn an_old_text_or_one_of_an_earlier_era_is_not_given_while_there_is_patience_for_another() {
        let (state, scrape) = scraped(AGE_MAX * 2, WAIT * 2);
        let gives_up_at = scrape.asked_at + PATIENCE;
        assert_eq!(state.decide(&scrape, 3, scrape.asked_at), ScrapeDecision::Wait(gives_up_at));
        assert_eq!(state.decide(&scrape, 3, gives_up_at), ScrapeDecision::Give, "a stuck loop shows the newest values that it has");
        let (state, scrape) = scraped(Duration::ZERO, WAIT * 2);
        assert_eq!(state.decide(&scrape, 4, scrape.asked_at), ScrapeDecision::Wait(scrape.asked_at + PATIENCE));
        assert_eq!(state.decide(&scrape, 4, scrape.asked_at + PATIENCE), ScrapeDecision::Fail);
    }

    #[test]
    fn a_scrape_fails_when_the_renewal_that_it_waits_for_has_left_nothing() {
        let (mut state, scrape) = scraped(Duration::ZERO, Duration::ZERO);
        state.newest = None;
        assert_eq!(state.decide(&scrape, 3, scrape.asked_at), ScrapeDecision::Wait(scrape.asked_at + PATIENCE));
        state.ended = 2;
        assert_eq!(state.decide(&scrape, 3, scrape.asked_at), ScrapeDecision::Fail);
    }

    struct FixedSource(Arc<Snapshot>);

    impl ValueSource for FixedSource {
        fn snapshot(&self) -> crate::http::DatedSnapshot {
            crate::http::DatedSnapshot { snapshot: Arc::clone(&self.0), as_of: Instant::now() }
        }

        fn era(&self) -> u64 {
            0
        }

        fn render_telemetry(&self, _: &mut String) {}

        fn telemetry_samples(&self) -> Vec<crate::metrics::telemetry::TelemetrySample> {
            Vec::new()
        }

        fn ready(&self) -> Result<(), String> {
            Ok(())
        }

        fn healthy(&self) -> bool {
            true
        }
    }

    #[test]
    fn one_renewal_serves_all_who_wait_for_it() {
        let configuration = crate::config::Configuration::default();
        let source = FixedSource(Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot()));
        let (cache, exposition) = (ScrapeCache::default(), ArcSwap::from_pointee(Exposition::new(&configuration)));
        std::thread::scope(|scope| {
            let scrapes: Vec<_> = (0..3).map(|_| scope.spawn(|| cache.scrape(&source, false, PATIENCE * 10))).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            while scrapes.iter().any(|scrape| !scrape.is_finished()) {
                runtime.block_on(async { drop(tokio::time::timeout(Duration::from_millis(50), cache.renewal_due(&source)).await) });
                cache.renew(&source, &exposition);
            }
            let numbers: Vec<u64> = scrapes.into_iter().map(|scrape| scrape.join().unwrap().unwrap().made_of.number).collect();
            assert_eq!(numbers, [1; 3]);
        });
    }
}
