//! What the shortcuts of a program refer to by number: paths, names of members, words, and objects that are the same for every payload.
//!
//! Does not know programs.

use std::collections::HashMap;

use jaq_core::ValT as _;
use jaq_core::path::Opt;
use jaq_json::{Map, Val};

/// The constants as texts, which threads can share.
#[derive(Clone, Debug, Default)]
pub(super) struct ConstantTexts {
    /// The names and numbers that lead to a member, one below the other, each with whether it may be missing.
    pub(super) paths: Vec<Vec<(Literal, bool)>>,
    /// The names of the members of an object.
    pub(super) keys: Vec<Vec<String>>,
    /// Words, each with the number of its branch.
    pub(super) cases: Vec<Vec<(String, usize)>>,
    /// Objects.
    pub(super) objects: Vec<Vec<(String, Literal)>>,
}

/// A value that a program names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(String),
    Bool(bool),
    Null,
}

/// The constants as values, which belong to one thread.
#[derive(Default)]
pub(super) struct Constants {
    pub(super) paths: Vec<Vec<(Val, Opt)>>,
    pub(super) keys: Vec<Vec<Val>>,
    pub(super) cases: Vec<HashMap<Val, isize>>,
    pub(super) objects: Vec<Val>,
}

impl Constants {
    pub(super) fn of(texts: &ConstantTexts) -> Self {
        let part = |(name, is_optional): &(Literal, bool)| (name.value(), if *is_optional { Opt::Optional } else { Opt::Essential });
        let path = |parts: &Vec<(Literal, bool)>| parts.iter().map(part).collect();
        let all = |names: &Vec<String>| names.iter().map(|name| text(name)).collect();
        let branch = |(word, branch): &(String, usize)| (text(word), isize::try_from(*branch).unwrap_or(isize::MAX));
        let object =
            |members: &Vec<(String, Literal)>| Val::obj(members.iter().map(|(name, value)| (text(name), value.value())).collect::<Map>());
        Self {
            paths: texts.paths.iter().map(path).collect(),
            keys: texts.keys.iter().map(all).collect(),
            // The first branch of a word is the one that counts.
            cases: texts.cases.iter().map(|words| words.iter().rev().map(branch).collect()).collect(),
            objects: texts.objects.iter().map(object).collect(),
        }
    }
}

impl Literal {
    fn value(&self) -> Val {
        match self {
            Self::Text(value) => text(value),
            Self::Number(digits) => Val::from_num(digits).unwrap_or_default(),
            Self::Bool(value) => Val::Bool(*value),
            Self::Null => Val::Null,
        }
    }
}

fn text(text: &str) -> Val {
    Val::from(text.to_owned())
}
