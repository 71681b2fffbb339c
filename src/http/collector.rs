//! Which text a scrape gets, and when a newer one is made.
//!
//! A text is made by a renewal, away from whoever scrapes. A scrape waits for one as long as renewals are quick. While they are not, because the
//! process counts as fast as it can, it gets the text that lies there, and a newer one is made each second for as long as a scraper is expected.
//! What a scrape shows is thus of its own moment at rest, and at most [`AGE_MAX`] old under load. Only when what lies there is older than that
//! (the first scrape after a silence), or of an earlier era, is a newer one waited for as long as the scraper can.
//!
//! Does not know HTTP.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Source;
use super::collection::{Collection, Numbered};
use crate::metrics::Exposition;

/// How long a scrape waits for a newer text where it could have one that is young enough. A renewal that takes longer is slow.
const WAIT: Duration = Duration::from_millis(20);
/// How old the values of a text may be that is given without waiting for a newer one.
const AGE_MAX: Duration = Duration::from_secs(2);
/// While renewals are slow, or the backlog is read, one begins this long after the last one did. With what it takes itself a text stays younger
/// than [`AGE_MAX`].
const AHEAD_EVERY: Duration = Duration::from_secs(1);
/// A scrape that does not wait for a slow renewal has one begun for the next scrape, where renewals then take at most one part in this many of the
/// time: so that the end of a load is noticed soon.
const RENEWAL_SHARE: u32 = 8;
/// Somebody who scraped within this time is expected to do so again.
const SCRAPED_WITHIN: Duration = Duration::from_secs(120);

/// Keeps the newest text. One renewal at a time makes the next one, and all who wait for it share it.
#[derive(Debug, Default)]
pub(super) struct Collector {
    state: Mutex<State>,
    /// A renewal has ended.
    renewed: Condvar,
    /// Somebody waits for one that has not begun.
    wanted: Notify,
    numbered: Mutex<Option<Numbered>>,
}

#[derive(Debug, Default)]
struct State {
    newest: Option<Text>,
    /// How many renewals have begun, and the number of the last one that ended.
    begun: u64,
    ended: u64,
    begun_at: Option<Instant>,
    /// How long the last one took.
    took: Duration,
    scraped_at: Option<Instant>,
    /// Whether the last scrape was for the compressed form.
    is_compressed: bool,
}

#[derive(Clone, Debug)]
struct Text {
    collection: Collection,
    era: u64,
}

/// A scrape that is being answered.
#[derive(Clone, Copy, Debug)]
struct Scrape {
    asked_at: Instant,
    /// The renewal that it waits for: one that runs when it comes may have looked before what the scraper knows of had happened.
    awaited: u64,
    patience: Duration,
}

/// What becomes of a scrape at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It gets the newest text.
    Given,
    /// It waits for a renewal, at most until then.
    Waiting(Instant),
    /// There is nothing that it could be given.
    Failed,
}

impl Collector {
    /// The newest snapshot. Numbers ascend, and a snapshot that is asked for again has the number that it had.
    pub(super) fn newest(&self, source: &dyn Source) -> Numbered {
        let mut numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked for under the lock, or an older one could come after a newer one.
        let shown = source.snapshot();
        let number = match &*numbered {
            Some(known) if Arc::ptr_eq(&known.snapshot, &shown.snapshot) => known.number,
            earlier => earlier.as_ref().map_or(1, |earlier| earlier.number + 1),
        };
        numbered.insert(Numbered { number, snapshot: shown.snapshot, as_of: shown.as_of }).clone()
    }

