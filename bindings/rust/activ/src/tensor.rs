//! Arrays with a shape.
use crate::dtype::convert_raw;
use crate::ffi::{borrowed_slice, check_len, check_library, product, Message};
use crate::{sys, DType, Element, Error, Result, Status};
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::{null, null_mut, NonNull};

/// The C object.
struct Handle {
    raw: NonNull<sys::activ_tensor>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by the library, and nobody else has it.
        unsafe { sys::activ_tensor_destroy(self.raw.as_ptr()) }
    }
}

/// A tensor to be read: a view of a slice, or of another tensor. [`Tensor`] is one to be written, too.
///
/// ```
/// use activ::TensorRef;
/// let values = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let matrix = TensorRef::of(&values, &[2, 3])?;
/// assert_eq!(matrix.transpose(0, 1)?.to_vec::<f32>()?, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// assert!(TensorRef::of(&values, &[2, 4]).is_err());
/// # Ok::<(), activ::Error>(())
/// ```
pub struct TensorRef<'a> {
    handle: Handle,
    _memory: PhantomData<&'a [u8]>,
}

/// A tensor: with memory of its own (`Tensor<'static>`), or a view of a slice or of another tensor to be written to.
///
/// ```
/// use activ::{DType, Tensor};
/// let mut tensor = Tensor::zeros(DType::Float32, &[2, 2])?;
/// tensor.as_mut_slice::<f32>()?.copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
/// tensor.narrow_mut(0, 1, 1)?.as_mut_slice::<f32>()?[0] = 7.0; // of the second row
/// assert_eq!(tensor.as_slice::<f32>()?, [1.0, 2.0, 7.0, 4.0]);
/// # Ok::<(), activ::Error>(())
/// ```
///
/// A view borrows what it is a view of:
///
/// ```compile_fail,E0505
/// use activ::{DType, Tensor};
/// let tensor = Tensor::zeros(DType::Float32, &[2, 2]).unwrap();
/// let view = tensor.narrow(0, 0, 1).unwrap();
/// drop(tensor);
/// println!("{:?}", view.shape());
/// ```
pub struct Tensor<'a> {
    view: TensorRef<'a>,
    _memory: PhantomData<&'a mut [u8]>,
}

// SAFETY: shape, strides and type never change (tensor.h); the elements are memory like any other, which &self reads
// and &mut self writes. A view that is Send borrows memory of elements that are Send and Sync.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl<'a> Deref for Tensor<'a> {
    type Target = TensorRef<'a>;

    fn deref(&self) -> &TensorRef<'a> {
        &self.view
    }
}

/// Calls a function of the library that makes a tensor.
fn make(
    call: impl FnOnce(*mut *mut sys::activ_tensor, *mut sys::activ_message) -> sys::activ_status,
) -> Result<Handle> {
    check_library()?;
    let mut message = Message::new();
    let mut raw = null_mut();
    let status = call(&mut raw, message.as_mut_ptr());
    message.check(status)?;
    match NonNull::new(raw) {
        Some(raw) => Ok(Handle { raw }),
        None => Err(Error::new(Status::INVALID, "no tensor was made")),
    }
}

impl<'a> TensorRef<'a> {
    fn wrap<'b>(handle: Handle) -> TensorRef<'b> {
        TensorRef { handle, _memory: PhantomData }
    }

