//! Bad input gets an error that names it: never a panic, never a crash, nothing half-done.
mod common;

use activ::analysis::{self, GraphNeurons, Histogram, Neurons, Quantiles};
use activ::init::{self, Scheme};
use activ::safetensors::{SafeTensors, Writer};
use activ::{
    random, schedule, AdamW, Context, CrossEntropy, DType, Error, Function, Graph, Matrix, MatrixMut, Norm, Optimizer,
    RmsProp, Sgd, Status, Tensor, TensorOptions, TensorRef,
};
use common::{classifier, layers, samples, Scratch};

/// An error of this status whose message has all of the words.
#[track_caller]
fn refuses<T: std::fmt::Debug>(result: Result<T, Error>, status: Status, words: &[&str]) {
    let error = result.expect_err("an error");
    assert_eq!(error.status, status, "{}", error);
    for word in words {
        assert!(error.message.contains(word), "'{}' is not in: {}", word, error);
    }
    assert!(!error.message.is_empty() && error.to_string() == error.message);
    let _: &dyn std::error::Error = &error;
}

#[test]
fn specs() {
    for (spec, status, word) in [
        ("", Status::SYNTAX, ""),
        ("gelu(", Status::SYNTAX, ""),
        ("gelu\0", Status::SYNTAX, "zero byte"),
        ("gleu", Status::UNKNOWN_NAME, "gelu"),
        ("leaky_relu(slope=1)", Status::UNKNOWN_NAME, "slope"),
        ("leaky_relu(negative_slope=nan)", Status::SYNTAX, ""),
        ("staf(tau=0)", Status::RANGE, "tau"),
        ("gated(softmax)", Status::SHAPE, "softmax"),
        ("moe(rrelu, relu)", Status::UNSUPPORTED, "rrelu"),
    ] {
        let error = Function::new(spec).unwrap_err();
        assert_eq!(error.status, status, "{}: {:?}", spec, error);
        assert!(error.message.contains(word), "{}: {}", spec, error);
    }
}

#[test]
fn lengths() {
    let relu = Function::new("relu").unwrap();
    let prelu = Function::new("prelu").unwrap();
    let swiglu = Function::new("swiglu").unwrap();
    let (x, mut y, mut z) = ([0.0; 4], [0.0; 3], [9.0; 4]);
    refuses(relu.forward(None, &x, &mut y), Status::SHAPE, &["y has 3", "x has 4"]);
    refuses(relu.backward(None, &x, &[0.0; 5], None, None), Status::SHAPE, &["dy has 5", "x has 4"]);
    refuses(relu.backward(None, &x, &x, Some(&mut y), None), Status::SHAPE, &["dx has 3", "x has 4"]);
    refuses(relu.backward_in_place(None, &x, &mut y, None), Status::SHAPE, &["dy has 3"]);
    refuses(relu.backward_from_output(&x, &x, &mut y), Status::SHAPE, &["dx has 3", "y has 4"]);
    refuses(relu.forward(Some(&[1.0]), &x, &mut z), Status::SHAPE, &["params has 1", "not 0", "relu"]);
    refuses(prelu.forward(Some(&[1.0; 2]), &x, &mut z), Status::SHAPE, &["params has 2", "not 1", "prelu"]);
    refuses(prelu.forward(Some(&[]), &x, &mut z), Status::SHAPE, &["params has 0", "not 1"]);
    refuses(prelu.backward(None, &x, &x, None, Some(&mut y)), Status::SHAPE, &["dparams has 3", "not 1"]);
    let draw = activ::Draw::default();
    refuses(relu.forward_train(None, draw, &x, &mut z, &mut y), Status::SHAPE, &["noise has 3", "x has 4"]);
    refuses(relu.backward_train(None, &x, &[0.0; 3], &x, None, None), Status::SHAPE, &["noise has 3"]);
    refuses(relu.forward_channels(None, 0, 1, &x, &mut z), Status::SHAPE, &["4 values"]);
    refuses(relu.forward_channels(None, usize::MAX, 2, &x, &mut z), Status::RANGE, &["overflows"]);

    refuses(Matrix::new(&x, 3), Status::SHAPE, &["4 values", "3 columns"]);
    refuses(Matrix::new(&x, 0), Status::SHAPE, &["without columns"]);
    refuses(Matrix::with_stride(&x, 2, 3, 2), Status::SHAPE, &["stride of 2", "3 columns"]);
    refuses(Matrix::with_stride(&x, 2, 3, 3), Status::SHAPE, &["need 6", "there are 4"]);
    refuses(Matrix::with_stride(&x, 3, 1, usize::MAX), Status::RANGE, &["overflows"]);
    refuses(MatrixMut::with_stride(&mut y, usize::MAX, 1, 2), Status::RANGE, &["overflows"]);
    refuses(Matrix::new(&x[..3], 3).unwrap().halves(), Status::SHAPE, &["3 columns"]);
    let (two, four) = (Matrix::new(&x, 2).unwrap(), Matrix::new(&x, 4).unwrap());
    let out = MatrixMut::new(&mut z, 4).unwrap();
    refuses(relu.forward_rows(None, two, out), Status::SHAPE, &["1 x 4", "2 x 2"]);
    let out = MatrixMut::new(&mut z, 2).unwrap();
    refuses(swiglu.forward_gated(None, two, four, out), Status::SHAPE, &["gate is 1 x 4", "2 x 2"]);
    let out = MatrixMut::new(&mut z, 2).unwrap();
    refuses(
        swiglu.backward_gated_split(None, four, activ::Gate::Second, two, out, None),
        Status::SHAPE,
        &["dx is 2 x 2", "1 x 4"],
    );
    refuses(prelu.backward_rows(None, two, four, None, None), Status::SHAPE, &["dy is 1 x 4"]);
    assert_eq!(z, [9.0; 4], "nothing is half-done");
}

