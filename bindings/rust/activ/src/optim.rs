//! Optimisers.
use crate::graph::GraphInner;
use crate::{sys, Error, Graph, Result, Status};
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// torch.optim.SGD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub lr: f32,
    /// At least 0.
    pub momentum: f32,
    /// How much of a gradient the momentum leaves out.
    pub dampening: f32,
    /// At least 0.
    pub weight_decay: f32,
    /// Needs momentum, and no dampening.
    pub nesterov: bool,
    /// Goes up instead of down.
    pub maximize: bool,
}

/// torch.optim.AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// The learning rate.
    pub lr: f32,
    /// From 0 to below 1.
    pub beta1: f32,
    /// From 0 to below 1.
    pub beta2: f32,
    /// Above 0.
    pub eps: f32,
    /// At least 0.
    pub weight_decay: f32,
    /// Divides by the largest second moment so far.
    pub amsgrad: bool,
    /// Goes up instead of down.
    pub maximize: bool,
}

/// torch.optim.RMSprop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// The learning rate.
    pub lr: f32,
    /// From 0 to 1.
    pub alpha: f32,
    /// Above 0.
    pub eps: f32,
    /// At least 0.
    pub weight_decay: f32,
    /// At least 0.
    pub momentum: f32,
    /// Subtracts the square of the mean gradient.
    pub centered: bool,
    /// Goes up instead of down.
    pub maximize: bool,
}

impl Default for Sgd {
    /// PyTorch's.
    fn default() -> Sgd {
        let d = sys::ACTIV_SGD_DEFAULTS;
        Sgd {
            lr: d.lr,
            momentum: d.momentum,
            dampening: d.dampening,
            weight_decay: d.weight_decay,
            nesterov: d.nesterov != 0,
            maximize: d.maximize != 0,
        }
    }
}

impl Default for AdamW {
    /// PyTorch's.
    fn default() -> AdamW {
        let d = sys::ACTIV_ADAMW_DEFAULTS;
        AdamW {
            lr: d.lr,
            beta1: d.beta1,
            beta2: d.beta2,
            eps: d.eps,
            weight_decay: d.weight_decay,
            amsgrad: d.amsgrad != 0,
            maximize: d.maximize != 0,
        }
    }
}

impl Default for RmsProp {
    /// PyTorch's.
    fn default() -> RmsProp {
        let d = sys::ACTIV_RMSPROP_DEFAULTS;
        RmsProp {
            lr: d.lr,
            alpha: d.alpha,
            eps: d.eps,
            weight_decay: d.weight_decay,
            momentum: d.momentum,
            centered: d.centered != 0,
            maximize: d.maximize != 0,
        }
    }
}

/// A kind of optimiser with its settings: what [`Optimizer::new`] takes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// torch.optim.SGD.
    Sgd(Sgd),
    /// torch.optim.AdamW.
    AdamW(AdamW),
    /// torch.optim.RMSprop.
    RmsProp(RmsProp),
}

impl From<Sgd> for Algorithm {
    fn from(settings: Sgd) -> Algorithm {
        Algorithm::Sgd(settings)
    }
}

impl From<AdamW> for Algorithm {
    fn from(settings: AdamW) -> Algorithm {
        Algorithm::AdamW(settings)
    }
}

impl From<RmsProp> for Algorithm {
    fn from(settings: RmsProp) -> Algorithm {
        Algorithm::RmsProp(settings)
    }
}

/// Settings of a single tensor: what PyTorch's param_groups are for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TensorOptions {
    /// The tensor's learning rate is this times the optimiser's; 0 freezes the tensor.
    pub lr_scale: f32,
    /// Instead of the optimiser's.
    pub weight_decay: f32,
}

