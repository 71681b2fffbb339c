//! A compiled feed: runs its program on one payload after the other, within bounds.
//!
//! Does not know which feeds there are.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use jaq_core::load::lex::Lexer;
use jaq_core::load::parse::{Def, Parser, Term};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Exn, Filter, Vars, load};
use jaq_json::{Map, Val};

use super::constants::{ConstantTexts, Constants};
use super::event_output::{MappedEvent, Outputs};
use super::functions::{functions, is_left_out};
use super::payload::{Payload, value_of};
use super::rejection::{Rejection, RejectionReason};
use super::run::{FeedData, OUT_OF_TIME, Run};
use super::settings::FeedSettings;
use super::shortcuts::{OBJECT_NAMES, with_shortcuts, with_steps_behind_generators};
use super::steps::{LineNumbers, Source, with_steps, with_steps_in_loops};
use super::tables::Tables;
use crate::event::DecodeSettings;
use crate::time::EventTime;

/// The stack that a thread must have on which programs run: as deep as the steps of one payload can recurse.
pub const STACK_BYTES: usize = 512 * 1024 * 1024;

/// The most outputs of one payload.
const OUTPUTS_MAX: usize = 64;
/// The most outputs of one object of an export, which has the whole history of a ticket.
const EXPORT_OUTPUTS_MAX: usize = 5_000;
/// The variables of a program, in the order in which they are given.
const VARIABLES: [&str; 4] = ["$headers", "$key", "$topic", "$timestamp"];
/// The name of the program as a definition.
const MAIN: &str = "__feed";
const PRELUDE: &str = include_str!("prelude.jq");

/// A program that cannot be used, with the place of the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: line {line}: {what}\nhint: {hint}")]
pub struct ProgramError {
    /// The file, or the name of the shipped feed.
    pub origin: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What the user can do.
    pub hint: &'static str,
}

/// The result of one payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapped {
    /// The events, in the order of the program's outputs. Empty for a payload that means nothing to the feed, and for one that is rejected.
    pub events: Vec<MappedEvent>,
    /// Why the payload is rejected, if it is.
    pub rejection: Option<Rejection>,
    /// Enumerated values that the program has no meaning for, each with the name under which it is counted.
    pub unknown: Vec<(String, String)>,
}

/// A compiled feed. The stack of a thread that maps must have [`STACK_BYTES`].
pub struct Feed {
    settings: FeedSettings,
    /// The tables of `lookup`, which may change while payloads are mapped: each payload sees one state of them.
    tables: ArcSwap<Tables>,
    /// The program with shortcuts.
    quick: Filter<FeedData>,
    constants: ConstantTexts,
    /// Under which threads keep the constants as values.
    number: u64,
    /// The program as it is written, with the line of each step.
    located: Filter<FeedData>,
    decode: DecodeSettings,
}

/// What one run may take.
struct Bounds<'a> {
    outputs_max: usize,
    is_over: &'a dyn Fn() -> bool,
}

thread_local! {
    /// The constants of each feed, as values of this thread.
    static CONSTANTS: RefCell<HashMap<u64, Rc<Constants>>> = RefCell::default();
}

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