    /// The text for a scrape; `None` when none could be made within its patience.
    pub(super) fn collect(&self, source: &dyn Source, is_compressed: bool, patience: Duration) -> Option<Collection> {
        let mut state = self.lock();
        let asked_at = Instant::now();
        (state.scraped_at, state.is_compressed) = (Some(asked_at), is_compressed);
        let mut scrape = Scrape { asked_at, awaited: state.begun + 1, patience };
        let mut is_asked_for = false;
        loop {
            let now = Instant::now();
            match state.judge(&scrape, source.era(), now) {
                Verdict::Given => {
                    if state.is_renewal_worth_its_cost(now) {
                        self.wanted.notify_one();
                    }
                    return state.newest.as_ref().map(|text| text.collection.clone());
                }
                Verdict::Failed => return None,
                Verdict::Waiting(until) => {
                    if state.ended >= scrape.awaited {
                        // What it waited for does not serve.
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
    pub(super) async fn due(&self, source: &dyn Source) {
        // What is not ready reads as fast as it can.
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

    /// Makes the text of the newest snapshot. Blocks; one caller at a time.
    pub(super) fn renew(&self, source: &dyn Source, exposition: &Exposition) {
        let begun_at = Instant::now();
        let (earlier, is_compressed) = {
            let mut state = self.lock();
            state.begun += 1;
            state.begun_at = Some(begun_at);
            (state.newest.as_ref().map(|text| text.collection.clone()), state.is_compressed)
        };
        // Asked for before the snapshot, which is then of this era or a later one.
        let era = source.era();
        let mut collection = Collection::render(self.newest(source), earlier, exposition);
        if is_compressed && let Ok(compressed) = collection.clone().compress() {
            collection = compressed;
        }
        let mut state = self.lock();
        state.newest = Some(Text { collection, era });
        state.took = begun_at.elapsed();
        self.end(state);
    }

    /// A renewal panicked: whoever waits for it is told, and the next one begins with nothing.
    pub(super) fn give_up(&self) {
        let mut state = self.lock();
        state.newest = None;
        self.end(state);
    }

    fn end(&self, mut state: MutexGuard<'_, State>) {
        state.ended = state.begun;
        drop(state);
        self.renewed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is plain data that every holder leaves whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_slow(&self) -> bool {
        self.took > WAIT
    }

    fn is_renewal_worth_its_cost(&self, now: Instant) -> bool {
        let is_running = self.begun > self.ended;
        self.is_slow() && !is_running && self.begun_at.is_none_or(|at| now.saturating_duration_since(at) >= self.took * RENEWAL_SHARE)
    }

    /// When the next renewal begins without anybody waiting for it.
    fn ahead_at(&self, is_busy: bool, now: Instant) -> Option<Instant> {
        // The first scraper of a process that has just begun finds a text.
        let Some(begun_at) = self.begun_at else { return Some(now) };
        let is_expected = self.scraped_at.is_some_and(|at| now.saturating_duration_since(at) <= SCRAPED_WITHIN);
        (is_expected && (is_busy || self.is_slow())).then(|| begun_at + AHEAD_EVERY)
    }

    fn judge(&self, scrape: &Scrape, era: u64, now: Instant) -> Verdict {
        let is_renewed = self.ended >= scrape.awaited;
        let gives_up_at = scrape.asked_at + scrape.patience;
        let Some(text) = self.newest.as_ref().filter(|text| text.era >= era) else {
            let is_lost = is_renewed && self.newest.is_none();
            return if is_lost || now >= gives_up_at { Verdict::Failed } else { Verdict::Waiting(gives_up_at) };
        };
        let is_young = scrape.asked_at.saturating_duration_since(text.collection.made_of.as_of) <= AGE_MAX;
        if is_young && (is_renewed || self.is_slow()) {
            return Verdict::Given;
        }
        // A loop that stands still must not keep a scrape for ever, and `/-/healthy` tells of it.
        let until = if is_young { gives_up_at.min(scrape.asked_at + WAIT) } else { gives_up_at };
        if now >= until { Verdict::Given } else { Verdict::Waiting(until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, Snapshot};

    const PATIENCE: Duration = Duration::from_secs(5);

    /// A state whose text tells of an instant, and a scrape that asks as much later.
    fn scraped(age: Duration, took: Duration) -> (State, Scrape) {
        let configuration = crate::config::Configuration::default();
        let snapshot = Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot());
        let as_of = Instant::now();
        let numbered = Numbered { number: 1, snapshot, as_of };
        let collection = Collection::render(numbered, None, &Exposition::new(&configuration));
        let (newest, begun_at) = (Some(Text { collection, era: 3 }), Some(as_of));
        let state = State { newest, begun: 1, ended: 1, begun_at, took, ..State::default() };
        (state, Scrape { asked_at: as_of + age, awaited: 2, patience: PATIENCE })
    }

    #[test]
    fn a_scrape_waits_a_moment_for_a_renewal_that_is_quick() {
        let (mut state, scrape) = scraped(AGE_MAX / 2, WAIT / 2);
        let until = scrape.asked_at + WAIT;
        assert_eq!(state.judge(&scrape, 3, scrape.asked_at), Verdict::Waiting(until));
        assert_eq!(state.judge(&scrape, 3, until), Verdict::Given);
        state.ended = 2;
        assert_eq!(state.judge(&scrape, 3, scrape.asked_at), Verdict::Given);
        let hurried = Scrape { patience: WAIT / 4, awaited: 3, ..scrape };
        assert_eq!(state.judge(&hurried, 3, scrape.asked_at + WAIT / 4), Verdict::Given);
    }

    #[test]
    fn a_scrape_does_not_wait_for_slow_renewals_while_there_is_a_young_text() {
        let (state, scrape) = scraped(AGE_MAX, WAIT * 2);
        assert_eq!(state.judge(&scrape, 3, scrape.asked_at), Verdict::Given);
        let begun_at = scrape.asked_at - AGE_MAX;
        assert!(!state.is_renewal_worth_its_cost(begun_at + WAIT * 2 * (RENEWAL_SHARE - 1)));
        assert!(state.is_renewal_worth_its_cost(begun_at + WAIT * 2 * RENEWAL_SHARE), "the next scrape gets a younger one");
    }

    #[test]
    fn renewals_are_made_ahead_of_scrapes_that_are_expected_and_could_not_wait_for_them() {
        let now = Instant::now();
        assert_eq!(State::default().ahead_at(false, now), Some(now), "the first scraper of a process that has just begun finds a text");
        let (mut state, scrape) = scraped(AGE_MAX, WAIT * 2);
        assert_eq!(state.ahead_at(true, scrape.asked_at), None, "nobody has scraped yet");
        state.scraped_at = Some(scrape.asked_at);
        let (ahead, asked_at) = (state.begun_at.map(|at| at + AHEAD_EVERY), scrape.asked_at);
        assert_eq!([state.ahead_at(false, asked_at), state.ahead_at(true, asked_at)], [ahead; 2]);
        assert_eq!(state.ahead_at(true, asked_at + SCRAPED_WITHIN * 2), None, "nobody has scraped for long");
        state.took = WAIT;
        assert_eq!([state.ahead_at(false, asked_at), state.ahead_at(true, asked_at)], [None, ahead], "there is time when somebody scrapes");
    }

    #[test]
    fn an_old_text_or_one_of_an_earlier_era_is_not_given_while_there_is_patience_for_another() {
        let (state, scrape) = scraped(AGE_MAX * 2, WAIT * 2);
        let gives_up_at = scrape.asked_at + PATIENCE;
        assert_eq!(state.judge(&scrape, 3, scrape.asked_at), Verdict::Waiting(gives_up_at));
        assert_eq!(state.judge(&scrape, 3, gives_up_at), Verdict::Given, "a loop that stands still shows what it had");
        let (state, scrape) = scraped(Duration::ZERO, WAIT * 2);
        assert_eq!(state.judge(&scrape, 4, scrape.asked_at), Verdict::Waiting(scrape.asked_at + PATIENCE));
        assert_eq!(state.judge(&scrape, 4, scrape.asked_at + PATIENCE), Verdict::Failed);
    }

    #[test]
    fn a_scrape_fails_when_the_renewal_that_it_waits_for_has_left_nothing() {
        let (mut state, scrape) = scraped(Duration::ZERO, Duration::ZERO);
        state.newest = None;
        assert_eq!(state.judge(&scrape, 3, scrape.asked_at), Verdict::Waiting(scrape.asked_at + PATIENCE));
        state.ended = 2;
        assert_eq!(state.judge(&scrape, 3, scrape.asked_at), Verdict::Failed);
    }

    struct Still(Arc<Snapshot>);

    impl Source for Still {
        fn snapshot(&self) -> crate::http::Shown {
            crate::http::Shown { snapshot: Arc::clone(&self.0), as_of: Instant::now() }
        }

        fn era(&self) -> u64 {
            0
        }

        fn render_telemetry(&self, _: &mut String) {}

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
        let source = Still(Arc::new(Engine::new(Arc::new(configuration.engine.clone())).snapshot()));
        let (collector, exposition) = (Collector::default(), Exposition::new(&configuration));
        std::thread::scope(|scope| {
            let scrapes: Vec<_> = (0..3).map(|_| scope.spawn(|| collector.collect(&source, false, PATIENCE * 10))).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            while scrapes.iter().any(|scrape| !scrape.is_finished()) {
                runtime.block_on(async { drop(tokio::time::timeout(Duration::from_millis(50), collector.due(&source)).await) });
                collector.renew(&source, &exposition);
            }
            let numbers: Vec<u64> = scrapes.into_iter().map(|scrape| scrape.join().unwrap().unwrap().made_of.number).collect();
            assert_eq!(numbers, [1; 3]);
        });
    }
}
