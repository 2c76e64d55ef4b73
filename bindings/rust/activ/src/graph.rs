//! Networks: built layer by layer, trained by backpropagation.
use crate::context::{raw_context, ContextInner};
use crate::custom::{check_all, CustomInner};
use crate::ffi::{
    borrowed_slice, borrowed_text, c_text, check_len, check_library, check_status, failure, filled, owned_text,
    product, Message,
};
use crate::init::Scheme;
use crate::{sys, Error, Function, Gate, Optimizer, Result, Status};
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::{null_mut, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A node of one graph: what a builder call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    graph: usize,
    index: sys::activ_node,
}

/// An index that no graph has: what the library is given for another graph's node.
const FOREIGN: sys::activ_node = sys::activ_node::MAX;

/// The C graph, and what has to live as long. Graph, its optimisers and others share it.
pub(crate) struct GraphInner {
    raw: NonNull<sys::activ_graph>,
    /// Tells the nodes of different graphs apart.
    id: usize,
    /// The library wants a graph and its optimisers to be used by one thread at a time, apart from predictions. Calls
    /// with `&mut Graph` are that anyway; but an optimiser, or a thread that shares `&Graph`, may come in between.
    lock: Mutex<()>,
    /// Of the program's own, that may be called.
    customs: Vec<Arc<CustomInner>>,
    /// What was applied, with the contexts behind it.
    _functions: Vec<Function>,
    _context: Option<Arc<ContextInner>>,
}

// SAFETY: a graph may move between threads: it is used by one at a time (graph.h), which `lock` and `&mut Graph` see
// to. The functions of the program's that it calls are Send and Sync.
unsafe impl Send for GraphInner {}
// SAFETY: as above. Predictions, which take no lock, may be made by any number of threads at the same time as long as
// nobody trains the graph, initialises it or loads into it (activ_graph_predict): all these take `&mut Graph`.
unsafe impl Sync for GraphInner {}

impl Drop for GraphInner {
    fn drop(&mut self) {
        // SAFETY: made by the library. Its optimisers hold this object, so they are gone.
        unsafe { sys::activ_graph_destroy(self.raw.as_ptr()) }
    }
}

impl GraphInner {
    /// Of a C graph that nobody else has.
    fn new(raw: *mut sys::activ_graph, context: Option<Arc<ContextInner>>) -> Result<GraphInner> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let raw = NonNull::new(raw).ok_or_else(|| Error::new(Status::INVALID, "no graph was made"))?;
        Ok(GraphInner {
            raw,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            lock: Mutex::new(()),
            customs: Vec::new(),
            _functions: Vec::new(),
            _context: context,
        })
    }

    pub(crate) fn raw(&self) -> *mut sys::activ_graph {
        self.raw.as_ptr()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, ()> {
        // Nothing that it guards is left half-done by a panic.
        self.lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The reason of a failure; to be called under the lock that the call had.
    pub(crate) fn check(&self, status: sys::activ_status) -> Result<()> {
        if status == sys::ACTIV_OK {
            return Ok(());
        }
        // SAFETY: a graph; the text is copied before its next call.
        Err(failure(status, unsafe { &owned_text(sys::activ_graph_error(self.raw())) }))
    }

    fn index(&self, node: Node) -> sys::activ_node {
        if node.graph == self.id {
            node.index
        } else {
            FOREIGN
        }
    }

    fn node(&self, index: sys::activ_node) -> Node {
        Node { graph: self.id, index }
    }

    pub(crate) fn node_if(&self, index: sys::activ_node) -> Option<Node> {
        (index >= 0).then(|| self.node(index))
    }

    /// The values per sample of a node; None if there is no such node.
    fn width(&self, index: sys::activ_node) -> Option<usize> {
        let mut info = sys::ACTIV_NODE_INFO_INIT;
        // SAFETY: a graph and a struct with its size; the shape lives until the next builder call.
        unsafe {
            if sys::activ_graph_node_info(self.raw(), index, &mut info) != sys::ACTIV_OK {
                return None;
            }
            product(borrowed_slice(info.shape, info.ndim), "a node").ok()
        }
    }
}

// ---- building ----

/// Builds a network, layer by layer.
///
/// Builder calls do not fail: the first error is remembered, later calls do nothing, and [`GraphBuilder::compile`]
/// answers with it, so that a network reads like the sentence that describes it.
///
/// ```
/// use activ::{Function, Graph};
/// let relu = Function::new("relu")?;
/// let mut build = Graph::builder()?;
/// let x = build.input(784);
/// let x = build.linear(x, 64);
/// let x = build.apply(x, &relu);
/// let x = build.linear(x, 10);
/// build.cross_entropy(x);
/// let mut graph = build.compile(128)?; // for batches of up to 128 samples
/// graph.init(1)?;
/// # Ok::<(), activ::Error>(())
/// ```
///
/// The error has the layer's name and the shapes:
///
/// ```
/// # use activ::Graph;
/// let mut build = Graph::builder()?;
/// let x = build.input(784);
/// let y = build.linear(x, 64);
/// build.add(x, y);
/// let error = build.compile(128).unwrap_err();
/// assert!(error.message.contains("784") && error.message.contains("64"), "{}", error);
/// # Ok::<(), activ::Error>(())
/// ```
///
/// Compiling takes the builder, so nothing can be added afterwards:
///
/// ```compile_fail,E0382
/// # use activ::Graph;
/// let mut build = Graph::builder().unwrap();
/// let graph = build.compile(128);
/// build.input(784);
/// ```
pub struct GraphBuilder {
    inner: GraphInner,
    functions: Vec<Function>,
    /// The library has refused a call, and remembers the reason.
    failed: bool,
    /// An error that the library does not know of; there is none if it refused a call before.
    error: Option<Error>,
}

/// Settings of batch_norm and layer_norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Added to a variance; above 0.
    pub eps: f32,
    /// batch_norm: how far a training step moves the running values towards the batch's, 0 to 1.
    pub momentum: f32,
}

