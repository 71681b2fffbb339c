//! The two kinds of stores: a folder, where a file is written beside its place, synced and renamed, and a bucket, where a put is atomic.
//!
//! Does not know what is stored.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};

use super::credentials::CredentialsFile;
use super::failure::{FailureKind, Operation, StoreFailure};
use super::location::StoreLocation;
use super::options::StoreOptions;

/// A store, and the path in it below which the checkpoints lie.
pub(super) type Backend = (Arc<dyn ObjectStore>, Path);

/// Opens the store of a location. A folder must exist.
pub(super) fn open(location: &StoreLocation, options: &StoreOptions) -> Result<Backend, StoreFailure> {
    match location {
        StoreLocation::Folder(folder) => {
            let store = LocalFileSystem::new_with_prefix(folder)
                .map_err(|error| StoreFailure::of_store(Operation::Open, location, &error, false))?;
            Ok((Arc::new(store.with_fsync(true)), Path::default()))
        }
        StoreLocation::Bucket { bucket, prefix } => {
            let store = bucket_store(bucket, options).map_err(|reason| {
                let reason = reason.to_string();
                StoreFailure::new(Operation::Open, location, FailureKind::Settings, reason)
            })?;
            Ok((store, Path::from(prefix.as_str())))
        }
    }
}

/// Makes a folder where there is none, so that it is still there after a power cut: each folder that holds a new one is synced.
pub(super) fn make_folder(folder: &std::path::Path) -> std::io::Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    std::fs::create_dir_all(folder)?;
    for made in missing {
        let holder = made.parent().filter(|holder| !holder.as_os_str().is_empty()).unwrap_or_else(|| std::path::Path::new("."));
        if cfg!(unix) {
            std::fs::File::open(holder)?.sync_all()?;
        }
    }
    Ok(())
}

fn bucket_store(bucket: &str, options: &StoreOptions) -> Result<Arc<dyn ObjectStore>, Box<dyn std::error::Error>> {
    let s3 = &options.s3;
    s3.check_endpoint()?;
    let seconds = |seconds: u64| format!("{seconds} seconds");
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), seconds(options.write_time_max.as_secs().max(1)))
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), seconds(5))
        .with_retry(RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
            // The time alone is the bound, so that a store that is away for a while is waited for.
            max_retries: usize::MAX,
            retry_timeout: options.write_time_max,
        });
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(region) = &s3.region {
        builder = builder.with_region(region);
    }
    if let Some(path) = &s3.credentials_file {
        let file = CredentialsFile::new(path.clone());
        file.read()?;
        builder = builder.with_credentials(Arc::new(file));
    }
    Ok(Arc::new(builder.build()?))
}
