//! Trains SimpleNetwork (784-256-192-128-64-10, one activation behind each hidden layer) on FashionMNIST, to the very
//! bytes of the C program examples/fashion_mnist/train.c: the digest of the trained network tells.
//!
//!     cargo run --release --example fashion_mnist -- --activation mish --epochs 2
use activ::{random, Context, Function, Graph, Optimizer, Sgd};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PIXELS: usize = 28 * 28;
const CLASSES: usize = 10;
const TEST_BATCH: usize = 128;

pub struct Settings {
    /// A folder of the four IDX files, each with or without ".gz".
    pub data: PathBuf,
    pub activation: String,
    pub epochs: u64,
    pub batch: usize,
    pub lr: f32,
    pub momentum: f32,
    pub seed: u64,
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            data: "/usr/share/datasets/fashion-mnist".into(),
            activation: "relu".to_string(),
            epochs: 10,
            batch: 128,
            lr: 0.01,
            momentum: 0.9,
            seed: 1,
            threads: 1,
        }
    }
}

// ---- the data set ----

pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<i32>,
}

/// The bytes of "name.gz", unpacked by the gzip program, or of "name".
fn read_file(folder: &Path, name: &str) -> Result<(PathBuf, Vec<u8>)> {
    let (packed, plain) = (folder.join(format!("{}.gz", name)), folder.join(name));
    if packed.exists() {
        let output = Command::new("gzip").arg("-dc").arg("--").arg(&packed).output();
        let output = output.map_err(|error| format!("{}: gzip does not run: {}", packed.display(), error))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().into());
        }
        return Ok((packed, output.stdout));
    }
    match fs::read(&plain) {
        Ok(bytes) => Ok((plain, bytes)),
        Err(error) => Err(format!(
            "there is neither {} nor {} ({}); Debian's dataset-fashion-mnist has the files; --data names a folder",
            packed.display(),
            plain.display(),
            error
        )
        .into()),
    }
}

/// An IDX array of bytes, big-endian sizes before them; its first size, and the elements.
fn read_idx(folder: &Path, name: &str, inner: &[usize]) -> Result<(usize, Vec<u8>)> {
    let (path, mut bytes) = read_file(folder, name)?;
    let header = 4 + 4 * (1 + inner.len());
    if bytes.len() < header || bytes[..4] != [0, 0, 8, 1 + inner.len() as u8] {
        return Err(format!("{}: no IDX array of bytes with {} dimensions", path.display(), 1 + inner.len()).into());
    }
    let size = |i: usize| bytes[4 + 4 * i..8 + 4 * i].iter().fold(0usize, |size, byte| size << 8 | usize::from(*byte));
    let count = size(0);
    for (i, wanted) in inner.iter().enumerate() {
        if size(1 + i) != *wanted {
            return Err(format!("{}: size {} is {}, not {}", path.display(), 1 + i, size(1 + i), wanted).into());
        }
    }
    let wanted = inner.iter().try_fold(count, |all, size| all.checked_mul(*size));
    if count == 0 || wanted != Some(bytes.len() - header) {
        let found = bytes.len() - header;
        return Err(format!("{}: {} bytes of data; its sizes promise others", path.display(), found).into());
    }
    bytes.drain(..header);
    Ok((count, bytes))
}

pub fn read_images(folder: &Path, part: &str) -> Result<Images> {
    let (count, pixels) = read_idx(folder, &format!("{}-images-idx3-ubyte", part), &[28, 28])?;
    let (labels, classes) = read_idx(folder, &format!("{}-labels-idx1-ubyte", part), &[])?;
    if labels != count {
        return Err(format!("{}: {} labels for {} images", part, labels, count).into());
    }
    if let Some(class) = classes.iter().find(|class| usize::from(**class) >= CLASSES) {
        return Err(format!("{}: a label is {}; classes are 0 to {}", part, class, CLASSES - 1).into());
    }
    Ok(Images { pixels, labels: classes.into_iter().map(i32::from).collect() })
}

impl Images {
    fn image(&self, i: usize) -> &[u8] {
        &self.pixels[i * PIXELS..(i + 1) * PIXELS]
    }

    /// These images as a batch: in float and in this order, as torchvision's ToTensor and Normalize compute it.
    fn batch(&self, which: impl Iterator<Item = usize>, x: &mut Vec<f32>, labels: &mut Vec<i32>) {
        x.clear();
        labels.clear();
        for i in which {
            x.extend(self.image(i).iter().map(|pixel| (f32::from(*pixel) / 255.0 - 0.5) / 0.5));
            labels.push(self.labels[i]);
        }
    }
}

// ---- the network ----

fn build(context: &Context, settings: &Settings) -> Result<Graph> {
    let act = match settings.activation.as_str() {
        "none" => None,
        spec => Some(context.function(spec)?),
    };
    let mut build = context.graph()?;
    let mut x = build.input(PIXELS);
    let mut first = None;
    for width in [256, 192, 128, 64] {
        x = build.linear(x, width);
        // One activation for all layers, with its parameters: like one module object in PyTorch.
        x = match (&act, first) {
            (None, _) => x,
            (Some(_), Some(first)) => build.apply_shared(x, first),
            (Some(act), None) => build.apply(x, act),
        };
        first = first.or_else(|| act.as_ref().map(|_| x));
    }
    x = build.linear(x, CLASSES);
    build.cross_entropy(x);
    Ok(build.compile(settings.batch.max(TEST_BATCH))?)
}

