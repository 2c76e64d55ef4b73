//! A library of another major version: a shared object that says it is one stands in front of the real one.
mod common;

use activ::{Context, Custom, Function, Graph, Status};
use common::{skipped, Scratch};
use std::env;
use std::fs;
use std::process::Command;

const ASKED: &str = "ACTIV_TEST_SAYS_ERRORS";

/// Runs in a process of its own for the other version.
#[test]
fn says_its_errors() {
    if env::var_os(ASKED).is_none() {
        activ::check_version().unwrap();
        return;
    }
    let custom = Custom::from_closures("own", |x| x, |_| 1.0).unwrap();
    let errors = [
        activ::check_version().unwrap_err(),
        Function::new("relu").unwrap_err(),
        Function::custom(&custom).unwrap_err(),
        Context::builder().build().unwrap_err(),
        Graph::builder().unwrap_err(),
        Graph::load("nowhere", 0).unwrap_err(),
        activ::TensorRef::of(&[1.0f32], &[1]).unwrap_err(),
        activ::safetensors::SafeTensors::from_bytes(&[]).unwrap_err(),
        activ::analysis::Stats::new().unwrap_err(),
        activ::random::permutation(1, 1, &mut [0]).unwrap_err(),
    ];
    assert!(Function::shared("relu").is_none());
    assert!(errors.iter().all(|error| *error == errors[0] && error.status == Status::UNSUPPORTED));
    println!("\nSAID {}", errors[0]);
}

#[test]
fn another_major_version_is_an_error_that_names_both() {
    if !fs::read_to_string("/proc/self/maps").map_or(false, |maps| maps.contains("libactiv.so")) {
        return skipped("another version of the library: it is linked statically (or there is no /proc/self/maps)");
    }
    let compiler = env::var("CC").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "cc".to_string());
    let folder = Scratch::new("version");
    let (source, library) = (folder.file("other.c"), folder.file("libother.so"));
    fs::write(&source, "unsigned activ_version_number(void)\n{\n    return 30405;\n}\n").unwrap();
    match Command::new(&compiler).args(["-shared", "-fPIC"]).arg(&source).arg("-o").arg(&library).status() {
        Ok(status) => assert!(status.success(), "{}: {}", compiler, status),
        Err(_) => return skipped("another version of the library: no C compiler (CC names one)"),
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "says_its_errors", "--nocapture"])
        .env(ASKED, "1")
        .env("LD_PRELOAD", &library)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{}{}", said, String::from_utf8_lossy(&child.stderr));
    let error = said.lines().find_map(|line| line.strip_prefix("SAID ")).expect("its errors");
    let needed = activ_sys::VersionMismatch { needed: activ_sys::ACTIV_VERSION_NUMBER, found: 30405 };
    assert_eq!(error, needed.to_string());
    assert!(error.contains("libactiv 3.4.5") && error.contains("libactiv 0."), "{}", error);
}