#[test]
fn contexts() {
    refuses(Context::builder().threads(257).build(), Status::RANGE, &[]);
    refuses(Context::builder().max_tier("avx3").build(), Status::UNKNOWN_NAME, &["avx3"]);
    refuses(Context::builder().max_tier("a\0").build(), Status::SYNTAX, &["zero byte"]);
}

/// What one builder call makes of a graph of 4 inputs.
#[track_caller]
fn build_refuses(status: Status, words: &[&str], add: impl FnOnce(&mut activ::GraphBuilder, activ::Node)) {
    let mut build = Graph::builder().unwrap();
    let x = build.input(4);
    add(&mut build, x);
    let said = build.error();
    let after = build.linear(x, 2); // later calls do nothing
    build.cross_entropy(after);
    assert_eq!(build.memory_bytes(1), None);
    let error = build.compile(1).unwrap_err();
    assert_eq!(said.as_ref(), Some(&error.message));
    refuses::<()>(Err(error), status, words);
}

#[test]
fn networks_that_cannot_be_built() {
    let relu = Function::new("relu").unwrap();
    let swiglu = Function::new("swiglu").unwrap();
    let mut other = Graph::builder().unwrap();
    let foreign = other.input(4);
    build_refuses(Status::RANGE, &[], |b, x| {
        b.linear(x, 0);
    });
    build_refuses(Status::RANGE, &[], |b, x| {
        b.linear(x, usize::MAX);
    });
    build_refuses(Status::RANGE, &[], |b, x| {
        b.dropout(x, f32::NAN);
    });
    build_refuses(Status::RANGE, &[], |b, x| {
        b.dropout(x, 1.5);
    });
    build_refuses(Status::RANGE, &["eps"], |b, x| {
        b.batch_norm_with(x, Norm { eps: f32::NAN, momentum: 0.1 });
    });
    build_refuses(Status::RANGE, &["momentum"], |b, x| {
        b.batch_norm_with(x, Norm { eps: 1e-5, momentum: 2.0 });
    });
    build_refuses(Status::SHAPE, &[], |b, x| {
        b.layer_norm(x, 7);
    });
    build_refuses(Status::SHAPE, &[], |b, x| {
        b.apply(x, &swiglu);
    });
    build_refuses(Status::SHAPE, &[], |b, x| {
        b.gated(x, x, &relu);
    });
    build_refuses(Status::INVALID, &[], |b, x| {
        b.apply_shared(x, x);
    });
    build_refuses(Status::INVALID, &[], |b, _| {
        b.linear(foreign, 3);
    });
    build_refuses(Status::INVALID, &[], |b, x| {
        b.add(x, foreign);
    });
    build_refuses(Status::INVALID, &[], |b, x| {
        b.concat(&[x, foreign], 0);
    });
    build_refuses(Status::INVALID, &[], |b, x| b.set_name(x, "no blanks please"));
    build_refuses(Status::SYNTAX, &["zero byte"], |b, x| b.set_name(x, "a\0"));
    build_refuses(Status::STATE, &[], |b, _| {
        b.input(4);
    });
    build_refuses(Status::SHAPE, &["4", "3"], |b, x| {
        let y = b.linear(x, 3);
        b.add(x, y);
    });
    let weighted = |weight: Vec<f32>| CrossEntropy { weight: Some(weight), ..CrossEntropy::default() };
    build_refuses(Status::SHAPE, &["3 values", "not 4"], |b, x| {
        b.cross_entropy_with(x, &weighted(vec![1.0; 3]));
    });
    build_refuses(Status::RANGE, &[], |b, x| {
        b.cross_entropy_with(x, &weighted(vec![1.0, f32::NAN, 1.0, 1.0]));
    });
    build_refuses(Status::INVALID, &[], |b, _| {
        b.cross_entropy_with(foreign, &weighted(vec![]));
    });
    let smooth = CrossEntropy { label_smoothing: f32::NAN, ..CrossEntropy::default() };
    build_refuses(Status::RANGE, &[], |b, x| {
        b.cross_entropy_with(x, &smooth);
    });
    let mut none = Graph::builder().unwrap();
    assert!(none.concat(&[], 0) != foreign);
    assert!(none.compile(1).is_err());
    refuses(Graph::builder().unwrap().compile(1), Status::STATE, &[]);
    // Asking what is too large leaves no mark, and what follows is still looked at.
    let mut asked = Graph::builder().unwrap();
    let x = asked.input(4);
    let x = asked.linear(x, 4);
    assert_eq!(asked.memory_bytes(usize::MAX / 2), None);
    assert_eq!(asked.error(), None);
    assert!(asked.memory_bytes(2).is_some());
    assert_eq!(asked.memory_bytes(usize::MAX / 2), None);
    asked.cross_entropy_with(x, &weighted(vec![1.0]));
    refuses(asked.compile(2), Status::SHAPE, &["1 values", "not 4"]);
    let mut huge = Graph::builder().unwrap();
    let x = huge.input(1 << 20);
    huge.linear(x, 10);
    let error = huge.compile(usize::MAX / 2).unwrap_err();
    assert!(error.status == Status::RANGE || error.status == Status::OUT_OF_MEMORY, "{:?}", error);
    let error = Graph::builder().unwrap().input_shape(&[1; 20]);
    assert_ne!(error, foreign);
}

