//! Arrays shared with other libraries, by DLPack's structs of version 1.0, as a library would have them that is neither
//! this one nor C.
#![deny(unsafe_op_in_unsafe_fn)]

use activ::{DLManagedTensor, DLManagedTensorVersioned, DType, Status, Tensor};
use std::os::raw::c_void;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

#[repr(C)]
struct DlTensor {
    data: *mut c_void,
    device: i32,
    device_id: i32,
    ndim: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

#[repr(C)]
struct Versioned {
    major: u32,
    minor: u32,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Versioned)>,
    flags: u64,
    tensor: DlTensor,
}

#[repr(C)]
struct Legacy {
    tensor: DlTensor,
    context: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Legacy)>,
}

static DELETED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn delete(managed: *mut Versioned) {
    // Made by `other`.
    let managed = unsafe { Box::from_raw(managed) };
    unsafe {
        drop(Box::from_raw(managed.context as *mut ([f32; 6], [i64; 2], [i64; 2])));
    }
    DELETED.fetch_add(1, Ordering::SeqCst);
}

/// Another library's array: 2 x 3 values, column by column.
fn other(major: u32, flags: u64) -> *mut Versioned {
    let owner = Box::into_raw(Box::new(([0.0f32, 3.0, 1.0, 4.0, 2.0, 5.0], [2i64, 3], [1i64, 2])));
    let (data, shape, strides) = unsafe { (&mut (*owner).0, &mut (*owner).1, &mut (*owner).2) };
    Box::into_raw(Box::new(Versioned {
        major,
        minor: 0,
        context: owner.cast(),
        deleter: Some(delete),
        flags,
        tensor: DlTensor {
            data: data.as_mut_ptr().cast(),
            device: 1,
            device_id: 0,
            ndim: 2,
            code: 2,
            bits: 32,
            lanes: 1,
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            byte_offset: 0,
        },
    }))
}

fn take(managed: *mut Versioned) -> activ::Result<Tensor<'static>> {
    unsafe { Tensor::from_dlpack_versioned(NonNull::new(managed.cast::<DLManagedTensorVersioned>()).unwrap()) }
}

// One test, as the count of deleted arrays is one.
#[test]
fn arrays_go_both_ways_without_a_copy() {
    let managed = other(1, 0);
    let mut tensor = take(managed).unwrap();
    assert_eq!((tensor.dtype(), tensor.shape(), tensor.strides()), (DType::Float32, &[2, 3][..], &[1, 2][..]));
    assert_eq!(tensor.to_vec::<f32>().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let mut across = tensor.transpose_mut(0, 1).unwrap();
    across.as_mut_slice::<f32>().unwrap()[1] = 7.0;
    drop(across);
    assert_eq!(unsafe { *(*managed).tensor.data.cast::<f32>().add(1) }, 7.0, "no copy");
    assert_eq!(DELETED.load(Ordering::SeqCst), 0);
    std::thread::spawn(move || drop(tensor)).join().unwrap();
    assert_eq!(DELETED.load(Ordering::SeqCst), 1);

    // Read-only, and refused: then it stays the caller's.
    let mut tensor = take(other(1, 1)).unwrap();
    assert_eq!(tensor.transpose_mut(0, 1).unwrap().as_mut_slice::<f32>().unwrap_err().status, Status::STATE);
    assert_eq!(tensor.transpose(0, 1).unwrap().as_slice::<f32>().unwrap()[0], 0.0);
    let zeros = Tensor::zeros(DType::Float32, &[2, 3]).unwrap();
    assert_eq!(tensor.copy_from(&zeros).unwrap_err().status, Status::STATE);
    assert_eq!(tensor.into_dlpack().unwrap_err().status, Status::STATE);
    assert_eq!(DELETED.load(Ordering::SeqCst), 2);
    let managed = other(2, 0);
    assert_eq!(take(managed).unwrap_err().status, Status::UNSUPPORTED);
    assert_eq!(DELETED.load(Ordering::SeqCst), 2);
    unsafe { delete(managed) };

    // From here to there, and back.
    let tensor = Tensor::from_values(&[1i64, 2, 3], &[3]).unwrap();
    let address = tensor.as_slice::<i64>().unwrap().as_ptr();
    let exported = tensor.into_dlpack_versioned().unwrap();
    let seen = unsafe { &*exported.as_ptr().cast::<Versioned>() };
    assert_eq!((seen.major, seen.flags, seen.tensor.device, seen.tensor.ndim), (1, 0, 1, 1));
    assert_eq!((seen.tensor.code, seen.tensor.bits, seen.tensor.lanes), (0, 64, 1));
    assert_eq!(unsafe { (*seen.tensor.shape, *seen.tensor.strides) }, (3, 1));
    assert_eq!(seen.tensor.data as usize + seen.tensor.byte_offset as usize, address as usize);
    let back = unsafe { Tensor::from_dlpack_versioned(exported) }.unwrap();
    assert_eq!(back.as_slice::<i64>().unwrap(), [1, 2, 3]);

    // Two of 16 bits, which are told apart.
    for (dtype, code) in [(DType::Float16, 2), (DType::BFloat16, 4)] {
        let exported = Tensor::zeros(dtype, &[2]).unwrap().into_dlpack_versioned().unwrap();
        let seen = unsafe { &*exported.as_ptr().cast::<Versioned>() };
        assert_eq!((seen.tensor.code, seen.tensor.bits), (code, 16));
        assert_eq!(unsafe { Tensor::from_dlpack_versioned(exported) }.unwrap().dtype(), dtype);
    }

    let exported = back.into_dlpack().unwrap();
    let seen = unsafe { &*exported.as_ptr().cast::<Legacy>() };
    assert_eq!(seen.tensor.data as usize, address as usize);
    let deleter = seen.deleter.unwrap();
    let back = unsafe { Tensor::from_dlpack(exported) }.unwrap();
    assert_eq!(back.as_slice::<i64>().unwrap()[2], 3);
    let exported: NonNull<DLManagedTensor> = back.into_dlpack().unwrap();
    unsafe { deleter(exported.as_ptr().cast()) };
}