    /// A view of a slice, row-major.
    pub fn of<T: Element>(values: &'a [T], shape: &[usize]) -> Result<TensorRef<'a>> {
        let count = product(shape, "the tensor")?;
        check_len("values", values.len(), count, || format!("the shape is {:?}", shape))?;
        let handle = make(|out, message| {
            // SAFETY: as many elements as the shape has, of this type; the view keeps them borrowed.
            unsafe {
                sys::activ_tensor_view_const(
                    null(),
                    T::DTYPE.code(),
                    shape.len(),
                    shape.as_ptr(),
                    null(),
                    values.as_ptr().cast(),
                    out,
                    message,
                )
            }
        })?;
        Ok(TensorRef::wrap(handle))
    }

    /// A view of a slice with strides, in elements; 0 is allowed.
    pub fn of_strided<T: Element>(values: &'a [T], shape: &[usize], strides: &[usize]) -> Result<TensorRef<'a>> {
        check_len("strides", strides.len(), shape.len(), || format!("the shape is {:?}", shape))?;
        if product(shape, "the tensor")? > 0 {
            let overflows = || Error::new(Status::RANGE, "the tensor: its strides overflow");
            let mut last = 0usize;
            for (size, stride) in shape.iter().zip(strides) {
                let span = (size - 1).checked_mul(*stride).ok_or_else(overflows)?;
                last = last.checked_add(span).ok_or_else(overflows)?;
            }
            if last >= values.len() {
                let text = format!(
                    "a tensor of shape {:?} and strides {:?} ends at element {}; there are {} values",
                    shape,
                    strides,
                    last,
                    values.len()
                );
                return Err(Error::new(Status::SHAPE, text));
            }
        }
        let handle = make(|out, message| {
            // SAFETY: all elements are values of the slice, which the view keeps borrowed.
            unsafe {
                sys::activ_tensor_view_const(
                    null(),
                    T::DTYPE.code(),
                    shape.len(),
                    shape.as_ptr(),
                    strides.as_ptr(),
                    values.as_ptr().cast(),
                    out,
                    message,
                )
            }
        })?;
        Ok(TensorRef::wrap(handle))
    }

    pub(crate) fn raw(&self) -> *mut sys::activ_tensor {
        self.handle.raw.as_ptr()
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        // SAFETY: a tensor.
        DType::from_code(unsafe { sys::activ_tensor_dtype(self.raw()) })
    }

    /// The dimensions; none for a single element.
    pub fn shape(&self) -> &[usize] {
        // SAFETY: ndim values that never change.
        unsafe { borrowed_slice(sys::activ_tensor_shape(self.raw()), sys::activ_tensor_ndim(self.raw())) }
    }

    /// How many elements lie between neighbours along each dimension.
    pub fn strides(&self) -> &[usize] {
        // SAFETY: ndim values that never change.
        unsafe { borrowed_slice(sys::activ_tensor_strides(self.raw()), sys::activ_tensor_ndim(self.raw())) }
    }

    /// How many elements.
    pub fn count(&self) -> usize {
        // SAFETY: a tensor.
        unsafe { sys::activ_tensor_count(self.raw()) }
    }

    /// Whether it is row-major without gaps.
    pub fn is_contiguous(&self) -> bool {
        // SAFETY: a tensor.
        unsafe { sys::activ_tensor_is_contiguous(self.raw()) != 0 }
    }

    /// The elements, if the tensor is of this type and contiguous.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.check_slice::<T>()?;
        // SAFETY: count elements of this type, which are borrowed as the tensor is.
        Ok(unsafe { borrowed_slice(sys::activ_tensor_const_data(self.raw()).cast::<T>(), self.count()) })
    }

    /// A copy of the elements in row-major order, whatever the strides.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.check_dtype::<T>()?;
        let mut values = crate::ffi::filled(T::default(), self.count())?;
        Tensor::of_mut(&mut values, self.shape())?.copy_from(self)?;
        Ok(values)
    }

    /// A new tensor with the elements in another type, each rounded once: `Float16`, `BFloat16`, `Float32` and `Float64`
    /// to any of these.
    ///
    /// ```
    /// use activ::{DType, TensorRef, BF16};
    /// let half = TensorRef::of(&[1.0f32, 3.14159], &[2])?.convert(DType::BFloat16)?;
    /// assert_eq!(half.as_slice::<BF16>()?[0], BF16::from_f32(1.0));
    /// assert_eq!(half.convert(DType::Float64)?.as_slice::<f64>()?, [1.0, 3.140625]);
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn convert(&self, dtype: DType) -> Result<Tensor<'static>> {
        let mut source = Tensor::zeros(self.dtype(), self.shape())?; // contiguous and aligned
        source.copy_from(self)?;
        let made = Tensor::zeros(dtype, self.shape())?;
        // SAFETY: two tensors of as many elements, of these types; nobody else has them.
        unsafe {
            let (from, to) = (sys::activ_tensor_const_data(source.raw()), sys::activ_tensor_data(made.raw()));
            convert_raw(self.count(), self.dtype(), from, dtype, to)?;
        }
        Ok(made)
    }

    fn check_dtype<T: Element>(&self) -> Result<()> {
        if self.dtype() == T::DTYPE {
            return Ok(());
        }
        Err(Error::new(Status::SHAPE, format!("a tensor of {:?}, not of {:?}", self.dtype(), T::DTYPE)))
    }

    fn check_slice<T: Element>(&self) -> Result<()> {
        self.check_dtype::<T>()?;
        if !self.is_contiguous() {
            let text = format!("a tensor of shape {:?} and strides {:?} is no slice", self.shape(), self.strides());
            return Err(Error::new(Status::STATE, text));
        }
        // SAFETY: a tensor.
        let address = unsafe { sys::activ_tensor_const_data(self.raw()) } as usize;
        if address % std::mem::align_of::<T>() != 0 {
            return Err(Error::new(Status::STATE, "a tensor at an address that is not aligned is no slice"));
        }
        Ok(())
    }

    /// A view with another shape of as many elements, of a contiguous tensor.
    pub fn reshape(&self, shape: &[usize]) -> Result<TensorRef<'_>> {
        Ok(TensorRef::wrap(reshape(self.raw(), shape)?))
    }

    /// A view of the `length` entries from `start` on along a dimension.
    pub fn narrow(&self, dim: usize, start: usize, length: usize) -> Result<TensorRef<'_>> {
        Ok(TensorRef::wrap(narrow(self.raw(), dim, start, length)?))
    }

    /// A view with two dimensions exchanged.
    pub fn transpose(&self, dim0: usize, dim1: usize) -> Result<TensorRef<'_>> {
        Ok(TensorRef::wrap(transpose(self.raw(), dim0, dim1)?))
    }
}

