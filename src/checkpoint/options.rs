//! How a store is used: what is kept, how long an operation may take, and how much memory a state may need.
//!
//! Does not know where the settings come from.

use std::path::PathBuf;
use std::time::Duration;

use crate::time::Span;

/// How a store is used.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How many valid checkpoints are kept for each partition group. Default 3, at least 1.
    pub keep: usize,
    /// How long the checkpoints of other settings are kept after they were written, by the clock of the store. Default 7 d.
    pub keep_other_settings: Span,
    /// After this time a read or a listing has failed. A bucket that is away is asked again until then. Default 20 s, because an assignment waits.
    pub operation_time_max: Duration,
    /// After this time a write has failed. Default 2 min, because nothing waits for it and a state may be large.
    pub write_time_max: Duration,
    /// How often a write to a folder is tried again before it has failed. Default 3.
    pub retries: usize,
    /// The largest state in bytes that is read into memory. Default 8 GiB.
    pub body_bytes_max: u64,
    /// The connection to a bucket; not used for a folder.
    pub s3: S3Options,
}

/// The connection to an S3-compatible store. What is not given here comes from the usual `AWS_` variables, or from the machine's role.
#[derive(Clone, Debug, Default)]
pub struct S3Options {
    /// The address of the store, such as `https://minio.example:9000`. `None` for AWS, or for `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// The region. `None` for `AWS_REGION`, else `us-east-1`.
    pub region: Option<String>,
    /// A file with `aws_access_key_id = ...` and `aws_secret_access_key = ...`. It is read again for each request, so keys may be replaced.
    pub credentials_file: Option<PathBuf>,
    /// Whether plain HTTP to another machine is allowed.
    pub allow_insecure: bool,
}

/// Why an endpoint cannot be used. The address is not repeated, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointProblem {
    /// Something else than `http://` or `https://` and a host.
    #[error("it is no address; allowed is `https://host:port`, without a path")]
    NoAddress,
    /// A user name or password.
    #[error("credentials do not belong into the address, since it is printed")]
    Credentials,
    /// Plain HTTP to another machine.
    #[error("plain `http` to another machine is not allowed")]
    Insecure,
}

impl S3Options {
    /// Whether the endpoint can be used. Plain HTTP is for this machine alone unless `allow_insecure` is set; an address is judged by its
    /// spelling, because a name server could answer differently after the check.
    ///
    /// # Errors
    /// The mistake, without the address.
    pub fn check_endpoint(&self) -> Result<(), EndpointProblem> {
        let Some(endpoint) = &self.endpoint else { return Ok(()) };
        let (scheme, rest) = endpoint.split_once("://").ok_or(EndpointProblem::NoAddress)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err(EndpointProblem::Credentials);
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if authority.is_empty() || !authority.bytes().all(is_name) {
            return Err(EndpointProblem::NoAddress);
        }
        match scheme {
            "https" => Ok(()),
            "http" if self.allow_insecure || is_this_machine(authority) => Ok(()),
            "http" => Err(EndpointProblem::Insecure),
            _ => Err(EndpointProblem::NoAddress),
        }
    }
}

fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            keep: 3,
            keep_other_settings: Span::days(7),
            operation_time_max: Duration::from_secs(20),
            write_time_max: Duration::from_secs(120),
            retries: 3,
            body_bytes_max: 8 << 30,
            s3: S3Options::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine() {
        let check = |endpoint: &str, allow_insecure| {
            S3Options { endpoint: Some(endpoint.into()), allow_insecure, ..S3Options::default() }.check_endpoint()
        };
        for endpoint in ["https://minio.example:9000", "http://localhost:9000", "http://127.0.0.1", "http://[::1]:9000/"] {
            assert_eq!(check(endpoint, false), Ok(()), "{endpoint}");
        }
        for endpoint in ["http://minio:9000", "http://10.0.0.1:9000", "http://localhost.example:9000"] {
            assert_eq!(check(endpoint, false), Err(EndpointProblem::Insecure), "{endpoint}");
            assert_eq!(check(endpoint, true), Ok(()), "{endpoint}");
        }
        assert_eq!(check("https://a:b@minio", true), Err(EndpointProblem::Credentials));
        for endpoint in ["minio:9000", "https://", "ftp://minio", "https://minio/bucket", "https://minio?x"] {
            assert_eq!(check(endpoint, true), Err(EndpointProblem::NoAddress), "{endpoint}");
        }
    }
}