impl Feed {
    /// Compiles the program of a feed.
    ///
    /// # Errors
    /// The first fault of the program.
    pub fn new(settings: FeedSettings, decode: DecodeSettings) -> Result<Self, ProgramError> {
        let (located, _) = compile(&settings.program, &settings.origin, Form::Located)?;
        let (quick, constants) = compile(&settings.program, &settings.origin, Form::Quick)?;
        let tables = ArcSwap::from_pointee(settings.tables.clone());
        Ok(Self { settings, tables, quick, constants, number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed), located, decode })
    }

    /// The settings of the feed.
    #[must_use]
    pub fn settings(&self) -> &FeedSettings {
        &self.settings
    }

    /// Replaces the tables of `lookup`.
    pub fn set_tables(&self, tables: Tables) {
        self.tables.store(Arc::new(tables));
    }

    /// The tables of `lookup`.
    #[must_use]
    pub fn tables(&self) -> Arc<Tables> {
        self.tables.load_full()
    }

    /// Maps one payload. `is_over` says whether the payload's time is over; it is asked now and then.
    #[must_use]
    pub fn map(&self, payload: &Payload<'_>, is_over: &dyn Fn() -> bool) -> Mapped {
        self.map_within(payload, OUTPUTS_MAX, is_over)
    }

    /// Maps one object of an export, which may have many events.
    #[must_use]
    pub fn map_export(&self, payload: &Payload<'_>, is_over: &dyn Fn() -> bool) -> Mapped {
        self.map_within(payload, EXPORT_OUTPUTS_MAX, is_over)
    }

    /// The event that ends a full set of snapshots, whose times lie between these two.
    #[must_use]
    pub fn end_of_set(&self, began: EventTime, ended: EventTime) -> MappedEvent {
        let text = |text: &str| Val::from(text.to_owned());
        let members = [
            ("id", text(&format!("export-complete-{}", ended.0))),
            ("type", text("ticket.snapshot_completed")),
            ("time", text(&ended.to_string())),
            ("started_time", text(&began.to_string())),
        ];
        let output = Val::obj(members.into_iter().map(|(name, value)| (text(name), value)).collect());
        let outputs = Outputs { settings: &self.settings, decode: &self.decode };
        outputs.event(&output).unwrap_or_else(|rejection| panic!("an event of our own is valid: {rejection}"))
    }

    fn map_within(&self, payload: &Payload<'_>, outputs_max: usize, is_over: &dyn Fn() -> bool) -> Mapped {
        let input = match value_of(payload) {
            Ok(input) => input,
            Err(rejection) => return Mapped { rejection: Some(rejection), ..Mapped::default() },
        };
        let constants = self.constants();
        let bounds = Bounds { outputs_max, is_over };
        let mapped = self.run(&self.quick, &constants, input.clone(), payload, &bounds);
        if mapped.rejection.as_ref().is_none_or(|rejection| rejection.reason == RejectionReason::OutOfTime) {
            return mapped;
        }
        // The program as it is written says the line, and has the last word, if there is time for it.
        let located = self.run(&self.located, &Constants::default(), input, payload, &bounds);
        let is_over = located.rejection.as_ref().is_some_and(|rejection| rejection.reason == RejectionReason::OutOfTime);
        if is_over { mapped } else { located }
    }

    /// Maps one payload by the program as it is written, without shortcuts. Gives the same, more slowly.
    #[must_use]
    pub fn map_without_shortcuts(&self, payload: &Payload<'_>, is_over: &dyn Fn() -> bool) -> Mapped {
        match value_of(payload) {
            Ok(input) => self.run(&self.located, &Constants::default(), input, payload, &Bounds { outputs_max: OUTPUTS_MAX, is_over }),
            Err(rejection) => Mapped { rejection: Some(rejection), ..Mapped::default() },
        }
    }

    fn run(&self, filter: &Filter<FeedData>, constants: &Constants, input: Val, payload: &Payload<'_>, bounds: &Bounds<'_>) -> Mapped {
        let tables = self.tables.load();
        let run = Run {
            lut: &filter.lut,
            tables: &tables,
            constants,
            is_over: bounds.is_over,
            steps: Cell::new(0),
            line: Cell::new(0),
            unknown: RefCell::default(),
        };
        let variables = variables(payload).into_iter().chain(constants.objects.iter().cloned());
        let result = self.outputs(filter, &run, (input, Vars::new(variables)), bounds.outputs_max);
        let line = run.line.get();
        let unknown = run.unknown.take();
        match result {
            Ok(events) => Mapped { events, rejection: None, unknown },
            Err(rejection) => Mapped { events: Vec::new(), rejection: Some(rejection.at(line)), unknown },
        }
    }

    fn outputs<'a>(
        &'a self,
        filter: &'a Filter<FeedData>,
        run: &'a Run<'a>,
        (input, variables): (Val, Vars<Val>),
        outputs_max: usize,
    ) -> Result<Vec<MappedEvent>, Rejection> {
        let context = Ctx::<FeedData>::new(run, variables);
        let outputs = Outputs { settings: &self.settings, decode: &self.decode };
        let mut events = Vec::new();
        for output in filter.id.run((context, input)) {
            let output = output.map_err(rejection_of)?;
            if events.len() >= outputs_max {
                let what = format!("more than {outputs_max} outputs");
                return Err(Rejection::new(RejectionReason::TooManyOutputs, what));
            }
            events.push(outputs.event(&output)?);
        }
        Ok(events)
    }

    /// The constants as values of this thread.
    fn constants(&self) -> Rc<Constants> {
        CONSTANTS.with_borrow_mut(|known| Rc::clone(known.entry(self.number).or_insert_with(|| Rc::new(Constants::of(&self.constants)))))
    }
}

fn rejection_of(exception: Exn<'_, Val>) -> Rejection {
    match exception.get_err() {
        Ok(error) => Rejection::new(RejectionReason::Program, shortened(&error.to_string())),
        Err(exception) => match exception.get_halt() {
            Ok(OUT_OF_TIME) => Rejection::new(RejectionReason::OutOfTime, "the program did not end in time"),
            Ok(_) | Err(_) => Rejection::new(RejectionReason::Program, "the program ended without a value"),
        },
    }
}

