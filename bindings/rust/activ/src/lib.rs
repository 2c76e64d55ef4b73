//! Activation functions, forward and backward, hard-wired and trainable, and networks that train with them: libactiv.
//!
//! A function on an array:
//!
//! ```
//! use activ::Function;
//! let gelu = Function::new("gelu")?;
//! let (x, mut y) = ([-1.0, 0.0, 2.0], [0.0; 3]);
//! gelu.forward(None, &x, &mut y)?;
//! let mut dx = [0.0; 3];
//! gelu.backward(None, &x, &[1.0; 3], Some(&mut dx), None)?;
//! # Ok::<(), activ::Error>(())
//! ```
//!
//! A network, an optimiser, a file:
//!
//! ```
//! use activ::{AdamW, Function, Graph, Optimizer};
//!
//! let mut build = Graph::builder()?;
//! let x = build.input(2);
//! let x = build.linear(x, 16);
//! let x = build.apply(x, &Function::new("mish")?);
//! let x = build.linear(x, 2);
//! build.cross_entropy(x);
//! let mut graph = build.compile(4)?;
//! graph.init(1)?;
//!
//! // Which of two numbers is larger?
//! let (x, labels) = ([0.0, 1.0, 3.0, 2.0, 0.5, 0.1, -1.0, 1.0], [1, 0, 0, 1]);
//! let mut adamw = Optimizer::new(&mut graph, AdamW { lr: 0.05, ..AdamW::default() })?;
//! for _ in 0..100 {
//!     graph.train(&x, &labels)?;
//!     adamw.step(&mut graph)?;
//! }
//! assert_eq!(graph.evaluate(&x, &labels)?.correct, 4);
//! # Ok::<(), activ::Error>(())
//! ```
//!
//! Rules that hold everywhere:
//!
//! - The same inputs give the same bits on every CPU, instruction set and thread count. All randomness is a function of
//!   a seed.
//! - Nothing panics: what is wrong with an argument, a length, a file, a number that is NaN, comes back as an [`Error`]
//!   that names it. Nothing is printed, and no thread started but a [`Context`]'s that asks for some.
//! - Objects hold what they depend on: a view its memory, by a lifetime; an optimiser its graph, an object its context,
//!   by a shared pointer. So nothing can be dropped too early.
//! - Handles are [`Send`] and [`Sync`]; the reason stands beside each `unsafe impl`.
//!
//! The library is found as the README says (`ACTIV_LIB_DIR`, or pkg-config). Its version is checked when the first
//! object is made: another one than this crate was written for is an error that names both.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

use activ_sys as sys;

pub mod analysis;
mod checkpoint;
mod context;
mod cpu;
mod custom;
mod dtype;
mod error;
mod ffi;
mod function;
mod graph;
pub mod init;
mod matrix;
mod optim;
pub mod random;
pub mod safetensors;
pub mod schedule;
mod tensor;

pub use activ_sys::{DLManagedTensor, DLManagedTensorVersioned};
pub use checkpoint::{Left, LoadOptions};
pub use context::{Context, ContextBuilder, Executor};
pub use cpu::{check_version, max_tier, tier, tiers, version};
pub use custom::{Custom, CustomFunction};
pub use dtype::{convert, DType, Element, Operand, Real, BF16, F16};
pub use error::{Error, Result, Status};
pub use function::{catalog, Draw, Function, FunctionInfo, Gate, ParamTensor, Setting, SettingKind, Shape};
pub use graph::{
    Compile, CrossEntropy, Evaluation, Graph, GraphBuilder, LayerView, Node, NodeInfo, Norm, Step, TensorInfo,
    Workspace,
};
pub use matrix::{Matrix, MatrixMut};
pub use optim::{AdamW, Algorithm, Optimizer, RmsProp, Sgd, TensorOptions};
pub use tensor::{Tensor, TensorRef};

/// The examples of the README are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
