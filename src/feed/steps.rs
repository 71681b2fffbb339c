//! Puts steps into a program everywhere, so that a run can be counted, ended and located: one at the begin of each definition, of each branch and of each scope of a
//! variable.
//!
//! jaq runs a program to its end and cannot be interrupted from outside. Every loop of jq passes a definition or a scope, so a step in each bounds the
//! loop. Does not know what a step does.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::path::{Part, Path};

use super::term_change::{SourceTerm, TermChange};

/// The name of the function that a step calls, with the line of the program as its argument.
pub(super) const STEP: &str = "__step";
/// The line of a step in a definition of jq's own.
const NO_LINE: &str = "0";

/// The texts of line numbers, for the steps of a program with as many lines.
pub(super) struct LineNumbers(Vec<String>);

/// No numbers, for what is not in a program.
pub(super) static NO_LINES: LineNumbers = LineNumbers(Vec::new());

/// At least so many numbers are there, for what else a program numbers.
const NUMBERS_MIN: usize = 1_024;

impl LineNumbers {
    /// The numbers of all lines of a program.
    pub(super) fn of(program: &str) -> Self {
        Self((0..(program.lines().count() + 2).max(NUMBERS_MIN)).map(|line| line.to_string()).collect())
    }

    /// A number as a text.
    pub(super) fn get(&self, number: usize) -> Option<&str> {
        self.0.get(number).map(String::as_str)
    }
}

/// The program and its line numbers.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) text: &'s str,
    pub(super) lines: &'s LineNumbers,
}

impl<'s> Source<'s> {
    /// The number of the line that holds a part of the program.
    pub(super) fn line_of(self, part: &'s str) -> &'s str {
        let begin = self.text.as_ptr() as usize;
        // Texts of jq's own definitions lie elsewhere.
        let Some(offset) = (part.as_ptr() as usize).checked_sub(begin).filter(|offset| *offset <= self.text.len()) else { return NO_LINE };
        let line = self.text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
        self.lines.get(line).unwrap_or(NO_LINE)
    }
}

/// A definition of jq's own with steps in its local definitions, which hold all its loops.
pub(super) fn with_steps_in_loops(def: Def<&'static str>) -> Def<&'static str> {
    let mut walk = Walk { source: None };
    Def { body: walk.term(def.body), ..def }
}

/// A program with steps.
pub(super) fn with_steps<'s>(program: Term<&'s str>, source: Source<'s>) -> Term<&'s str> {
    Walk { source: Some(source) }.stepped(program)
}

struct Walk<'s> {
    /// The program; `None` for the definitions of jq itself, in which only local definitions get steps.
    source: Option<Source<'s>>,
}

impl<'s> TermChange<'s> for Walk<'s> {
    /// A term whose parts have steps.
    fn term(&mut self, term: SourceTerm<'s>) -> SourceTerm<'s> {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
            Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(|part| self.str_part(part)).collect()),
            Term::Arr(inner) => Term::Arr(inner.map(|inner| self.boxed(*inner))),
            Term::Obj(entries) => {
                Term::Obj(entries.into_iter().map(|(key, value)| (self.term(key), value.map(|value| self.term(value)))).collect())
            }
            Term::Neg(inner) => Term::Neg(self.boxed(*inner)),
            Term::BinOp(left, BinaryOp::Pipe(Some(pattern)), right) => {
                let pattern = self.pattern(pattern);
                Term::BinOp(self.boxed(*left), BinaryOp::Pipe(Some(pattern)), Box::new(self.scope(*right)))
            }
            Term::BinOp(left, operator, right) => Term::BinOp(self.boxed(*left), operator, self.boxed(*right)),
            Term::Label(name, inner) => Term::Label(name, self.boxed(*inner)),
            Term::Fold(name, over, pattern, mut rest) => {
                let pattern = self.pattern(pattern);
                let begin = rest.drain(..1.min(rest.len())).map(|begin| self.term(begin)).collect::<Vec<_>>();
                let rest = begin.into_iter().chain(rest.into_iter().map(|update| self.scope(update)).collect::<Vec<_>>()).collect();
                Term::Fold(name, self.boxed(*over), pattern, rest)
            }
            Term::TryCatch(inner, catch) => Term::TryCatch(self.boxed(*inner), catch.map(|catch| self.boxed(*catch))),
            Term::IfThenElse(branches, otherwise) => Term::IfThenElse(
                branches.into_iter().map(|(condition, then)| (self.term(condition), self.scope(then))).collect(),
                otherwise.map(|otherwise| self.boxed(*otherwise)),
            ),
            Term::Def(defs, inner) => {
                let defs = defs.into_iter().map(|def| Def { body: self.stepped(def.body), ..def }).collect();
                Term::Def(defs, self.boxed(*inner))
            }
            Term::Call(name, arguments) => Term::Call(name, self.terms(arguments)),
            Term::Path(base, Path(parts)) => {
                let parts = parts.into_iter().map(|(part, optional)| (self.path_part(part), optional)).collect();
                Term::Path(self.boxed(*base), Path(parts))
            }
        }
    }
}

impl<'s> Walk<'s> {
    /// A term behind a step.
    fn stepped(&mut self, term: SourceTerm<'s>) -> SourceTerm<'s> {
        let line = self.source.and_then(|source| first_text(&term).map(|part| source.line_of(part))).unwrap_or(NO_LINE);
        let step = Term::Call(STEP, vec![Term::Num(line)]);
        Term::BinOp(Box::new(step), BinaryOp::Pipe(None), Box::new(self.term(term)))
    }

    /// A scope or a branch, which has a step in a program and none in a definition of jq's own.
    fn scope(&mut self, term: SourceTerm<'s>) -> SourceTerm<'s> {
        if self.source.is_some() { self.stepped(term) } else { self.term(term) }
    }

    fn terms(&mut self, terms: Vec<SourceTerm<'s>>) -> Vec<SourceTerm<'s>> {
        terms.into_iter().map(|term| self.term(term)).collect()
    }
}

/// The first text of the program in a term, which is where the term stands.
pub(super) fn first_text<'s>(term: &SourceTerm<'s>) -> Option<&'s str> {
    match term {
        Term::Id | Term::Recurse => None,
        Term::Num(text) | Term::Break(text) | Term::Var(text) | Term::Call(text, _) | Term::Label(text, _) => Some(text),
        Term::Str(format, parts) => format.or_else(|| {
            parts.iter().find_map(|part| match part {
                StrPart::Str(text) => Some(*text),
                StrPart::Term(term) => first_text(term),
                StrPart::Char(_) => None,
            })
        }),
        Term::Arr(inner) => inner.as_deref().and_then(first_text),
        Term::Obj(entries) => entries.iter().find_map(|(key, value)| first_text(key).or_else(|| value.as_ref().and_then(first_text))),
        Term::Neg(inner) | Term::TryCatch(inner, _) => first_text(inner),
        Term::BinOp(left, _, right) => first_text(left).or_else(|| first_text(right)),
        Term::Fold(name, ..) => Some(name),
        Term::IfThenElse(branches, _) => branches.iter().find_map(|(condition, then)| first_text(condition).or_else(|| first_text(then))),
        Term::Def(defs, inner) => defs.first().map(|def| def.name).or_else(|| first_text(inner)),
        Term::Path(base, Path(parts)) => first_text(base).or_else(|| {
            parts.iter().find_map(|(part, _)| match part {
                Part::Index(index) => first_text(index),
                Part::Range(from, to) => from.as_ref().and_then(first_text).or_else(|| to.as_ref().and_then(first_text)),
            })
        }),
    }
}
