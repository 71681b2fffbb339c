//! Functions of jq that are definitions in jaq, written as native ones: they give the same and take a fraction of the time, because a program calls them
//! for almost every member. Beside them those that [`super::shortcuts`] puts into programs.
//!
//! Does not know programs.

use jaq_core::ValT as _;
use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::native::{Filter, Fun, bome, v};
use jaq_core::path::Opt;
use jaq_core::{Error, Exn, Native, RunPtr};
use jaq_json::Val;
use jaq_std::ValT as _;

use super::functions::{FeedData, text_of};

/// The definitions that have a native function here.
pub(super) const REPLACED_DEFINITIONS: [&str; 15] = [
    "empty",
    "true",
    "false",
    "null",
    "not",
    "type",
    "tostring",
    "isboolean",
    "isnumber",
    "isstring",
    "isarray",
    "isobject",
    "present",
    "id_text",
    "meaning",
];

/// The native functions.
pub(super) fn quick() -> Box<[Filter<RunPtr<FeedData>>]> {
    Box::new([
        ("true", v(0), |_| box_once(Ok(Val::Bool(true)))),
        ("false", v(0), |_| box_once(Ok(Val::Bool(false)))),
        ("null", v(0), |_| box_once(Ok(Val::Null))),
        ("not", v(0), |cv| box_once(Ok(Val::Bool(!cv.1.as_bool())))),
        ("type", v(0), |cv| box_once(Ok(Val::from(type_of(&cv.1).to_owned())))),
        ("tostring", v(0), |cv| box_once(Ok(cv.1.into_string()))),
        ("isboolean", v(0), |cv| is(&cv.1, "boolean")),
        ("isnumber", v(0), |cv| is(&cv.1, "number")),
        ("isstring", v(0), |cv| is(&cv.1, "string")),
        ("isarray", v(0), |cv| is(&cv.1, "array")),
        ("isobject", v(0), |cv| is(&cv.1, "object")),
        ("id_text", v(0), |cv| box_once(Ok(id_text(cv.1)))),
        ("meaning", v(2), |mut cv| {
            let (words, name) = (cv.0.pop_var(), cv.0.pop_var());
            if !is_present(&cv.1) {
                return box_once(Ok(Val::Null));
            }
            let word = Val::from(text_of(&cv.1).to_ascii_lowercase());
            let Val::Obj(words) = words else { return bome(words.index(&word)) };
            let found = words.get(&word).cloned();
            box_once(Ok(found.unwrap_or_else(|| {
                cv.0.data().report_unknown(&name, &cv.1);
                Val::Null
            })))
        }),
        ("__case", v(1), |mut cv| {
            let words = index_of(&cv.0.pop_var());
            let case = cv.0.data().constants.cases[words].get(&cv.1).copied();
            box_once(Ok(case.map_or(Val::from(isize::MAX), Val::from)))
        }),
        ("__object", v(1), |mut cv| {
            let keys = &cv.0.data().constants.keys[index_of(&cv.0.pop_var())];
            let Val::Arr(values) = cv.1 else { return box_once(Ok(Val::Null)) };
            let values = std::rc::Rc::try_unwrap(values).unwrap_or_else(|shared| (*shared).clone());
            box_once(Ok(Val::obj(keys.iter().cloned().zip(values).collect())))
        }),
    ])
}

/// `empty`, which is nothing as a path and as what is updated too.
pub(super) fn empty() -> Fun<FeedData> {
    let native: Native<FeedData> = Native::new(|_| nothing());
    ("empty", v(0), native.with_paths(|_| nothing()).with_update(|cv, _| box_once(Ok(cv.1))))
}

/// `present`, which is the way to a value that means something, and no way to another one.
pub(super) fn present() -> Fun<FeedData> {
    let native: Native<FeedData> = Native::new(|cv| box_once(Ok(if is_present(&cv.1) { cv.1 } else { Val::Null })));
    let native = native.with_paths(|cv| {
        let (value, path) = cv.1;
        if is_present(&value) { box_once(Ok((value, path))) } else { box_once(Err(Exn::from(Error::path_expr(value)))) }
    });
    let native =
        native.with_update(|cv, update| if is_present(&cv.1) { update(cv.1) } else { box_once(Err(Exn::from(Error::path_expr(cv.1)))) });
    ("present", v(0), native)
}

/// The member at the end of a path, as `.a[0]?.b` is.
pub(super) fn get() -> Fun<FeedData> {
    let native: Native<FeedData> = Native::new(|mut cv| {
        let number = index_of(&cv.0.pop_var());
        let mut value = cv.1;
        for (key, optional) in &cv.0.data().constants.paths[number] {
            value = match (value.index(key), optional) {
                (Ok(value), _) => value,
                (Err(_), Opt::Optional) => return nothing(),
                (Err(error), Opt::Essential) => return box_once(Err(error.into())),
            };
        }
        box_once(Ok(value))
    });
    let native = native.with_paths(|mut cv| {
        let number = index_of(&cv.0.pop_var());
        let (mut value, mut path) = cv.1;
        for (key, optional) in &cv.0.data().constants.paths[number] {
            value = match (value.index(key), optional) {
                (Ok(value), _) => value,
                (Err(_), Opt::Optional) => return nothing(),
                (Err(error), Opt::Essential) => return box_once(Err(error.into())),
            };
            path = path.cons(key.clone());
        }
        box_once(Ok((value, path)))
    });
    let native = native.with_update(|mut cv, update| {
        let number = index_of(&cv.0.pop_var());
        updated(cv.1, &cv.0.data().constants.paths[number], &*update)
    });
    ("__get", v(1), native)
}

/// A value with what lies at the end of a path updated.
fn updated<'a>(
    value: Val,
    path: &[(Val, Opt)],
    update: &dyn Fn(Val) -> BoxIter<'a, Result<Val, Exn<'a, Val>>>,
) -> BoxIter<'a, Result<Val, Exn<'a, Val>>> {
    match path {
        [] => update(value),
        [(name, optional), below @ ..] => box_once(value.map_index(name, *optional, |value| updated(value, below, update))),
    }
}

fn nothing<'a, T: 'a>() -> BoxIter<'a, Result<T, Exn<'a, Val>>> {
    Box::new(std::iter::empty())
}

fn is<'a>(value: &Val, name: &str) -> BoxIter<'a, Result<Val, Exn<'a, Val>>> {
    box_once(Ok(Val::Bool(type_of(value) == name)))
}

fn type_of(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Num(_) => "number",
        Val::BStr(_) | Val::TStr(_) => "string",
        Val::Arr(_) => "array",
        Val::Obj(_) => "object",
    }
}

/// Whether a value means something.
fn is_present(value: &Val) -> bool {
    match value {
        Val::Null => false,
        Val::Bool(_) | Val::Num(_) => true,
        Val::BStr(bytes) | Val::TStr(bytes) => !bytes.is_empty(),
        Val::Arr(values) => !values.is_empty(),
        Val::Obj(members) => !members.is_empty(),
    }
}

/// An id as a text; null for what is no id.
fn id_text(value: Val) -> Val {
    let text = match value {
        Val::Num(_) => value.into_string(),
        Val::TStr(_) | Val::BStr(_) => value,
        Val::Null | Val::Bool(_) | Val::Arr(_) | Val::Obj(_) => return Val::Null,
    };
    if text.as_utf8_bytes().is_some_and(|bytes| bytes.is_empty() || bytes == b"0") { Val::Null } else { text }
}

fn index_of(value: &Val) -> usize {
    value.as_isize().and_then(|index| usize::try_from(index).ok()).unwrap_or_default()
}