#[test]
fn training() {
    let (x, labels) = samples();
    let mut graph = classifier("relu").unwrap();
    let before = graph.params().to_vec();
    refuses(graph.train(&x[..63], &labels), Status::SHAPE, &["x has 63", "not 64", "16 samples of 4"]);
    refuses(graph.train(&x, &labels[..15]), Status::SHAPE, &["x has 64", "not 60"]);
    refuses(graph.train(&[], &[]), Status::RANGE, &[]);
    refuses(
        graph.train(&[x.clone(), x.clone()].concat(), &[labels.clone(), labels.clone()].concat()),
        Status::RANGE,
        &[],
    );
    refuses(graph.train(&x[..4], &[3]), Status::RANGE, &["3"]);
    refuses(graph.train(&x[..4], &[-1]), Status::RANGE, &["-1"]);
    refuses(graph.train_values(&x[..4], &[0.0; 3]), Status::STATE, &[]);
    refuses(graph.train_values(&x[..5], &[0.0; 3]), Status::SHAPE, &["5 values", "whole samples of 4"]);
    refuses(graph.train_values(&x[..4], &[0.0; 2]), Status::SHAPE, &["targets has 2", "not 3"]);
    refuses(graph.evaluate(&x[..3], &[0]), Status::SHAPE, &["x has 3"]);
    refuses(graph.forward(&x, &mut [0.0; 47]), Status::SHAPE, &["y has 47", "not 48"]);
    refuses(graph.predict(&x[..7]), Status::SHAPE, &["7 values"]);
    refuses(graph.predict(&[]), Status::RANGE, &[]);
    refuses(graph.workspace(usize::MAX), Status::RANGE, &["overflows"]);
    let mut none = graph.workspace(0).unwrap();
    refuses(graph.predict_into(&mut none, &x, &mut [0.0; 48]), Status::RANGE, &[]);
    refuses(graph.forward_train(&x, &mut [0.0; 3]), Status::SHAPE, &["y has 3", "not 48"]);
    let mut y = [0.0; 48];
    let step = graph.forward_train(&x, &mut y).unwrap();
    refuses(step.backward(&[0.0; 47], None), Status::SHAPE, &["dy has 47", "not 48"]);
    let step = graph.forward_train(&x, &mut y).unwrap();
    refuses(step.backward(&[0.0; 48], Some(&mut [0.0; 4])), Status::SHAPE, &["dx has 4", "not 64"]);
    refuses(graph.clip_grad_norm(f32::NAN), Status::RANGE, &[]);
    refuses(graph.clip_grad_norm(-1.0), Status::RANGE, &[]);
    refuses(graph.clip_grad_value(f32::NAN), Status::RANGE, &[]);
    refuses(graph.init_weights(Scheme::Default, f32::NAN, 1), Status::RANGE, &[]);
    assert_eq!(graph.params(), before, "nothing is half-done");

    graph.grads_mut()[0] = f32::NAN;
    refuses(graph.clip_grad_norm(1.0), Status::RANGE, &[]);

    let mut build = Graph::builder().unwrap();
    let y = layers(&mut build, 4, &Function::new("relu").unwrap(), 3);
    build.cross_entropy(y);
    refuses(build.compile(16).unwrap().train(&x, &labels), Status::STATE, &[]);
}

