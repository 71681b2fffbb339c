//! Where a store lies: a folder, or a bucket with a prefix.
//!
//! A location never holds credentials, so it may be printed. Does not know whether anything is there.

use std::fmt::{self, Display};
use std::path::PathBuf;

/// Where a store lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// A folder of this machine, or one that several machines mount.
    Folder(PathBuf),
    /// A bucket of an S3-compatible store.
    Bucket {
        /// The name of the bucket.
        bucket: String,
        /// What stands before the name of every object, without a slash at either end. May be empty.
        prefix: String,
    },
}

/// Why a text names no store. The text itself is not repeated, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationProblem {
    /// Nothing is named.
    #[error("nothing is named")]
    Empty,
    /// A scheme that this program does not know.
    #[error("a store of this kind is not known; allowed are a folder, `file:///folder` and `s3://bucket/prefix`")]
    UnknownScheme,
    /// A `file:` URL with a host, or without a full path.
    #[error("a `file:` URL has three slashes and a full path, such as `file:///var/lib/cxpulse`")]
    NotAFullPath,
    /// No bucket, or one whose name cannot be that of a bucket.
    #[error("the name of the bucket is missing or wrong; allowed are 3 to 63 lower-case letters, digits, dots and hyphens")]
    BadBucket,
    /// A user name or password.
    #[error("credentials do not belong into the URL, since it is printed")]
    Credentials,
    /// A query, a fragment or an empty part.
    #[error("the prefix is no plain path; `?`, `#`, `%`, `//`, `.` and `..` are not allowed")]
    BadPrefix,
}

impl StoreLocation {
    /// Reads a folder, `file:///folder` or `s3://bucket/prefix`. A relative folder starts from the working directory of the process.
    ///
    /// # Errors
    /// The mistake, without the text.
    pub fn parse(text: &str) -> Result<Self, LocationProblem> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return if text.trim().is_empty() { Err(LocationProblem::Empty) } else { Ok(Self::Folder(PathBuf::from(text))) };
        };
        match scheme {
            "file" if rest.starts_with('/') => Ok(Self::Folder(PathBuf::from(rest))),
            "file" => Err(LocationProblem::NotAFullPath),
            "s3" => bucket(rest),
            _ => Err(LocationProblem::UnknownScheme),
        }
    }

    /// Whether a process on another machine cannot see the store unless the folder is shared by other means.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Folder(_))
    }
}

fn bucket(rest: &str) -> Result<StoreLocation, LocationProblem> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.contains('@') {
        return Err(LocationProblem::Credentials);
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) {
        return Err(LocationProblem::BadBucket);
    }
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['?', '#', '%', '\\']);
    if !prefix.is_empty() && !prefix.split('/').all(is_plain) {
        return Err(LocationProblem::BadPrefix);
    }
    Ok(StoreLocation::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

impl Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_told_apart() {
        let folder = |path: &str| Ok(StoreLocation::Folder(PathBuf::from(path)));
        let bucket = |bucket: &str, prefix: &str| Ok(StoreLocation::Bucket { bucket: bucket.into(), prefix: prefix.into() });
        assert_eq!(StoreLocation::parse("state"), folder("state"));
        assert_eq!(StoreLocation::parse("/var/lib/cxpulse"), folder("/var/lib/cxpulse"));
        assert_eq!(StoreLocation::parse("file:///var/lib/cxpulse"), folder("/var/lib/cxpulse"));
        assert_eq!(StoreLocation::parse("s3://my-bucket"), bucket("my-bucket", ""));
        assert_eq!(StoreLocation::parse("s3://my.bucket/a/b/"), bucket("my.bucket", "a/b"));
        assert_eq!(StoreLocation::parse("s3://my-bucket/a/b").map(|l| l.to_string()), Ok("s3://my-bucket/a/b".into()));
    }

    #[test]
    fn mistakes_are_named_without_the_text() {
        let cases = [
            ("", LocationProblem::Empty),
            ("gs://bucket", LocationProblem::UnknownScheme),
            ("file://host/path", LocationProblem::NotAFullPath),
            ("s3://", LocationProblem::BadBucket),
            ("s3://UPPER", LocationProblem::BadBucket),
            ("s3://key:hunter2@bucket", LocationProblem::Credentials),
            ("s3://bucket/a//b", LocationProblem::BadPrefix),
            ("s3://bucket/../b", LocationProblem::BadPrefix),
            ("s3://bucket/a?secret=1", LocationProblem::BadPrefix),
        ];
        for (text, problem) in cases {
            assert_eq!(StoreLocation::parse(text), Err(problem), "{text}");
            assert!(!problem.to_string().contains("hunter2"));
        }
    }
}
