//! Reads Rust text as far as these checks need it: which names a module declares and imports, and which paths it writes.
//!
//! Works on words and punctuation, without types or macro expansion. A name that a macro declares is therefore not seen. Does not know how the
//! files of a crate fit together: that is `crate_map`.

use std::collections::{BTreeMap, BTreeSet};

/// One module of a file: the file's own, or one that is written out inside it.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The names of the modules around it within the file, and its own; empty for the file's own module.
    pub(super) inside: Vec<String>,
    /// The functions, types, constants and macros that it declares.
    pub(super) items: BTreeSet<String>,
    /// The types and traits among them, each with its line.
    pub(super) types: Vec<(String, usize)>,
    /// Each imported name with the path that it stands for.
    pub(super) imports: BTreeMap<String, Vec<String>>,
    /// The paths from which everything is imported.
    pub(super) globs: Vec<Vec<String>>,
    /// Every path that the module writes, in an import or in code, with its line.
    pub(super) paths: Vec<(Vec<String>, usize)>,
}

/// A word, `::`, or one other character, with its line.
type Token = (String, usize);

/// The modules in a file's text, the file's own first. Test code and comments are left out.
pub(super) fn modules_of(text: &str) -> Vec<Module> {
    let mut reader = Reader { tokens: without_tests(&tokens(text)), at: 0 };
    let mut modules = vec![Module::default()];
    // The modules that are open at this place, each with the number of braces that are open inside it.
    let mut open = vec![(0, 0)];
    while let Some((word, line)) = reader.next() {
        let Some((module, braces)) = open.last_mut() else { break };
        match word.as_str() {
            "{" => *braces += 1,
            "}" if *braces > 0 => *braces -= 1,
            "}" => drop(open.pop()),
            "use" if !reader.is_at("<") => reader.imports(&mut modules[*module], line),
            "mod" if *braces == 0 => {
                let Some((name, _)) = reader.next() else { break };
                if reader.is_at("{") {
                    reader.at += 1;
                    let inside = modules[*module].inside.iter().cloned().chain([name]).collect();
                    modules.push(Module { inside, ..Module::default() });
                    open.push((modules.len() - 1, 0));
                }
            }
            "struct" | "enum" | "trait" | "type" | "fn" | "const" | "static" | "macro_rules" if *braces == 0 => {
                let name = reader.declared_name();
                if ["struct", "enum", "trait", "type"].contains(&word.as_str()) {
                    modules[*module].types.push((name.clone(), line));
                }
                modules[*module].items.insert(name);
            }
            _ if reader.is_at("::") && is_word(&word) => {
                let path = reader.path(word);
                modules[*module].paths.push((path, line));
            }
            _ => {}
        }
    }
    modules
}

/// Tokens, and the place of the next one.
struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn is_at(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|(token, _)| token == text)
    }

    /// The name behind `struct`, `fn`, `macro_rules!` and their like. For `const fn` it is the word `fn`, which is no name; the function follows.
    fn declared_name(&mut self) -> String {
        while self.is_at("!") || self.is_at("mut") {
            self.at += 1;
        }
        let name = self.tokens.get(self.at).map(|(token, _)| token.clone()).unwrap_or_default();
        if name != "fn" && name != "unsafe" && name != "async" {
            self.at += 1;
        }
        name
    }

    /// The rest of a path that begins with this word.
    fn path(&mut self, first: String) -> Vec<String> {
        let mut path = vec![first];
        while self.is_at("::") && self.tokens.get(self.at + 1).is_some_and(|(token, _)| is_word(token)) {
            path.push(self.tokens[self.at + 1].0.clone());
            self.at += 2;
        }
        // A generic argument follows, as in `Vec::<u8>`.
        if self.is_at("::") {
            self.at += 1;
        }
        path
    }

    /// An import, from behind `use` to its semicolon.
    fn imports(&mut self, module: &mut Module, line: usize) {
        self.import_tree(&[], module, line);
        while self.next().is_some_and(|(token, _)| token != ";") {}
    }

    /// One path of an import, or a list of them in braces.
    fn import_tree(&mut self, before: &[String], module: &mut Module, line: usize) {
        let mut path = before.to_vec();
        loop {
            if self.is_at("{") {
                self.at += 1;
                while !self.is_at("}") && self.at < self.tokens.len() {
                    self.import_tree(&path, module, line);
                    if self.is_at(",") {
                        self.at += 1;
                    }
                }
                self.at += 1;
                return;
            }
            if self.is_at("*") {
                self.at += 1;
                module.paths.push((path.clone(), line));
                module.globs.push(path);
                return;
            }
            match self.next() {
                // `a::{self}` is `a`; only `self::a` begins with the word.
                Some((word, _)) if word == "self" && !before.is_empty() => {}
                Some((word, _)) => path.push(word),
                None => return,
            }
            if !self.is_at("::") {
                break;
            }
            self.at += 1;
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if self.is_at("as") {
            self.at += 1;
            name = self.next().map(|(word, _)| word).unwrap_or_default();
        }
        module.paths.push((path.clone(), line));
        module.imports.insert(name, path);
    }
}

