//! Lets this package's own tests and examples find the library where it was linked, also when they are run by hand. (A
//! build script speaks for its own package only; what a program of yours can do is in the README.)
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is_static = std::env::var_os("DEP_ACTIV_STATIC").is_some();
    let is_unix = std::env::var_os("CARGO_CFG_UNIX").is_some();
    match std::env::var_os("DEP_ACTIV_LIB_DIR") {
        Some(dir) if is_unix && !is_static => {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir.to_string_lossy());
        }
        _ => {}
    }
}
