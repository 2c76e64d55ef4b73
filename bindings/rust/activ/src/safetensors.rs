//! Any tensors in files, in the format of safetensors.
//!
//! ```
//! use activ::safetensors::{SafeTensors, Writer};
//! # let folder = std::env::temp_dir().join(format!("activ-doc-st-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("some.safetensors");
//! Writer::new().values("weight", &[1.0f32, 2.0], &[1, 2]).text("made by", "a test").save(&path)?;
//!
//! let file = SafeTensors::open(&path)?;
//! let weight = file.find("weight").unwrap();
//! assert_eq!((weight.shape, weight.to_vec::<f32>()?), (&[1, 2][..], vec![1.0, 2.0]));
//! assert_eq!(file.metadata("made by"), Some("a test"));
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), activ::Error>(())
//! ```
use crate::ffi::{borrowed_slice, borrowed_text, c_path, c_text, check_library, filled, Message};
use crate::{sys, DType, Element, Error, Result, Status, TensorRef};
use std::ffi::CString;
use std::path::Path;
use std::ptr::{null, null_mut, NonNull};

/// A file that was read and checked.
pub struct SafeTensors {
    raw: NonNull<sys::activ_safetensors>,
}

// SAFETY: an activ_safetensors never changes, and may be read by many threads (checkpoint.h).
unsafe impl Send for SafeTensors {}
// SAFETY: as above.
unsafe impl Sync for SafeTensors {}

impl Drop for SafeTensors {
    fn drop(&mut self) {
        // SAFETY: made by the library, and nobody else has it.
        unsafe { sys::activ_safetensors_close(self.raw.as_ptr()) }
    }
}

/// A tensor in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a str,
    /// The type of its elements; None for one that tensors do not have.
    pub dtype: Option<DType>,
    /// As in the file: `"F32"`, `"BF16"`.
    pub dtype_name: &'a str,
    /// Its dimensions.
    pub shape: &'a [usize],
    /// Row-major, little-endian, at any address.
    pub data: &'a [u8],
}

impl<'a> Entry<'a> {
    /// # Safety
    /// Filled by the library for a file that lives as long as 'a.
    unsafe fn read(entry: &sys::activ_safetensors_entry) -> Entry<'a> {
        // SAFETY: as the caller says.
        unsafe {
            Entry {
                name: borrowed_text(entry.name),
                dtype: (entry.dtype != 0).then(|| DType::from_code(entry.dtype)),
                dtype_name: borrowed_text(entry.dtype_name),
                shape: borrowed_slice(entry.shape, entry.ndim),
                data: borrowed_slice(entry.data.cast::<u8>(), entry.bytes),
            }
        }
    }

    /// A copy of its elements, if it is of this type.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if self.dtype != Some(T::DTYPE) {
            let text = format!("'{}' is of {}, not of {:?}", self.name, self.dtype_name, T::DTYPE);
            return Err(Error::new(Status::SHAPE, text));
        }
        let count = self.data.len() / std::mem::size_of::<T>();
        let mut values = filled(T::default(), count)?;
        // SAFETY: numbers of any bits, of which there are as many; the library runs on little-endian machines only.
        unsafe {
            let bytes = count * std::mem::size_of::<T>();
            std::ptr::copy_nonoverlapping(self.data.as_ptr(), values.as_mut_ptr().cast::<u8>(), bytes);
        }
        Ok(values)
    }
}

impl SafeTensors {
    /// Reads a whole file.
    pub fn open(path: impl AsRef<Path>) -> Result<SafeTensors> {
        let path = c_path(path.as_ref())?;
        // SAFETY: a path; the default context.
        SafeTensors::made(|out, message| unsafe { sys::activ_safetensors_open(null(), path.as_ptr(), out, message) })
    }

    /// Reads the bytes of a file, which are copied.
    pub fn from_bytes(bytes: &[u8]) -> Result<SafeTensors> {
        SafeTensors::made(|out, message| {
            // SAFETY: as many bytes as there are; the default context.
            unsafe { sys::activ_safetensors_open_memory(null(), bytes.as_ptr().cast(), bytes.len(), out, message) }
        })
    }

    fn made(
        call: impl FnOnce(*mut *mut sys::activ_safetensors, *mut sys::activ_message) -> sys::activ_status,
    ) -> Result<SafeTensors> {
        check_library()?;
        let mut message = Message::new();
        let mut raw = null_mut();
        let status = call(&mut raw, message.as_mut_ptr());
        message.check(status)?;
        match NonNull::new(raw) {
            Some(raw) => Ok(SafeTensors { raw }),
            None => Err(Error::new(Status::INVALID, "no file was opened")),
        }
    }