#[test]
fn optimisers() {
    let mut graph = classifier("relu").unwrap();
    let mut other = classifier("relu").unwrap();
    for lr in [f32::NAN, f32::INFINITY, -1.0] {
        refuses(Optimizer::new(&mut graph, Sgd { lr, ..Sgd::default() }), Status::RANGE, &["lr"]);
        refuses(Optimizer::new(&mut graph, AdamW { lr, ..AdamW::default() }), Status::RANGE, &["lr"]);
        refuses(Optimizer::new(&mut graph, RmsProp { lr, ..RmsProp::default() }), Status::RANGE, &["lr"]);
    }
    let nesterov = Sgd { nesterov: true, ..Sgd::default() };
    refuses(Optimizer::new(&mut graph, nesterov), Status::RANGE, &["nesterov"]);
    refuses(Optimizer::new(&mut graph, AdamW { beta1: 1.0, ..AdamW::default() }), Status::RANGE, &["beta"]);
    refuses(Optimizer::new(&mut graph, AdamW { eps: 0.0, ..AdamW::default() }), Status::RANGE, &["eps"]);
    let mut sgd = Optimizer::new(&mut graph, Sgd { lr: 0.25, ..Sgd::default() }).unwrap();
    refuses(sgd.step(&mut other), Status::INVALID, &["another graph"]);
    refuses(sgd.set_lr(f32::NAN), Status::RANGE, &["lr"]);
    refuses(sgd.set_lr(schedule::cosine(0.1, 0, 0.0, 1)), Status::RANGE, &["lr"]);
    assert_eq!((sgd.lr(), sgd.steps()), (0.25, 0));
    refuses(sgd.tensor_options(99), Status::RANGE, &["99"]);
    let options = |lr_scale, weight_decay| TensorOptions { lr_scale, weight_decay };
    refuses(sgd.set_tensor_options(99, options(1.0, 0.0)), Status::RANGE, &["no such tensor"]);
    refuses(sgd.set_tensor_options(0, options(f32::NAN, 0.0)), Status::RANGE, &["lr_scale"]);
    refuses(sgd.set_tensor_options(0, options(1.0, -1.0)), Status::RANGE, &["weight_decay"]);
    let mut build = Graph::builder().unwrap();
    let x = build.input(4);
    build.linear(x, 2);
    let mut predicts = build.compile(0).unwrap();
    refuses(Optimizer::new(&mut predicts, Sgd::default()), Status::STATE, &[]);
    refuses(GraphNeurons::new(&predicts, 0.0), Status::STATE, &["predictions only"]);
}