// Of the tensor that a view is made of the library only reads, and counts its views, which any number of threads may do
// at the same time. Whether the view may be written to is decided by the type that wraps it.

fn reshape(raw: *mut sys::activ_tensor, shape: &[usize]) -> Result<Handle> {
    // SAFETY: a tensor that lives during the call.
    make(|out, message| unsafe { sys::activ_tensor_reshape(raw, shape.len(), shape.as_ptr(), out, message) })
}

fn narrow(raw: *mut sys::activ_tensor, dim: usize, start: usize, length: usize) -> Result<Handle> {
    // SAFETY: a tensor that lives during the call.
    make(|out, message| unsafe { sys::activ_tensor_narrow(raw, dim, start, length, out, message) })
}

fn transpose(raw: *mut sys::activ_tensor, dim0: usize, dim1: usize) -> Result<Handle> {
    // SAFETY: a tensor that lives during the call.
    make(|out, message| unsafe { sys::activ_tensor_transpose(raw, dim0, dim1, out, message) })
}

impl Tensor<'static> {
    /// A new tensor, all zero.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Tensor<'static>> {
        let handle = make(|out, message| {
            // SAFETY: the shape lives during the call.
            unsafe { sys::activ_tensor_create(null(), dtype.code(), shape.len(), shape.as_ptr(), out, message) }
        })?;
        Ok(Tensor::wrap(handle))
    }

    /// A new tensor with a copy of these values, row-major.
    pub fn from_values<T: Element>(values: &[T], shape: &[usize]) -> Result<Tensor<'static>> {
        let mut tensor = Tensor::zeros(T::DTYPE, shape)?;
        tensor.copy_from(&TensorRef::of(values, shape)?)?;
        Ok(tensor)
    }

    /// Takes over an array of another library's without a copy, in DLPack's form of versions 1.x. On success its
    /// deleter is called when the tensor is dropped; on failure it stays the caller's, untouched. Where it says that
    /// it is read-only, the tensor's elements can only be read ([`Status::STATE`]).
    ///
    /// # Safety
    /// `managed` is a DLManagedTensorVersioned of DLPack's that describes memory which exists, and nobody has called
    /// its deleter. As long as the tensor lives, nobody writes to the memory, nor, unless it is read-only, reads it.
    /// The deleter may be called in any thread.
    pub unsafe fn from_dlpack_versioned(managed: NonNull<sys::DLManagedTensorVersioned>) -> Result<Tensor<'static>> {
        let handle = make(|out, message| {
            // SAFETY: as the caller says; the default context.
            unsafe { sys::activ_tensor_from_dlpack_versioned(null(), managed.as_ptr(), out, message) }
        })?;
        Ok(Tensor::wrap(handle))
    }

    /// The same of DLPack's form before 1.0.
    ///
    /// # Safety
    /// As [`Tensor::from_dlpack_versioned`], of a DLManagedTensor.
    pub unsafe fn from_dlpack(managed: NonNull<sys::DLManagedTensor>) -> Result<Tensor<'static>> {
        let handle = make(|out, message| {
            // SAFETY: as the caller says; the default context.
            unsafe { sys::activ_tensor_from_dlpack(null(), managed.as_ptr(), out, message) }
        })?;
        Ok(Tensor::wrap(handle))
    }

    /// Gives the tensor to another library without a copy, in DLPack's form of versions 1.x. Its memory lives until
    /// that library calls the deleter. (A tensor that cannot be given away is dropped.)
    pub fn into_dlpack_versioned(self) -> Result<NonNull<sys::DLManagedTensorVersioned>> {
        let mut message = Message::new();
        let mut out = null_mut();
        // SAFETY: a tensor, which nobody uses any more but by what is made here.
        let status = unsafe { sys::activ_tensor_to_dlpack_versioned(self.raw(), &mut out, message.as_mut_ptr()) };
        message.check(status)?;
        NonNull::new(out).ok_or_else(|| Error::new(Status::INVALID, "nothing was exported"))
    }

    /// The same in DLPack's form before 1.0, which a read-only tensor has not.
    pub fn into_dlpack(self) -> Result<NonNull<sys::DLManagedTensor>> {
        let mut message = Message::new();
        let mut out = null_mut();
        // SAFETY: as above.
        let status = unsafe { sys::activ_tensor_to_dlpack(self.raw(), &mut out, message.as_mut_ptr()) };
        message.check(status)?;
        NonNull::new(out).ok_or_else(|| Error::new(Status::INVALID, "nothing was exported"))
    }
}