impl Default for Norm {
    /// PyTorch's.
    fn default() -> Norm {
        Norm { eps: sys::ACTIV_NORM_DEFAULTS.eps, momentum: sys::ACTIV_NORM_DEFAULTS.momentum }
    }
}

impl Norm {
    fn options(self) -> sys::activ_norm_options {
        let mut options = sys::ACTIV_NORM_DEFAULTS;
        options.eps = self.eps;
        options.momentum = self.momentum;
        options
    }
}

/// Settings of the cross-entropy: what PyTorch's CrossEntropyLoss can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropy {
    /// Of each class, finite and not negative; None: all 1.
    pub weight: Option<Vec<f32>>,
    /// 0 to 1: the part of the label that goes to all classes alike.
    pub label_smoothing: f32,
    /// A label whose samples count nothing.
    pub ignore_index: i32,
}

impl Default for CrossEntropy {
    /// PyTorch's.
    fn default() -> CrossEntropy {
        let defaults = sys::ACTIV_CROSS_ENTROPY_DEFAULTS;
        CrossEntropy { weight: None, label_smoothing: defaults.label_smoothing, ignore_index: defaults.ignore_index }
    }
}

/// What can be chosen in compiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compile {
    /// The largest batch; 0: for predictions only.
    pub max_batch: usize,
    /// After a training step the values and gradients of every node can be read. Takes memory for each; the results are
    /// the same bits.
    pub keep_values: bool,
}

impl Compile {
    /// For batches of up to `max_batch` samples.
    pub fn for_batches(max_batch: usize) -> Compile {
        Compile { max_batch, keep_values: false }
    }

    /// Keeps the values and gradients of every node.
    pub fn keep_values(mut self) -> Compile {
        self.keep_values = true;
        self
    }

    fn options(self) -> sys::activ_compile_options {
        let mut options = sys::ACTIV_COMPILE_DEFAULTS;
        options.max_batch = self.max_batch;
        options.keep_values = i32::from(self.keep_values);
        options
    }
}

impl From<usize> for Compile {
    fn from(max_batch: usize) -> Compile {
        Compile::for_batches(max_batch)
    }
}

impl GraphBuilder {
    pub(crate) fn in_context(context: Option<Arc<ContextInner>>) -> Result<GraphBuilder> {
        check_library()?;
        let mut raw = null_mut();
        // SAFETY: the context lives during the call, and as long as the graph.
        check_status(unsafe { sys::activ_graph_create(raw_context(&context), &mut raw) }, "a graph")?;
        Ok(GraphBuilder { inner: GraphInner::new(raw, context)?, functions: Vec::new(), failed: false, error: None })
    }

    /// Why the network cannot be built, so far; None if it can.
    pub fn error(&self) -> Option<String> {
        match &self.error {
            Some(error) => Some(error.message.clone()),
            // SAFETY: a graph; the text is copied.
            None => self.failed.then(|| unsafe { owned_text(sys::activ_graph_error(self.inner.raw())) }),
        }
    }

    fn add_node(&mut self, call: impl FnOnce(&GraphInner, *mut sys::activ_graph) -> sys::activ_node) -> Node {
        let index = if self.error.is_none() { call(&self.inner, self.inner.raw()) } else { -1 };
        self.failed |= index < 0 && self.error.is_none();
        self.inner.node(index)
    }

    /// Remembers an error, unless there was one before.
    fn refuse(&mut self, error: Error) -> Node {
        if !self.failed && self.error.is_none() {
            self.error = Some(error);
        }
        self.inner.node(-1)
    }

    /// Its parameters, and those functions of the program's that it calls, are the graph's from now on.
    fn keep(&mut self, function: &Function) {
        self.functions.push(function.clone());
    }

    // In the calls below: SAFETY: a graph, and arguments that live during the call. What the graph keeps of a function
    // of the program's own lives as long as `functions`.

    /// The input: `features` values per sample. A graph has one.
    pub fn input(&mut self, features: usize) -> Node {
        self.add_node(|_, g| unsafe { sys::activ_graph_input(g, features) })
    }

    /// The input as samples of several dimensions.
    pub fn input_shape(&mut self, shape: &[usize]) -> Node {
        self.add_node(|_, g| unsafe { sys::activ_graph_input_shape(g, shape.len(), shape.as_ptr()) })
    }

