//! What the tests share: a reader of the public headers, one of the declarations, and the C compiler.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A function or a function pointer: its result and parameters, as Rust has the types.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub result: String,
    pub params: Vec<String>,
}

/// What an API declares. Types are Rust's, without blanks and names of parameters.
#[derive(Debug, Default)]
pub struct Api {
    pub functions: BTreeMap<String, Function>,
    pub structs: BTreeMap<String, Vec<(String, String)>>,
    pub opaque: Vec<String>,
    /// Types with another name; function pointers too.
    pub aliases: BTreeMap<String, String>,
    /// Names of constants that are numbers.
    pub constants: Vec<String>,
    /// Initialisers, and the struct that each is of.
    pub initialisers: BTreeMap<String, String>,
}

pub fn include_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../include")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {}", path.display(), error))
}

/// Splits at a character where no bracket is open.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        if c == at && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    parts.iter().map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

fn without(text: &str, open: &str, close: &str) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(open) {
        kept.push_str(&rest[..start]);
        rest = match rest[start..].find(close) {
            Some(end) => &rest[start + end + close.len()..],
            None => "",
        };
        kept.push(' ');
    }
    kept + rest
}

// ---- C ----

/// C's type as Rust has it: "const char *const *" is "*const*constc_char".
fn c_type(text: &str) -> String {
    let spaced = text.replace('*', " * ").replace("struct ", " ");
    let mut rust = String::new();
    let mut is_const = false;
    for word in spaced.split_whitespace() {
        match word {
            "const" => is_const = true,
            "*" => {
                rust = format!("{}{}", if is_const { "*const" } else { "*mut" }, rust);
                is_const = false;
            }
            "float" => rust = "f32".to_string(),
            "double" => rust = "f64".to_string(),
            "int32_t" => rust = "i32".to_string(),
            "uint32_t" => rust = "u32".to_string(),
            "uint64_t" => rust = "u64".to_string(),
            "size_t" => rust = "usize".to_string(),
            "char" => rust = "c_char".to_string(),
            "void" => rust = "c_void".to_string(),
            other => rust = other.to_string(),
        }
    }
    rust
}

/// A C declaration "TYPE NAME", "TYPE (*NAME)(PARAMETERS)" or "char NAME[N]": name and type.
fn c_declaration(text: &str) -> (String, String) {
    let text = text.trim();
    if let Some(pointer) = text.find("(*") {
        let after = &text[pointer + 2..];
        let name_end = after.find(')').expect("the end of a function pointer's name");
        let params = after[name_end + 1..].trim();
        let function = c_function(&text[..pointer], &params[1..params.len() - 1]);
        return (after[..name_end].to_string(), function_pointer(&function));
    }
    if let Some(text) = text.strip_suffix(']') {
        let (declaration, count) = text.split_once('[').expect("an array");
        let (name, element) = c_declaration(declaration);
        return (name, format!("[{};{}]", element, count));
    }
    let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    (text[start..].to_string(), c_type(&text[..start]))
}

fn c_function(result: &str, params: &str) -> Function {
    let result = if result.trim() == "void" { String::new() } else { c_type(result) };
    let params = match params.trim() {
        "void" => Vec::new(),
        list => split(list, ',').iter().map(|param| c_declaration(param).1).collect(),
    };
    Function { result, params }
}

fn function_pointer(function: &Function) -> String {
    let result = if function.result.is_empty() { String::new() } else { format!("->{}", function.result) };
    format!("Option<unsafeextern\"C\"fn({}){}>", function.params.join(","), result)
}

fn c_fields(body: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for line in split(body, ';') {
        let parts = split(&line, ',');
        let (name, kind) = c_declaration(&parts[0]);
        fields.push((name, kind.clone()));
        fields.extend(parts[1..].iter().map(|other| (other.clone(), kind.clone())));
    }
    fields
}

/// Reads all headers. Whatever is not understood fails.
pub fn read_headers() -> Api {
    let mut api = Api::default();
    let folder = include_folder().join("activ");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {}", folder.display(), error))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().map_or(false, |ending| ending == "h"))
        .filter(|path| path.file_name().unwrap() != "export.h")
        .collect();
    paths.sort();
    assert!(paths.len() >= 14, "headers in {}: {:?}", folder.display(), paths);
    for path in paths {
        read_header(&without(&read(&path), "/*", "*/").replace("\\\n", " "), &mut api);
    }
    api
}

