//! The queue of scrapes: a few are made at once, some wait for their turn, and more are refused.
//!
//! A client's address cannot take all turns, so that scrapers at other addresses get theirs. Does not know how a scrape is made.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The most scrapes that are made at once.
const MADE_AT_ONCE_MAX: usize = 4;
/// The most scrapes that are made or wait for their turn.
const SCRAPES_MAX: usize = 24;
/// The most of them that come from one address.
const SCRAPES_OF_AN_ADDRESS_MAX: usize = 16;

/// Who is in the queue.
pub(super) struct ScrapeQueue {
    turns: Arc<Semaphore>,
    waiting: Mutex<FxHashMap<IpAddr, usize>>,
}

/// A scrape whose turn it is; dropping it ends the turn.
pub(super) struct Turn {
    _turn: OwnedSemaphorePermit,
    _ticket: Ticket,
}

/// Why a scrape gets no turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// Too many scrapes wait already.
    TooMany,
    /// No turn came in time.
    TooLate,
}

struct Ticket {
    queue: Arc<ScrapeQueue>,
    address: IpAddr,
}

impl ScrapeQueue {
    /// An empty queue.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { turns: Arc::new(Semaphore::new(MADE_AT_ONCE_MAX)), waiting: Mutex::default() })
    }

    /// Waits for the turn of a scrape from this address, for no longer than `patience`.
    ///
    /// # Errors
    /// At once where too many wait already, otherwise when the patience has ended.
    pub(super) async fn turn(self: &Arc<Self>, address: IpAddr, patience: Duration) -> Result<Turn, NoTurn> {
        let ticket = self.ticket(address).ok_or(NoTurn::TooMany)?;
        match timeout(patience, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Turn { _turn: turn, _ticket: ticket }),
            _ => Err(NoTurn::TooLate),
        }
    }

    fn ticket(self: &Arc<Self>, address: IpAddr) -> Option<Ticket> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.values().sum::<usize>() >= SCRAPES_MAX || waiting.get(&address).is_some_and(|count| *count >= SCRAPES_OF_AN_ADDRESS_MAX)
        {
            return None;
        }
        *waiting.entry(address).or_default() += 1;
        Some(Ticket { queue: Arc::clone(self), address })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn one_address_leaves_turns_to_others_and_tickets_come_back() {
        let queue = ScrapeQueue::new();
        let (greedy, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut held = Vec::new();
        for _ in 0..MADE_AT_ONCE_MAX {
            held.push(queue.turn(greedy, PATIENCE).await.ok().unwrap());
        }
        let waiting: Vec<_> = (MADE_AT_ONCE_MAX..SCRAPES_OF_AN_ADDRESS_MAX).map(|_| queue.ticket(greedy).unwrap()).collect();
        assert_eq!(queue.turn(greedy, PATIENCE).await.err(), Some(NoTurn::TooMany));
        assert_eq!(queue.turn(other, PATIENCE).await.err(), Some(NoTurn::TooLate));
        held.pop();
        assert!(queue.turn(other, PATIENCE).await.is_ok());
        drop((held, waiting));
        assert!(queue.waiting.lock().unwrap().is_empty());
    }
}