    /// Each sample as one row of values.
    pub fn flatten(&mut self, x: Node) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_flatten(g, inner.index(x)) })
    }

    /// y = x W^T + b.
    pub fn linear(&mut self, x: Node, out_features: usize) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_linear(g, inner.index(x), out_features) })
    }

    /// y = x W^T.
    pub fn linear_without_bias(&mut self, x: Node, out_features: usize) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_linear_without_bias(g, inner.index(x), out_features) })
    }

    /// y = f(x), with parameters of this layer's own.
    pub fn apply(&mut self, x: Node, function: &Function) -> Node {
        self.keep(function);
        self.add_node(|inner, g| unsafe { sys::activ_graph_apply(g, inner.index(x), function.raw()) })
    }

    /// y = f(x) with the function and the parameters of an earlier activation layer.
    pub fn apply_shared(&mut self, x: Node, earlier: Node) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_apply_shared(g, inner.index(x), inner.index(earlier)) })
    }

    /// y = value * act(gate), for a gated function.
    pub fn gated(&mut self, value: Node, gate: Node, function: &Function) -> Node {
        self.keep(function);
        self.add_node(|inner, g| unsafe {
            sys::activ_graph_gated(g, inner.index(value), inner.index(gate), function.raw())
        })
    }

    /// The same with the two halves of x's last dimension.
    pub fn gated_split(&mut self, x: Node, function: &Function, gate: Gate) -> Node {
        self.keep(function);
        self.add_node(|inner, g| unsafe {
            sys::activ_graph_gated_split(g, inner.index(x), function.raw(), gate.code())
        })
    }

    /// y = a + b.
    pub fn add(&mut self, a: Node, b: Node) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_add(g, inner.index(a), inner.index(b)) })
    }

    /// y = a * b, element by element.
    pub fn multiply(&mut self, a: Node, b: Node) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_multiply(g, inner.index(a), inner.index(b)) })
    }

    /// The values of the inputs one behind the other along an axis of a sample: 0 is the first after the batch, -1 the
    /// last.
    pub fn concat(&mut self, inputs: &[Node], axis: i32) -> Node {
        let indices: Vec<_> = inputs.iter().map(|node| self.inner.index(*node)).collect();
        self.add_node(|_, g| unsafe { sys::activ_graph_concat_many(g, indices.len(), indices.as_ptr(), axis) })
    }

    /// In training each value becomes 0 with probability p, and the others are multiplied by 1/(1 - p).
    pub fn dropout(&mut self, x: Node, p: f32) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_dropout(g, inner.index(x), p) })
    }

    /// PyTorch's BatchNorm, with the usual settings.
    pub fn batch_norm(&mut self, x: Node) -> Node {
        self.batch_norm_with(x, Norm::default())
    }

    /// PyTorch's BatchNorm.
    pub fn batch_norm_with(&mut self, x: Node, norm: Norm) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_batch_norm(g, inner.index(x), &norm.options()) })
    }

    /// PyTorch's LayerNorm over the dimensions from `axis` on, with the usual settings.
    pub fn layer_norm(&mut self, x: Node, axis: i32) -> Node {
        self.layer_norm_with(x, axis, Norm::default())
    }

    /// PyTorch's LayerNorm over the dimensions from `axis` on.
    pub fn layer_norm_with(&mut self, x: Node, axis: i32, norm: Norm) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_layer_norm(g, inner.index(x), axis, &norm.options()) })
    }

    /// The loss: the mean of -ln softmax(logits) at the label.
    pub fn cross_entropy(&mut self, logits: Node) -> Node {
        self.cross_entropy_with(logits, &CrossEntropy::default())
    }

    /// The same with class weights, smoothed labels, or a label to ignore.
    pub fn cross_entropy_with(&mut self, logits: Node, settings: &CrossEntropy) -> Node {
        let mut options = sys::ACTIV_CROSS_ENTROPY_DEFAULTS;
        options.label_smoothing = settings.label_smoothing;
        options.ignore_index = settings.ignore_index;
        if let Some(weight) = &settings.weight {
            // Of a node that is none the library says so; it does not look at the weights then.
            if let Some(classes) = self.inner.width(self.inner.index(logits)) {
                let why = || "one for each class".to_string();
                if let Err(error) = check_len("the weight of a cross-entropy", weight.len(), classes, why) {
                    return self.refuse(error);
                }
                options.weight = weight.as_ptr();
            }
        }
        self.add_node(|inner, g| unsafe { sys::activ_graph_cross_entropy_ex(g, inner.index(logits), &options) })
    }

    /// The loss: the mean of (prediction - target)^2.
    pub fn mse(&mut self, prediction: Node) -> Node {
        self.add_node(|inner, g| unsafe { sys::activ_graph_mse(g, inner.index(prediction)) })
    }

    /// Renames a node: 1 to 63 letters, digits, `_`, `-` and `.`, unique in the graph.
    pub fn set_name(&mut self, node: Node, name: &str) {
        match c_text(name, "the name of a node") {
            Ok(name) => {
                // No node: 0, or -1 as of a builder call that failed.
                self.add_node(|inner, g| unsafe {
                    -i32::from(sys::activ_graph_set_name(g, inner.index(node), name.as_ptr()) != sys::ACTIV_OK)
                });
            }
            Err(error) => {
                self.refuse(error);
            }
        }
    }

    /// How much memory the graph will hold, optimisers apart; None if it cannot be compiled so.
    pub fn memory_bytes(&mut self, compile: impl Into<Compile>) -> Option<usize> {
        if self.failed || self.error.is_some() {
            return None;
        }
        let options = compile.into().options();
        // SAFETY: a graph and options with their size.
        match unsafe { sys::activ_graph_memory_bytes_ex(self.inner.raw(), &options) } {
            0 => None,
            bytes => Some(bytes),
        }
    }

    /// Checks the whole, and takes all the memory that training will need. Takes the largest batch (0: the graph is for
    /// predictions only), or a [`Compile`].
    ///
    /// Parameters start as zeros: [`Graph::init`] or a checkpoint gives them values.
    pub fn compile(self, compile: impl Into<Compile>) -> Result<Graph> {
        let GraphBuilder { mut inner, functions, error, .. } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let options = compile.into().options();
        let mut message = Message::new();
        // SAFETY: a graph and options with their size.
        let status = unsafe { sys::activ_graph_compile_ex(inner.raw(), &options, message.as_mut_ptr()) };
        message.check(status)?;
        for custom in functions.iter().flat_map(|function| function.customs()) {
            if !inner.customs.iter().any(|known| Arc::ptr_eq(known, custom)) {
                inner.customs.push(custom.clone());
            }
        }
        inner._functions = functions;
        Ok(Graph::wrap(inner))
    }
}

