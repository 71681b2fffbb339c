//! The program as it runs: with shortcuts for what costs jaq most, and with a step wherever a loop can be.
//!
//! jaq finds each value of a term by iterators on the heap, and an object by adding objects of one member. A term that certainly has one value needs
//! neither: members, objects, dictionaries and chains of `if` over words become calls of one native function. `steps` has the same program without
//! shortcuts; the two must give the same, and the tests compare them.
//!
//! Every loop is a recursion or takes the values of a generator one by one, so a step in each definition that calls itself and behind each generator
//! bounds a run. Does not know what a step or a native function does.

#![expect(clippy::wildcard_enum_match_arm, reason = "a term that no shortcut knows stays as it is")]

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Cmp;
use jaq_core::path::{Opt, Part, Path};

use super::constants::{ConstantTexts, Literal};
use super::steps::{STEP, Source, first_text};
use super::term_change::{SourceTerm, TermChange};

/// The names of constant objects. What a program has beyond so many is made for each payload.
pub(super) const OBJECT_NAMES: [&str; 24] = [
    "$__c0", "$__c1", "$__c2", "$__c3", "$__c4", "$__c5", "$__c6", "$__c7", "$__c8", "$__c9", "$__c10", "$__c11", "$__c12", "$__c13",
    "$__c14", "$__c15", "$__c16", "$__c17", "$__c18", "$__c19", "$__c20", "$__c21", "$__c22", "$__c23",
];
/// The variable of a branch's number.
const CASE: &str = "$__case";
/// Fewer branches are quicker as they are.
const BRANCHES_MIN: usize = 3;

/// Functions that have exactly one value or an error for each value of their arguments.
const OF_ONE_VALUE: [&str; 38] = [
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
    "digest",
    "lookup",
    "unknown",
    "epoch",
    "zoned",
    "length",
    "has",
    "contains",
    "startswith",
    "endswith",
    "ltrimstr",
    "rtrimstr",
    "ascii_downcase",
    "ascii_upcase",
    "trim",
    "floor",
    "round",
    "test",
    "tojson",
    "keys",
    "any",
    "all",
    "IN",
    "min",
];
/// Functions that have at most one value for each value of their arguments.
const NEVER_MANY: [&str; 3] = ["empty", "select", "error"];

/// A definition or a parameter in sight.
#[derive(Clone, Copy)]
struct Known<'s> {
    name: &'s str,
    arity: usize,
    /// Whether it certainly has one value.
    is_one: bool,
}

struct Shortcuts<'s> {
    source: Source<'s>,
    known: Vec<Known<'s>>,
    constants: ConstantTexts,
}

/// A program with shortcuts, and the constants to which they refer. `own` are the definitions that every program has beside jq's.
pub(super) fn with_shortcuts<'s>(program: SourceTerm<'s>, source: Source<'s>) -> (SourceTerm<'s>, ConstantTexts) {
    let mut walk = Shortcuts { source, known: Vec::new(), constants: ConstantTexts::default() };
    let program = walk.term(program);
    (program, walk.constants)
}

/// A definition of jq's own, with steps where loops can be and without shortcuts.
pub(super) fn with_steps_behind_generators(def: Def<&'static str>) -> Def<&'static str> {
    let source = Source { text: "", lines: &super::steps::NO_LINES };
    let mut walk = Shortcuts { source, known: Vec::new(), constants: ConstantTexts::default() };
    walk.definition(def)
}

impl<'s> TermChange<'s> for Shortcuts<'s> {
    fn term(&mut self, term: SourceTerm<'s>) -> SourceTerm<'s> {
        match term {
            Term::Recurse => self.with_step_behind(Term::Recurse),
            Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
            Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(|part| self.str_part(part)).collect()),
            // The values of a list are counted by what makes them.
            Term::Arr(inner) => Term::Arr(inner.map(|inner| Box::new(self.listed(*inner)))),
            Term::Obj(entries) => self.object(entries),
            Term::Neg(inner) => Term::Neg(self.boxed(*inner)),
            Term::BinOp(left, operator, right) => self.operation(*left, operator, *right),
            Term::Label(name, inner) => Term::Label(name, self.boxed(*inner)),
            Term::Fold(name, over, pattern, rest) => {
                let pattern = self.pattern(pattern);
                Term::Fold(name, self.boxed(*over), pattern, rest.into_iter().map(|term| self.term(term)).collect())
            }
            Term::TryCatch(inner, catch) => Term::TryCatch(self.boxed(*inner), catch.map(|catch| self.boxed(*catch))),
            Term::IfThenElse(branches, otherwise) => self.branches(branches, otherwise),
            Term::Def(defs, inner) => {
                let begin = self.known.len();
                let defs = defs.into_iter().map(|def| self.definition(def)).collect();
                let inner = self.boxed(*inner);
                self.known.truncate(begin);
                Term::Def(defs, inner)
            }
            Term::Call(name, arguments) => self.call(name, arguments),
            Term::Path(base, path) => self.path(*base, path),
        }
    }
}

