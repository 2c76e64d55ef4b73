//! Networks and training runs in files.
use crate::context::{raw_context, ContextInner};
use crate::custom::check_all;
use crate::ffi::{c_path, c_text, check_library, owned_text, Message};
use crate::{sys, Graph, Optimizer, Result};
use std::ffi::CString;
use std::os::raw::{c_char, c_void};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::Arc;

/// How tensors in a file are taken: for [`Graph::load_params_with`].
///
/// Names are pairs of one in the graph and one in the file. A pair is for the one tensor of that name; or, where the
/// first is "" or ends in a dot, for all whose names begin so. Of several that fit, the longest counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'a> {
    /// `("layers.", "")`: a plain nn.Sequential; `("", "module.")`: a DataParallel.
    pub names: &'a [(&'a str, &'a str)],
    /// Leaves what only one side has: PyTorch's `strict=False`.
    pub partial: bool,
    /// Takes tensors of float16 and bfloat16, exactly, and rounds those of float64.
    pub convert: bool,
}

/// What a load left that was partial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Tensors of the graph that are not in the file: they keep their values.
    pub missing: Vec<String>,
    /// Tensors of the file that are not of the graph.
    pub unused: Vec<String>,
}

/// Pairs of names, and the structs that point to them.
struct Names {
    _texts: Vec<(CString, CString)>,
    pairs: Vec<sys::activ_tensor_name>,
}

impl Names {
    fn new(names: &[(&str, &str)]) -> Result<Names> {
        let mut texts = Vec::new();
        for (graph, file) in names {
            texts.push((c_text(graph, "a name")?, c_text(file, "a name")?));
        }
        let pair =
            |(graph, file): &(CString, CString)| sys::activ_tensor_name { graph: graph.as_ptr(), file: file.as_ptr() };
        Ok(Names { pairs: texts.iter().map(pair).collect(), _texts: texts })
    }

    fn as_ptr(&self) -> *const sys::activ_tensor_name {
        if self.pairs.is_empty() {
            null()
        } else {
            self.pairs.as_ptr()
        }
    }
}

unsafe extern "C" fn note_left(user: *mut c_void, what: i32, name: *const c_char) {
    // SAFETY: `user` is load_params_with's, whose call this is; the name lives during the call.
    let (left, name) = unsafe { (&mut *(user as *mut Left), owned_text(name)) };
    match what {
        sys::ACTIV_LEFT_MISSING => left.missing.push(name),
        sys::ACTIV_LEFT_UNUSED => left.unused.push(name),
        _ => {}
    }
}