impl std::fmt::Debug for GraphBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphBuilder").field("error", &self.error()).finish()
    }
}

// ---- a compiled graph ----

/// A network that is compiled: to be trained, saved, asked for predictions.
///
/// ```
/// use activ::{AdamW, Function, Graph, Optimizer};
///
/// let mut build = Graph::builder()?;
/// let x = build.input(1);
/// let x = build.linear(x, 16);
/// let x = build.apply(x, &Function::new("tanh")?);
/// let x = build.linear(x, 1);
/// build.mse(x);
/// let mut graph = build.compile(32)?;
/// graph.init(1)?;
///
/// let x: Vec<f32> = (0..32).map(|i| i as f32 / 16.0 - 1.0).collect();
/// let targets: Vec<f32> = x.iter().map(|x| x * x).collect();
/// let mut adamw = Optimizer::new(&mut graph, AdamW { lr: 0.01, ..AdamW::default() })?;
/// for _ in 0..500 {
///     graph.step_values(&mut adamw, &x, &targets)?; // or graph.train_values(..), and adamw.step(..)
/// }
/// assert!(graph.evaluate_values(&x, &targets)? < 1e-3);
/// let y = graph.predict(&[0.5])?; // &self: from as many threads as one likes
/// assert!((y[0] - 0.25).abs() < 0.1);
/// # Ok::<(), activ::Error>(())
/// ```
///
/// Nobody can train a graph that others predict from:
///
/// ```compile_fail,E0502
/// # let mut graph = activ::Graph::load("net.safetensors", 1).unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(|| graph.predict(&[0.5]));
///     scope.spawn(|| graph.train_values(&[0.5], &[0.25]));
/// });
/// ```
pub struct Graph {
    inner: Arc<GraphInner>,
    /// Values per sample.
    input_len: usize,
    output_len: usize,
}

/// What an evaluation found.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The loss.
    pub loss: f32,
    /// For how many samples the largest logit is the label's.
    pub correct: usize,
}

/// Memory for predictions: [`Graph::workspace`]. Each thread has one of its own.
pub struct Workspace {
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Workspace({} bytes)", self.bytes.len())
    }
}

impl Graph {
    /// Begins a network.
    pub fn builder() -> Result<GraphBuilder> {
        GraphBuilder::in_context(None)
    }

    /// Of a compiled graph.
    fn wrap(inner: GraphInner) -> Graph {
        // SAFETY: a graph.
        let (input, output) =
            unsafe { (sys::activ_graph_input_node(inner.raw()), sys::activ_graph_output_node(inner.raw())) };
        let (input_len, output_len) = (inner.width(input).unwrap_or(0), inner.width(output).unwrap_or(0));
        Graph { inner: Arc::new(inner), input_len, output_len }
    }

    /// Of a checkpoint.
    pub(crate) fn from_raw(raw: *mut sys::activ_graph, context: Option<Arc<ContextInner>>) -> Result<Graph> {
        let known: Vec<_> = context.as_ref().map_or(Vec::new(), |context| context.customs.clone());
        let mut inner = GraphInner::new(raw, context)?;
        // SAFETY: a graph; the texts are its own.
        let specs = unsafe {
            let nodes = 0..sys::activ_graph_node_count(inner.raw()) as sys::activ_node;
            nodes
                .map(|node| owned_text(sys::activ_fn_spec(sys::activ_graph_node_fn(inner.raw(), node))))
                .collect::<Vec<_>>()
        };
        inner.customs = known.into_iter().filter(|custom| specs.iter().any(|spec| custom.is_in(spec))).collect();
        Ok(Graph::wrap(inner))
    }

    pub(crate) fn customs(&self) -> &[Arc<CustomInner>] {
        &self.inner.customs
    }

    pub(crate) fn inner(&self) -> &Arc<GraphInner> {
        &self.inner
    }

    fn raw(&self) -> *mut sys::activ_graph {
        self.inner.raw()
    }

    /// A call that may call the program's own functions.
    fn run(&mut self, call: impl FnOnce(*mut sys::activ_graph) -> sys::activ_status) -> Result<()> {
        check_all(&self.inner.customs)?;
        let _locked = self.inner.lock();
        let status = call(self.raw());
        self.inner.check(status)?;
        check_all(&self.inner.customs)
    }

    /// How many samples x has.
    fn samples(&self, name: &str, len: usize) -> Result<usize> {
        if self.input_len == 0 || len % self.input_len != 0 {
            let text = format!("{} has {} values, which are no whole samples of {}", name, len, self.input_len);
            return Err(Error::new(Status::SHAPE, text));
        }
        Ok(len / self.input_len)
    }

    fn check_samples(&self, name: &str, len: usize, batch: usize, width: usize) -> Result<()> {
        let wanted = product(&[batch, width], name)?;
        check_len(name, len, wanted, || format!("{} samples of {}", batch, width))
    }

    // In the calls below: SAFETY: a compiled graph under its lock, or `&mut self`; arrays from slices whose lengths
    // were checked, which live during the call and, being borrowed apart from the graph, lie outside of its arena.

