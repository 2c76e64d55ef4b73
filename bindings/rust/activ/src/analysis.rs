//! Looking inside a network: histograms, running statistics, quantiles, dead neurons, the gradient-flow surface.
//!
//! Accumulators take all their memory when they are made, are fed batch by batch, and answer at any time. What they
//! answer depends on the values alone, to the last bit: neither on their order, nor on how they are cut into calls or
//! merged.
//!
//! ```
//! use activ::analysis::{Histogram, Quantiles, Stats};
//! let values: Vec<f32> = (0..1024).map(|i| i as f32 / 1024.0).collect();
//!
//! let mut stats = Stats::new()?;
//! stats.add(&values)?;
//! assert!((stats.get().mean - 0.5).abs() < 0.001);
//!
//! let mut quantiles = Quantiles::new()?;
//! quantiles.add(&values)?;
//! assert!((quantiles.get(&[0.5])?[0] - 0.5).abs() < 0.005);
//!
//! let mut histogram = Histogram::new(8, 0.0, 1.0)?;
//! histogram.add(&values)?;
//! assert_eq!(histogram.counts(), [128; 8]);
//! # Ok::<(), activ::Error>(())
//! ```
//!
//! The arrays of a layer: [`Graph::view`](crate::Graph::view).
use crate::ffi::{borrowed_slice, check_len, check_library, failure, filled, product, Message};
use crate::graph::GraphInner;
use crate::{sys, Error, Function, Graph, Node, Result, Status};
use std::marker::PhantomData;
use std::ptr::{null, null_mut, NonNull};
use std::sync::Arc;

/// A status that has one cause for each number, which is named here.
fn check(status: sys::activ_status, what: &str, why: impl FnOnce(Status) -> String) -> Result<()> {
    if status == sys::ACTIV_OK {
        return Ok(());
    }
    let status = Status::from_code(status);
    Err(Error::new(status, format!("{}: {}", what, why(status))))
}

fn made<T>(raw: *mut T, what: &str) -> Result<NonNull<T>> {
    NonNull::new(raw).ok_or_else(|| Error::new(Status::INVALID, format!("{}: none was made", what)))
}

fn adding(status: Status) -> String {
    match status {
        Status::RANGE => "a count overflows".to_string(),
        other => other.phrase().to_string(),
    }
}

fn merging(status: Status) -> String {
    match status {
        Status::SHAPE => "the two were made with other arguments".to_string(),
        other => adding(other),
    }
}