/// FNV-1a of the bytes of all parameters and buffers.
pub fn digest(graph: &Graph) -> u64 {
    let values = graph.params().iter().chain(graph.buffers());
    values
        .flat_map(|value| value.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Mean loss, and accuracy in percent.
fn test(graph: &mut Graph, images: &Images) -> Result<(f64, f64)> {
    let count = images.labels.len();
    let (mut x, mut labels, mut sum, mut right) = (Vec::new(), Vec::new(), 0.0, 0);
    for first in (0..count).step_by(TEST_BATCH) {
        images.batch(first..count.min(first + TEST_BATCH), &mut x, &mut labels);
        let found = graph.evaluate(&x, &labels)?;
        sum += f64::from(found.loss) * labels.len() as f64;
        right += found.correct;
    }
    Ok((sum / count as f64, 100.0 * right as f64 / count as f64))
}

pub struct Outcome {
    pub test_accuracy: f64,
    pub digest: u64,
}

pub fn train(settings: &Settings) -> Result<Outcome> {
    let context = Context::builder().threads(settings.threads).build()?;
    Function::new(if settings.activation == "none" { "identity" } else { &settings.activation })?;
    let (train, tests) = (read_images(&settings.data, "train")?, read_images(&settings.data, "t10k")?);
    let count = train.labels.len();
    if settings.batch == 0 || settings.batch > count {
        return Err(format!("--batch: {} of {} images", settings.batch, count).into());
    }
    let mut graph = build(&context, settings)?;
    graph.init(settings.seed)?;
    let sgd = Sgd { lr: settings.lr, momentum: settings.momentum, ..Sgd::default() };
    let mut sgd = Optimizer::new(&mut graph, sgd)?;

    println!("Epoch  Train loss  Train accuracy  Test loss  Test accuracy");
    let (mut order, mut x, mut labels) = (vec![0; count], Vec::new(), Vec::new());
    let mut test_accuracy = 0.0;
    for epoch in 1..=settings.epochs {
        random::permutation(settings.seed, epoch, &mut order)?;
        let mut sum = 0.0;
        for part in order.chunks(settings.batch) {
            train.batch(part.iter().map(|i| *i as usize), &mut x, &mut labels);
            sum += f64::from(graph.train(&x, &labels)?) * part.len() as f64;
            sgd.step(&mut graph)?;
        }
        let (_, accuracy) = test(&mut graph, &train)?;
        let (loss, right) = test(&mut graph, &tests)?;
        test_accuracy = right;
        println!(
            "{:5}  {:10.4}  {:12.2} %  {:9.4}  {:11.2} %",
            epoch,
            sum / count as f64,
            accuracy,
            loss,
            test_accuracy
        );
    }
    Ok(Outcome { test_accuracy, digest: digest(&graph) })
}

// ---- the command line ----

const OPTIONS: &str = "--data --activation --epochs --batch --lr --momentum --seed --threads";

/// None: --help was asked for.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Settings>> {
    fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T> {
        text.parse().map_err(|_| format!("{}: '{}' is no number that it takes", option, text).into())
    }
    let mut settings = Settings::default();
    while let Some(option) = arguments.next() {
        if option == "--help" || option == "-h" {
            return Ok(None);
        }
        if !OPTIONS.split(' ').any(|known| known == option) {
            return Err(format!("unknown option '{}'; there are {}", option, OPTIONS).into());
        }
        let value = arguments.next().ok_or_else(|| format!("{}: needs a value", option))?;
        match option.as_str() {
            "--data" => settings.data = value.into(),
            "--activation" => settings.activation = value,
            "--epochs" => settings.epochs = number(&option, &value)?,
            "--batch" => settings.batch = number(&option, &value)?,
            "--lr" => settings.lr = number(&option, &value)?,
            "--momentum" => settings.momentum = number(&option, &value)?,
            "--seed" => settings.seed = number(&option, &value)?,
            _ => settings.threads = number(&option, &value)?,
        }
    }
    if settings.epochs == 0 {
        return Err("--epochs: '0' is no number that it takes".into());
    }
    Ok(Some(settings))
}

fn main() {
    let outcome = parse(std::env::args().skip(1)).and_then(|settings| settings.as_ref().map(train).transpose());
    match outcome {
        Ok(None) => println!(
            "usage: fashion_mnist [OPTION VALUE] ...\n\nThe options: {}.\n--help, -h: this text.",
            OPTIONS.replace(' ', ", ")
        ),
        Ok(Some(outcome)) => println!(
            "\n{:.2} % of the test images are classified right ({}).\nThe network's digest is {:016x}.",
            outcome.test_accuracy,
            activ::tier(),
            outcome.digest
        ),
        Err(error) => {
            eprintln!("fashion_mnist: {}", error);
            std::process::exit(2);
        }
    }
}