    // ---- initial values ----

    /// Initial values as PyTorch's, a function of the seed alone. Random layers start anew with this seed.
    pub fn init(&mut self, seed: u64) -> Result<()> {
        self.run(|g| unsafe { sys::activ_graph_init(g, seed) })
    }

    /// The same, but the weights of all linear layers by a scheme ([`Scheme::gain`] is its usual gain), their biases 0.
    pub fn init_weights(&mut self, scheme: Scheme, gain: f32, seed: u64) -> Result<()> {
        self.run(|g| unsafe { sys::activ_graph_init_weights(g, scheme.code(), gain, seed) })
    }

    /// The seed of the last [`Graph::init`] or training checkpoint; 0 before.
    pub fn seed(&self) -> u64 {
        let _locked = self.inner.lock();
        unsafe { sys::activ_graph_seed(self.raw()) }
    }

    // ---- training ----

    /// A training step but for the update: the loss of a batch, and the gradients of all parameters. For a graph that
    /// ends in cross-entropy; one label per sample.
    ///
    /// ```
    /// # let mut build = activ::Graph::builder()?;
    /// # let x = build.input(4);
    /// # let x = build.linear(x, 3);
    /// # build.cross_entropy(x);
    /// # let mut graph = build.compile(2)?;
    /// # graph.init(1)?;
    /// let error = graph.train(&[0.0; 7], &[0, 1]).unwrap_err();
    /// assert_eq!(error.message, "x has 7 values, not 8: 2 samples of 4");
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn train(&mut self, x: &[f32], labels: &[i32]) -> Result<f32> {
        self.check_samples("x", x.len(), labels.len(), self.input_len)?;
        let mut loss = 0.0;
        self.run(|g| unsafe { sys::activ_graph_train(g, labels.len(), x.as_ptr(), labels.as_ptr(), &mut loss) })?;
        Ok(loss)
    }

    /// The same for a graph that ends in mean squared error; as many targets as predictions.
    pub fn train_values(&mut self, x: &[f32], targets: &[f32]) -> Result<f32> {
        let batch = self.samples("x", x.len())?;
        self.check_samples("targets", targets.len(), batch, self.output_len)?;
        let mut loss = 0.0;
        self.run(|g| unsafe { sys::activ_graph_train_values(g, batch, x.as_ptr(), targets.as_ptr(), &mut loss) })?;
        Ok(loss)
    }

    /// [`Graph::train`] and a step of one of the graph's optimisers in one call: the same bits. What [`Graph::grads`]
    /// has afterwards is left open: for clipping, or a look at them, there are the two calls.
    pub fn step(&mut self, optimizer: &mut Optimizer, x: &[f32], labels: &[i32]) -> Result<f32> {
        optimizer.check_graph(self)?;
        self.check_samples("x", x.len(), labels.len(), self.input_len)?;
        let (mut loss, o) = (0.0, optimizer.raw());
        self.run(|g| unsafe { sys::activ_graph_step(g, o, labels.len(), x.as_ptr(), labels.as_ptr(), &mut loss) })?;
        Ok(loss)
    }

    /// The same for a graph that ends in mean squared error.
    pub fn step_values(&mut self, optimizer: &mut Optimizer, x: &[f32], targets: &[f32]) -> Result<f32> {
        optimizer.check_graph(self)?;
        let batch = self.samples("x", x.len())?;
        self.check_samples("targets", targets.len(), batch, self.output_len)?;
        let (mut loss, o) = (0.0, optimizer.raw());
        self.run(|g| unsafe { sys::activ_graph_step_values(g, o, batch, x.as_ptr(), targets.as_ptr(), &mut loss) })?;
        Ok(loss)
    }

    /// The first half of a training step for a loss of the program's own: the outputs of a batch in training mode go to
    /// y. The step that it returns has the other half; until then it borrows the graph and x.
    ///
    /// ```
    /// # let mut build = activ::Graph::builder()?;
    /// # let x = build.input(2);
    /// # build.linear(x, 1);
    /// # let mut graph = build.compile(4)?;
    /// # graph.init(1)?;
    /// let (x, mut y) = ([1.0, 2.0, 3.0, 4.0], [0.0; 2]);
    /// let step = graph.forward_train(&x, &mut y)?;
    /// let dy: Vec<f32> = y.iter().map(|y| y - 1.0).collect(); // the gradient of (y - 1)^2/2
    /// step.backward(&dy, None)?;
    /// assert!(graph.grads().iter().any(|gradient| *gradient != 0.0));
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn forward_train<'g>(&'g mut self, x: &'g [f32], y: &mut [f32]) -> Result<Step<'g>> {
        let batch = self.samples("x", x.len())?;
        self.check_samples("y", y.len(), batch, self.output_len)?;
        // The library reads x again in the backward call, which the step alone can make.
        self.run(|g| unsafe { sys::activ_graph_forward_train(g, batch, x.as_ptr(), y.as_mut_ptr()) })?;
        Ok(Step { graph: self, batch, _x: PhantomData })
    }

    /// Multiplies all gradients so that their norm is at most `max_norm`, PyTorch's clip_grad_norm_; the norm that it
    /// was. Infinity only measures.
    pub fn clip_grad_norm(&mut self, max_norm: f32) -> Result<f32> {
        let mut norm = 0.0;
        self.run(|g| unsafe { sys::activ_graph_clip_grad_norm(g, max_norm, &mut norm) })?;
        Ok(norm)
    }

