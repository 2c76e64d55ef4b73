//! How a call says that it failed.
use crate::sys;
use std::ffi::CStr;
use std::fmt;

/// What kind of failure it was: the library's number for it.
///
/// The numbers are part of the library's ABI, and a newer library may have more; so this is a number with names, not an
/// enum.
///
/// ```
/// use activ::{Function, Status};
/// let error = Function::new("gleu").unwrap_err();
/// assert_eq!(error.status, Status::UNKNOWN_NAME);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(i32);

impl Status {
    /// A mistake in the caller's code.
    pub const INVALID: Status = Status(sys::ACTIV_ERROR_INVALID);
    /// No memory; also: the system starts no more threads.
    pub const OUT_OF_MEMORY: Status = Status(sys::ACTIV_ERROR_OUT_OF_MEMORY);
    /// No function, setting, tensor or tier of that name.
    pub const UNKNOWN_NAME: Status = Status(sys::ACTIV_ERROR_UNKNOWN_NAME);
    /// A text that does not follow its grammar.
    pub const SYNTAX: Status = Status(sys::ACTIV_ERROR_SYNTAX);
    /// A number, an index or a size that is not allowed, or a size that overflows.
    pub const RANGE: Status = Status(sys::ACTIV_ERROR_RANGE);
    /// Shapes, lengths, or types of elements, that do not fit together.
    pub const SHAPE: Status = Status(sys::ACTIV_ERROR_SHAPE);
    /// The object's state does not allow the call.
    pub const STATE: Status = Status(sys::ACTIV_ERROR_STATE);
    /// A file that cannot be read or written.
    pub const IO: Status = Status(sys::ACTIV_ERROR_IO);
    /// A file that is malformed, or another than the one that is wanted.
    pub const FORMAT: Status = Status(sys::ACTIV_ERROR_FORMAT);
    /// Well formed, but not supported by this version.
    pub const UNSUPPORTED: Status = Status(sys::ACTIV_ERROR_UNSUPPORTED);

    pub(crate) const fn from_code(code: i32) -> Status {
        Status(code)
    }

    /// The library's number.
    pub const fn code(self) -> i32 {
        self.0
    }

    /// A short English phrase; also for numbers that this crate does not know.
    pub fn phrase(self) -> &'static str {
        // SAFETY: takes any number, and answers with static text, never NULL.
        let text = unsafe { CStr::from_ptr(sys::activ_status_string(self.0)) };
        text.to_str().unwrap_or("unknown status")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({}: {})", self.0, self.phrase())
    }
}

/// Why a call failed: a status for the program, and a message for people, which names what was wrong.
///
/// ```
/// let error = activ::Function::new("leaky_relu(negative_slop=0.2)").unwrap_err();
/// assert!(error.to_string().contains("negative_slop"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The kind of failure.
    pub status: Status,
    /// One line of English, without a full stop at its end.
    pub message: String,
}

impl Error {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Error {
        Error { status, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<sys::VersionMismatch> for Error {
    fn from(mismatch: sys::VersionMismatch) -> Error {
        Error::new(Status::UNSUPPORTED, mismatch.to_string())
    }
}

/// What calls answer that can fail.
pub type Result<T> = std::result::Result<T, Error>;
