//! Initial values of weights: the schemes of `torch.nn.init`.
use crate::ffi::{check_len, check_library, product, Message};
use crate::{sys, Result};

/// How a weight begins, of out x in x ... values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// Uniform in +-gain/sqrt(fan_in): PyTorch's `nn.Linear`.
    Default,
    /// Uniform in +-gain sqrt(3/fan_in).
    KaimingUniform,
    /// Normal, of deviation gain/sqrt(fan_in).
    KaimingNormal,
    /// Uniform in +-gain sqrt(6/(fan_in + fan_out)).
    XavierUniform,
    /// Normal, of deviation gain sqrt(2/(fan_in + fan_out)).
    XavierNormal,
    /// Orthonormal rows or columns, times gain.
    Orthogonal,
}

impl Scheme {
    pub(crate) fn code(self) -> sys::activ_init_scheme {
        match self {
            Scheme::Default => sys::ACTIV_INIT_DEFAULT,
            Scheme::KaimingUniform => sys::ACTIV_INIT_KAIMING_UNIFORM,
            Scheme::KaimingNormal => sys::ACTIV_INIT_KAIMING_NORMAL,
            Scheme::XavierUniform => sys::ACTIV_INIT_XAVIER_UNIFORM,
            Scheme::XavierNormal => sys::ACTIV_INIT_XAVIER_NORMAL,
            Scheme::Orthogonal => sys::ACTIV_INIT_ORTHOGONAL,
        }
    }

    /// The gain that it is usually used with: the root of 2 for Kaiming's, else 1.
    pub fn gain(self) -> f32 {
        // SAFETY: takes a number only.
        unsafe { sys::activ_init_gain(self.code()) }
    }
}

/// Fills `values`, a row-major tensor of this shape, as a function of the arguments alone.
///
/// ```
/// use activ::init::{self, Scheme};
/// let mut weight = [0.0; 6];
/// init::tensor(Scheme::KaimingUniform, Scheme::KaimingUniform.gain(), &[2, 3], 1, 0, &mut weight)?;
/// assert!(weight.iter().all(|w| w.abs() <= 2f32.sqrt()));
/// assert!(init::tensor(Scheme::Default, f32::NAN, &[2, 3], 1, 0, &mut weight).is_err());
/// # Ok::<(), activ::Error>(())
/// ```
pub fn tensor(scheme: Scheme, gain: f32, shape: &[usize], seed: u64, stream: u64, values: &mut [f32]) -> Result<()> {
    check_library()?;
    let count = product(shape, "the tensor")?;
    check_len("values", values.len(), count, || format!("the shape is {:?}", shape))?;
    let mut message = Message::new();
    // SAFETY: as many values as the shape has; the default context.
    let status = unsafe {
        sys::activ_init_tensor(
            std::ptr::null(),
            scheme.code(),
            gain,
            shape.len(),
            shape.as_ptr(),
            seed,
            stream,
            values.as_mut_ptr(),
            message.as_mut_ptr(),
        )
    };
    message.check(status)
}