    /// Cuts all gradients to -clip_value .. clip_value, PyTorch's clip_grad_value_.
    pub fn clip_grad_value(&mut self, clip_value: f32) -> Result<()> {
        self.run(|g| unsafe { sys::activ_graph_clip_grad_value(g, clip_value) })
    }

    // ---- evaluation ----

    /// Loss and correct samples in evaluation mode. Gradients are left alone.
    pub fn evaluate(&mut self, x: &[f32], labels: &[i32]) -> Result<Evaluation> {
        self.check_samples("x", x.len(), labels.len(), self.input_len)?;
        let (mut loss, mut correct) = (0.0, 0);
        self.run(|g| unsafe {
            sys::activ_graph_evaluate(g, labels.len(), x.as_ptr(), labels.as_ptr(), &mut loss, &mut correct)
        })?;
        Ok(Evaluation { loss, correct })
    }

    /// The loss in evaluation mode, for a graph that ends in mean squared error.
    pub fn evaluate_values(&mut self, x: &[f32], targets: &[f32]) -> Result<f32> {
        let batch = self.samples("x", x.len())?;
        self.check_samples("targets", targets.len(), batch, self.output_len)?;
        let mut loss = 0.0;
        self.run(|g| unsafe { sys::activ_graph_evaluate_values(g, batch, x.as_ptr(), targets.as_ptr(), &mut loss) })?;
        Ok(loss)
    }

    /// The outputs of a batch in evaluation mode, with the threads of the graph's context; what each layer gave can be
    /// read afterwards ([`Graph::values`]). [`Graph::predict`] takes any number of samples.
    pub fn forward(&mut self, x: &[f32], y: &mut [f32]) -> Result<()> {
        let batch = self.samples("x", x.len())?;
        self.check_samples("y", y.len(), batch, self.output_len)?;
        self.run(|g| unsafe { sys::activ_graph_forward(g, batch, x.as_ptr(), y.as_mut_ptr()) })
    }

    /// The outputs for any number of samples, with memory for the time of the call.
    pub fn predict(&self, x: &[f32]) -> Result<Vec<f32>> {
        let batch = self.samples("x", x.len())?;
        let mut y = filled(0.0, product(&[batch, self.output_len], "y")?)?;
        self.predict_into(&mut self.workspace(batch.min(128))?, x, &mut y)?;
        Ok(y)
    }

    /// The same without allocating: into y, with a workspace that is used again. In the calling thread alone; any
    /// number of threads may predict from one graph.
    pub fn predict_into(&self, workspace: &mut Workspace, x: &[f32], y: &mut [f32]) -> Result<()> {
        let batch = self.samples("x", x.len())?;
        self.check_samples("y", y.len(), batch, self.output_len)?;
        check_all(&self.inner.customs)?;
        let mut message = Message::new();
        // SAFETY: no lock: any number of threads may predict as long as nobody writes to the graph, and `&self` sees to
        // that.
        let status = unsafe {
            sys::activ_graph_predict_ex(
                self.raw(),
                workspace.bytes.as_mut_ptr().cast(),
                workspace.bytes.len(),
                batch,
                x.as_ptr(),
                y.as_mut_ptr(),
                message.as_mut_ptr(),
            )
        };
        message.check(status)?;
        check_all(&self.inner.customs)
    }

    /// Memory for predictions of `batch` samples at a time; more samples are then taken in portions.
    pub fn workspace(&self, batch: usize) -> Result<Workspace> {
        let bytes = {
            let _locked = self.inner.lock();
            unsafe { sys::activ_graph_workspace_bytes(self.raw(), batch) }
        };
        if bytes == 0 && batch > 0 {
            return Err(Error::new(Status::RANGE, format!("a workspace for {} samples: its size overflows", batch)));
        }
        Ok(Workspace { bytes: filled(0, bytes)? })
    }

    // ---- parameters, gradients, buffers ----

    /// All parameters in one array. [`Graph::param_tensors`] says what is where.
    pub fn params(&self) -> &[f32] {
        let _locked = self.inner.lock();
        // SAFETY: the array is written to by calls with &mut only.
        unsafe { borrowed_slice(sys::activ_graph_params(self.raw()), sys::activ_graph_param_count(self.raw())) }
    }

    /// The same to be written to.
    pub fn params_mut(&mut self) -> &mut [f32] {
        let _locked = self.inner.lock();
        unsafe { slice_mut(sys::activ_graph_params(self.raw()), sys::activ_graph_param_count(self.raw())) }
    }

    /// The gradients of all parameters, in the same order; empty if the graph is for predictions only.
    pub fn grads(&self) -> &[f32] {
        let _locked = self.inner.lock();
        unsafe { borrowed_slice(sys::activ_graph_grads(self.raw()), sys::activ_graph_param_count(self.raw())) }
    }

    /// The same to be written to.
    pub fn grads_mut(&mut self) -> &mut [f32] {
        let _locked = self.inner.lock();
        unsafe { slice_mut(sys::activ_graph_grads(self.raw()), sys::activ_graph_param_count(self.raw())) }
    }

    /// All buffers in one array: running means and variances, class weights.
    pub fn buffers(&self) -> &[f32] {
        let _locked = self.inner.lock();
        unsafe { borrowed_slice(sys::activ_graph_buffers(self.raw()), sys::activ_graph_buffer_count(self.raw())) }
    }