impl<'s> Shortcuts<'s> {
    /// A definition, which is in sight from then on. A parameter is not known to have one value, except one with a `$`, which is a variable.
    fn definition(&mut self, def: Def<&'s str>) -> Def<&'s str> {
        let Def { name, args, body } = def;
        let begin = self.known.len();
        self.known.extend(args.iter().map(|arg| Known { name: arg, arity: 0, is_one: arg.starts_with('$') }));
        let is_recursive = mentions(&body, name);
        self.known.push(Known { name, arity: args.len(), is_one: false });
        let is_one = !is_recursive && self.is_one(&body);
        let body = self.term(body);
        self.known.truncate(begin);
        self.known.push(Known { name, arity: args.len(), is_one });
        Def { name, body: if is_recursive { self.stepped(body) } else { body }, args }
    }

    fn call(&mut self, name: &'s str, arguments: Vec<SourceTerm<'s>>) -> SourceTerm<'s> {
        if self.known.iter().any(|known| known.name == name && known.arity == arguments.len()) {
            return Term::Call(name, arguments.into_iter().map(|term| self.term(term)).collect());
        }
        let mut arguments: Vec<_> = arguments.into_iter().map(|term| self.term(term)).collect();
        if name == "digest" && arguments.len() == 1 {
            let list = Term::Arr(arguments.pop().map(Box::new));
            return piped(list, Term::Call(name, arguments));
        }
        let call = Term::Call(name, arguments);
        if OF_ONE_VALUE.contains(&name) || NEVER_MANY.contains(&name) { call } else { self.with_step_behind(call) }
    }