macro_rules! accumulator {
    ($name:ident, $raw:ident, $what:literal, $destroy:ident, $merge:ident, $reset:ident) => {
        // SAFETY: an accumulator is used by one thread at a time, and several may look at one that nobody changes
        // (analysis.h): all that changes it takes `&mut self`.
        unsafe impl Send for $name {}
        // SAFETY: as above.
        unsafe impl Sync for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: made by the library, and nobody else has it.
                unsafe { sys::$destroy(self.raw.as_ptr()) }
            }
        }

        impl $name {
            /// Adds all that was added to another, which was made with the same arguments.
            pub fn merge(&mut self, from: &$name) -> Result<()> {
                // SAFETY: two accumulators, of which this one is not the other.
                check(unsafe { sys::$merge(self.raw.as_ptr(), from.raw.as_ptr()) }, $what, merging)
            }

            /// Makes it as new.
            pub fn reset(&mut self) {
                // SAFETY: an accumulator; it cannot fail.
                let _ = unsafe { sys::$reset(self.raw.as_ptr()) };
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

// ---- histograms ----

/// How many values lie in each of some bins of equal width, as `numpy.histogram` has them.
pub struct Histogram {
    raw: NonNull<sys::activ_histogram>,
}

accumulator!(
    Histogram,
    activ_histogram,
    "a histogram",
    activ_histogram_destroy,
    activ_histogram_merge,
    activ_histogram_reset
);

impl Histogram {
    /// Bins from low to high.
    ///
    /// ```
    /// assert!(activ::analysis::Histogram::new(10, 0.0, f64::NAN).is_err());
    /// ```
    pub fn new(bins: usize, low: f64, high: f64) -> Result<Histogram> {
        Histogram::make(|out, message| {
            // SAFETY: numbers; the default context.
            unsafe { sys::activ_histogram_create(null(), bins, low, high, out, message) }
        })
    }

    /// Bins for these values by the rule of Freedman and Diaconis, at most `max_bins`. The values are not added.
    pub fn auto(x: &[f32], max_bins: usize) -> Result<Histogram> {
        Histogram::make(|out, message| {
            // SAFETY: as many values as there are; the default context.
            unsafe { sys::activ_histogram_create_auto(null(), x.len(), x.as_ptr(), max_bins, out, message) }
        })
    }

    fn make(
        call: impl FnOnce(*mut *mut sys::activ_histogram, *mut sys::activ_message) -> sys::activ_status,
    ) -> Result<Histogram> {
        check_library()?;
        let mut message = Message::new();
        let mut raw = null_mut();
        let status = call(&mut raw, message.as_mut_ptr());
        message.check(status)?;
        Ok(Histogram { raw: made(raw, "a histogram")? })
    }

    /// The rule by itself: how many bins for n values between low and high with the quartiles q1 and q3; 0 if an
    /// argument is not finite.
    pub fn bins_for(n: u64, low: f64, high: f64, q1: f64, q3: f64, max_bins: usize) -> usize {
        // SAFETY: takes numbers only.
        unsafe { sys::activ_histogram_bins(n, low, high, q1, q3, max_bins) }
    }

    /// Counts values.
    pub fn add(&mut self, x: &[f32]) -> Result<()> {
        // SAFETY: as many values as there are.
        let status = unsafe { sys::activ_histogram_add(self.raw.as_ptr(), x.len(), x.as_ptr()) };
        check(status, "a histogram", adding)
    }

    fn info(&self) -> sys::activ_histogram_info {
        let mut info = sys::ACTIV_HISTOGRAM_INFO_INIT;
        // SAFETY: a struct with its size; it cannot fail.
        let _ = unsafe { sys::activ_histogram_get(self.raw.as_ptr(), &mut info) };
        info
    }

    /// One more than there are bins.
    pub fn edges(&self) -> &[f64] {
        let info = self.info();
        // SAFETY: an array of the histogram's that never changes.
        unsafe { borrowed_slice(info.edges, info.bins + 1) }
    }

    /// How many values each bin has.
    pub fn counts(&self) -> &[u64] {
        let info = self.info();
        // SAFETY: an array of the histogram's, which calls with &mut change.
        unsafe { borrowed_slice(info.counts, info.bins) }
    }

    /// How many values in all.
    pub fn totals(&self) -> HistogramTotals {
        let info = self.info();
        HistogramTotals { total: info.total, under: info.under, over: info.over, nans: info.nans }
    }
}

/// How many values a histogram has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistogramTotals {
    /// All: those in bins, under, over and NaN.
    pub total: u64,
    /// Below the first edge.
    pub under: u64,
    /// Above the last edge.
    pub over: u64,
    /// NaN.
    pub nans: u64,
}

// ---- statistics ----

/// Count, mean, variance, norm, least and largest value: exact sums, rounded at the end.
pub struct Stats {
    raw: NonNull<sys::activ_stats>,
}

accumulator!(Stats, activ_stats, "statistics", activ_stats_destroy, activ_stats_merge, activ_stats_reset);

/// What [`Stats`] knows. The numbers from `mean` on are of the finite values alone; NaN where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StatsInfo {
    /// All values.
    pub count: u64,
    /// Those that are finite.
    pub finite: u64,
    /// 0 and -0.
    pub zeros: u64,
    /// NaN.
    pub nans: u64,
    /// Infinity.
    pub positive_infinities: u64,
    /// -infinity.
    pub negative_infinities: u64,
    /// The mean.
    pub mean: f64,
    /// The mean of |x|.
    pub mean_magnitude: f64,
    /// The mean of (x - mean)^2.
    pub variance: f64,
    /// The sum of (x - mean)^2, divided by one less than their number.
    pub sample_variance: f64,
    /// The root of the variance.
    pub deviation: f64,
    /// The root of the sum of x^2.
    pub norm: f64,
    /// The root of the mean of x^2.
    pub rms: f64,
    /// The least value.
    pub least: f64,
    /// The largest.
    pub largest: f64,
}