    /// The same to be written to.
    pub fn buffers_mut(&mut self) -> &mut [f32] {
        let _locked = self.inner.lock();
        unsafe { slice_mut(sys::activ_graph_buffers(self.raw()), sys::activ_graph_buffer_count(self.raw())) }
    }

    /// The named parts of the parameters, in the order of the array.
    pub fn param_tensors(&self) -> Vec<TensorInfo> {
        let _locked = self.inner.lock();
        let count = unsafe { sys::activ_graph_param_tensor_count(self.raw()) };
        (0..count).filter_map(|index| self.tensor_info(index, sys::activ_graph_param_tensor_info)).collect()
    }

    /// The named parts of the buffers, in the order of the array.
    pub fn buffer_tensors(&self) -> Vec<TensorInfo> {
        let _locked = self.inner.lock();
        let count = unsafe { sys::activ_graph_buffer_tensor_count(self.raw()) };
        (0..count).filter_map(|index| self.tensor_info(index, sys::activ_graph_buffer_tensor_info)).collect()
    }

    fn tensor_info(
        &self,
        index: usize,
        call: unsafe extern "C" fn(
            *const sys::activ_graph,
            usize,
            *mut sys::activ_graph_tensor_info,
        ) -> sys::activ_status,
    ) -> Option<TensorInfo> {
        let mut info = sys::ACTIV_GRAPH_TENSOR_INFO_INIT;
        let status = unsafe { call(self.raw(), index, &mut info) };
        (status == sys::ACTIV_OK).then(|| TensorInfo {
            name: unsafe { owned_text(info.name) },
            range: info.offset..info.offset + info.count,
            shape: unsafe { borrowed_slice(info.shape, info.ndim) }.to_vec(),
            node: self.inner.node(info.node),
        })
    }

    /// The values of a parameter by its name: `"layers.0.weight"`.
    pub fn param(&self, name: &str) -> Option<&[f32]> {
        let tensor = self.param_tensors().into_iter().find(|tensor| tensor.name == name)?;
        self.params().get(tensor.range)
    }

    /// The same to be written to.
    pub fn param_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        let tensor = self.param_tensors().into_iter().find(|tensor| tensor.name == name)?;
        self.params_mut().get_mut(tensor.range)
    }

    // ---- looking inside ----

    /// The largest batch that it is compiled for; 0: for predictions only.
    pub fn max_batch(&self) -> usize {
        let _locked = self.inner.lock();
        unsafe { sys::activ_graph_max_batch(self.raw()) }
    }

    /// How much memory it holds, optimisers apart.
    pub fn memory_bytes(&self) -> usize {
        let _locked = self.inner.lock();
        unsafe { sys::activ_graph_memory_bytes(self.raw(), 0) }
    }

    /// Values per sample of the input.
    pub fn input_len(&self) -> usize {
        self.input_len
    }

    /// Values per sample of the output: of the node before the loss, or of the last if there is no loss.
    pub fn output_len(&self) -> usize {
        self.output_len
    }

    /// All nodes, in the order of their creation.
    pub fn nodes(&self) -> Vec<Node> {
        let _locked = self.inner.lock();
        let count = unsafe { sys::activ_graph_node_count(self.raw()) };
        (0..count).map(|index| self.inner.node(index as sys::activ_node)).collect()
    }

    /// The input.
    pub fn input_node(&self) -> Option<Node> {
        let _locked = self.inner.lock();
        self.inner.node_if(unsafe { sys::activ_graph_input_node(self.raw()) })
    }

    /// What [`Graph::forward`] and [`Graph::predict`] give.
    pub fn output_node(&self) -> Option<Node> {
        let _locked = self.inner.lock();
        self.inner.node_if(unsafe { sys::activ_graph_output_node(self.raw()) })
    }

    /// The loss.
    pub fn loss_node(&self) -> Option<Node> {
        let _locked = self.inner.lock();
        self.inner.node_if(unsafe { sys::activ_graph_loss_node(self.raw()) })
    }

    /// A node by its name: `"layers.0"`.
    pub fn find(&self, name: &str) -> Option<Node> {
        let name = c_text(name, "a name").ok()?;
        let _locked = self.inner.lock();
        self.inner.node_if(unsafe { sys::activ_graph_find_node(self.raw(), name.as_ptr()) })
    }

    /// What a node is.
    pub fn node_info(&self, node: Node) -> Result<NodeInfo> {
        let _locked = self.inner.lock();
        let mut info = sys::ACTIV_NODE_INFO_INIT;
        let status = unsafe { sys::activ_graph_node_info(self.raw(), self.inner.index(node), &mut info) };
        check_status(status, "a node of this graph")?;
        Ok(NodeInfo {
            name: unsafe { owned_text(info.name) },
            kind: unsafe { owned_text(info.kind) },
            description: unsafe { owned_text(info.description) },
            shape: unsafe { borrowed_slice(info.shape, info.ndim) }.to_vec(),
            inputs: unsafe { borrowed_slice(info.inputs, info.input_count) }
                .iter()
                .map(|index| self.inner.node(*index))
                .collect(),
            params: info.first_param..info.first_param + info.param_count,
            buffers: info.first_buffer..info.first_buffer + info.buffer_count,
            multiply_adds: info.multiply_adds,
        })
    }

    /// The function of an activation or gated layer.
    pub fn function(&self, node: Node) -> Option<Function> {
        let raw = {
            let _locked = self.inner.lock();
            unsafe { sys::activ_graph_node_fn(self.raw(), self.inner.index(node)) }
        };
        Function::of_graph(raw, &self.inner, &self.inner.customs)
    }

    /// A node's values in the last forward or evaluate call, with keep_values also training call.
    pub fn values(&self, node: Node) -> Option<&[f32]> {
        self.view(node).ok()?.values
    }

    /// The loss's gradient by each of these values in the last training call, with keep_values.
    pub fn value_grads(&self, node: Node) -> Option<&[f32]> {
        self.view(node).ok()?.value_grads
    }

    /// All that the graph holds of one node, without a copy.
    pub fn view(&self, node: Node) -> Result<LayerView<'_>> {
        let mut view = sys::ACTIV_LAYER_VIEW_INIT;
        {
            let _locked = self.inner.lock();
            let status = unsafe { sys::activ_graph_layer_view(self.raw(), self.inner.index(node), &mut view) };
            check_status(status, "a node of this graph")?;
        }
        let values = product(&[view.batch, view.width], "the values of a node")?;
        // SAFETY: arrays of the graph's, of these lengths, that only calls with &mut change.
        let array =
            |values: *const f32, count: usize| unsafe { (!values.is_null()).then(|| borrowed_slice(values, count)) };
        Ok(LayerView {
            // SAFETY: texts of the graph's.
            name: unsafe { borrowed_text(view.name) },
            kind: unsafe { borrowed_text(view.kind) },
            function: Function::of_graph(view.r#fn, &self.inner, &self.inner.customs),
            shape: unsafe { borrowed_slice(view.shape, view.ndim) },
            width: view.width,
            batch: view.batch,
            values: array(view.values, values),
            value_grads: array(view.value_grads, values),
            params: array(view.params, view.param_count),
            param_grads: array(view.param_grads, view.param_count),
            first_param: view.first_param,
            tensors: view.first_tensor..view.first_tensor + view.tensor_count,
        })
    }
}

