//! What a checkpoint is called, and the folder in which it lies: `<consumer group>/<fingerprint>/<partition>/<name>`.
//!
//! A name begins with the sum of the offsets, so that names in their order are checkpoints in theirs, and ends with a random part, so that
//! no two processes ever write the same. Does not know what a checkpoint contains.

use std::fmt::{self, Display};

use object_store::path::{Path, PathPart};
use ring::digest::{SHA256, digest};

use super::header::CheckpointHeader;
use super::key::{CheckpointKey, Fingerprint};

const ENDING: &str = ".checkpoint";
const RANDOM_DIGITS: usize = 24;
/// File systems take names of up to 255 bytes.
const GROUP_BYTES_MAX: usize = 200;

/// The name of a checkpoint within its folder. The order is that of the checkpoints: a greater one has counted more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// The sum of the offsets up to which the state has counted.
    pub offset_sum: u64,
    /// The number of the checkpoint in its partition group.
    pub sequence: u64,
    /// 24 random hexadecimal digits.
    random: String,
}

/// The place of an object in the tree of a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectPlace {
    /// The name of the consumer group's folder.
    pub(super) group_folder: String,
    pub(super) fingerprint: Fingerprint,
    pub(super) partition: i32,
    pub(super) name: ObjectName,
}

impl ObjectName {
    pub(super) fn new(header: &CheckpointHeader, random: [u8; RANDOM_DIGITS / 2]) -> Self {
        let random = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { offset_sum: header.offset_sum(), sequence: header.sequence, random }
    }

    /// Whether a checkpoint with this header can have this name.
    pub(super) fn is_of(&self, header: &CheckpointHeader) -> bool {
        self.offset_sum == header.offset_sum() && self.sequence == header.sequence
    }

    /// Reads what [`Display`] writes, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_suffix(ENDING)?.split('-');
        let number = |part: Option<&str>| part.filter(|part| part.len() == 20).and_then(|part| part.parse().ok());
        let (offset_sum, sequence) = (number(parts.next())?, number(parts.next())?);
        let name = Self { offset_sum, sequence, random: parts.next()?.to_owned() };
        (name.random.len() == RANDOM_DIGITS && name.to_string() == text).then_some(name)
    }
}

impl Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}-{:020}-{}{ENDING}", self.offset_sum, self.sequence, self.random)
    }
}

impl ObjectPlace {
    /// Reads the place of an object below `root`; `None` for everything that is no checkpoint.
    pub(super) fn of(object: &Path, root: &Path) -> Option<Self> {
        let parts: Vec<PathPart<'_>> = object.prefix_match(root)?.collect();
        let [group, fingerprint, partition, name] = parts.as_slice() else { return None };
        Some(Self {
            group_folder: group.as_ref().to_owned(),
            fingerprint: Fingerprint::of_hex(fingerprint.as_ref())?,
            partition: partition.as_ref().parse().ok().filter(|number: &i32| number.to_string() == partition.as_ref())?,
            name: ObjectName::parse(name.as_ref())?,
        })
    }
}

/// The folder of a consumer group. A name that does not fit into the name of a folder is replaced by its beginning and its hash.
pub(super) fn group_folder(root: &Path, group: &str) -> Path {
    let part = PathPart::from(group);
    if part.as_ref().len() <= GROUP_BYTES_MAX {
        return root.clone().join(part);
    }
    let hash = digest(&SHA256, group.as_bytes());
    let hash: String = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let beginning: String = part.as_ref().chars().take(100).filter(|c| *c != '%').collect();
    root.clone().join(format!("{beginning}~{hash}"))
}

/// The folder of the checkpoints of one partition group and its settings.
pub(super) fn folder(root: &Path, key: &CheckpointKey) -> Path {
    group_folder(root, &key.group).join(key.fingerprint.to_string()).join(key.partition.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(offset_sum: u64, sequence: u64) -> ObjectName {
        ObjectName { offset_sum, sequence, random: "0123456789abcdef01234567".into() }
    }

    #[test]
    fn names_are_read_back_and_stand_in_the_order_of_their_offsets() {
        let names = [name(9, 5), name(10, 1), name(10, 2), name(u64::MAX, 0)];
        for pair in names.windows(2) {
            assert!(pair[0] < pair[1] && pair[0].to_string() < pair[1].to_string());
        }
        for name in names {
            assert_eq!(ObjectName::parse(&name.to_string()), Some(name));
        }
        let written = name(1, 2).to_string();
        let others = [written.replace(ENDING, ""), written.replacen('0', "", 1), written.replace("ab", "AB"), format!("{written}#1")];
        for text in others.iter().map(String::as_str).chain(["", ".checkpoint", "1-2-3.checkpoint"]) {
            assert_eq!(ObjectName::parse(text).filter(|name| name.to_string() != text), None, "{text}");
        }
        assert_eq!(ObjectName::parse(&format!("{written}#1")), None);
    }

    #[test]
    fn every_consumer_group_has_a_folder_of_its_own() {
        let root = Path::from("state");
        let long = "ü".repeat(120);
        let folders: Vec<_> = ["a", "a/b", "..", "a%2Fb", &long, &format!("{long}x")].map(|group| group_folder(&root, group)).into();
        for (at, folder) in folders.iter().enumerate() {
            let parts: Vec<_> = folder.prefix_match(&root).expect("below the root").collect();
            assert_eq!(parts.len(), 1, "{folder}");
            assert!(parts[0].as_ref().len() <= GROUP_BYTES_MAX && !folders[..at].contains(folder), "{folder}");
        }
    }

    #[test]
    fn a_place_is_read_back_and_other_objects_have_none() {
        let (root, fingerprint) = (Path::from("x/y"), Fingerprint([7; 32]));
        let key = CheckpointKey { group: "desk".into(), fingerprint, partition: 3 };
        let object = folder(&root, &key).join(name(4, 1).to_string());
        let place = ObjectPlace { group_folder: "desk".into(), fingerprint, partition: 3, name: name(4, 1) };
        assert_eq!(ObjectPlace::of(&object, &root), Some(place));
        assert_eq!(ObjectPlace::of(&object, &Path::from("x")), None);
        assert_eq!(ObjectPlace::of(&Path::from("x/y/desk/readme"), &root), None);
    }
}