/// Leaves out what stands behind `#[cfg(test)]`: to the semicolon or to the closing brace of the item.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_mark = tokens.len() >= at + MARK.len() && tokens[at..].iter().zip(MARK).all(|((token, _), mark)| token == mark);
        if !is_mark {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += MARK.len();
        let mut depth = 0;
        while let Some((token, _)) = tokens.get(at) {
            at += 1;
            match token.as_str() {
                "{" | "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 && (token == ";" || token == "}") {
                break;
            }
        }
    }
    kept
}

/// The words and punctuation of a text, without comments and without what is quoted.
fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied().unwrap_or_default();
        let end = match letter {
            '/' if next == '/' => end_where(&letters, at, |rest| rest[0] == '\n'),
            '/' if next == '*' => end_where(&letters, at + 2, |rest| rest.starts_with(&['*', '/'])) + 2,
            '"' => end_of_text(&letters, at),
            'r' if next == '"' || next == '#' => end_of_raw_text(&letters, at),
            '\'' if next == '\\' => end_where(&letters, at + 3, |rest| rest[0] == '\'') + 1,
            '\'' if letters.get(at + 2) == Some(&'\'') => at + 3,
            ':' if next == ':' => {
                tokens.push(("::".to_owned(), line));
                at + 2
            }
            _ if is_letter(letter) => {
                let end = end_where(&letters, at, |rest| !is_letter(rest[0]));
                tokens.push((letters[at..end].iter().collect(), line));
                end
            }
            _ => {
                if !letter.is_whitespace() {
                    tokens.push((letter.to_string(), line));
                }
                at + 1
            }
        };
        let end = end.min(letters.len());
        line += letters[at..end].iter().filter(|letter| **letter == '\n').count();
        at = end;
    }
    tokens
}

fn end_where(letters: &[char], from: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (from..letters.len()).find(|at| is_end(&letters[*at..])).unwrap_or(letters.len())
}

/// Behind the closing quote of the text that opens here.
fn end_of_text(letters: &[char], open: usize) -> usize {
    let mut at = open + 1;
    while at < letters.len() && letters[at] != '"' {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Behind the raw text that opens here, or behind the letter where it is only the beginning of `r#word`.
fn end_of_raw_text(letters: &[char], open: usize) -> usize {
    let hashes = letters[open + 1..].iter().take_while(|letter| **letter == '#').count();
    if letters.get(open + 1 + hashes) != Some(&'"') {
        return open + 1 + hashes;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    end_where(letters, open + 2 + hashes, |rest| rest.starts_with(&close)) + close.len()
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn is_word(token: &str) -> bool {
    token.starts_with(is_letter)
}

#[test]
fn names_imports_and_paths_are_read_from_code_alone() {
    let modules = modules_of(
        "//! crate::no\nuse a::{b, c::*, d as e};\npub const fn f<'a>(x: &'a str) -> char { '\"' }\nmod inside { use super::f; struct In; }\n\
         #[cfg(test)]\n#[path = \"x.rs\"]\nmod tests { use no::no; }\nconst S: &str = r#\"no::\"no\"#; /* no::no */\nenum Last { A(g::H) }",
    );
    let [own, inside] = &modules[..] else { panic!("{modules:?}") };
    assert_eq!((own.inside.len(), inside.inside.as_slice()), (0, ["inside".to_owned()].as_slice()));
    assert_eq!(own.types, [("Last".to_owned(), 9)]);
    assert_eq!(own.imports.keys().collect::<Vec<_>>(), ["b", "e"]);
    assert_eq!(own.globs, [["a", "c"]]);
    let paths: Vec<_> = own.paths.iter().map(|(path, line)| (path.join("::"), *line)).collect();
    assert_eq!(paths, [("a::b", 2), ("a::c", 2), ("a::d", 2), ("g::H", 9)].map(|(path, line)| (path.to_owned(), line)));
    assert!(["f", "S", "Last"].iter().all(|name| own.items.contains(*name)) && inside.items.contains("In"));
}