/// # Safety
/// NULL, or `count` values that nobody else uses as long as 'a.
unsafe fn slice_mut<'a>(values: *mut f32, count: usize) -> &'a mut [f32] {
    if values.is_null() || count == 0 {
        return &mut [];
    }
    // SAFETY: as the caller says.
    unsafe { std::slice::from_raw_parts_mut(values, count) }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("input", &self.input_len)
            .field("output", &self.output_len)
            .field("parameters", &self.params().len())
            .field("max_batch", &self.max_batch())
            .finish()
    }
}

/// The second half of a training step: see [`Graph::forward_train`].
///
/// Until then the inputs stay as they are:
///
/// ```compile_fail,E0506
/// # let mut graph = activ::Graph::load("net.safetensors", 1).unwrap();
/// let (mut x, mut y) = ([1.0, 2.0], [0.0]);
/// let step = graph.forward_train(&x, &mut y).unwrap();
/// x[0] = 3.0;
/// step.backward(&[1.0], None).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "without its backward call a step has no gradients"]
pub struct Step<'g> {
    graph: &'g mut Graph,
    batch: usize,
    _x: PhantomData<&'g [f32]>,
}

impl Step<'_> {
    /// From dy, the loss's gradient by each output, the gradients of all parameters, and in dx, if it is wanted, the
    /// input's.
    pub fn backward(self, dy: &[f32], dx: Option<&mut [f32]>) -> Result<()> {
        let (batch, graph) = (self.batch, self.graph);
        graph.check_samples("dy", dy.len(), batch, graph.output_len)?;
        let dx = match dx {
            None => null_mut(),
            Some(dx) => {
                graph.check_samples("dx", dx.len(), batch, graph.input_len)?;
                dx.as_mut_ptr()
            }
        };
        // SAFETY: as the calls of Graph; x is still borrowed.
        graph.run(|g| unsafe { sys::activ_graph_backward(g, batch, dy.as_ptr(), dx) })
    }
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// `"layers.0"`.
    pub name: String,
    /// `"linear"`, `"activation"` ...
    pub kind: String,
    /// The line that a checkpoint has of it.
    pub description: String,
    /// Of one sample.
    pub shape: Vec<usize>,
    /// What it reads.
    pub inputs: Vec<Node>,
    /// Its part of [`Graph::params`] and [`Graph::grads`].
    pub params: Range<usize>,
    /// Its part of [`Graph::buffers`].
    pub buffers: Range<usize>,
    /// Of one sample, forward.
    pub multiply_adds: usize,
}

/// A named part of the parameters, or of the buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// `"layers.0.weight"`.
    pub name: String,
    /// Where it is in the array; row-major.
    pub range: Range<usize>,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// The layer that it belongs to.
    pub node: Node,
}

/// All that a graph holds of one node: see [`Graph::view`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LayerView<'a> {
    /// `"layers.0"`.
    pub name: &'a str,
    /// `"linear"`, `"activation"` ...
    pub kind: &'a str,
    /// Of an activation or gated layer.
    pub function: Option<Function>,
    /// Of one sample.
    pub shape: &'a [usize],
    /// Values per sample: the neurons of a layer.
    pub width: usize,
    /// Samples in `values`.
    pub batch: usize,
    /// Outputs in the last call, batch x width.
    pub values: Option<&'a [f32]>,
    /// The loss's gradient by each of them.
    pub value_grads: Option<&'a [f32]>,
    /// Its parameters.
    pub params: Option<&'a [f32]>,
    /// Their gradients in the last training call.
    pub param_grads: Option<&'a [f32]>,
    /// Where its parameters begin in [`Graph::params`].
    pub first_param: usize,
    /// Its tensors, of [`Graph::param_tensors`].
    pub tensors: Range<usize>,
}