impl Stats {
    /// Empty statistics.
    pub fn new() -> Result<Stats> {
        check_library()?;
        let mut raw = null_mut();
        // SAFETY: the default context.
        let status = unsafe { sys::activ_stats_create(null(), &mut raw) };
        check(status, "statistics", |status| status.phrase().to_string())?;
        Ok(Stats { raw: made(raw, "statistics")? })
    }

    /// Adds values.
    pub fn add(&mut self, x: &[f32]) -> Result<()> {
        // SAFETY: as many values as there are.
        check(unsafe { sys::activ_stats_add(self.raw.as_ptr(), x.len(), x.as_ptr()) }, "statistics", adding)
    }

    /// What is known.
    pub fn get(&self) -> StatsInfo {
        let mut i = sys::ACTIV_STATS_INFO_INIT;
        // SAFETY: a struct with its size; it cannot fail.
        let _ = unsafe { sys::activ_stats_get(self.raw.as_ptr(), &mut i) };
        StatsInfo {
            count: i.count,
            finite: i.finite,
            zeros: i.zeros,
            nans: i.nans,
            positive_infinities: i.positive_infinities,
            negative_infinities: i.negative_infinities,
            mean: i.mean,
            mean_magnitude: i.mean_magnitude,
            variance: i.variance,
            sample_variance: i.sample_variance,
            deviation: i.deviation,
            norm: i.norm,
            rms: i.rms,
            least: i.least,
            largest: i.largest,
        }
    }
}

// ---- quantiles ----

/// Median and other quantiles in one pass, within a relative error of 2^-(precision + 1).
pub struct Quantiles {
    raw: NonNull<sys::activ_quantiles>,
}

accumulator!(
    Quantiles,
    activ_quantiles,
    "quantiles",
    activ_quantiles_destroy,
    activ_quantiles_merge,
    activ_quantiles_reset
);

impl Quantiles {
    /// Of the usual precision: 0.4 %, in 512 KiB.
    pub fn new() -> Result<Quantiles> {
        Quantiles::with_precision(sys::ACTIV_QUANTILES_PRECISION)
    }

    /// Of 1 to 15 bits of a value's mantissa: each bit more halves the error and doubles the memory.
    pub fn with_precision(precision: i32) -> Result<Quantiles> {
        check_library()?;
        let mut raw = null_mut();
        // SAFETY: a number; the default context.
        let status = unsafe { sys::activ_quantiles_create(null(), precision, &mut raw) };
        check(status, "quantiles", |status| match status {
            Status::RANGE => format!("a precision of {}; 1 to 15 are allowed", precision),
            other => other.phrase().to_string(),
        })?;
        Ok(Quantiles { raw: made(raw, "quantiles")? })
    }

    /// Adds values. NaN is counted apart.
    pub fn add(&mut self, x: &[f32]) -> Result<()> {
        // SAFETY: as many values as there are.
        check(unsafe { sys::activ_quantiles_add(self.raw.as_ptr(), x.len(), x.as_ptr()) }, "quantiles", adding)
    }

    /// How many values, NaN left out.
    pub fn count(&self) -> u64 {
        // SAFETY: an accumulator.
        unsafe { sys::activ_quantiles_count(self.raw.as_ptr()) }
    }

    /// How many NaN.
    pub fn nans(&self) -> u64 {
        // SAFETY: an accumulator.
        unsafe { sys::activ_quantiles_nans(self.raw.as_ptr()) }
    }

    /// The quantile of each probability: 0 for the least value, 0.5 for the median. NaN if there are no values.
    pub fn get(&self, probabilities: &[f64]) -> Result<Vec<f32>> {
        let mut values = filled(0.0, probabilities.len())?;
        if values.is_empty() {
            return Ok(values);
        }
        // SAFETY: as many values as probabilities.
        let status = unsafe {
            let count = values.len();
            sys::activ_quantiles_get(self.raw.as_ptr(), count, probabilities.as_ptr(), values.as_mut_ptr())
        };
        check(status, "quantiles", |status| match status {
            Status::RANGE => format!("a probability of {:?} is not 0 to 1", probabilities),
            other => other.phrase().to_string(),
        })?;
        Ok(values)
    }
}

// ---- dead neurons ----

