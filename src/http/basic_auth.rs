//! Basic authentication against bcrypt hashes.
//!
//! A hash takes tens of milliseconds to compare, so results are remembered, and one comparison runs at a time: wrong passwords cannot use up the
//! processor. An unknown user costs as much as a wrong password. Does not know paths.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::{Request, header};
use tokio::sync::Semaphore;

/// The most results that are remembered.
const REMEMBERED_MAX: usize = 1_024;
/// The most clients that wait for a comparison.
const WAITING_MAX: usize = 32;
/// The hash that the password of an unknown user is compared with, of the usual cost; empty where none can be made.
static DUMMY_HASH: LazyLock<String> = LazyLock::new(|| bcrypt::hash("nobody", 10).unwrap_or_default());

/// The users and the hashes of their passwords.
#[derive(Default)]
pub(super) struct Users {
    hashes: BTreeMap<String, String>,
    comparing: Option<Arc<Comparing>>,
}

/// The comparisons of one set of users.
struct Comparing {
    turn: Semaphore,
    waiting: Semaphore,
    keys: [RandomState; 2],
    remembered: Mutex<HashMap<[u64; 2], bool>>,
}

/// What came of the question whether a client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Admitted,
    Refused,
    /// Too many passwords wait to be compared.
    Busy,
}

impl Users {
    /// The users with their bcrypt hashes.
    ///
    /// # Errors
    /// The name of the first user whose hash is none.
    pub(super) fn new(hashes: BTreeMap<String, String>) -> Result<Self, String> {
        if let Some((user, _)) = hashes.iter().find(|(_, hash)| hash.parse::<bcrypt::HashParts>().is_err()) {
            return Err(user.clone());
        }
        let comparing = Comparing {
            turn: Semaphore::new(1),
            waiting: Semaphore::new(WAITING_MAX),
            keys: [RandomState::new(), RandomState::new()],
            remembered: Mutex::default(),
        };
        Ok(Self { hashes, comparing: Some(Arc::new(comparing)) })
    }

    /// Whether a request may be answered: always where there are no users.
    pub(super) async fn admit<B>(&self, request: &Request<B>) -> Admission {
        let Some(comparing) = self.comparing.as_ref().filter(|_| !self.hashes.is_empty()) else { return Admission::Admitted };
        let Some((user, password)) = credentials(request) else { return Admission::Refused };
        let known = self.hashes.get(&user).cloned();
        let is_known = known.is_some();
        match Arc::clone(comparing).is_right(user, password, known).await {
            Some(is_right) if is_right && is_known => Admission::Admitted,
            Some(_) => Admission::Refused,
            None => Admission::Busy,
        }
    }
}

impl Comparing {
    /// Whether the password fits to the hash; `None` where too many wait to know.
    async fn is_right(self: Arc<Self>, user: String, password: String, hash: Option<String>) -> Option<bool> {
        let fingerprint = self.keys.each_ref().map(|key| key.hash_one((&user, &password, &hash)));
        if let Some(known) = self.remembered(fingerprint) {
            return Some(known);
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        let _turn = self.turn.acquire().await.ok()?;
        // The same may have been compared meanwhile.
        if let Some(known) = self.remembered(fingerprint) {
            return Some(known);
        }
        let is_right = tokio::task::spawn_blocking(move || {
            let hash = hash.as_deref().unwrap_or(&DUMMY_HASH);
            bcrypt::verify(password, hash).unwrap_or(false)
        });
        let is_right = is_right.await.ok()?;
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            // Wrong passwords can be made without end; those that are right stay.
            remembered.retain(|_, is_right| *is_right);
        }
        remembered.insert(fingerprint, is_right);
        Some(is_right)
    }

    fn remembered(&self, fingerprint: [u64; 2]) -> Option<bool> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&fingerprint).copied()
    }
}

/// The user and the password of a request.
fn credentials<B>(request: &Request<B>) -> Option<(String, String)> {
    let text = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}
