//! Finds libactiv: in `ACTIV_LIB_DIR`, or by pkg-config. `ACTIV_STATIC=1` links the archive.
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{exit, Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["ACTIV_LIB_DIR", "ACTIV_STATIC", "PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR"] {
        println!("cargo:rerun-if-env-changed={}", name);
    }
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_SYSROOT_DIR");
    // docs.rs and the like: documentation needs no library.
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    let wants_static = match env::var("ACTIV_STATIC").as_deref() {
        Ok("1") => true,
        Ok("") | Ok("0") | Err(_) => false,
        Ok(other) => fail(&format!("ACTIV_STATIC is '{}': 1 links libactiv.a, 0 libactiv.so.", other)),
    };
    match env::var_os("ACTIV_LIB_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => link_folder(Path::new(&dir), wants_static),
        None => link_by_pkg_config(wants_static),
    }
}

fn fail(text: &str) -> ! {
    eprintln!("activ-sys: {}", text);
    exit(1)
}

fn link_folder(dir: &Path, wants_static: bool) {
    if dir.is_relative() {
        // Relative to what? Cargo runs this in the folder of the package.
        fail(&format!("ACTIV_LIB_DIR: '{}' is not an absolute path.", dir.display()));
    }
    if let Err(error) = fs::read_dir(dir) {
        fail(&format!("ACTIV_LIB_DIR: '{}' cannot be opened: {}.", dir.display(), error));
    }
    let has_shared = ["libactiv.so", "libactiv.dylib"].iter().any(|name| dir.join(name).exists());
    let has_archive = dir.join("libactiv.a").exists();
    if if wants_static { !has_archive } else { !has_shared && !has_archive } {
        let wanted = if wants_static { "libactiv.a (ACTIV_STATIC=1)" } else { "libactiv.so nor libactiv.a" };
        let holds = if wants_static { "does not hold" } else { "holds neither" };
        fail(&format!("ACTIV_LIB_DIR: '{}' {} {}.", dir.display(), holds, wanted));
    }
    let links_static = wants_static || !has_shared;
    search(dir, links_static);
    link(links_static);
    if links_static {
        // What the archive needs: activ.pc's Libs.private.
        println!("cargo:rustc-link-lib=m");
        println!("cargo:rustc-link-lib=pthread");
    }
}

fn link(links_static: bool) {
    println!("cargo:rustc-link-lib={}activ", if links_static { "static=" } else { "dylib=" });
}

/// Adds a folder, and tells dependents of it. Cargo lets programs that it runs find shared libraries in folders below
/// its own target folder only; so there are links to them there, and `cargo run` and `cargo test` need no
/// LD_LIBRARY_PATH.
fn search(dir: &Path, links_static: bool) {
    let dir = &fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf());
    if !links_static {
        match links_to(dir) {
            Ok(links) => println!("cargo:rustc-link-search=native={}", links.display()),
            Err(error) => println!("cargo:warning=no links to libactiv.so below the target folder: {}", error),
        }
        if env::var_os("CARGO_CFG_UNIX").is_some() {
            // For this package's own tests, those in its documentation too.
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir.display());
        }
    }
    println!("cargo:rustc-link-search=native={}", dir.display());
    println!("cargo:lib_dir={}", dir.display());
    println!("cargo:rerun-if-changed={}", dir.join(if links_static { "libactiv.a" } else { "libactiv.so" }).display());
    if links_static {
        println!("cargo:static=1");
    }
}

#[cfg(unix)]
fn links_to(dir: &Path) -> std::io::Result<PathBuf> {
    let links = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("lib");
    if links.exists() {
        fs::remove_dir_all(&links)?;
    }
    fs::create_dir_all(&links)?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with("libactiv.so") || text.starts_with("libactiv.") && text.ends_with(".dylib") {
            std::os::unix::fs::symlink(entry.path(), links.join(&name))?;
        }
    }
    Ok(links)
}

#[cfg(not(unix))]
fn links_to(_: &Path) -> std::io::Result<PathBuf> {
    Err(std::io::Error::new(std::io::ErrorKind::Other, "not on this system"))
}

fn link_by_pkg_config(wants_static: bool) {
    let program = env::var_os("PKG_CONFIG").filter(|name| !name.is_empty()).unwrap_or_else(|| "pkg-config".into());
    let mut command = Command::new(&program);
    if wants_static {
        command.arg("--static");
    }
    let ask = command.args(["--libs", "activ"]).output();
    let why = match &ask {
        Ok(output) if output.status.success() => {
            return take_flags(&String::from_utf8_lossy(&output.stdout), wants_static);
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_string(),
        Err(error) => format!("it does not run: {}", error),
    };
    fail(&format!(
        "libactiv was not found. Either set ACTIV_LIB_DIR to the folder that holds libactiv.so or libactiv.a, or let \
         pkg-config find activ.pc (PKG_CONFIG_PATH=.../lib/pkgconfig; PKG_CONFIG names another pkg-config).\n\
         '{}' said: {}",
        Path::new(&program).display(),
        why
    ));
}

fn take_flags(flags: &str, wants_static: bool) {
    let mut has_folder = false;
    for flag in flags.split_whitespace() {
        if let Some(dir) = flag.strip_prefix("-L") {
            search(Path::new(dir), wants_static);
            has_folder = true;
        } else if flag == "-lactiv" {
            link(wants_static);
        } else if let Some(name) = flag.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={}", name);
        } else if flag == "-pthread" {
            println!("cargo:rustc-link-lib=pthread");
        } else {
            println!("cargo:rustc-link-arg={}", flag);
        }
    }
    // A folder that the linker knows anyway is left out of --libs; rustc wants one for an archive.
    if wants_static && !has_folder {
        let program = env::var_os("PKG_CONFIG").filter(|name| !name.is_empty()).unwrap_or_else(|| "pkg-config".into());
        if let Ok(output) = Command::new(program).args(["--variable=libdir", "activ"]).output() {
            search(Path::new(String::from_utf8_lossy(&output.stdout).trim()), true);
        }
    }
}
