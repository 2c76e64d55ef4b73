//! Learning rates over time: the rate for a step as a function of its number, for
//! [`Optimizer::set_lr`](crate::Optimizer::set_lr).
//!
//! Definitions are those of `torch.optim.lr_scheduler`, in closed form; steps (or epochs: any unit) count from 0. A
//! length of 0 gives NaN where it would divide, which `set_lr` refuses.
//!
//! ```
//! use activ::schedule;
//! assert_eq!(schedule::step(0.1, 30, 0.1, 29), 0.1);
//! assert_eq!(schedule::cosine(0.1, 100, 0.0, 100), 0.0);
//! assert_eq!(schedule::warmup(1.0, 0.5, 10, 5), 0.75);
//! ```
use crate::sys;

/// StepLR: base gamma^(step / step_size), the quotient rounded down.
pub fn step(base: f32, step_size: u64, gamma: f32, step: u64) -> f32 {
    // SAFETY: takes numbers only.
    unsafe { sys::activ_lr_step(base, step_size, gamma, step) }
}

/// CosineAnnealingLR: from base at step 0 to eta_min at step t_max; it rises again after that.
pub fn cosine(base: f32, t_max: u64, eta_min: f32, step: u64) -> f32 {
    // SAFETY: takes numbers only.
    unsafe { sys::activ_lr_cosine(base, t_max, eta_min, step) }
}

/// LinearLR: linear from start_factor base at step 0 to base at step `total`, and constant from then on.
pub fn warmup(base: f32, start_factor: f32, total: u64, step: u64) -> f32 {
    // SAFETY: takes numbers only.
    unsafe { sys::activ_lr_warmup(base, start_factor, total, step) }
}

/// [`warmup`] over the first `warmup` steps, then [`cosine`] over the rest of `total`; eta_min from then on.
pub fn warmup_cosine(base: f32, start_factor: f32, warmup: u64, total: u64, eta_min: f32, step: u64) -> f32 {
    // SAFETY: takes numbers only.
    unsafe { sys::activ_lr_warmup_cosine(base, start_factor, warmup, total, eta_min, step) }
}
