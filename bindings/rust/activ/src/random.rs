//! Random numbers as a function of (seed, stream, index): Philox4x32-10.
//!
//! There is no state to carry along: the same three numbers give the same value on every machine, in any order, on any
//! thread. `stream` tells independent uses of one seed apart; those with the top bit set are the library's own.
//!
//! ```
//! use activ::random;
//! let mut all = [0.0; 4];
//! let mut last = [0.0; 2];
//! random::uniform(1, 0, 0, -1.0, 1.0, &mut all)?;
//! random::uniform(1, 0, 2, -1.0, 1.0, &mut last)?;
//! assert_eq!(all[2..], last);
//! # Ok::<(), activ::Error>(())
//! ```
use crate::ffi::check_library;
use crate::{sys, Error, Result, Status};

fn check(status: sys::activ_status, what: impl FnOnce() -> String) -> Result<()> {
    if status == sys::ACTIV_OK {
        return Ok(());
    }
    Err(Error::new(Status::from_code(status), what()))
}

/// 32 random bits.
pub fn bits(seed: u64, stream: u64, index: u64) -> u32 {
    // SAFETY: takes numbers only.
    unsafe { sys::activ_random_bits(seed, stream, index) }
}

/// Fills `out` with uniform values in [low, high).
///
/// ```
/// let error = activ::random::uniform(1, 0, 0, f32::NAN, 1.0, &mut [0.0]).unwrap_err();
/// assert_eq!(error.status, activ::Status::RANGE);
/// ```
pub fn uniform(seed: u64, stream: u64, index: u64, low: f32, high: f32, out: &mut [f32]) -> Result<()> {
    check_library()?;
    // SAFETY: as many values as there are.
    let status = unsafe { sys::activ_random_uniform(seed, stream, index, out.len(), low, high, out.as_mut_ptr()) };
    check(status, || {
        format!("uniform values from {} to {}: the limits have to be finite, and in this order", low, high)
    })
}

/// Fills `out` with normal values.
pub fn normal(seed: u64, stream: u64, index: u64, mean: f32, deviation: f32, out: &mut [f32]) -> Result<()> {
    check_library()?;
    // SAFETY: as many values as there are.
    let status = unsafe { sys::activ_random_normal(seed, stream, index, out.len(), mean, deviation, out.as_mut_ptr()) };
    check(status, || {
        format!(
            "normal values of mean {}, deviation {} from index {} on: both have to be finite, the deviation not \
             negative, and all indices below 2^63",
            mean, deviation, index
        )
    })
}

/// `out` becomes a random order of 0 .. its length - 1.
///
/// ```
/// let mut order = [0; 100];
/// activ::random::permutation(1, 7, &mut order)?;
/// order.sort();
/// assert!(order.iter().copied().eq(0..100));
/// # Ok::<(), activ::Error>(())
/// ```
pub fn permutation(seed: u64, stream: u64, out: &mut [u32]) -> Result<()> {
    check_library()?;
    // SAFETY: as many values as there are.
    let status = unsafe { sys::activ_random_permutation(seed, stream, out.len(), out.as_mut_ptr()) };
    check(status, || format!("a permutation of {} numbers: at most 2^32 - 1", out.len()))
}