    fn operation(&mut self, left: SourceTerm<'s>, operator: BinaryOp<&'s str>, right: SourceTerm<'s>) -> SourceTerm<'s> {
        if matches!(operator, BinaryOp::Comma) {
            let list = self.listed(Term::BinOp(Box::new(left), operator, Box::new(right)));
            return self.with_step_behind(list);
        }
        let operator = match operator {
            BinaryOp::Pipe(Some(pattern)) => BinaryOp::Pipe(Some(self.pattern(pattern))),
            other => other,
        };
        Term::BinOp(self.boxed(left), operator, self.boxed(right))
    }

    /// A term whose commas need no step.
    fn listed(&mut self, term: SourceTerm<'s>) -> SourceTerm<'s> {
        match term {
            Term::BinOp(left, BinaryOp::Comma, right) => {
                Term::BinOp(Box::new(self.listed(*left)), BinaryOp::Comma, Box::new(self.listed(*right)))
            }
            other => self.term(other),
        }
    }

    /// A path. Its first parts, as far as they are names and numbers, are found at once.
    fn path(&mut self, base: SourceTerm<'s>, Path(mut parts): Path<SourceTerm<'s>>) -> SourceTerm<'s> {
        let found = parts.iter().map_while(|(part, optional)| match part {
            Part::Index(index) => Some((index_of(index)?, matches!(optional, Opt::Optional))),
            Part::Range(..) => None,
        });
        let found: Vec<_> = found.collect();
        let count = found.len();
        let mut base = self.term(base);
        if count > 0
            && let Some(number) = number_in(&mut self.constants.paths, found, self.source)
        {
            let get = Term::Call("__get", vec![Term::Num(number)]);
            base = if matches!(base, Term::Id) { get } else { piped(base, get) };
            parts.drain(..count);
        }
        if parts.is_empty() {
            return base;
        }
        let is_generator = parts.iter().any(|(part, _)| matches!(part, Part::Range(None, None)));
        let parts = parts.into_iter().map(|(part, optional)| (self.path_part(part), optional)).collect();
        let path = Term::Path(Box::new(base), Path(parts));
        if is_generator { self.with_step_behind(path) } else { path }
    }

    /// An object: a constant one, one of members that have one value each, or as it is.
    fn object(&mut self, entries: Vec<(SourceTerm<'s>, Option<SourceTerm<'s>>)>) -> SourceTerm<'s> {
        if !entries.is_empty() {
            if let Some(members) = entries.iter().map(|(key, value)| Some((text_of(key)?, self.literal(value.as_ref()?)?))).collect() {
                let number = self.constants.objects.iter().position(|known| *known == members).unwrap_or_else(|| {
                    self.constants.objects.push(members);
                    self.constants.objects.len() - 1
                });
                if let Some(name) = OBJECT_NAMES.get(number) {
                    return Term::Var(name);
                }
            }
            let names: Option<Vec<String>> = entries.iter().map(|(key, value)| name_of_member(key, value.as_ref())).collect();
            let are_one = entries.iter().all(|(_, value)| value.as_ref().is_none_or(|value| self.is_one(value)));
            if are_one
                && entries.len() > 1
                && let Some(names) = names
                && let Some(number) = number_in(&mut self.constants.keys, names, self.source)
            {
                let values: Vec<_> = entries.into_iter().map(|(key, value)| self.member(key, value)).collect();
                let mut values = values.into_iter().rev();
                let last = values.next().unwrap_or(Term::Id);
                let list = values.fold(last, |rest, value| Term::BinOp(Box::new(value), BinaryOp::Comma, Box::new(rest)));
                return piped(Term::Arr(Some(Box::new(list))), Term::Call("__object", vec![Term::Num(number)]));
            }
        }
        Term::Obj(entries.into_iter().map(|(key, value)| (self.term(key), value.map(|value| self.term(value)))).collect())
    }