/// Updates the parameters of one graph from its gradients.
///
/// A step takes the graph as `&mut`, as it writes the parameters, which predictions read: so the compiler sees that no
/// thread predicts meanwhile, and that no slice of the parameters is held. The optimiser shares the graph's memory,
/// and may be dropped before it or after.
///
/// ```
/// use activ::{Graph, Optimizer, Sgd};
/// # let mut build = Graph::builder()?;
/// # let x = build.input(2);
/// # let x = build.linear(x, 2);
/// # build.cross_entropy(x);
/// # let mut graph = build.compile(1)?;
/// # graph.init(1)?;
/// let mut sgd = Optimizer::new(&mut graph, Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() })?;
/// graph.train(&[1.0, 2.0], &[0])?;
/// sgd.step(&mut graph)?;
/// assert_eq!(sgd.steps(), 1);
/// # Ok::<(), activ::Error>(())
/// ```
///
/// It does not compile while somebody reads the parameters:
///
/// ```compile_fail,E0502
/// # let mut graph = activ::Graph::load("net.safetensors", 1).unwrap();
/// # let mut sgd = activ::Optimizer::new(&mut graph, activ::Sgd::default()).unwrap();
/// let params = graph.params();
/// sgd.step(&mut graph).unwrap();
/// println!("{}", params[0]);
/// ```
pub struct Optimizer {
    raw: NonNull<sys::activ_optimizer>,
    /// Destroyed after the optimiser.
    graph: Arc<GraphInner>,
}

// SAFETY: an optimiser is used together with its graph by one thread at a time (optim.h): all calls below take the
// graph's lock, as those of the graph do but for predictions, and the step, which writes what predictions read, `&mut
// Graph`.
unsafe impl Send for Optimizer {}
// SAFETY: as above.
unsafe impl Sync for Optimizer {}

impl Drop for Optimizer {
    fn drop(&mut self) {
        let _locked = self.graph.lock();
        // SAFETY: made by the library, and its graph lives.
        unsafe { sys::activ_optimizer_destroy(self.raw.as_ptr()) }
    }
}

impl Optimizer {
    /// Makes an optimiser with state for all parameters of a graph: `Optimizer::new(&mut graph, Sgd::default())`. A
    /// graph may have several.
    ///
    /// ```
    /// # let mut build = activ::Graph::builder()?;
    /// # let x = build.input(2);
    /// # build.linear(x, 2);
    /// # let mut graph = build.compile(1)?;
    /// use activ::{Optimizer, Sgd};
    /// let error = Optimizer::new(&mut graph, Sgd { lr: f32::NAN, ..Sgd::default() }).unwrap_err();
    /// assert!(error.message.contains("lr"), "{}", error);
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn new(graph: &mut Graph, algorithm: impl Into<Algorithm>) -> Result<Optimizer> {
        let inner = graph.inner();
        let mut raw = null_mut();
        let _locked = inner.lock();
        // SAFETY: a graph under its lock; options with their size that live during the call.
        let status = unsafe {
            match algorithm.into() {
                Algorithm::Sgd(settings) => {
                    let mut o = sys::ACTIV_SGD_DEFAULTS;
                    o.lr = settings.lr;
                    o.momentum = settings.momentum;
                    o.dampening = settings.dampening;
                    o.weight_decay = settings.weight_decay;
                    o.nesterov = i32::from(settings.nesterov);
                    o.maximize = i32::from(settings.maximize);
                    sys::activ_sgd_create(inner.raw(), &o, &mut raw)
                }
                Algorithm::AdamW(settings) => {
                    let mut o = sys::ACTIV_ADAMW_DEFAULTS;
                    o.lr = settings.lr;
                    o.beta1 = settings.beta1;
                    o.beta2 = settings.beta2;
                    o.eps = settings.eps;
                    o.weight_decay = settings.weight_decay;
                    o.amsgrad = i32::from(settings.amsgrad);
                    o.maximize = i32::from(settings.maximize);
                    sys::activ_adamw_create(inner.raw(), &o, &mut raw)
                }
                Algorithm::RmsProp(settings) => {
                    let mut o = sys::ACTIV_RMSPROP_DEFAULTS;
                    o.lr = settings.lr;
                    o.alpha = settings.alpha;
                    o.eps = settings.eps;
                    o.weight_decay = settings.weight_decay;
                    o.momentum = settings.momentum;
                    o.centered = i32::from(settings.centered);
                    o.maximize = i32::from(settings.maximize);
                    sys::activ_rmsprop_create(inner.raw(), &o, &mut raw)
                }
            }
        };
        inner.check(status)?;
        Optimizer::from_raw(raw, inner)
    }

