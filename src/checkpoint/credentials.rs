//! Credentials of a bucket from a file, in the form that AWS's own tools use.
//!
//! The file is read again for each request, so that keys may be replaced while the service runs. Does not know what they give access to.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use object_store::CredentialProvider;
use object_store::aws::AwsCredential;

/// The credentials in a file.
pub(super) struct CredentialsFile {
    path: PathBuf,
}

impl CredentialsFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// The reason, without anything from the file.
    pub(super) fn read(&self) -> Result<AwsCredential, String> {
        let path = self.path.display();
        let text = std::fs::read_to_string(&self.path).map_err(|error| format!("`{path}` cannot be read: {error}"))?;
        credentials(&text).ok_or_else(|| format!("`{path}` lacks `aws_access_key_id = ...` or `aws_secret_access_key = ...`"))
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'a>>;

impl CredentialProvider for CredentialsFile {
    type Credential = AwsCredential;

    fn get_credential<'life, 'answer>(&'life self) -> Answer<'answer>
    where
        'life: 'answer,
        Self: 'answer,
    {
        let read = self.read().map(Arc::new).map_err(|reason| object_store::Error::Generic { store: "S3", source: reason.into() });
        Box::pin(std::future::ready(read))
    }
}

impl fmt::Debug for CredentialsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialsFile({})", self.path.display())
    }
}

/// The credentials in a text: of the profile `default`, or those before any profile.
fn credentials(text: &str) -> Option<AwsCredential> {
    let (mut key_id, mut secret_key, mut token) = (None, None, None);
    let mut is_default = true;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(profile) = line.strip_prefix('[') {
            is_default = profile.trim_end_matches(']').trim() == "default";
        } else if let Some((key, value)) = line.split_once('=').filter(|_| is_default) {
            let value = Some(value.trim().to_owned());
            match key.trim() {
                "aws_access_key_id" => key_id = value,
                "aws_secret_access_key" => secret_key = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    Some(AwsCredential { key_id: key_id?, secret_key: secret_key?, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_profile_is_read() {
        let text = "# keys\n[default]\naws_access_key_id = A\naws_secret_access_key=B=\n\n[other]\naws_access_key_id = C\n";
        let read = credentials(text).expect("credentials");
        assert_eq!((read.key_id.as_str(), read.secret_key.as_str(), read.token), ("A", "B=", None));
        assert!(credentials("aws_access_key_id = A").is_none() && credentials("").is_none());
    }

    #[test]
    fn a_message_holds_the_path_and_nothing_of_the_content() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "hunter2").expect("written");
        let reason = CredentialsFile::new(file.path().to_owned()).read().expect_err("no credentials");
        assert!(reason.contains("aws_access_key_id") && !reason.contains("hunter2"), "{reason}");
    }
}