/// What the neurons of a layer did for all inputs so far. Look at it by [`Neurons::report`].
pub struct Neurons {
    raw: NonNull<sys::activ_neurons>,
    width: usize,
}

accumulator!(Neurons, activ_neurons, "neurons", activ_neurons_destroy, activ_neurons_merge, activ_neurons_reset);

fn neurons_options(threshold: f32) -> sys::activ_neurons_options {
    let mut options = sys::ACTIV_NEURONS_DEFAULTS;
    options.threshold = threshold;
    options
}

impl Neurons {
    /// Of a layer of this width. An output is active if its magnitude is above the threshold, usually 0.
    pub fn new(width: usize, threshold: f32) -> Result<Neurons> {
        check_library()?;
        let mut raw = null_mut();
        // SAFETY: options with their size; the default context.
        let status = unsafe { sys::activ_neurons_create(null(), width, &neurons_options(threshold), &mut raw) };
        check(status, "neurons", |status| neurons_reason(status, width, threshold))?;
        Ok(Neurons { raw: made(raw, "neurons")?, width })
    }

    /// Adds outputs, `width` for each input.
    pub fn add(&mut self, values: &[f32]) -> Result<()> {
        if values.len() % self.width != 0 {
            let text = format!("{} values are no whole rows of {} neurons", values.len(), self.width);
            return Err(Error::new(Status::SHAPE, text));
        }
        let rows = values.len() / self.width;
        // SAFETY: as many rows as there are.
        let status = unsafe { sys::activ_neurons_add(self.raw.as_ptr(), rows, values.as_ptr(), self.width) };
        check(status, "neurons", adding)
    }

    /// What is known.
    pub fn report(&self) -> NeuronsReport<'_> {
        NeuronsReport { raw: self.raw.as_ptr(), _owner: PhantomData }
    }
}

fn neurons_reason(status: Status, width: usize, threshold: f32) -> String {
    match status {
        Status::RANGE => format!("width {}, threshold {}: above 0, and finite and not negative", width, threshold),
        other => other.phrase().to_string(),
    }
}

/// What is known of the neurons of a layer.
#[derive(Clone, Copy)]
pub struct NeuronsReport<'a> {
    raw: *const sys::activ_neurons,
    _owner: PhantomData<&'a Neurons>,
}

// SAFETY: it looks at an accumulator that is borrowed, so that nobody changes it; several threads may (analysis.h).
unsafe impl Send for NeuronsReport<'_> {}
// SAFETY: as above.
unsafe impl Sync for NeuronsReport<'_> {}

impl<'a> NeuronsReport<'a> {
    fn info(&self) -> sys::activ_neurons_info {
        let mut info = sys::ACTIV_NEURONS_INFO_INIT;
        // SAFETY: a struct with its size; it cannot fail.
        let _ = unsafe { sys::activ_neurons_get(self.raw, &mut info) };
        info
    }

    /// How many neurons.
    pub fn width(&self) -> usize {
        self.info().width
    }

    /// For how many inputs.
    pub fn inputs(&self) -> u64 {
        self.info().inputs
    }

    /// For how many of them each neuron was active.
    pub fn active(&self) -> &'a [u64] {
        let info = self.info();
        // SAFETY: an array of the accumulator's, which is borrowed as long.
        unsafe { borrowed_slice(info.active, info.width) }
    }

    /// The largest magnitude of each.
    pub fn peaks(&self) -> &'a [f32] {
        let info = self.info();
        // SAFETY: an array of the accumulator's, which is borrowed as long.
        unsafe { borrowed_slice(info.peaks, info.width) }
    }

    /// How many are dead; 0 if there were no inputs.
    pub fn dead_count(&self) -> usize {
        self.info().dead as usize
    }

    fn list(
        &self,
        what: impl Fn(Status) -> String,
        call: impl Fn(usize, *mut usize, *mut usize) -> sys::activ_status,
    ) -> Result<Vec<usize>> {
        let mut count = 0;
        let mut indices = filled(0usize, self.width())?;
        check(call(indices.len(), indices.as_mut_ptr(), &mut count), "neurons", |status| match status {
            Status::STATE => "there were no inputs".to_string(),
            other => what(other),
        })?;
        indices.truncate(count);
        Ok(indices)
    }

    // In the calls below: SAFETY: an accumulator, and room for `capacity` indices.

    /// Those that were 0 for every input.
    pub fn dead(&self) -> Result<Vec<usize>> {
        self.list(
            |status| status.phrase().to_string(),
            |capacity, indices, count| unsafe { sys::activ_neurons_dead(self.raw, capacity, indices, count) },
        )
    }

    /// Those of a magnitude of at most `limit` for every input.
    pub fn quiet(&self, limit: f32) -> Result<Vec<usize>> {
        self.list(
            |_| format!("a limit of {}: finite, and not negative", limit),
            |capacity, indices, count| unsafe { sys::activ_neurons_quiet(self.raw, limit, capacity, indices, count) },
        )
    }

    /// Those that are active on less than a share of the inputs, 0 to 1.
    pub fn rarely_active(&self, share: f64) -> Result<Vec<usize>> {
        self.list(
            |_| format!("a share of {} is not 0 to 1", share),
            |capacity, indices, count| unsafe {
                sys::activ_neurons_rarely_active(self.raw, share, capacity, indices, count)
            },
        )
    }
}

