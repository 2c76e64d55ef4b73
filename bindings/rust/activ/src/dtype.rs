//! Types of numbers, and from one to another.
use crate::ffi::{check_library, check_same};
use crate::{sys, Error, Result, Status};
use std::fmt;
use std::os::raw::c_void;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DType {
    /// `f32`.
    Float32,
    /// `f64`.
    Float64,
    /// `i32`.
    Int32,
    /// `i64`.
    Int64,
    /// `u8`.
    UInt8,
    /// [`F16`].
    Float16,
    /// [`BF16`].
    BFloat16,
    /// A type that this crate does not know, by the library's number.
    Other(i32),
}

impl DType {
    const ALL: [DType; 7] =
        [DType::Float32, DType::Float64, DType::Int32, DType::Int64, DType::UInt8, DType::Float16, DType::BFloat16];

    pub(crate) fn code(self) -> sys::activ_dtype {
        match self {
            DType::Float32 => sys::ACTIV_FLOAT32,
            DType::Float64 => sys::ACTIV_FLOAT64,
            DType::Int32 => sys::ACTIV_INT32,
            DType::Int64 => sys::ACTIV_INT64,
            DType::UInt8 => sys::ACTIV_UINT8,
            DType::Float16 => sys::ACTIV_FLOAT16,
            DType::BFloat16 => sys::ACTIV_BFLOAT16,
            DType::Other(code) => code,
        }
    }

    pub(crate) fn from_code(code: sys::activ_dtype) -> DType {
        DType::ALL.into_iter().find(|dtype| dtype.code() == code).unwrap_or(DType::Other(code))
    }

    /// Bytes of one element; 0 if the library does not know the type.
    pub fn size(self) -> usize {
        // SAFETY: takes a number only.
        unsafe { sys::activ_dtype_size(self.code()) }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// Types of elements: `f32`, `f64`, `i32`, `i64`, `u8`, [`F16`], [`BF16`].
pub trait Element: Copy + Default + Send + Sync + 'static + sealed::Sealed {
    /// The same as a value.
    const DTYPE: DType;
}

macro_rules! element {
    ($($rust:ty = $dtype:ident),*) => {$(
        impl sealed::Sealed for $rust {}
        impl Element for $rust {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}

element!(f32 = Float32, f64 = Float64, i32 = Int32, i64 = Int64, u8 = UInt8, F16 = Float16, BF16 = BFloat16);

/// Elements that [`convert`] takes: `f32`, `f64`, [`F16`], [`BF16`].
pub trait Real: Element {}

impl Real for f32 {}
impl Real for f64 {}
impl Real for F16 {}
impl Real for BF16 {}

/// Elements of the arrays that functions take: `f32`, [`F16`], [`BF16`].
pub trait Operand: Real {}

impl Operand for f32 {}
impl Operand for F16 {}
impl Operand for BF16 {}

macro_rules! half {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// How a number is kept; there is no arithmetic. Two are equal if their bits are. Whole arrays are converted
        /// faster by [`convert`].
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        #[repr(transparent)]
        pub struct $name(u16);

        impl $name {
            /// The nearest to a number, ties to even; beyond the largest it is infinite.
            pub fn from_f32(value: f32) -> $name {
                let mut out = $name(0);
                let (from, to): (*const f32, *mut $name) = (&value, &mut out);
                // SAFETY: one number each, of these types.
                unsafe { sys::activ_convert(1, sys::ACTIV_FLOAT32, from.cast(), $name::DTYPE.code(), to.cast()) };
                out
            }

            /// The number, exactly.
            pub fn to_f32(self) -> f32 {
                let mut out = 0.0f32;
                let (from, to): (*const $name, *mut f32) = (&self, &mut out);
                // SAFETY: one number each, of these types.
                unsafe { sys::activ_convert(1, $name::DTYPE.code(), from.cast(), sys::ACTIV_FLOAT32, to.cast()) };
                out
            }

            /// The number of these bits.
            pub const fn from_bits(bits: u16) -> $name {
                $name(bits)
            }

            /// Its bits.
            pub const fn to_bits(self) -> u16 {
                self.0
            }
        }

        impl From<$name> for f32 {
            fn from(value: $name) -> f32 {
                value.to_f32()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.to_f32().fmt(f)
            }
        }
    };
}

half! {
    /// IEEE 754's binary16: 11 digits, from 2^-24 to 65504.
    F16
}

half! {
    /// The upper half of an `f32`: 8 digits, and all of its range.
    BF16
}

/// y\[i\] = x\[i\] in another type, rounded once. Arrays of one length.
///
/// ```
/// use activ::{convert, F16};
/// let mut halves = [F16::default(); 3];
/// convert(&[1.5f64, 1e-9, 1e9], &mut halves)?;
/// assert_eq!(halves.map(f32::from), [1.5, 0.0, f32::INFINITY]);
/// let mut floats = [0.0f32; 3];
/// convert(&halves, &mut floats)?;
/// assert!(convert(&halves, &mut floats[1..]).is_err());
/// # Ok::<(), activ::Error>(())
/// ```
pub fn convert<X: Real, Y: Real>(x: &[X], y: &mut [Y]) -> Result<()> {
    check_library()?;
    check_same("x", x.len(), "y", y.len())?;
    // SAFETY: as many elements, of these types.
    unsafe { convert_raw(x.len(), X::DTYPE, x.as_ptr().cast(), Y::DTYPE, y.as_mut_ptr().cast()) }
}

/// # Safety
/// n elements each, of these types.
pub(crate) unsafe fn convert_raw(n: usize, from: DType, x: *const c_void, to: DType, y: *mut c_void) -> Result<()> {
    // SAFETY: as the caller says.
    let status = unsafe { sys::activ_convert(n, from.code(), x, to.code(), y) };
    if status == sys::ACTIV_OK {
        return Ok(());
    }
    let status = Status::from_code(status);
    Err(Error::new(status, format!("from {:?} to {:?}: {}", from, to, status.phrase())))
}
