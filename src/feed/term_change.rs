//! A change of the terms of a program, from the whole to its parts. The parts that hold terms themselves are followed here, once for every change.
//!
//! Does not know what is changed.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{Pattern, Term};
use jaq_core::path::Part;

/// A term whose texts are those of the program.
pub(super) type SourceTerm<'s> = Term<&'s str>;

/// A change of every term of a program.
pub(super) trait TermChange<'s> {
    /// The changed term, with its parts changed.
    fn term(&mut self, term: SourceTerm<'s>) -> SourceTerm<'s>;

    fn boxed(&mut self, term: SourceTerm<'s>) -> Box<SourceTerm<'s>> {
        Box::new(self.term(term))
    }

    fn path_part(&mut self, part: Part<SourceTerm<'s>>) -> Part<SourceTerm<'s>> {
        match part {
            Part::Index(index) => Part::Index(self.term(index)),
            Part::Range(from, to) => Part::Range(from.map(|from| self.term(from)), to.map(|to| self.term(to))),
        }
    }

    fn str_part(&mut self, part: StrPart<&'s str, SourceTerm<'s>>) -> StrPart<&'s str, SourceTerm<'s>> {
        match part {
            StrPart::Term(term) => StrPart::Term(self.term(term)),
            plain @ (StrPart::Str(_) | StrPart::Char(_)) => plain,
        }
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(name) => Pattern::Var(name),
            Pattern::Arr(patterns) => Pattern::Arr(patterns.into_iter().map(|pattern| self.pattern(pattern)).collect()),
            Pattern::Obj(entries) => {
                Pattern::Obj(entries.into_iter().map(|(key, pattern)| (self.term(key), self.pattern(pattern))).collect())
            }
        }
    }
}