/// An error of a program without the values in it, which may be of a person: jaq shows them as JSON behind `cannot use`, `cannot index` and the like.
fn shortened(error: &str) -> String {
    let kinds = ["cannot use", "cannot index", "cannot calculate", "cannot convert", "cannot parse", "invalid path expression"];
    match kinds.iter().find(|kind| error.starts_with(**kind)) {
        Some(kind) => format!("{kind} a value of this type"),
        None => error.chars().filter(|character| !character.is_control()).take(200).collect(),
    }
}

fn variables(payload: &Payload<'_>) -> [Val; 4] {
    let text = |text: &str| Val::from(text.to_owned());
    let headers: Map = payload.headers.iter().map(|(name, value)| (text(name), text(value))).collect();
    let timestamp = payload.timestamp.map_or(Val::Null, |EventTime(ms)| Val::from(isize::try_from(ms).unwrap_or(isize::MAX)));
    [Val::obj(headers), payload.key.map_or(Val::Null, text), text(payload.topic), timestamp]
}

/// In which form a program runs.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// With shortcuts, and steps where loops can be.
    Quick,
    /// As it is written, with steps everywhere.
    Located,
}

fn compile(program: &str, origin: &str, form: Form) -> Result<(Filter<FeedData>, ConstantTexts), ProgramError> {
    let fault = |part: Option<&str>, what: String, hint| {
        let line = part.map_or_else(|| program.lines().count(), |part| line_of(program, part));
        ProgramError { origin: origin.to_owned(), line, what, hint }
    };
    let lines = LineNumbers::of(program);
    let tokens = Lexer::new(program).lex().map_err(|errors| {
        let part = errors.first().map(|(_, part)| *part);
        fault(part, "a text, number or bracket that does not end, or a sign that jq does not have".to_owned(), "see jq's manual")
    })?;
    let term = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| match errors.first() {
        Some((expected, found)) => fault(found.map(|token| token.0), format!("expected {}", expected.as_str()), "see jq's manual"),
        None => fault(None, "not a program of jq".to_owned(), "see jq's manual"),
    })?;
    let source = Source { text: program, lines: &lines };
    let (body, constants) = match form {
        Form::Quick => with_shortcuts(term, source),
        Form::Located => (with_steps(term, source), ConstantTexts::default()),
    };
    let main = Def { name: MAIN, args: Vec::new(), body };
    let own: Vec<Def<&'static str, Term<&'static str>>> = load::parse(PRELUDE, |parser| parser.defs()).unwrap_or_default();
    assert!(!own.is_empty(), "the prelude is part of the binary and parses");
    let of_jq = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).filter(|def| !is_left_out(def.name)).chain(own);
    let with_steps = if form == Form::Quick { with_steps_behind_generators } else { with_steps_in_loops };

    let arena = Arena::default();
    let defs: Vec<Def<&str>> = of_jq.map(with_steps).map(as_long_as_the_program).chain([main]).collect();
    let loaded = Loader::new(defs).load(&arena, File { code: MAIN, path: () });
    let modules = loaded.map_err(|_| fault(None, "not a program of jq".to_owned(), "see jq's manual"))?;
    let functions = functions().map(|(name, arguments, native)| -> (&str, _, _) { (name, arguments, native) });
    let variables = VARIABLES.into_iter().chain(OBJECT_NAMES.into_iter().take(constants.objects.len()));
    let compiled = Compiler::default().with_funs(functions).with_global_vars(variables).compile(modules).map_err(|errors| {
        let first = errors.first().and_then(|(_, undefined)| undefined.first());
        let hint = "config/feeds/README.md lists what a feed has beside jq's own, and which functions are taken away";
        match first {
            Some((name, kind)) => fault(Some(name), format!("no {} `{name}`", kind.as_str()), hint),
            None => fault(None, "not a program of jq".to_owned(), hint),
        }
    })?;
    Ok((compiled, constants))
}

/// A definition of jq's own beside those of a program.
fn as_long_as_the_program<'s>(def: Def<&'static str>) -> Def<&'s str> {
    def
}

/// The line of a part of a program, from 1; 1 for a part that is not of the program.
fn line_of(program: &str, part: &str) -> usize {
    let offset = (part.as_ptr() as usize).checked_sub(program.as_ptr() as usize).filter(|offset| *offset <= program.len()).unwrap_or(0);
    program.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}
