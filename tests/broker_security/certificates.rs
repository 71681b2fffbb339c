//! Authorities and certificates of these tests, as PEM files for the broker and for clients.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

/// An authority that signs certificates, and the folder in which they lie.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    name: &'static str,
}

/// A certificate with its key.
pub(super) struct Identity {
    /// The certificate alone.
    pub(super) certificate: PathBuf,
    /// The key alone.
    pub(super) key: PathBuf,
    /// Both, as a broker reads them.
    pub(super) both: PathBuf,
}

impl Authority {
    pub(super) fn new(folder: &Path, name: &'static str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
        std::fs::write(folder.join(format!("{name}.pem")), issuer.pem()).expect("the folder is writable");
        Self { issuer, folder: folder.to_owned(), name }
    }

    /// The certificate of the authority.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.join(format!("{}.pem", self.name))
    }

    /// A certificate for this host and subject. Where it has expired, its time is over since 2021.
    pub(super) fn identity(&self, subject: &str, host: &str, has_expired: bool) -> Identity {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a host");
        params.distinguished_name.push(DnType::CommonName, subject);
        if has_expired {
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let path = |ending: &str| self.folder.join(format!("{}-{subject}-{ending}.pem", self.name));
        let identity = Identity { certificate: path("certificate"), key: path("key"), both: path("both") };
        std::fs::write(&identity.certificate, certificate.pem()).expect("the folder is writable");
        std::fs::write(&identity.key, key.serialize_pem()).expect("the folder is writable");
        std::fs::write(&identity.both, key.serialize_pem() + &certificate.pem()).expect("the folder is writable");
        identity
    }
}
