//! The web configuration file: TLS, passwords and response headers, with the schema that Prometheus's exporters share.
//!
//! The text of the file never gets into a message, because it holds hashes of passwords. Does not know when the file is read (see `access`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde::Deserialize;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::basic_auth::{Admission, Users};
use super::response::{Chunks, text, too_many};
use super::tls::{self, TlsText};
use super::web_fault::{WebFileError, fault, read};

/// The response headers that the file may set.
const HEADERS: [&str; 6] = [
    "Strict-Transport-Security",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Content-Security-Policy",
    "Referrer-Policy",
];

/// A web configuration that can be used.
pub(super) struct WebFile {
    /// The TLS of every connection; `None` where connections are not encrypted.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// The certificate that the server shows first.
    pub(super) certificate: Option<CertificateDer<'static>>,
    /// Who may ask.
    pub(super) users: Users,
    /// The paths that are answered to everyone.
    pub(super) open_paths: Vec<String>,
    /// Headers of every response.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// The files that it was read from.
    pub(super) files: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileText {
    tls_server_config: Option<TlsText>,
    http_server_config: HttpText,
    basic_auth_users: BTreeMap<String, String>,
    auth_excluded_paths: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HttpText {
    /// Taken and not used: the server speaks HTTP/1.1, which every client does.
    #[serde(rename = "http2")]
    _http2: bool,
    headers: BTreeMap<String, String>,
}

impl WebFile {
    /// Whether a request may be answered: its path is open to everyone, or its user may ask.
    ///
    /// # Errors
    /// The answer to a request that may not.
    pub(super) async fn admit<B>(&self, request: &Request<B>) -> Result<(), Response<Chunks>> {
        if self.open_paths.iter().any(|path| path == request.uri().path()) {
            return Ok(());
        }
        match self.users.admit(request).await {
            Admission::Admitted => Ok(()),
            Admission::Refused => Err(unauthorized()),
            Admission::Busy => Err(too_many()),
        }
    }

    /// A response with the headers of every response.
    pub(super) fn with_headers(&self, mut response: Response<Chunks>) -> Response<Chunks> {
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    /// The web configuration without a file: no TLS, no passwords.
    pub(super) fn none() -> Self {
        Self { tls: None, certificate: None, users: Users::default(), open_paths: Vec::new(), headers: Vec::new(), files: Vec::new() }
    }

    /// Reads the file, and every file that it names. Relative paths start from its folder.
    ///
    /// # Errors
    /// The first file that cannot be read or used.
    pub(super) fn read(path: &Path) -> Result<Self, WebFileError> {
        let text = String::from_utf8(read(path)?).map_err(|_| fault(path, "it is not UTF-8 text", "write it as YAML"))?;
        let is_empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        let parsed = if is_empty { Ok(FileText::default()) } else { serde_saphyr::from_str::<FileText>(&text) };
        let text = parsed.map_err(|error| {
            let line = error.location().map_or_else(String::new, |at| format!(" at line {}", at.line()));
            let hint = "known are `tls_server_config` (cert_file, key_file, client_auth_type, client_ca_file, min_version, max_version), \
                        `http_server_config` (http2, headers), `basic_auth_users` (name: hash) and `auth_excluded_paths`";
            fault(path, format!("it is not a web configuration in YAML{line}"), hint)
        })?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let mut files = vec![path.to_owned()];
        let mut certificate = None;
        let tls = text.tls_server_config.map(|tls| {
            let tls = tls.in_folder(folder);
            files.extend([tls.cert_file.clone(), tls.key_file.clone()].into_iter().chain(tls.client_ca_file.clone()));
            certificate = tls::certificates(&tls.cert_file)?.into_iter().next();
            tls::server_config(&tls, path)
        });
        let users = Users::new(text.basic_auth_users)
            .map_err(|user| fault(path, format!("the password of `{user}` is no bcrypt hash"), "make one with `htpasswd -nBC 10 USER`"))?;
        let headers = text.http_server_config.headers.iter().map(|(name, value)| header(path, name, value)).collect::<Result<_, _>>()?;
        Ok(Self { tls: tls.transpose()?.map(Arc::new), certificate, users, open_paths: text.auth_excluded_paths, headers, files })
    }
}

fn unauthorized() -> Response<Chunks> {
    let mut refused = text(StatusCode::UNAUTHORIZED, "a user and a password are needed\n");
    refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"cxpulse\", charset=\"UTF-8\""));
    refused
}

fn header(path: &Path, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), WebFileError> {
    let known = HEADERS.iter().find(|known| known.eq_ignore_ascii_case(name));
    let parsed = known.and_then(|name| Some((name.parse().ok()?, HeaderValue::from_str(value).ok()?)));
    parsed.ok_or_else(|| fault(path, format!("the header `{name}` cannot be set to that"), format!("known are {}", HEADERS.join(", "))))
}