    pub(crate) fn from_raw(raw: *mut sys::activ_optimizer, graph: &Arc<GraphInner>) -> Result<Optimizer> {
        let raw = NonNull::new(raw).ok_or_else(|| Error::new(Status::INVALID, "no optimiser was made"))?;
        Ok(Optimizer { raw, graph: graph.clone() })
    }

    pub(crate) fn raw(&self) -> *mut sys::activ_optimizer {
        self.raw.as_ptr()
    }

    /// Fails for another graph than its own.
    pub(crate) fn check_graph(&self, graph: &Graph) -> Result<()> {
        if Arc::ptr_eq(&self.graph, graph.inner()) {
            return Ok(());
        }
        Err(Error::new(Status::INVALID, "the optimiser is another graph's"))
    }

    /// One step with the gradients that the graph holds.
    pub fn step(&mut self, graph: &mut Graph) -> Result<()> {
        self.check_graph(graph)?;
        let _locked = self.graph.lock();
        // SAFETY: under the lock, and nobody else uses the graph.
        let status = unsafe { sys::activ_optimizer_step(self.raw()) };
        self.graph.check(status)
    }

    /// How many steps it has taken, those before a training checkpoint included.
    pub fn steps(&self) -> u64 {
        let _locked = self.graph.lock();
        // SAFETY: under the lock.
        unsafe { sys::activ_optimizer_steps(self.raw()) }
    }

    /// The learning rate.
    pub fn lr(&self) -> f32 {
        let _locked = self.graph.lock();
        // SAFETY: under the lock.
        unsafe { sys::activ_optimizer_lr(self.raw()) }
    }

    /// Sets the learning rate, from the next step on: finite, at least 0.
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        let _locked = self.graph.lock();
        // SAFETY: under the lock.
        let status = unsafe { sys::activ_optimizer_set_lr(self.raw(), lr) };
        self.graph.check(status)
    }

    /// The settings of a tensor, by its index in [`Graph::param_tensors`].
    pub fn tensor_options(&self, tensor: usize) -> Result<TensorOptions> {
        let mut options = sys::ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
        let _locked = self.graph.lock();
        // SAFETY: under the lock; a struct with its size.
        let status = unsafe { sys::activ_optimizer_get_tensor_options(self.raw(), tensor, &mut options) };
        if status != sys::ACTIV_OK {
            return Err(Error::new(Status::from_code(status), format!("there is no tensor number {}", tensor)));
        }
        Ok(TensorOptions { lr_scale: options.lr_scale, weight_decay: options.weight_decay })
    }

    /// Sets them, from the next step on.
    pub fn set_tensor_options(&mut self, tensor: usize, settings: TensorOptions) -> Result<()> {
        let mut options = sys::ACTIV_OPTIMIZER_TENSOR_DEFAULTS;
        options.lr_scale = settings.lr_scale;
        options.weight_decay = settings.weight_decay;
        let _locked = self.graph.lock();
        // SAFETY: under the lock; a struct with its size.
        let status = unsafe { sys::activ_optimizer_set_tensor_options(self.raw(), tensor, &options) };
        self.graph.check(status)
    }

    /// Weight decay 0 for all tensors of fewer than two dimensions: biases, and the parameters of activations and
    /// normalisations.
    pub fn decay_weights_only(&mut self) -> Result<()> {
        let _locked = self.graph.lock();
        // SAFETY: under the lock.
        let status = unsafe { sys::activ_optimizer_decay_weights_only(self.raw()) };
        self.graph.check(status)
    }
}

impl std::fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Optimizer").field("steps", &self.steps()).field("lr", &self.lr()).finish()
    }
}
