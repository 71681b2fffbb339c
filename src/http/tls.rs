//! The TLS of the server: its certificate, and which certificates clients must show.
//!
//! Does not know connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use super::web_fault::{WebFileError, fault, read};

/// The versions of TLS by their names in the file, oldest first.
const VERSIONS: [(&str, &SupportedProtocolVersion); 2] = [("TLS12", &version::TLS12), ("TLS13", &version::TLS13)];

/// The section `tls_server_config`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TlsText {
    pub(super) cert_file: PathBuf,
    pub(super) key_file: PathBuf,
    client_auth_type: String,
    pub(super) client_ca_file: Option<PathBuf>,
    min_version: String,
    max_version: String,
}

impl TlsText {
    /// With its paths starting from a folder.
    pub(super) fn in_folder(self, folder: &Path) -> Self {
        Self {
            cert_file: folder.join(&self.cert_file),
            key_file: folder.join(&self.key_file),
            client_ca_file: self.client_ca_file.as_ref().map(|file| folder.join(file)),
            ..self
        }
    }
}

/// The configuration of every connection. `path` is the web configuration, for messages.
///
/// # Errors
/// A file that cannot be used, a word that is not known.
pub(super) fn server_config(tls: &TlsText, path: &Path) -> Result<ServerConfig, WebFileError> {
    let provider = Arc::new(ring::default_provider());
    let (certificates, key) = (certificates(&tls.cert_file)?, key(&tls.key_file)?);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(tls, path)?)
        .map_err(|error| fault(path, error.to_string(), "leave `min_version` and `max_version` out"))?;
    let builder = match client_verifier(tls, path, provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(certificates, key)
        .map_err(|error| fault(&tls.cert_file, format!("it does not fit to `key_file`: {error}"), "name the key of the certificate"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn versions(tls: &TlsText, path: &Path) -> Result<Vec<&'static SupportedProtocolVersion>, WebFileError> {
    let place = |word: &str, default: usize| {
        if word.is_empty() {
            return Ok(default);
        }
        VERSIONS
            .iter()
            .position(|(name, _)| *name == word)
            .ok_or_else(|| fault(path, "that version of TLS is not known", "use `TLS12` or `TLS13`"))
    };
    let (min, max) = (place(&tls.min_version, 0)?, place(&tls.max_version, VERSIONS.len() - 1)?);
    if min > max {
        return Err(fault(path, "`min_version` is newer than `max_version`", "leave `max_version` out"));
    }
    Ok(VERSIONS[min..=max].iter().map(|(_, version)| *version).collect())
}

fn client_verifier(tls: &TlsText, path: &Path, provider: Arc<CryptoProvider>) -> Result<Option<Arc<dyn ClientCertVerifier>>, WebFileError> {
    let is_required = match (tls.client_auth_type.as_str(), &tls.client_ca_file) {
        ("" | "NoClientCert", None) => return Ok(None),
        ("VerifyClientCertIfGiven", Some(_)) => false,
        ("RequireAndVerifyClientCert", Some(_)) => true,
        ("VerifyClientCertIfGiven" | "RequireAndVerifyClientCert", None) => {
            return Err(fault(
                path,
                "`client_auth_type` needs `client_ca_file`",
                "name the file with the certificates of the clients' authority",
            ));
        }
        ("" | "NoClientCert", Some(_)) => {
            return Err(fault(
                path,
                "`client_ca_file` without a `client_auth_type` verifies nobody",
                "add `client_auth_type: RequireAndVerifyClientCert`",
            ));
        }
        _ => {
            let hint = "use `NoClientCert`, `VerifyClientCertIfGiven` or `RequireAndVerifyClientCert`; to ask for a certificate without verifying it proves nothing";
            return Err(fault(path, "that `client_auth_type` is not known", hint));
        }
    };
    let file = tls.client_ca_file.as_deref().unwrap_or(path);
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| fault(file, error.to_string(), "name a file with certificates of authorities"))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if is_required { builder } else { builder.allow_unauthenticated() };
    let verifier = builder.build().map_err(|error| fault(file, error.to_string(), "name a file with certificates of authorities"))?;
    Ok(Some(verifier))
}

/// The certificates of a file, in their order.
///
/// # Errors
/// A file that cannot be read, or holds none.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, WebFileError> {
    let bytes = read(file)?;
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
    if certificates.is_empty() {
        return Err(fault(
            file,
            "it holds no certificate in PEM",
            "name the file of the certificate, with those of its authorities behind it",
        ));
    }
    Ok(certificates)
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, WebFileError> {
    PrivateKeyDer::from_pem_slice(&read(file)?)
        .map_err(|_| fault(file, "it holds no private key in PEM without a passphrase", "name the file of the certificate's key"))
}
