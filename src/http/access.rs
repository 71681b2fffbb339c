//! Who may ask, and by which connections: the web configuration in force, read again when one of its files changes.
//!
//! So certificates and passwords rotate without a restart. A file that cannot be used leaves the one before in force. Does not know the contents of the
//! files (see `web_file`).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;

use super::web_fault::WebFileError;
use super::web_file::WebFile;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The web configuration in force.
pub struct Access {
    path: Option<PathBuf>,
    newest: ArcSwap<WebFile>,
    /// The files as they were when they were last read.
    seen: Mutex<Vec<Stamp>>,
}

/// By what a change of a file shows: its time and its length; `None` while it is not there.
type Stamp = Option<(SystemTime, u64)>;

impl Access {
    /// The web configuration of a file; without a file everyone may ask, without TLS.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn open(path: Option<&Path>) -> Result<Arc<Self>, WebFileError> {
        let file = path.map_or_else(|| Ok(WebFile::none()), WebFile::read)?;
        let seen = Mutex::new(stamps(&file.files));
        Ok(Arc::new(Self { path: path.map(Path::to_owned), newest: ArcSwap::from_pointee(file), seen }))
    }

    /// Reads the file again. It is in force for connections and requests that come from now on.
    ///
    /// # Errors
    /// A file that cannot be read or used; the configuration before stays in force.
    pub fn reload(&self) -> Result<(), WebFileError> {
        let Some(path) = &self.path else { return Ok(()) };
        let file = WebFile::read(path)?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamps(&file.files);
        self.newest.store(Arc::new(file));
        Ok(())
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.newest.load().tls.is_some()
    }

    /// The configuration in force.
    pub(super) fn newest(&self) -> Arc<WebFile> {
        self.newest.load_full()
    }

    /// Reads the files again whenever one of them changes, for as long as the server runs.
    pub(super) async fn follow(self: &Arc<Self>) -> std::convert::Infallible {
        if self.path.is_none() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let access = Arc::clone(self);
            let looked = tokio::task::spawn_blocking(move || access.look());
            if let Err(error) = looked.await {
                tracing::error!(%error, "the web configuration could not be looked at");
            }
        }
    }

    fn look(&self) {
        let now = stamps(&self.newest().files);
        if std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), now.clone()) == now {
            return;
        }
        match self.reload() {
            Ok(()) => tracing::info!("the web configuration has changed and is in force"),
            // The certificate and its key change one after the other, so the first look may find half of a change.
            Err(error) => tracing::warn!("the web configuration has changed and cannot be used; the one before stays in force: {error}"),
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| std::fs::metadata(file).and_then(|metadata| Ok((metadata.modified()?, metadata.len()))).ok();
    files.iter().map(stamp).collect()
}