impl std::fmt::Debug for NeuronsReport<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let info = self.info();
        write!(f, "{} of {} neurons dead after {} inputs", info.dead, info.width, info.inputs)
    }
}

/// The same for all layers of a graph that have a function.
///
/// ```
/// use activ::analysis::GraphNeurons;
/// use activ::{Function, Graph};
/// # let mut build = Graph::builder()?;
/// # let x = build.input(2);
/// # let x = build.linear(x, 8);
/// # let x = build.apply(x, &Function::new("relu")?);
/// # build.linear(x, 1);
/// # let mut graph = build.compile(4)?;
/// # graph.init(1)?;
/// let mut neurons = GraphNeurons::new(&graph, 0.0)?;
/// graph.forward(&[0.5, -0.5, 1.0, 2.0], &mut [0.0; 2])?;
/// neurons.add(&graph)?; // once after each call whose samples are to count
/// for (node, report) in neurons.layers() {
///     println!("{}: {} of {} are dead", graph.node_info(node)?.name, report.dead_count(), report.width());
/// }
/// # Ok::<(), activ::Error>(())
/// ```
pub struct GraphNeurons {
    raw: NonNull<sys::activ_graph_neurons>,
    /// Destroyed after the accumulator.
    graph: Arc<GraphInner>,
}

// SAFETY: an accumulator, as above; what it reads of its graph it reads under the graph's lock.
unsafe impl Send for GraphNeurons {}
// SAFETY: as above.
unsafe impl Sync for GraphNeurons {}

impl Drop for GraphNeurons {
    fn drop(&mut self) {
        let _locked = self.graph.lock();
        // SAFETY: made by the library, and its graph lives.
        unsafe { sys::activ_graph_neurons_destroy(self.raw.as_ptr()) }
    }
}

impl GraphNeurons {
    /// For a graph that is compiled for batches.
    pub fn new(graph: &Graph, threshold: f32) -> Result<GraphNeurons> {
        let mut raw = null_mut();
        {
            let _locked = graph.inner().lock();
            // SAFETY: a graph under its lock, which lives as long; options with their size.
            let status =
                unsafe { sys::activ_graph_neurons_create(graph.inner().raw(), &neurons_options(threshold), &mut raw) };
            check(status, "the neurons of a graph", |status| match status {
                Status::STATE => "the graph is for predictions only".to_string(),
                Status::RANGE => format!("a threshold of {}: finite, and not negative", threshold),
                other => other.phrase().to_string(),
            })?;
        }
        Ok(GraphNeurons { raw: made(raw, "the neurons of a graph")?, graph: graph.inner().clone() })
    }

    /// Adds what the last call of its graph gave.
    pub fn add(&mut self, graph: &Graph) -> Result<()> {
        if !Arc::ptr_eq(&self.graph, graph.inner()) {
            return Err(Error::new(Status::INVALID, "the neurons are another graph's"));
        }
        let _locked = self.graph.lock();
        // SAFETY: under the graph's lock, and the graph is borrowed, so that nobody writes its values.
        let status = unsafe { sys::activ_graph_neurons_add(self.raw.as_ptr()) };
        check(status, "the neurons of a graph", |status| match status {
            Status::STATE => {
                "the graph has no values: there was no call yet, or the last was a training call without keep_values"
                    .to_string()
            }
            other => adding(other),
        })
    }

