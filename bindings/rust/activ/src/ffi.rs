//! What all wrappers need: messages, texts, lengths, and the version of the library.
use crate::sys;
use crate::{Error, Result, Status};
use std::ffi::{CStr, CString};
use std::os::raw::c_char;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

/// Room for the reason of a failure.
pub(crate) struct Message(sys::activ_message);

impl Message {
    pub(crate) fn new() -> Message {
        Message(sys::activ_message { text: [0; 512] })
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut sys::activ_message {
        &mut self.0
    }

    pub(crate) fn check(&self, status: sys::activ_status) -> Result<()> {
        if status == sys::ACTIV_OK {
            return Ok(());
        }
        // SAFETY: zeros at first; what the library writes ends with a zero.
        let text = unsafe { CStr::from_ptr(self.0.text.as_ptr()) }.to_string_lossy();
        Err(failure(status, &text))
    }
}

/// An error with the library's words, or where it has none with those of the status.
pub(crate) fn failure(status: sys::activ_status, words: &str) -> Error {
    let status = Status::from_code(status);
    Error::new(status, if words.is_empty() { status.phrase() } else { words })
}

/// A status that has no words: `what` says which call it was.
pub(crate) fn check_status(status: sys::activ_status, what: &str) -> Result<()> {
    if status == sys::ACTIV_OK {
        return Ok(());
    }
    let status = Status::from_code(status);
    Err(Error::new(status, format!("{}: {}", what, status.phrase())))
}

/// A copy of a text of the library's; "" for NULL.
///
/// # Safety
/// NULL, or a text that ends with a zero and lives during the call.
pub(crate) unsafe fn owned_text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// # Safety
/// NULL, or a text that ends with a zero and lives as long as 'a.
pub(crate) unsafe fn borrowed_text<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("")
}

/// An array of the library's; empty for NULL.
///
/// # Safety
/// NULL, or `count` values that nobody writes to as long as 'a.
pub(crate) unsafe fn borrowed_slice<'a, T>(values: *const T, count: usize) -> &'a [T] {
    if values.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: as the caller says.
    unsafe { std::slice::from_raw_parts(values, count) }
}

pub(crate) fn c_text(text: &str, what: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::new(Status::SYNTAX, format!("{} has a zero byte: {:?}", what, text)))
}

pub(crate) fn c_path(path: &Path) -> Result<CString> {
    #[cfg(unix)]
    let bytes = {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    };
    #[cfg(not(unix))]
    let bytes = path.to_string_lossy().into_owned().into_bytes();
    CString::new(bytes).map_err(|_| Error::new(Status::INVALID, format!("the path {:?} has a zero byte", path)))
}

/// Refuses a library of another version, before the first object is made. Asked once, unless it was another: then
/// always, for the words.
pub(crate) fn check_library() -> Result<()> {
    static FITS: AtomicU8 = AtomicU8::new(0);
    if FITS.load(Ordering::Relaxed) == 1 {
        return Ok(());
    }
    sys::check_version()?;
    FITS.store(1, Ordering::Relaxed);
    Ok(())
}

/// Two arrays of one length.
pub(crate) fn check_same(name: &str, len: usize, other: &str, other_len: usize) -> Result<()> {
    if len == other_len {
        return Ok(());
    }
    Err(Error::new(Status::SHAPE, format!("{} has {} values, {} has {}", name, len, other, other_len)))
}

/// An array of a length that something else determines.
pub(crate) fn check_len(name: &str, len: usize, wanted: usize, why: impl FnOnce() -> String) -> Result<()> {
    if len == wanted {
        return Ok(());
    }
    Err(Error::new(Status::SHAPE, format!("{} has {} values, not {}: {}", name, len, wanted, why())))
}

pub(crate) fn product(factors: &[usize], what: &str) -> Result<usize> {
    factors
        .iter()
        .try_fold(1usize, |all, factor| all.checked_mul(*factor))
        .ok_or_else(|| Error::new(Status::RANGE, format!("{}: its size overflows", what)))
}

/// A new array, or an error where Rust's own would end the program.
pub(crate) fn filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(count)
        .map_err(|_| Error::new(Status::OUT_OF_MEMORY, format!("no memory for {} values", count)))?;
    values.resize(count, value);
    Ok(values)
}

pub(crate) fn optional_ptr<T>(values: Option<&mut [T]>) -> *mut T {
    values.map_or(std::ptr::null_mut(), |values| values.as_mut_ptr())
}