#[test]
fn nodes_of_other_graphs() {
    let (graph, other) = (classifier("relu").unwrap(), classifier("relu").unwrap());
    let node = other.nodes()[1];
    refuses(graph.node_info(node), Status::RANGE, &["a node of this graph"]);
    refuses(graph.view(node), Status::RANGE, &["a node of this graph"]);
    assert!(graph.function(node).is_none() && graph.values(node).is_none() && graph.value_grads(node).is_none());
    assert!(graph.find("nowhere").is_none() && graph.find("a\0").is_none());
    assert_ne!(graph.nodes()[1], node);
}

#[test]
fn files() {
    let folder = Scratch::new("bad-files");
    let mut graph = classifier("relu").unwrap();
    let before = graph.params().to_vec();
    let (none, bad) = (folder.file("none"), folder.file("bad.safetensors"));
    std::fs::write(&bad, [0xff; 64]).unwrap();
    refuses(Graph::load(&none, 1), Status::IO, &["none"]);
    refuses(Graph::load(&bad, 1), Status::FORMAT, &["bad.safetensors"]);
    refuses(Graph::load("zero\0byte", 1), Status::INVALID, &["zero byte"]);
    refuses(graph.load_params(&bad), Status::FORMAT, &["bad.safetensors"]);
    refuses(graph.load_training(&bad), Status::FORMAT, &["bad.safetensors"]);
    refuses(graph.save(folder.file("no/such/folder")), Status::IO, &["no/such/folder"]);
    assert_eq!(graph.params(), before);
    let good = folder.file("good.safetensors");
    graph.save(&good).unwrap();
    refuses(graph.load_training(&good), Status::FORMAT, &["good.safetensors"]);

    refuses(SafeTensors::open(&none), Status::IO, &["none"]);
    refuses(SafeTensors::from_bytes(&[1, 2, 3]), Status::FORMAT, &[]);
    let path = folder.file("out.safetensors");
    let one = [1.0f32];
    let twice = Writer::new().values("a", &one, &[1]).values("a", &one, &[1]);
    refuses(twice.save(&path), Status::INVALID, &["a"]);
    refuses(Writer::new().values("b", &one, &[2]).save(&path), Status::SHAPE, &["'b'", "1 values", "not 2"]);
    refuses(Writer::new().text("k\0", "v").save(&path), Status::SYNTAX, &["zero byte"]);
    assert!(!path.exists(), "nothing is half-done");
    Writer::new().values("a", &one, &[1]).save(&path).unwrap();
    let file = SafeTensors::open(&path).unwrap();
    refuses(file.find("a").unwrap().to_vec::<i32>(), Status::SHAPE, &["'a'", "F32", "Int32"]);
    assert!(file.find("b").is_none() && file.metadata("k").is_none());
}

#[test]
fn tensors() {
    let values = [1.0f32; 6];
    refuses(TensorRef::of(&values, &[2, 4]), Status::SHAPE, &["6 values", "not 8", "[2, 4]"]);
    refuses(TensorRef::of(&values, &[usize::MAX, 2]), Status::RANGE, &["overflows"]);
    refuses(TensorRef::of(&values, &[1, 1, 1, 1, 1, 1, 1, 1, 6]), Status::RANGE, &["8 dimensions"]);
    refuses(TensorRef::of_strided(&values, &[2, 2], &[4, 2]), Status::SHAPE, &["element 6", "6 values"]);
    refuses(TensorRef::of_strided(&values, &[2, 2], &[usize::MAX, 2]), Status::RANGE, &["overflow"]);
    refuses(TensorRef::of_strided(&values, &[2, 2], &[1]), Status::SHAPE, &["strides has 1"]);
    refuses(Tensor::zeros(DType::Float64, &[usize::MAX / 4]), Status::RANGE, &[]);
    let mut tensor = Tensor::from_values(&values, &[2, 3]).unwrap();
    refuses(tensor.as_slice::<f64>(), Status::SHAPE, &["Float32", "Float64"]);
    refuses(tensor.to_vec::<i32>(), Status::SHAPE, &["Int32"]);
    refuses(tensor.reshape(&[7]), Status::SHAPE, &[]);
    refuses(tensor.narrow(2, 0, 1), Status::RANGE, &["dimension"]);
    refuses(tensor.narrow(0, 1, usize::MAX), Status::RANGE, &[]);
    refuses(tensor.transpose(0, 5), Status::RANGE, &["dimension"]);
    refuses(tensor.transpose(0, 1).unwrap().as_slice::<f32>(), Status::STATE, &["[3, 2]", "[1, 3]"]);
    refuses(tensor.transpose_mut(0, 1).unwrap().as_mut_slice::<f32>(), Status::STATE, &[]);
    let other = Tensor::zeros(DType::Float32, &[3, 2]).unwrap();
    refuses(tensor.copy_from(&other), Status::SHAPE, &["[3, 2]", "[2, 3]"]);
}