/// The format is safetensors; a file is complete or not there.
impl Graph {
    /// Writes the parameters and buffers, and the description of the network.
    ///
    /// ```
    /// # let mut build = activ::Graph::builder()?;
    /// # let x = build.input(2);
    /// # build.linear(x, 2);
    /// # let mut graph = build.compile(1)?;
    /// # graph.init(1)?;
    /// # let folder = std::env::temp_dir().join(format!("activ-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("net.safetensors");
    /// graph.save(&path)?;
    /// let loaded = activ::Graph::load(&path, 0)?; // 0: for predictions only
    /// assert_eq!(loaded.predict(&[1.0, 2.0])?, graph.predict(&[1.0, 2.0])?);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = c_path(path.as_ref())?;
        let mut message = Message::new();
        let _locked = self.inner().lock();
        // SAFETY: a graph under its lock, which only calls with &mut write to.
        let status = unsafe { sys::activ_checkpoint_save(self.inner().raw(), path.as_ptr(), message.as_mut_ptr()) };
        message.check(status)
    }

    /// Builds the network that a file describes, compiles it for `max_batch` (0: for predictions only) and loads its
    /// parameters, those of float16 and bfloat16 too.
    pub fn load(path: impl AsRef<Path>, max_batch: usize) -> Result<Graph> {
        Graph::load_in(None, path.as_ref(), max_batch)
    }

    pub(crate) fn load_in(context: Option<Arc<ContextInner>>, path: &Path, max_batch: usize) -> Result<Graph> {
        check_library()?;
        let path = c_path(path)?;
        let mut message = Message::new();
        let mut raw = null_mut();
        // SAFETY: the context lives as long as the graph.
        let status = unsafe {
            sys::activ_checkpoint_load(raw_context(&context), path.as_ptr(), max_batch, &mut raw, message.as_mut_ptr())
        };
        message.check(status)?;
        let graph = Graph::from_raw(raw, context)?;
        check_all(graph.customs())?;
        Ok(graph)
    }

    /// Loads parameters and buffers by name, also from files of PyTorch's. All of the graph's tensors have to be there,
    /// and no others. On failure the graph is unchanged.
    pub fn load_params(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = c_path(path.as_ref())?;
        let mut message = Message::new();
        let _locked = self.inner().lock();
        // SAFETY: a graph under its lock, and nobody else uses it.
        let status =
            unsafe { sys::activ_checkpoint_load_params(self.inner().raw(), path.as_ptr(), message.as_mut_ptr()) };
        message.check(status)
    }

    /// The same with other names, for files that have more or fewer tensors, or other types of floats. What was left is the answer; a
    /// graph that had no values before should be initialised first.
    ///
    /// ```
    /// # let mut build = activ::Graph::builder()?;
    /// # let x = build.input(2);
    /// # build.linear(x, 2);
    /// # let mut graph = build.compile(1)?;
    /// # graph.init(1)?;
    /// # let folder = std::env::temp_dir().join(format!("activ-doc-names-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("torch.safetensors");
    /// use activ::LoadOptions;
    /// graph.save_params(&path, &[("layers.0.", "fc1.")])?; // fc1.weight, fc1.bias
    /// assert!(graph.load_params(&path).is_err());
    /// graph.load_params_with(&path, &LoadOptions { names: &[("layers.0.", "fc1.")], ..LoadOptions::default() })?;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), activ::Error>(())
    /// ```
    pub fn load_params_with(&mut self, path: impl AsRef<Path>, options: &LoadOptions<'_>) -> Result<Left> {
        let path = c_path(path.as_ref())?;
        let names = Names::new(options.names)?;
        let mut left = Left::default();
        let mut settings = sys::ACTIV_LOAD_DEFAULTS;
        settings.name_count = names.pairs.len();
        settings.names = names.as_ptr();
        settings.partial = i32::from(options.partial);
        settings.convert = i32::from(options.convert);
        settings.left = Some(note_left);
        settings.user = (&mut left as *mut Left).cast();
        let mut message = Message::new();
        let status = {
            let _locked = self.inner().lock();
            // SAFETY: a graph under its lock, and nobody else uses it; the options live during the call.
            unsafe {
                sys::activ_checkpoint_load_params_ex(self.inner().raw(), path.as_ptr(), &settings, message.as_mut_ptr())
            }
        };
        message.check(status)?;
        Ok(left)
    }

    /// Writes parameters and buffers alone, under other names, for other programs: see [`LoadOptions`].
    pub fn save_params(&self, path: impl AsRef<Path>, names: &[(&str, &str)]) -> Result<()> {
        let path = c_path(path.as_ref())?;
        let names = Names::new(names)?;
        let mut message = Message::new();
        let _locked = self.inner().lock();
        // SAFETY: a graph under its lock; the names live during the call.
        let status = unsafe {
            let count = names.pairs.len();
            sys::activ_checkpoint_save_params(
                self.inner().raw(),
                path.as_ptr(),
                count,
                names.as_ptr(),
                message.as_mut_ptr(),
            )
        };
        message.check(status)
    }

    /// Writes all that the next step depends on, so that training continues from the file as if it had never stopped.
    pub fn save_training(&self, optimizer: &Optimizer, path: impl AsRef<Path>) -> Result<()> {
        optimizer.check_graph(self)?;
        let path = c_path(path.as_ref())?;
        let mut message = Message::new();
        let _locked = self.inner().lock();
        // SAFETY: a graph and its optimiser under their lock.
        let status = unsafe {
            sys::activ_checkpoint_save_training(
                self.inner().raw(),
                optimizer.raw(),
                path.as_ptr(),
                message.as_mut_ptr(),
            )
        };
        message.check(status)
    }

    /// [`Graph::load_params`], and the optimiser and the counters of random layers as they were. On failure the graph
    /// and its optimisers are unchanged.
    pub fn load_training(&mut self, path: impl AsRef<Path>) -> Result<Optimizer> {
        let path = c_path(path.as_ref())?;
        let mut message = Message::new();
        let mut raw = null_mut();
        let _locked = self.inner().lock();
        // SAFETY: a graph under its lock, and nobody else uses it.
        let status = unsafe {
            sys::activ_checkpoint_load_training(self.inner().raw(), path.as_ptr(), &mut raw, message.as_mut_ptr())
        };
        message.check(status)?;
        Optimizer::from_raw(raw, self.inner())
    }
}