    /// Adds all that was added to another's, of a graph with such layers of the same widths.
    pub fn merge(&mut self, from: &GraphNeurons) -> Result<()> {
        // SAFETY: two accumulators, of which this one is not the other.
        let status = unsafe { sys::activ_graph_neurons_merge(self.raw.as_ptr(), from.raw.as_ptr()) };
        check(status, "the neurons of a graph", |status| match status {
            Status::SHAPE => "the layers of the two graphs differ".to_string(),
            other => adding(other),
        })
    }

    /// Makes it as new.
    pub fn reset(&mut self) {
        // SAFETY: an accumulator; it cannot fail.
        let _ = unsafe { sys::activ_graph_neurons_reset(self.raw.as_ptr()) };
    }

    /// The layers that have a function, in the order of the nodes.
    pub fn layers(&self) -> Vec<(Node, NeuronsReport<'_>)> {
        // SAFETY: an accumulator, to which its parts belong.
        let count = unsafe { sys::activ_graph_neurons_count(self.raw.as_ptr()) };
        (0..count)
            .filter_map(|i| {
                // SAFETY: as above.
                let (node, raw) = unsafe {
                    (
                        sys::activ_graph_neurons_node(self.raw.as_ptr(), i),
                        sys::activ_graph_neurons_at(self.raw.as_ptr(), i),
                    )
                };
                let node = self.graph.node_if(node)?;
                (!raw.is_null()).then_some((node, NeuronsReport { raw, _owner: PhantomData }))
            })
            .collect()
    }
}

impl std::fmt::Debug for GraphNeurons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.layers().iter().map(|(_, report)| report)).finish()
    }
}

// ---- the gradient-flow surface ----

/// z = f(x) + f(y) over a square, and the magnitude of its gradient.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Surface {
    /// The n points along each side.
    pub points: Vec<f32>,
    /// f there.
    pub f: Vec<f32>,
    /// f' there.
    pub slopes: Vec<f32>,
    /// n x n, row-major: `z[j * n + i]` is `f[i] + f[j]`.
    pub z: Vec<f32>,
    /// The root of f'(x)^2 + f'(y)^2, in the same order.
    pub gradient: Vec<f32>,
}

/// The surface of an elementwise function over the square from low to high, with n points along each side.
///
/// ```
/// use activ::{analysis, Function};
/// let surface = analysis::surface(&Function::new("relu")?, None, 3, -1.0, 1.0)?;
/// assert_eq!(surface.points, [-1.0, 0.0, 1.0]);
/// assert_eq!(surface.z, [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 2.0]);
/// # Ok::<(), activ::Error>(())
/// ```
pub fn surface(function: &Function, params: Option<&[f32]>, n: usize, low: f32, high: f32) -> Result<Surface> {
    if let Some(params) = params {
        check_len("params", params.len(), function.param_count(), || format!("the parameters of {}", function.spec()))?;
    }
    if n < 2 {
        return Err(failure(sys::ACTIV_ERROR_RANGE, &format!("a surface of {} points along each side: 2 or more", n)));
    }
    let all = product(&[n, n], "a surface")?;
    let mut surface = Surface {
        points: filled(0.0, n)?,
        f: filled(0.0, n)?,
        slopes: filled(0.0, n)?,
        z: filled(0.0, all)?,
        gradient: filled(0.0, all)?,
    };
    crate::custom::check_all(function.customs())?;
    let mut message = Message::new();
    // SAFETY: arrays of n, and of n x n values.
    let status = unsafe {
        sys::activ_surface(
            function.raw(),
            params.filter(|params| !params.is_empty()).map_or(null(), |params| params.as_ptr()),
            n,
            low,
            high,
            surface.points.as_mut_ptr(),
            surface.f.as_mut_ptr(),
            surface.slopes.as_mut_ptr(),
            surface.z.as_mut_ptr(),
            surface.gradient.as_mut_ptr(),
            message.as_mut_ptr(),
        )
    };
    message.check(status)?;
    crate::custom::check_all(function.customs())?;
    Ok(surface)
}