    /// The value of a member: `{a}` is `{a: .a}`, and `{$a}` is `{a: $a}`.
    fn member(&mut self, key: SourceTerm<'s>, value: Option<SourceTerm<'s>>) -> SourceTerm<'s> {
        match (key, value) {
            (_, Some(value)) => self.term(value),
            (variable @ Term::Var(_), None) => variable,
            (key, None) => self.path(Term::Id, Path(vec![(Part::Index(key), Opt::Essential)])),
        }
    }

    /// Branches. Those that compare one value with words become a search for the word's number.
    fn branches(&mut self, branches: Vec<(SourceTerm<'s>, SourceTerm<'s>)>, otherwise: Option<Box<SourceTerm<'s>>>) -> SourceTerm<'s> {
        let has_own_in = self.known.iter().any(|known| known.name == "IN");
        let first = branches.first().filter(|_| !has_own_in).and_then(|(condition, _)| words_of(condition));
        if let Some((subject, _)) = first {
            let mut words = Vec::new();
            let same = branches.iter().enumerate().take_while(|(branch, (condition, _))| {
                let found = words_of(condition).filter(|(other, _)| *other == subject);
                words.extend(found.iter().flat_map(|(_, list)| list.iter().map(|word| (word.clone(), *branch))));
                found.is_some()
            });
            let count = same.count();
            if count >= BRANCHES_MIN
                && self.source.lines.get(count).is_some()
                && let Some(number) = number_in(&mut self.constants.cases, words, self.source)
            {
                let mut branches = branches;
                let rest = branches.split_off(count);
                let otherwise = match (rest.is_empty(), otherwise) {
                    (true, None) => Term::Id,
                    (true, Some(otherwise)) => self.term(*otherwise),
                    (false, otherwise) => self.branches(rest, otherwise),
                };
                let thens: Vec<_> = branches.into_iter().map(|(_, then)| Some(self.term(then))).collect();
                let case = self.term(subject.term());
                let case = piped(case, Term::Call("__case", vec![Term::Num(number)]));
                let chosen = self.chosen(thens, 0, otherwise);
                return Term::BinOp(Box::new(case), BinaryOp::Pipe(Some(Pattern::Var(CASE))), Box::new(chosen));
            }
        }
        let branches = branches.into_iter().map(|(condition, then)| (self.term(condition), self.term(then))).collect();
        Term::IfThenElse(branches, otherwise.map(|otherwise| self.boxed(*otherwise)))
    }

    /// A binary search for the branch whose number [`CASE`] has; the first one has the number `begin`. Beyond all of them is `otherwise`.
    fn chosen(&self, mut thens: Vec<Option<SourceTerm<'s>>>, begin: usize, otherwise: SourceTerm<'s>) -> SourceTerm<'s> {
        thens.push(Some(otherwise));
        self.search(&mut thens, begin)
    }

    fn search(&self, branches: &mut [Option<SourceTerm<'s>>], begin: usize) -> SourceTerm<'s> {
        if let [branch] = branches {
            return branch.take().unwrap_or(Term::Id);
        }
        let middle = branches.len() / 2;
        let number = self.source.lines.get(begin + middle).unwrap_or_default();
        let (lower, upper) = branches.split_at_mut(middle);
        let is_lower = Term::BinOp(Box::new(Term::Var(CASE)), BinaryOp::Cmp(Cmp::Lt), Box::new(Term::Num(number)));
        Term::IfThenElse(vec![(is_lower, self.search(lower, begin))], Some(Box::new(self.search(upper, begin + middle))))
    }

    /// A term in front of a step, which each of its values passes.
    fn with_step_behind(&self, term: SourceTerm<'s>) -> SourceTerm<'s> {
        let step = self.step_at(&term);
        piped(term, step)
    }

    fn stepped(&self, term: SourceTerm<'s>) -> SourceTerm<'s> {
        let step = self.step_at(&term);
        piped(step, term)
    }

    fn step_at(&self, term: &SourceTerm<'s>) -> SourceTerm<'s> {
        Term::Call(STEP, vec![Term::Num(first_text(term).map_or("0", |part| self.source.line_of(part)))])
    }

    /// Whether a term certainly has one value, or an error.
    fn is_one(&self, term: &SourceTerm<'s>) -> bool {
        match term {
            Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(_) => true,
            Term::Str(format, parts) => {
                format.is_none() && parts.iter().all(|part| if let StrPart::Term(term) = part { self.is_one(term) } else { true })
            }
            Term::Obj(entries) => {
                entries.iter().all(|(key, value)| self.is_one(key) && value.as_ref().is_none_or(|value| self.is_one(value)))
            }
            Term::Neg(inner) => self.is_one(inner),
            Term::BinOp(left, operator, right) => match operator {
                BinaryOp::Pipe(None | Some(Pattern::Var(_))) | BinaryOp::Alt | BinaryOp::Or | BinaryOp::And => {
                    self.is_one(left) && self.is_one(right)
                }
                BinaryOp::Math(_) | BinaryOp::Cmp(_) => self.is_one(left) && self.is_one(right),
                BinaryOp::Pipe(Some(Pattern::Arr(_) | Pattern::Obj(_)))
                | BinaryOp::Comma
                | BinaryOp::Assign
                | BinaryOp::Update
                | BinaryOp::UpdateMath(_)
                | BinaryOp::UpdateAlt => false,
            },
            Term::IfThenElse(branches, otherwise) => {
                branches.iter().all(|(condition, then)| self.is_one(condition) && self.is_one(then))
                    && otherwise.as_ref().is_none_or(|otherwise| self.is_one(otherwise))
            }
            Term::Path(base, Path(parts)) => {
                let is_one = |(part, optional): &(Part<SourceTerm<'s>>, Opt)| match (part, optional) {
                    (Part::Index(index), Opt::Essential) => self.is_one(index),
                    (Part::Index(_) | Part::Range(..), _) => false,
                };
                self.is_one(base) && parts.iter().all(is_one)
            }
            Term::Call(name, arguments) => {
                // What takes a parameter that is no variable may have as many values as that.
                let are_one = arguments.iter().all(|argument| self.is_one(argument));
                let known = self.known.iter().rev().find(|known| known.name == *name && known.arity == arguments.len());
                known.map_or_else(
                    || ["digest", "any", "all", "IN"].contains(name) || are_one && OF_ONE_VALUE.contains(name),
                    |known| known.is_one && are_one,
                )
            }
            Term::Recurse | Term::Label(..) | Term::Break(_) | Term::Fold(..) | Term::TryCatch(..) | Term::Def(..) => false,
        }
    }

    fn literal(&self, term: &SourceTerm<'s>) -> Option<Literal> {
        match term {
            Term::Num(digits) => Some(Literal::Number((*digits).to_owned())),
            Term::Call(name, arguments) if arguments.is_empty() && !self.known.iter().any(|known| known.name == *name) => match *name {
                "true" => Some(Literal::Bool(true)),
                "false" => Some(Literal::Bool(false)),
                "null" => Some(Literal::Null),
                _ => None,
            },
            _ => text_of(term).map(Literal::Text),
        }
    }
}

/// What a chain of branches compares with words.
#[derive(Clone, PartialEq)]
enum Subject<'s> {
    Input,
    Variable(&'s str),
    Member(Option<&'s str>, Vec<&'s str>),
}

impl<'s> Subject<'s> {
    fn of(term: &SourceTerm<'s>) -> Option<Self> {
        match term {
            Term::Id => Some(Self::Input),
            Term::Var(name) => Some(Self::Variable(name)),
            Term::Path(base, Path(parts)) => {
                let base = match &**base {
                    Term::Id => None,
                    Term::Var(name) => Some(*name),
                    _ => return None,
                };
                let names = parts.iter().map(|(part, optional)| match (part, optional) {
                    (Part::Index(Term::Str(None, parts)), Opt::Essential) => match parts.as_slice() {
                        [StrPart::Str(name)] => Some(*name),
                        _ => None,
                    },
                    (Part::Index(_) | Part::Range(..), _) => None,
                });
                Some(Self::Member(base, names.collect::<Option<_>>()?))
            }
            _ => None,
        }
    }

    fn term(self) -> SourceTerm<'s> {
        match self {
            Self::Input => Term::Id,
            Self::Variable(name) => Term::Var(name),
            Self::Member(base, names) => {
                let parts = names.into_iter().map(|name| (Part::Index(Term::Str(None, vec![StrPart::Str(name)])), Opt::Essential));
                Term::Path(Box::new(base.map_or(Term::Id, Term::Var)), Path(parts.collect()))
            }
        }
    }
}

/// What a condition compares with which words, if that is all that it does.
fn words_of<'s>(condition: &SourceTerm<'s>) -> Option<(Subject<'s>, Vec<String>)> {
    let Term::BinOp(left, operator, right) = condition else { return None };
    match operator {
        BinaryOp::Cmp(Cmp::Eq) => Some((Subject::of(left)?, vec![text_of(right)?])),
        BinaryOp::Or => {
            let ((subject, mut words), (other, more)) = (words_of(left)?, words_of(right)?);
            words.extend(more);
            (subject == other).then_some((subject, words))
        }
        BinaryOp::Pipe(None) => match &**right {
            Term::Call("IN", arguments) => Some((Subject::of(left)?, list_of(arguments)?)),
            _ => None,
        },
        _ => None,
    }
}

/// The texts of `"a", "b", "c"`, as the parser has them: `IN` takes one argument with commas, or several.
fn list_of(arguments: &[Term<&str>]) -> Option<Vec<String>> {
    let [argument] = arguments else { return None };
    let mut words = Vec::new();
    let mut rest = argument;
    while let Term::BinOp(word, BinaryOp::Comma, more) = rest {
        words.push(text_of(word)?);
        rest = more;
    }
    words.push(text_of(rest)?);
    Some(words)
}

/// The name of a member, or the number of an element.
fn index_of(term: &Term<&str>) -> Option<Literal> {
    match term {
        Term::Num(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(Literal::Number((*digits).to_owned())),
        _ => text_of(term).map(Literal::Text),
    }
}

/// The text of a literal without interpolation.
fn text_of(term: &Term<&str>) -> Option<String> {
    let Term::Str(None, parts) = term else { return None };
    let mut text = String::new();
    for part in parts {
        match part {
            StrPart::Str(part) => text.push_str(part),
            StrPart::Char(character) => text.push(*character),
            StrPart::Term(_) => return None,
        }
    }
    Some(text)
}

fn name_of_member(key: &Term<&str>, value: Option<&Term<&str>>) -> Option<String> {
    match (key, value) {
        (Term::Var(name), None) => Some(name.trim_start_matches('$').to_owned()),
        _ => text_of(key),
    }
}

/// The number of a constant among its kind, as a text of the program's numbers.
fn number_in<'s, T: PartialEq>(constants: &mut Vec<T>, constant: T, source: Source<'s>) -> Option<&'s str> {
    let number = constants.iter().position(|known| *known == constant).unwrap_or(constants.len());
    let text = source.lines.get(number)?;
    if number == constants.len() {
        constants.push(constant);
    }
    Some(text)
}

fn piped<'s>(left: SourceTerm<'s>, right: SourceTerm<'s>) -> SourceTerm<'s> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

/// Whether a term calls a function of this name anywhere.
fn mentions(term: &Term<&str>, name: &str) -> bool {
    let any = |terms: &[Term<&str>]| terms.iter().any(|term| mentions(term, name));
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => false,
        Term::Str(format, parts) => {
            format.is_some_and(|format| format == name)
                || parts.iter().any(|part| if let StrPart::Term(term) = part { mentions(term, name) } else { false })
        }
        Term::Arr(inner) => inner.as_deref().is_some_and(|inner| mentions(inner, name)),
        Term::Obj(entries) => {
            entries.iter().any(|(key, value)| mentions(key, name) || value.as_ref().is_some_and(|value| mentions(value, name)))
        }
        Term::Neg(inner) | Term::Label(_, inner) => mentions(inner, name),
        Term::BinOp(left, operator, right) => {
            let in_pattern = if let BinaryOp::Pipe(Some(pattern)) = operator { mentioned_in(pattern, name) } else { false };
            in_pattern || mentions(left, name) || mentions(right, name)
        }
        Term::Fold(_, over, pattern, rest) => mentions(over, name) || mentioned_in(pattern, name) || any(rest),
        Term::TryCatch(inner, catch) => mentions(inner, name) || catch.as_deref().is_some_and(|catch| mentions(catch, name)),
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().any(|(condition, then)| mentions(condition, name) || mentions(then, name))
                || otherwise.as_deref().is_some_and(|otherwise| mentions(otherwise, name))
        }
        Term::Def(defs, inner) => defs.iter().any(|def| mentions(&def.body, name)) || mentions(inner, name),
        Term::Call(called, arguments) => *called == name || any(arguments),
        Term::Path(base, Path(parts)) => {
            mentions(base, name)
                || parts.iter().any(|(part, _)| match part {
                    Part::Index(index) => mentions(index, name),
                    Part::Range(from, to) => [from, to].into_iter().flatten().any(|bound| mentions(bound, name)),
                })
        }
    }
}

fn mentioned_in(pattern: &Pattern<&str>, name: &str) -> bool {
    match pattern {
        Pattern::Var(_) => false,
        Pattern::Arr(patterns) => patterns.iter().any(|pattern| mentioned_in(pattern, name)),
        Pattern::Obj(entries) => entries.iter().any(|(key, pattern)| mentions(key, name) || mentioned_in(pattern, name)),
    }
}