    /// Its tensors, in the order of their data.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        // SAFETY: an open file.
        let count = unsafe { sys::activ_safetensors_count(self.raw.as_ptr()) };
        (0..count)
            .filter_map(|index| {
                let mut entry = sys::ACTIV_SAFETENSORS_ENTRY_INIT;
                // SAFETY: an open file and a struct with its size; what it points to is the file's.
                unsafe {
                    let status = sys::activ_safetensors_at(self.raw.as_ptr(), index, &mut entry);
                    (status == sys::ACTIV_OK).then(|| Entry::read(&entry))
                }
            })
            .collect()
    }

    /// The tensor of this name.
    pub fn find(&self, name: &str) -> Option<Entry<'_>> {
        let name = c_text(name, "a name").ok()?;
        let mut entry = sys::ACTIV_SAFETENSORS_ENTRY_INIT;
        // SAFETY: an open file and a struct with its size; what it points to is the file's.
        unsafe {
            let status = sys::activ_safetensors_find(self.raw.as_ptr(), name.as_ptr(), &mut entry);
            (status == sys::ACTIV_OK).then(|| Entry::read(&entry))
        }
    }

    /// The value of a key in its metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let key = c_text(key, "a key").ok()?;
        // SAFETY: an open file, whose text it is.
        let text = unsafe { sys::activ_safetensors_metadata(self.raw.as_ptr(), key.as_ptr()) };
        // SAFETY: as above.
        (!text.is_null()).then(|| unsafe { borrowed_text(text) })
    }

    /// The keys of its metadata.
    pub fn metadata_keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        loop {
            // SAFETY: an open file, whose text it is.
            let text = unsafe { sys::activ_safetensors_metadata_key(self.raw.as_ptr(), keys.len()) };
            if text.is_null() {
                return keys;
            }
            // SAFETY: as above.
            keys.push(unsafe { borrowed_text(text) });
        }
    }
}

impl std::fmt::Debug for SafeTensors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SafeTensors").field("tensors", &self.entries().len()).finish()
    }
}

/// What is to be written into a file. The first error is kept, and [`Writer::save`] answers with it.
#[derive(Default)]
pub struct Writer<'a> {
    names: Vec<CString>,
    tensors: Vec<Held<'a>>,
    texts: Vec<(CString, CString)>,
    error: Option<Error>,
}

enum Held<'a> {
    Lent(&'a TensorRef<'a>),
    Made(TensorRef<'a>),
}

impl<'a> Writer<'a> {
    /// Begins a file.
    pub fn new() -> Writer<'a> {
        Writer::default()
    }

    /// Adds a contiguous tensor.
    pub fn tensor(mut self, name: &str, tensor: &'a TensorRef<'a>) -> Writer<'a> {
        self.add(name, Ok(Held::Lent(tensor)));
        self
    }

    /// Adds an array as a tensor of this shape.
    pub fn values<T: Element>(mut self, name: &str, values: &'a [T], shape: &[usize]) -> Writer<'a> {
        let tensor = TensorRef::of(values, shape)
            .map_err(|error| Error::new(error.status, format!("'{}': {}", name, error.message)));
        self.add(name, tensor.map(Held::Made));
        self
    }

    /// Adds a pair of metadata.
    pub fn text(mut self, key: &str, value: &str) -> Writer<'a> {
        match (c_text(key, "a key"), c_text(value, "a value")) {
            (Ok(key), Ok(value)) => self.texts.push((key, value)),
            (Err(error), _) | (_, Err(error)) => self.refuse(error),
        }
        self
    }

    fn add(&mut self, name: &str, tensor: Result<Held<'a>>) {
        match (c_text(name, "the name of a tensor"), tensor) {
            (Ok(name), Ok(tensor)) => {
                self.names.push(name);
                self.tensors.push(tensor);
            }
            (Err(error), _) | (_, Err(error)) => self.refuse(error),
        }
    }

    fn refuse(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Writes the file; the order in it depends on names, types and keys alone.
    pub fn save(self, path: impl AsRef<Path>) -> Result<()> {
        check_library()?;
        if let Some(error) = self.error {
            return Err(error);
        }
        let path = c_path(path.as_ref())?;
        let names: Vec<_> = self.names.iter().map(|name| name.as_ptr()).collect();
        let tensors: Vec<_> = self
            .tensors
            .iter()
            .map(|tensor| match tensor {
                Held::Lent(tensor) => tensor.raw() as *const _,
                Held::Made(tensor) => tensor.raw() as *const _,
            })
            .collect();
        let texts: Vec<_> = self
            .texts
            .iter()
            .map(|(key, value)| sys::activ_safetensors_text { key: key.as_ptr(), value: value.as_ptr() })
            .collect();
        let mut message = Message::new();
        // SAFETY: as many names as tensors, and all of it lives during the call; the default context.
        let status = unsafe {
            sys::activ_safetensors_save(
                null(),
                path.as_ptr(),
                tensors.len(),
                names.as_ptr(),
                tensors.as_ptr(),
                texts.len(),
                texts.as_ptr(),
                message.as_mut_ptr(),
            )
        };
        message.check(status)
    }
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("names", &self.names).field("error", &self.error).finish()
    }
}