impl<'a> Tensor<'a> {
    fn wrap<'b>(handle: Handle) -> Tensor<'b> {
        Tensor { view: TensorRef::wrap(handle), _memory: PhantomData }
    }

    /// A view of a slice, row-major.
    pub fn of_mut<T: Element>(values: &'a mut [T], shape: &[usize]) -> Result<Tensor<'a>> {
        let count = product(shape, "the tensor")?;
        check_len("values", values.len(), count, || format!("the shape is {:?}", shape))?;
        let handle = make(|out, message| {
            // SAFETY: as many elements as the shape has, of this type; the view keeps them borrowed.
            unsafe {
                sys::activ_tensor_view(
                    null(),
                    T::DTYPE.code(),
                    shape.len(),
                    shape.as_ptr(),
                    null(),
                    values.as_mut_ptr().cast(),
                    out,
                    message,
                )
            }
        })?;
        Ok(Tensor::wrap(handle))
    }

    /// The elements to be written to, if the tensor is of this type and contiguous.
    pub fn as_mut_slice<T: Element>(&mut self) -> Result<&mut [T]> {
        self.check_slice::<T>()?;
        // SAFETY: a tensor.
        let (data, count) = unsafe { (sys::activ_tensor_data(self.raw()).cast::<T>(), self.count()) };
        if count == 0 {
            return Ok(&mut []);
        }
        if data.is_null() {
            return Err(Error::new(Status::STATE, "the tensor is read-only"));
        }
        // SAFETY: count elements of this type, which are borrowed as the tensor is. A contiguous tensor has each
        // element at an address of its own.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, count) })
    }

    /// Copies all elements from a tensor of the same type and shape, whatever the strides of both.
    pub fn copy_from(&mut self, from: &TensorRef<'_>) -> Result<()> {
        let mut message = Message::new();
        // SAFETY: two tensors.
        let status = unsafe { sys::activ_tensor_copy(from.raw(), self.raw(), message.as_mut_ptr()) };
        message.check(status).map_err(|error| {
            let shapes = format!("{:?} {:?} to {:?} {:?}", from.dtype(), from.shape(), self.dtype(), self.shape());
            Error::new(error.status, format!("{} ({})", error.message, shapes))
        })
    }

    /// [`TensorRef::reshape`], to be written to.
    pub fn reshape_mut(&mut self, shape: &[usize]) -> Result<Tensor<'_>> {
        Ok(Tensor::wrap(reshape(self.raw(), shape)?))
    }

    /// [`TensorRef::narrow`], to be written to.
    pub fn narrow_mut(&mut self, dim: usize, start: usize, length: usize) -> Result<Tensor<'_>> {
        Ok(Tensor::wrap(narrow(self.raw(), dim, start, length)?))
    }

    /// [`TensorRef::transpose`], to be written to.
    pub fn transpose_mut(&mut self, dim0: usize, dim1: usize) -> Result<Tensor<'_>> {
        Ok(Tensor::wrap(transpose(self.raw(), dim0, dim1)?))
    }
}

impl std::fmt::Debug for TensorRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.dtype(), self.shape())
    }
}

impl std::fmt::Debug for Tensor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view.fmt(f)
    }
}
