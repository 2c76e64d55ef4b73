//! Whether the library that runs is the one that was declared.
use crate::{activ_version_number, ACTIV_VERSION_NUMBER};
use std::fmt;

/// Whether a library of version `found` has all that declarations of version `needed` promise. From 1.0 on: of the same
/// major version, and of a minor version that is no lower. Before: of the same minor version, as a new one may break
/// anything.
///
/// ```
/// # use activ_sys::version_fits;
/// assert!(version_fits(200, 203)); // 0.2.0, 0.2.3
/// assert!(!version_fits(200, 300)); // 0.3.0
/// assert!(version_fits(10200, 10300) && !version_fits(10300, 10200));
/// ```
#[must_use]
pub const fn version_fits(needed: u32, found: u32) -> bool {
    let (needed_minor, found_minor) = (needed / 100 % 100, found / 100 % 100);
    needed / 10000 == found / 10000
        && if needed / 10000 == 0 { needed_minor == found_minor } else { needed_minor <= found_minor }
}

/// Another version of the library than the one that these declarations are of. Numbers are MAJOR*10000 + MINOR*100 +
/// PATCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionMismatch {
    /// What these declarations are of: `ACTIV_VERSION_NUMBER`.
    pub needed: u32,
    /// What runs: `activ_version_number()`.
    pub found: u32,
}

struct Dotted(u32);

impl fmt::Display for Dotted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0 / 10000, self.0 / 100 % 100, self.0 % 100)
    }
}

impl fmt::Display for VersionMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the library is libactiv {}, but this program was written for libactiv {}",
            Dotted(self.found),
            Dotted(self.needed)
        )
    }
}

impl std::error::Error for VersionMismatch {}

/// Compares the library that runs with these declarations.
pub fn check_version() -> Result<(), VersionMismatch> {
    // Safe: it takes nothing, and may be called by any thread at any time.
    let found = unsafe { activ_version_number() };
    if version_fits(ACTIV_VERSION_NUMBER, found) {
        Ok(())
    } else {
        Err(VersionMismatch { needed: ACTIV_VERSION_NUMBER, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_1_0_the_minor_version_is_the_same() {
        assert!(version_fits(200, 200));
        assert!(version_fits(201, 200), "a patch promises nothing");
        assert!(!version_fits(200, 100));
        assert!(!version_fits(200, 300));
        assert!(!version_fits(200, 10200));
    }

    #[test]
    fn from_1_0_on_the_minor_version_may_be_higher() {
        assert!(version_fits(10200, 10200));
        assert!(version_fits(10200, 11000));
        assert!(!version_fits(10200, 10100));
        assert!(!version_fits(10200, 20200));
        assert!(!version_fits(10200, 200));
    }

    #[test]
    fn a_mismatch_names_both() {
        let text = VersionMismatch { needed: 203, found: 10402 }.to_string();
        assert!(text.contains("libactiv 1.4.2") && text.contains("libactiv 0.2.3"), "{}", text);
    }
}
