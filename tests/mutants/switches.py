"""Writes many small faults into a source tree, each behind a switch, so that one build holds them all.

A fault comes from the list of cargo-mutants. The code that it changes becomes a choice: `a < b` with the fault 7 becomes
`(if crate::mutant::is(7) { a <= b } else { a < b })`. Does not know how the tests are run.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_rust
from tree_sitter import Language, Node, Parser

# The module of the switch: it reads once which fault is active, and notes each fault that is reached.
SWITCH = r'''
/// The switch of the faults: made for mutation testing, and in no release.
#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
pub mod mutant {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering};
    static ACTIVE: OnceLock<(u32, Option<String>)> = OnceLock::new();
    static REACHED: [AtomicBool; FAULTS] = [const { AtomicBool::new(false) }; FAULTS];
    fn settings() -> &'static (u32, Option<String>) {
        ACTIVE.get_or_init(|| {
            let active = std::env::var("CXPULSE_MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
            (active, std::env::var("CXPULSE_MUTANTS_REACHED").ok())
        })
    }
    pub fn is(fault: u32) -> bool {
        let (active, reached) = settings();
        if let Some(path) = reached && !REACHED[fault as usize].swap(true, Ordering::Relaxed) {
            if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(path) {
                let _written = writeln!(file, "{fault}");
            }
        }
        *active == fault
    }
}
'''

# A fault within one of these is in code that is computed while it is compiled, where nothing can be switched.
FIXED = {"const_item", "static_item", "array_type", "const_block", "enum_variant"}


@dataclass
class Fault:
    """A fault of the list, with the bytes of its file that it changes."""

    number: int
    file: str
    name: str
    genre: str
    replacement: str
    start: int
    end: int


@dataclass
class Edit:
    """A change of a file: these bytes become a text of the present text, by `write`, for the faults of these numbers."""

    start: int
    end: int
    numbers: list
    write: object


def faults_of(listed: list, tree: Path) -> list:
    """The faults of a list of cargo-mutants, numbered from 1."""
    lines_of = {}

    def offset(file: str, place: dict) -> int:
        if file not in lines_of:
            lines_of[file] = (tree / file).read_text(encoding="utf-8").split("\n")
        lines = lines_of[file]
        before = sum(len(line.encode()) + 1 for line in lines[: place["line"] - 1])
        return before + len(lines[place["line"] - 1][: place["column"] - 1].encode())

    return [
        Fault(number, of["file"], of["name"], of["genre"], of["replacement"], offset(of["file"], of["span"]["start"]), offset(of["file"], of["span"]["end"]))
        for number, of in enumerate(listed, 1)
    ]


def write_switches(faults: list, tree: Path, left_out: set) -> set:
    """Writes the switches of all faults but those left out into the tree. Gives the numbers of the faults that cannot be switched."""
    parser = Parser(Language(tree_sitter_rust.language()))
    needed = names_in_constants(tree, parser)
    refused = set()
    for file in sorted({fault.file for fault in faults}):
        source = (tree / file).read_bytes()
        root = parser.parse(source).root_node
        edits = {}
        for fault in faults:
            if fault.file != file or fault.number in left_out:
                continue
            edit, const = edit_of(fault, root, source), const_around(fault, root)
            if edit is None or (const is not None and const.parent.parent.child_by_field_name("name").text in needed):
                refused.add(fault.number)
                continue
            if const is not None:
                # A switch cannot be computed while it is compiled, and nothing needs this function then.
                edits.setdefault((const.start_byte, const.end_byte, "const"), Edit(const.start_byte, const.end_byte, [0], lambda _text, _now: b""))
            same = edits.setdefault((edit.start, edit.end, fault.genre), edit)
            if same is not edit:
                same.numbers += edit.numbers
                same.write = joined(same.write, edit.write)
        (tree / file).write_bytes(written(source, list(edits.values())))
    library = tree / "src/lib.rs"
    library.write_text(library.read_text() + SWITCH.replace("FAULTS]", f"{len(faults) + 1}]"))
    return refused


def written(source: bytes, edits: list) -> bytes:
    """The text with every edit made, the innermost first, so that an outer one repeats the inner ones."""
    done, text = [], source
    for edit in sorted(edits, key=lambda edit: (edit.end - edit.start, edit.start)):
        # Where a place of the original stands in the present text: what was inserted before it, or ends with it, has moved it.
        def now(place: int) -> int:
            return place + sum(grown for _, end, grown in done if end <= place)

        start, end = now(edit.start), now(edit.end)
        arms = edit.write(text, now)
        marked = f"/*m{','.join(map(str, edit.numbers))}<*/".encode() + arms + b"/*>m*/"
        text = text[:start] + marked + text[end:]
        done.append((edit.start, edit.end, len(marked) - (end - start)))
    return text


def numbers_around(text: bytes, place: int) -> list:
    """The numbers of the innermost switch around a byte of a text that has switches; none if there is none."""
    around = []
    for mark in re.finditer(rb"/\*m([\d,]+)<\*/|/\*>m\*/", text):
        if mark.start() > place:
            break
        if mark.group(1):
            around.append([int(number) for number in mark.group(1).split(b",")])
        else:
            around.pop()
    return around[-1] if around else []


def numbers_in_function(text: bytes, place: int) -> list:
    """The numbers of all switches in the function around a byte."""
    root = Parser(Language(tree_sitter_rust.language())).parse(text).root_node
    function = first(root.descendant_for_byte_range(place, place), {"function_item"})
    marks = re.finditer(rb"/\*m([\d,]+)<\*/", function.text) if function else []
    return [int(number) for mark in marks for number in mark.group(1).split(b",")]


def edit_of(fault: Fault, root: Node, source: bytes):
    """How a fault is written behind a switch; `None` where that is not possible."""
    node = root.descendant_for_byte_range(fault.start, max(fault.start, fault.end - 1))
    if node is None or any(around.type in FIXED for around in ancestors(node)):
        return None
    writer = {
        "FnValue": of_value,
        "BinaryOperator": of_operator,
        "UnaryOperator": of_sign,
        "MatchArm": of_arm,
        "MatchArmGuard": of_guard,
        "StructField": of_field,
    }.get(fault.genre)
    return writer(fault, node, source) if writer else None


def ancestors(node: Node):
    while node is not None:
        yield node
        node = node.parent


def const_around(fault: Fault, root: Node):
    """The word `const` of the function around a fault; `None` if it has none."""
    around = first(root.descendant_for_byte_range(fault.start, max(fault.start, fault.end - 1)), {"function_item"})
    return around and const_of(around)


def const_of(function: Node):
    modifiers = [word for child in function.children if child.type == "function_modifiers" for word in child.children]
    return next((word for word in modifiers if word.type == "const"), None)


def names_in_constants(tree: Path, parser: Parser) -> set:
    """The names in all code that is computed, or may be computed, while it is compiled."""
    names = set()

    def walk(node: Node, is_fixed: bool) -> None:
        is_fixed = is_fixed or node.type in FIXED
        if node.type == "function_item" and const_of(node) is not None:
            walk(node.child_by_field_name("body"), True)
        elif is_fixed and node.type in {"identifier", "field_identifier"}:
            names.add(node.text)
        else:
            for child in node.children:
                walk(child, is_fixed)

    for path in (tree / "src").rglob("*.rs"):
        walk(parser.parse(path.read_bytes()).root_node, False)
    return names


def first(node: Node, kinds: set):
    """The innermost node around, of one of these kinds."""
    return next((around for around in ancestors(node) if around.type in kinds), None)


def chosen(number: int, fault: bytes, right: bytes) -> bytes:
    return b"(if crate::mutant::is(%d) { %s } else { %s })" % (number, fault, right)


def joined(one, other):
    """Two faults at the same place: the other one is asked for where the first is not active."""
    return lambda text, now, otherwise=None: one(text, now, lambda: other(text, now, otherwise))


def of_value(fault: Fault, _node: Node, _source: bytes) -> Edit:
    def write(_text, _now, otherwise=None) -> bytes:
        return b"if crate::mutant::is(%d) { return %s; } " % (fault.number, fault.replacement.encode()) + (otherwise() if otherwise else b"")

    return Edit(fault.start, fault.start, [fault.number], write)


def of_operator(fault: Fault, node: Node, _source: bytes):
    around = first(node, {"binary_expression", "compound_assignment_expr", "let_chain"})
    if around is None or around.type == "let_chain":
        return None
    left, right = around.child_by_field_name("left"), around.child_by_field_name("right")
    if not (left.end_byte <= fault.start and fault.end <= right.start_byte):
        return None

    def write(text, now, otherwise=None) -> bytes:
        start, end, from_operator, to_operator = now(around.start_byte), now(around.end_byte), now(fault.start), now(fault.end)
        # An edit that begins with the right side has moved its beginning, and not the operator.
        wrong = text[start:from_operator] + fault.replacement.encode() + text[to_operator:end]
        return chosen(fault.number, wrong, otherwise() if otherwise else text[start:end])

    return Edit(around.start_byte, around.end_byte, [fault.number], write)


def of_sign(fault: Fault, node: Node, _source: bytes):
    around = first(node, {"unary_expression"})
    if around is None or around.start_byte != fault.start:
        return None

    def write(text, now) -> bytes:
        start, end = now(around.start_byte), now(around.end_byte)
        return chosen(fault.number, text[now(fault.end) : end], text[start:end])

    return Edit(around.start_byte, around.end_byte, [fault.number], write)


def of_arm(fault: Fault, node: Node, _source: bytes):
    around = first(node, {"match_arm"})
    pattern = around and around.child_by_field_name("pattern")
    if pattern is None or around.start_byte > fault.start:
        return None
    guard = pattern.child_by_field_name("condition")
    if guard is None:
        return Edit(pattern.end_byte, pattern.end_byte, [fault.number], lambda _text, _now: b" if !crate::mutant::is(%d)" % fault.number)
    if guard.type in {"let_chain", "let_condition"}:
        return None

    def write(text, now) -> bytes:
        return b"(%s) && !crate::mutant::is(%d)" % (text[now(guard.start_byte) : now(guard.end_byte)], fault.number)

    return Edit(guard.start_byte, guard.end_byte, [fault.number], write)


def of_guard(fault: Fault, node: Node, _source: bytes):
    if node.type in {"let_chain", "let_condition"}:
        return None

    def write(text, now, otherwise=None) -> bytes:
        right = otherwise() if otherwise else text[now(fault.start) : now(fault.end)]
        return chosen(fault.number, fault.replacement.encode(), right)

    return Edit(fault.start, fault.end, [fault.number], write)


def of_field(fault: Fault, node: Node, _source: bytes):
    around = first(node, {"struct_expression"})
    if around is None:
        return None

    def write(text, now, otherwise=None) -> bytes:
        start, end = now(around.start_byte), now(around.end_byte)
        wrong = text[start : now(fault.start)] + text[now(fault.end) : end]
        return chosen(fault.number, wrong, otherwise() if otherwise else text[start:end])

    return Edit(around.start_byte, around.end_byte, [fault.number], write)
