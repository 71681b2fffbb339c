//! `[checkpoint]`: where checkpoints are kept, when one is due, and what a change of settings means for them.
//!
//! Opens no store, and makes no folder.

use std::path::Path;
use std::time::Duration;

use super::duration::within;
use super::problem::{Complaint, ProblemKind, complaint};
use super::section::Section;
use super::value::number_within;
use super::{CheckpointSettings, OnMismatch};
use crate::checkpoint::{EndpointProblem, LocationProblem, S3Options, StoreLocation, StoreOptions};
use crate::time::Span;

/// The variable in which systemd names the folders of a service, with colons between.
pub(super) const STATE_DIRECTORY: &str = "STATE_DIRECTORY";

/// Without systemd the state lies below the working directory, as with other servers that keep state, so that nothing is written where nobody
/// looks. A packaged service sets the key or the folder.
const DEFAULT_FOLDER: &str = "cxpulse-state";
const OFF: &str = "off";

/// Reads `[checkpoint]`. `state_directory` is the value of the variable of that name.
pub(super) fn checkpoint(mut section: Section<'_>, folder: &Path, state_directory: Option<&str>) -> CheckpointSettings {
    let of_system = state_directory.and_then(|folders| folders.split(':').next()).filter(|folder| !folder.is_empty());
    let default = of_system.unwrap_or(DEFAULT_FOLDER);
    let url = section.checked("url", default.to_owned(), |url: &String| location(url).map(drop));
    let url = location(&url).unwrap_or_default();
    let is_shared = section.or("shared", false) || url.as_ref().is_some_and(|location| !location.is_local());
    let interval = section.checked("interval", Span::minutes(5), within(Span::seconds(1), Span::days(1)));
    let records = section.checked("records", 2_000_000, number_within(1, 1_000_000_000_000));
    let keep = section.checked("keep", 3, number_within(1, 100));
    let on_mismatch = section.choice("on_mismatch", [("refuse", OnMismatch::Refuse), ("rebuild", OnMismatch::Rebuild)]);
    let s3 = s3(&mut section, folder);
    section.finish();
    CheckpointSettings {
        url,
        is_shared,
        store: StoreOptions { keep: usize::try_from(keep).unwrap_or(3), s3, ..StoreOptions::default() },
        interval: Duration::from_millis(interval.0.unsigned_abs()),
        records: records.unsigned_abs(),
        on_mismatch,
    }
}

fn s3(section: &mut Section<'_>, folder: &Path) -> S3Options {
    let text = |section: &mut Section<'_>, key| section.value::<String>(key).filter(|text| !text.is_empty());
    let endpoint = text(section, "endpoint");
    let region = text(section, "region");
    let credentials_file = text(section, "credentials_file").map(|path| folder.join(path));
    let allow_insecure = section.or("allow_insecure", false);
    let mut s3 = S3Options { endpoint, region, credentials_file, allow_insecure };
    if let Err(problem) = s3.check_endpoint() {
        section.complain("endpoint", of_endpoint(problem));
        s3.endpoint = None;
    }
    s3
}

/// The store that a text names; `None` for `off`.
fn location(text: &str) -> Result<Option<StoreLocation>, Complaint> {
    if text == OFF {
        return Ok(None);
    }
    StoreLocation::parse(text).map(Some).map_err(|problem| {
        let hint = match problem {
            LocationProblem::Credentials => {
                "take them out; name a file with `checkpoint.credentials_file`, or set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"
            }
            LocationProblem::Empty => "name a folder, or turn checkpoints off with `\"off\"`",
            LocationProblem::UnknownScheme | LocationProblem::NotAFullPath | LocationProblem::BadBucket | LocationProblem::BadPrefix => {
                "write such as `/var/lib/cxpulse` or `s3://my-bucket/cxpulse`; `checkpoint.endpoint` names a store other than AWS"
            }
        };
        complaint(ProblemKind::BadStore, problem.to_string(), hint)
    })
}

fn of_endpoint(problem: EndpointProblem) -> Complaint {
    let (kind, hint) = match problem {
        EndpointProblem::NoAddress => (ProblemKind::BadStore, "write such as `https://minio.example:9000`"),
        EndpointProblem::Credentials => (ProblemKind::BadStore, "take them out; name a file with `checkpoint.credentials_file`"),
        EndpointProblem::Insecure => {
            (ProblemKind::InsecureStore, "use `https`, or set `checkpoint.allow_insecure = true` on a network that you trust")
        }
    };
    complaint(kind, problem.to_string(), hint)
}
