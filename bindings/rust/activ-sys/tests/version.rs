//! Another version of the library is noticed: a shared object that only says its version stands in front of it.
mod common;

use activ_sys::{check_version, VersionMismatch, ACTIV_VERSION_NUMBER};
use common::{c_compiler, run, scratch};
use std::env;
use std::fs;
use std::io::Write;
use std::process::Command;

const ASKED: &str = "ACTIV_SYS_TEST_SAYS_VERSION";

/// Runs in a process of its own for each version, and as a test of the library that is there.
#[test]
fn says_what_it_finds() {
    let found = check_version();
    if env::var_os(ASKED).is_none() {
        assert_eq!(found, Ok(()));
    } else {
        match found {
            Ok(()) => println!("\nSAID fits"),
            Err(mismatch) => println!("\nSAID {} {}: {}", mismatch.needed, mismatch.found, mismatch),
        }
    }
}

fn with_library_of(version: u32, compiler: &str) -> String {
    let (source, library) = (scratch(&format!("v{}.c", version)), scratch(&format!("v{}.so", version)));
    fs::write(&source, format!("unsigned activ_version_number(void)\n{{\n    return {};\n}}\n", version)).unwrap();
    run(Command::new(compiler).args(["-shared", "-fPIC"]).arg(&source).arg("-o").arg(&library));
    let said = run(Command::new(env::current_exe().unwrap())
        .args(["--exact", "says_what_it_finds", "--nocapture"])
        .env(ASKED, "1")
        .env("LD_PRELOAD", &library));
    said.lines().find_map(|line| line.strip_prefix("SAID ")).expect("what it found").to_string()
}

#[test]
fn another_version_is_an_error_that_names_both() {
    let is_shared = fs::read_to_string("/proc/self/maps").map_or(false, |maps| maps.contains("libactiv.so"));
    if !is_shared {
        let _ = std::io::stderr().write_all(
            b"SKIPPED: another version of the library: it is linked statically (or there is no /proc/self/maps)\n",
        );
        return;
    }
    let compiler = match c_compiler("another version of the library") {
        Some(compiler) => compiler,
        None => return,
    };
    assert_eq!(with_library_of(ACTIV_VERSION_NUMBER, &compiler), "fits");
    assert_eq!(with_library_of(ACTIV_VERSION_NUMBER + 1, &compiler), "fits");
    for other in [ACTIV_VERSION_NUMBER + 10000, ACTIV_VERSION_NUMBER + 20100, ACTIV_VERSION_NUMBER + 100] {
        let mismatch = VersionMismatch { needed: ACTIV_VERSION_NUMBER, found: other };
        let expected = format!("{} {}: {}", ACTIV_VERSION_NUMBER, other, mismatch);
        assert_eq!(with_library_of(other, &compiler), expected);
        assert!(expected.contains(&format!("libactiv {}.{}.", other / 10000, other / 100 % 100)), "{}", expected);
    }
}