#[test]
fn numbers() {
    let nan = f32::NAN;
    let mut out = [7.0; 3];
    refuses(random::uniform(1, 0, 0, nan, 1.0, &mut out), Status::RANGE, &["NaN"]);
    refuses(random::uniform(1, 0, 0, 2.0, 1.0, &mut out), Status::RANGE, &["from 2 to 1"]);
    refuses(random::normal(1, 0, 0, 0.0, nan, &mut out), Status::RANGE, &["NaN"]);
    refuses(random::normal(1, 0, 1 << 63, 0.0, 1.0, &mut out), Status::RANGE, &["2^63"]);
    refuses(init::tensor(Scheme::Default, nan, &[3, 1], 1, 0, &mut out), Status::RANGE, &[]);
    refuses(init::tensor(Scheme::Default, 1.0, &[3], 1, 0, &mut out), Status::SHAPE, &[]);
    refuses(init::tensor(Scheme::Default, 1.0, &[3, 2], 1, 0, &mut out), Status::SHAPE, &["3 values", "not 6"]);
    assert_eq!(out, [7.0; 3]);
    assert!(schedule::step(nan, 0, nan, 1).is_nan());

    refuses(Histogram::new(0, 0.0, 1.0), Status::RANGE, &[]);
    refuses(Histogram::new(10, 0.0, f64::NAN), Status::RANGE, &[]);
    refuses(Histogram::new(10, 1.0, 0.0), Status::RANGE, &[]);
    refuses(Histogram::new(usize::MAX, 0.0, 1.0), Status::RANGE, &[]);
    refuses(Histogram::auto(&out, 0), Status::RANGE, &[]);
    assert_eq!(Histogram::bins_for(10, 0.0, f64::NAN, 0.0, 1.0, 10), 0);
    let mut histogram = Histogram::new(10, 0.0, 1.0).unwrap();
    let other = Histogram::new(11, 0.0, 1.0).unwrap();
    refuses(histogram.merge(&other), Status::SHAPE, &["other arguments"]);
    refuses(Quantiles::with_precision(16), Status::RANGE, &["16"]);
    let quantiles = Quantiles::new().unwrap();
    refuses(quantiles.get(&[0.5, f64::NAN]), Status::RANGE, &["NaN"]);
    assert!(quantiles.get(&[0.5]).unwrap()[0].is_nan());
    refuses(Neurons::new(0, 0.0), Status::RANGE, &["width 0"]);
    refuses(Neurons::new(3, nan), Status::RANGE, &["threshold NaN"]);
    let mut neurons = Neurons::new(3, 0.0).unwrap();
    refuses(neurons.add(&[0.0; 4]), Status::SHAPE, &["4 values", "3 neurons"]);
    refuses(neurons.report().dead(), Status::STATE, &["no inputs"]);
    neurons.add(&[0.0; 3]).unwrap();
    refuses(neurons.report().quiet(nan), Status::RANGE, &["NaN"]);
    refuses(neurons.report().rarely_active(1.5), Status::RANGE, &["1.5"]);
    let relu = Function::new("relu").unwrap();
    refuses(analysis::surface(&relu, None, 1, 0.0, 1.0), Status::RANGE, &["1 points"]);
    refuses(analysis::surface(&relu, None, 3, nan, 1.0), Status::RANGE, &[]);
    refuses(analysis::surface(&relu, Some(&[1.0]), 3, 0.0, 1.0), Status::SHAPE, &["params has 1"]);
    refuses(analysis::surface(&relu, None, usize::MAX, 0.0, 1.0), Status::RANGE, &["overflows"]);
    refuses(analysis::surface(&Function::new("softmax").unwrap(), None, 3, 0.0, 1.0), Status::SHAPE, &[]);
}
