//! The library that runs: its version, and which instruction set it uses.
use crate::ffi::borrowed_text;
use crate::{sys, Result};

/// The instruction set that runs where no context sets a limit: "scalar", "neon", "avx2" or "avx512". All give the same
/// bits.
pub fn tier() -> &'static str {
    // SAFETY: static text.
    unsafe { borrowed_text(sys::activ_tier()) }
}

/// The ceiling that the environment variable ACTIV_MAX_TIER sets.
pub fn max_tier() -> Option<&'static str> {
    // SAFETY: static text, or NULL.
    unsafe {
        let text = sys::activ_max_tier();
        (!text.is_null()).then(|| borrowed_text(text))
    }
}

/// The instruction sets that this library holds and this machine can run, from the slowest to the fastest.
///
/// ```
/// assert_eq!(activ::tiers()[0], "scalar");
/// ```
pub fn tiers() -> Vec<&'static str> {
    let mut all = Vec::new();
    loop {
        // SAFETY: static text, or NULL past the end.
        let text = unsafe { sys::activ_tier_at(all.len()) };
        if text.is_null() {
            return all;
        }
        // SAFETY: as above.
        all.push(unsafe { borrowed_text(text) });
    }
}

/// The version of the library that runs: "0.2.0".
pub fn version() -> &'static str {
    // SAFETY: static text.
    unsafe { borrowed_text(sys::activ_version_string()) }
}

/// Whether the library that runs is of a version that this crate can use. Whatever makes an object asks this, too.
pub fn check_version() -> Result<()> {
    crate::ffi::check_library()
}