fn read_header(text: &str, api: &mut Api) {
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("#define ")) {
        let (name, value) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let value = value.trim();
        if let Some(after) = value.strip_prefix('{').map(str::trim).and_then(|v| v.strip_prefix("sizeof(")) {
            let end = after.find(')').expect("sizeof(STRUCT)");
            api.initialisers.insert(name.to_string(), after[..end].to_string());
        } else if !value.is_empty() {
            api.constants.push(name.to_string());
        } else {
            assert!(name.ends_with("_H"), "not understood: #define {}", line);
        }
    }
    let code: Vec<&str> = text.lines().filter(|line| !line.trim().starts_with('#')).collect();
    // The block of extern "C" is opened and closed under an #ifdef.
    let code = code.join("\n").replace("extern \"C\" {", "");
    let code = code.trim_end().strip_suffix('}').unwrap_or(&code).to_string();
    for item in split(&code, ';') {
        let item = item.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(function) = item.strip_prefix("ACTIV_API ") {
            let open = function.find('(').expect("parameters");
            let (name, result) = c_declaration(&function[..open]);
            let result =
                if result == "c_void" { "void".to_string() } else { function[..open - name.len()].to_string() };
            let found = c_function(&result, &function[open + 1..function.len() - 1]);
            assert!(api.functions.insert(name.clone(), found).is_none(), "{} is declared twice", name);
        } else if let Some(names) = item.strip_prefix("enum {") {
            let names = split(names.trim_end_matches('}'), ',');
            api.constants.extend(names.iter().map(|name| name.split('=').next().unwrap().trim().to_string()));
        } else if let Some(open) = item.find('{') {
            let head = item[..open].trim().trim_start_matches("typedef ").trim_start_matches("struct ");
            let close = item.rfind('}').unwrap();
            api.structs.insert(head.to_string(), c_fields(&item[open + 1..close]));
        } else if let Some(alias) = item.strip_prefix("typedef ") {
            let (name, kind) = c_declaration(alias);
            if name == kind {
                api.opaque.push(name); // typedef struct NAME NAME
            } else {
                api.aliases.insert(name, kind);
            }
        } else if let Some(name) = item.strip_prefix("struct ") {
            api.opaque.push(name.to_string());
        } else {
            panic!("not understood: {}", item);
        }
    }
    // A struct may be named before it is defined.
    let defined: Vec<String> = api.structs.keys().cloned().collect();
    api.opaque.retain(|name| !defined.contains(name));
}

// ---- Rust ----

/// A type without blanks, and without the names of a function pointer's parameters.
fn rust_type(text: &str) -> String {
    let text = without_blanks(text);
    let mut out = String::new();
    for (i, part) in text.split(':').enumerate() {
        if i == 0 {
            out.push_str(part);
        } else {
            let start = out.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
            out.truncate(start);
            out.push_str(part);
        }
    }
    out.replace(",)", ")")
}

fn rust_name(text: &str) -> String {
    text.trim().trim_start_matches("pub ").trim_start_matches("r#").to_string()
}

/// rustfmt ends a list in angle brackets with a comma, if it takes several lines.
fn without_last_commas(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        if c != ',' || !text[at + 1..].trim_start().starts_with('>') {
            out.push(c);
        }
    }
    out
}

pub fn read_declarations() -> Api {
    let mut api = Api::default();
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let text = without_last_commas(&lines.join("\n"));
    for block in text.split("extern \"C\" {\n").skip(1) {
        for item in split(&block[..block.find("\n}").expect("the end of a block")], ';') {
            let item = item.trim_start_matches("pub fn ");
            let open = item.find('(').unwrap();
            let close = item.rfind(')').unwrap();
            let function = Function {
                result: without_blanks(item[close + 1..].trim().trim_start_matches("->")),
                params: split(&item[open + 1..close], ',')
                    .iter()
                    .map(|param| rust_type(param.split_once(':').expect("NAME: TYPE").1))
                    .collect(),
            };
            let name = item[..open].to_string();
            assert!(api.functions.insert(name.clone(), function).is_none(), "{} is declared twice", name);
        }
    }
    for item in text.split("\npub struct ").skip(1) {
        let (name, body) = item.split_once(" {").expect("a struct's fields");
        let fields = split(&body[..body.find("\n}").unwrap()], ',');
        let fields = fields.iter().map(|field| {
            let (name, kind) = field.split_once(':').unwrap();
            (rust_name(name), rust_type(kind))
        });
        api.structs.insert(name.to_string(), fields.collect());
    }
    for item in text.split("\nopaque!(").skip(1) {
        api.opaque.push(item[..item.find(')').unwrap()].to_string());
    }
    for item in text.split("\npub type ").skip(1) {
        let (name, kind) = item[..item.find(';').unwrap()].split_once('=').unwrap();
        api.aliases.insert(name.trim().to_string(), rust_type(kind));
    }
    for item in text.split("\npub const ").skip(1) {
        let (name, rest) = item.split_once(':').unwrap();
        let kind = rest[..rest.find('=').unwrap()].trim().to_string();
        if api.structs.contains_key(&kind) {
            api.initialisers.insert(name.to_string(), kind);
        } else {
            api.constants.push(name.to_string());
        }
    }
    api
}

// ---- the C compiler ----

/// The C compiler: CC, else cc. None, and a line that says so, if there is none.
pub fn c_compiler(test: &str) -> Option<String> {
    let compiler = env::var("CC").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "cc".to_string());
    match Command::new(&compiler).arg("--version").output() {
        Ok(output) if output.status.success() => Some(compiler),
        _ => {
            // Not eprintln!, which cargo test would hide.
            let why = format!("SKIPPED: {}: no C compiler ('{}' does not run; CC names another)\n", test, compiler);
            let _ = std::io::stderr().write_all(why.as_bytes());
            None
        }
    }
}

/// A file of a test's, in cargo's target folder.
pub fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("activ-sys");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Runs a command, which has to succeed; what it printed.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{:?}: {}", command, error));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{:?}: {}", command, errors);
    String::from_utf8(output.stdout).unwrap()
}
