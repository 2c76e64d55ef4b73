//! Networks: every layer, training, files, threads, and what outlives what.
mod common;

use activ::init::Scheme;
use activ::safetensors::{SafeTensors, Writer};
use activ::{
    schedule, AdamW, Algorithm, Compile, Context, CrossEntropy, Custom, Executor, Function, Gate, Graph, Left,
    LoadOptions, Norm, Optimizer, RmsProp, Sgd, Status, TensorOptions,
};
use common::{classifier, layers, noise, samples, Scratch};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[test]
fn every_kind_of_layer_is_built() {
    let (relu, swiglu) = (Function::new("relu").unwrap(), Function::new("swiglu").unwrap());
    let mut build = Graph::builder().unwrap();
    let input = build.input_shape(&[2, 3]);
    let x = build.batch_norm(input);
    let x = build.flatten(x);
    let a = build.linear(x, 8);
    let b = build.linear_without_bias(x, 8);
    let first = build.apply(a, &relu);
    let second = build.apply_shared(b, first);
    let sum = build.add(first, second);
    let product = build.multiply(sum, first);
    let both = build.concat(&[sum, product, sum], -1);
    let x = build.layer_norm_with(both, 0, Norm { eps: 1e-4, ..Norm::default() });
    let x = build.dropout(x, 0.25);
    let x = build.gated_split(x, &swiglu, Gate::First);
    let gate = build.linear(x, 12);
    let x = build.gated(x, gate, &swiglu);
    build.set_name(x, "last.gate");
    let x = build.linear(x, 3);
    let loss = build.cross_entropy_with(
        x,
        &CrossEntropy { weight: Some(vec![1.0, 2.0, 3.0]), label_smoothing: 0.1, ..CrossEntropy::default() },
    );
    let bytes = build.memory_bytes(8).unwrap();
    let mut graph = build.compile(Compile::for_batches(8).keep_values()).unwrap();
    graph.init(1).unwrap();
    assert!(bytes > 0 && graph.memory_bytes() >= bytes, "keeping values takes more");

    let kinds: Vec<String> = graph.nodes().iter().map(|node| graph.node_info(*node).unwrap().kind).collect();
    let expected = [
        "input",
        "batch_norm",
        "flatten",
        "linear",
        "linear",
        "activation",
        "activation",
        "add",
        "multiply",
        "concat",
        "layer_norm",
        "dropout",
        "gated_split",
        "linear",
        "gated",
        "linear",
        "cross_entropy",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(graph.find("last.gate").map(|node| graph.function(node).unwrap().spec().to_string()).unwrap(), "swiglu");
    assert_eq!((graph.input_node(), graph.loss_node()), (Some(input), Some(loss)));
    assert_eq!((graph.input_len(), graph.output_len(), graph.max_batch()), (6, 3, 8));
    let info = graph.node_info(both).unwrap();
    assert_eq!((info.shape, info.inputs), (vec![24], vec![sum, product, sum]));
    let names: Vec<String> = graph.buffer_tensors().into_iter().map(|tensor| tensor.name).collect();
    assert!(names.contains(&"cross_entropy.weight".to_string()), "{:?}", names);

    let (x, labels) = (noise(1, 8 * 6), [0, 1, 2, 0, 1, 2, -100, 0]);
    let before = graph.train(&x, &labels).unwrap();
    assert!(before.is_finite());
    let view = graph.view(both).unwrap();
    assert_eq!((view.kind, view.width, view.batch), ("concat", 24, 8));
    assert_eq!(view.values.unwrap().len(), 8 * 24);
    assert_eq!(graph.values(sum).unwrap()[..8], graph.values(both).unwrap()[..8]);
    assert!(graph.value_grads(input).unwrap().iter().any(|gradient| *gradient != 0.0));
    let weight = graph.param_tensors().into_iter().find(|tensor| tensor.shape == [8, 6]).unwrap();
    assert_eq!(graph.param(&weight.name).unwrap().len(), 48);
    assert_eq!(graph.params()[weight.range.clone()], *graph.param(&weight.name).unwrap());
    assert!(graph.param("layers.99.weight").is_none());

    let mut adamw = Optimizer::new(&mut graph, AdamW { lr: 0.02, ..AdamW::default() }).unwrap();
    adamw.decay_weights_only().unwrap();
    for _ in 0..60 {
        graph.train(&x, &labels).unwrap();
        adamw.step(&mut graph).unwrap();
    }
    assert!(graph.evaluate(&x, &labels).unwrap().loss < before / 2.0);
}

#[test]
fn optimisers_schedules_and_clipping() {
    let (x, labels) = samples();
    let algorithms: [Algorithm; 3] = [
        Sgd { lr: 0.1, momentum: 0.9, nesterov: true, ..Sgd::default() }.into(),
        AdamW { lr: 0.01, amsgrad: true, ..AdamW::default() }.into(),
        RmsProp { lr: 0.01, centered: true, momentum: 0.5, ..RmsProp::default() }.into(),
    ];
    for algorithm in algorithms {
        let mut graph = classifier("tanh").unwrap();
        let mut optimizer = Optimizer::new(&mut graph, algorithm).unwrap();
        let first = graph.train(&x, &labels).unwrap();
        for step in 0..200 {
            graph.train(&x, &labels).unwrap();
            let norm = graph.clip_grad_norm(0.5).unwrap();
            assert!(norm.is_finite());
            assert!(graph.clip_grad_norm(f32::INFINITY).unwrap() < 0.5001);
            graph.clip_grad_value(0.1).unwrap();
            assert!(graph.grads().iter().all(|gradient| gradient.abs() <= 0.1));
            optimizer.set_lr(schedule::warmup_cosine(0.05, 0.1, 10, 200, 0.001, step)).unwrap();
            optimizer.step(&mut graph).unwrap();
        }
        assert_eq!(optimizer.steps(), 200);
        assert_eq!(optimizer.lr(), schedule::warmup_cosine(0.05, 0.1, 10, 200, 0.001, 199));
        assert!(graph.evaluate(&x, &labels).unwrap().loss < 0.8 * first, "{:?}", algorithm);
    }
}

#[test]
fn training_and_the_step_in_one() {
    let (x, labels) = samples();
    let (mut one, mut two) = (classifier("tanh").unwrap(), classifier("tanh").unwrap());
    let mut adamw = Optimizer::new(&mut one, AdamW::default()).unwrap();
    let mut other = Optimizer::new(&mut two, AdamW::default()).unwrap();
    for _ in 0..4 {
        let loss = one.step(&mut adamw, &x, &labels).unwrap();
        assert_eq!(loss, two.train(&x, &labels).unwrap());
        other.step(&mut two).unwrap();
    }
    assert_eq!(one.params(), two.params());
    assert!(one.step(&mut other, &x, &labels).unwrap_err().message.contains("another graph's"));
    assert!(one.step(&mut adamw, &x[1..], &labels).unwrap_err().message.contains("x has"));
    assert!(one.step_values(&mut adamw, &x, &x).is_err());
    assert_eq!((adamw.steps(), other.steps()), (4, 4));

    let mut build = Graph::builder().unwrap();
    let node = build.input(2);
    let node = build.linear(node, 2);
    build.mse(node);
    let mut graph = build.compile(4).unwrap();
    graph.init(1).unwrap();
    let mut sgd = Optimizer::new(&mut graph, Sgd::default()).unwrap();
    let (x, targets) = (noise(1, 8), noise(2, 8));
    let before = graph.evaluate_values(&x, &targets).unwrap();
    assert_eq!(graph.step_values(&mut sgd, &x, &targets).unwrap(), before);
    assert!(graph.evaluate_values(&x, &targets).unwrap() < before);
    assert!(graph.step_values(&mut sgd, &x, &targets[1..]).is_err());
}

#[test]
fn a_frozen_tensor_stays_as_it_is() {
    let (x, labels) = samples();
    let mut graph = classifier("relu").unwrap();
    let mut sgd = Optimizer::new(&mut graph, Sgd { lr: 0.1, ..Sgd::default() }).unwrap();
    let tensors = graph.param_tensors();
    let bias = tensors.iter().position(|tensor| tensor.name == "layers.0.bias").unwrap();
    let frozen = TensorOptions { lr_scale: 0.0, weight_decay: 0.0 };
    sgd.set_tensor_options(bias, frozen).unwrap();
    assert_eq!(sgd.tensor_options(bias).unwrap(), frozen);
    let before = graph.params().to_vec();
    graph.train(&x, &labels).unwrap();
    sgd.step(&mut graph).unwrap();
    for (i, tensor) in tensors.iter().enumerate() {
        let range = tensor.range.clone();
        assert_eq!(graph.params()[range.clone()] == before[range], i == bias, "{}", tensor.name);
    }
}

#[test]
fn a_loss_of_the_programs_own_is_the_librarys() {
    let mut build = Graph::builder().unwrap();
    let y = layers(&mut build, 2, &Function::new("silu").unwrap(), 1);
    build.mse(y);
    let mut graph = build.compile(4).unwrap();
    graph.init(5).unwrap();
    let (x, targets) = (noise(1, 8), noise(2, 4));
    graph.train_values(&x, &targets).unwrap();
    let expected = graph.grads().to_vec();
    graph.grads_mut().fill(0.0);
    let (mut y, mut dx) = ([0.0; 4], [0.0; 8]);
    let step = graph.forward_train(&x, &mut y).unwrap();
    let dy: Vec<f32> = y.iter().zip(&targets).map(|(y, target)| 2.0 * (y - target) / 4.0).collect();
    step.backward(&dy, Some(&mut dx)).unwrap();
    assert_eq!(graph.grads(), expected);
    assert!(dx.iter().all(|dx| *dx != 0.0));
    // A step that is dropped leaves a graph that can be used.
    let _ = graph.forward_train(&x, &mut y).unwrap();
    graph.train_values(&x, &targets).unwrap();
    assert_eq!(graph.grads(), expected);
}

#[test]
fn initial_values() {
    let mut graph = classifier("relu").unwrap();
    let first = graph.params().to_vec();
    graph.init(2).unwrap();
    assert_ne!(graph.params(), first);
    assert_eq!(graph.seed(), 2);
    graph.init_weights(Scheme::Orthogonal, Scheme::Orthogonal.gain(), 3).unwrap();
    assert!(graph.param("layers.0.bias").unwrap().iter().all(|bias| *bias == 0.0));
    graph.param_mut("layers.0.bias").unwrap()[1] = 4.0;
    assert_eq!(graph.param("layers.0.bias").unwrap()[1], 4.0);
}

// ---- threads ----

#[test]
fn the_same_bits_with_threads_and_without() {
    let train = |context: &Context| {
        let mut build = context.graph().unwrap();
        let x = build.input(64);
        let x = build.linear(x, 256);
        let x = build.apply(x, &context.function("mish").unwrap());
        let x = build.linear(x, 256);
        build.mse(x);
        let mut graph = build.compile(128).unwrap();
        graph.init(1).unwrap();
        let mut sgd = Optimizer::new(&mut graph, Sgd { lr: 0.1, ..Sgd::default() }).unwrap();
        let (x, targets) = (noise(1, 128 * 64), noise(2, 128 * 256));
        for _ in 0..3 {
            graph.train_values(&x, &targets).unwrap();
            sgd.step(&mut graph).unwrap();
        }
        graph.params().to_vec()
    };
    let alone = train(&Context::builder().build().unwrap());
    assert_eq!(train(&Context::builder().threads(3).build().unwrap()), alone);
    assert_eq!(train(&Context::builder().max_tier("scalar").build().unwrap()), alone);
    assert_eq!(Context::builder().max_tier("scalar").build().unwrap().tier(), "scalar");
}

/// Does not do what it was asked: parts twice (0), not at all (1), or only until a panic (2).
struct Careless(Arc<AtomicUsize>, u32);

impl Executor for Careless {
    fn threads(&self) -> usize {
        4
    }
    fn parallel_for(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::scope(|scope| {
            for i in (0..count).filter(|i| self.1 == 0 || i % 2 == 0) {
                scope.spawn(move || task(i));
                scope.spawn(move || task(i));
            }
            task(count);
            task(usize::MAX);
        });
        assert!(self.1 < 2, "an executor that panics");
    }
}

#[test]
fn threads_of_the_programs_own_do_no_harm() {
    let x = noise(1, 1 << 18);
    let expected = Function::new("gelu").unwrap().values(&x).unwrap();
    for kind in 0..3 {
        let (asked, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counter = done.clone();
        let count = move |x: f32| {
            counter.fetch_add(1, Ordering::SeqCst);
            -x
        };
        let counted = Custom::from_closures("counted", count, |_| -1.0).unwrap();
        let context = Context::builder().executor(Careless(asked.clone(), kind)).function(&counted).build().unwrap();
        let (gelu, counted) = (context.function("gelu").unwrap(), context.function("counted").unwrap());
        drop(context);
        assert!(gelu.values(&x).unwrap() == expected);
        assert!(counted.values(&x).unwrap().iter().zip(&x).all(|(y, x)| *y == -x));
        assert_eq!(done.load(Ordering::SeqCst), x.len(), "each value once");
        assert!(asked.load(Ordering::SeqCst) > 1, "it was never asked");
    }
    struct None;
    impl Executor for None {
        fn threads(&self) -> usize {
            0
        }
        fn parallel_for(&self, _: usize, _: &(dyn Fn(usize) + Sync)) {}
    }
    assert_eq!(Context::builder().executor(None).build().unwrap_err().status, Status::RANGE);
}

#[test]
fn many_threads_predict_from_one_graph() {
    let (x, labels) = samples();
    let mut graph = classifier("gelu").unwrap();
    graph.train(&x, &labels).unwrap();
    let mut expected = vec![0.0; 16 * 3];
    graph.forward(&x, &mut expected).unwrap();
    assert_eq!(graph.predict(&x).unwrap(), expected);
    let many: Vec<f32> = x.iter().cycle().take(64 * 300).copied().collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut workspace = graph.workspace(7).unwrap();
                let mut y = vec![0.0; 3 * 16 * 300];
                for _ in 0..5 {
                    graph.predict_into(&mut workspace, &many, &mut y).unwrap();
                    assert!(y.chunks(48).all(|y| y == expected));
                    assert_eq!(graph.nodes().len(), 5); // other queries take turns
                }
            });
        }
    });
    let shared = Arc::new(graph);
    let other = shared.clone();
    let there = std::thread::spawn(move || other.predict(&[1.0, 2.0, 3.0, 4.0]).unwrap());
    assert_eq!(there.join().unwrap(), shared.predict(&[1.0, 2.0, 3.0, 4.0]).unwrap());
}

#[test]
fn an_optimiser_on_another_thread_takes_turns() {
    let (x, labels) = samples();
    let mut graph = classifier("relu").unwrap();
    let mut sgd = Optimizer::new(&mut graph, Sgd::default()).unwrap();
    std::thread::scope(|scope| {
        let handle = scope.spawn(|| {
            for i in 0..500 {
                sgd.set_lr(i as f32 / 1000.0).unwrap();
                assert!(sgd.set_lr(f32::NAN).unwrap_err().message.contains("lr"));
            }
        });
        for _ in 0..500 {
            graph.train(&x, &labels).unwrap();
            assert!(graph.train(&x, &[9; 16]).unwrap_err().message.contains('9'));
        }
        handle.join().unwrap();
    });
    assert_eq!(sgd.lr(), 0.499);
    sgd.step(&mut graph).unwrap();
}

// ---- files ----

#[test]
fn a_network_comes_back_from_its_file() {
    let folder = Scratch::new("save");
    let (x, labels) = samples();
    let mut graph = classifier("prelu").unwrap();
    graph.train(&x, &labels).unwrap();
    let path = folder.file("net.safetensors");
    graph.save(&path).unwrap();
    let loaded = Graph::load(&path, 0).unwrap();
    assert_eq!(loaded.predict(&x).unwrap(), graph.predict(&x).unwrap());
    assert_eq!(loaded.max_batch(), 0);
    assert!(loaded.grads().is_empty());
    let mut other = classifier("prelu").unwrap();
    other.init(9).unwrap();
    assert_ne!(other.params(), graph.params());
    other.load_params(&path).unwrap();
    assert_eq!(other.params(), graph.params());
    let error = classifier("relu").unwrap().load_params(&path).unwrap_err();
    assert_eq!(error.status, activ::Status::FORMAT);
    assert!(error.message.contains("net.safetensors"), "{}", error);
}

#[test]
fn training_goes_on_from_a_checkpoint() {
    let folder = Scratch::new("training");
    let (x, labels) = samples();
    let make = || {
        let mut build = Graph::builder().unwrap();
        let y = layers(&mut build, 4, &Function::new("rrelu").unwrap(), 3);
        let y = build.dropout(y, 0.1);
        build.cross_entropy(y);
        let mut graph = build.compile(16).unwrap();
        graph.init(4).unwrap();
        graph
    };
    let step = |graph: &mut Graph, optimizer: &mut Optimizer| {
        graph.train(&x, &labels).unwrap();
        optimizer.step(graph).unwrap();
    };
    let mut graph = make();
    let mut adamw = Optimizer::new(&mut graph, AdamW::default()).unwrap();
    (0..5).for_each(|_| step(&mut graph, &mut adamw));
    let path = folder.file("run.safetensors");
    graph.save_training(&adamw, &path).unwrap();
    (0..5).for_each(|_| step(&mut graph, &mut adamw));

    let mut resumed = make();
    resumed.init(99).unwrap();
    let mut optimizer = resumed.load_training(&path).unwrap();
    assert_eq!((optimizer.steps(), resumed.seed()), (5, 4));
    (0..5).for_each(|_| step(&mut resumed, &mut optimizer));
    assert_eq!(resumed.params(), graph.params());

    let other = make();
    let error = other.save_training(&adamw, folder.file("other.safetensors")).unwrap_err();
    assert_eq!(error.message, "the optimiser is another graph's");
    let error = make().load_training(folder.file("nowhere.safetensors")).unwrap_err();
    assert_eq!(error.status, activ::Status::IO);
}

#[test]
fn weights_come_from_other_programs_and_go_there() {
    let folder = Scratch::new("names");
    let path = folder.file("torch.safetensors");
    let graph = classifier("prelu").unwrap();
    let rules = [("layers.", "net."), ("layers.0.weight", "fc1.w")];
    graph.save_params(&path, &rules).unwrap();
    let file = SafeTensors::open(&path).unwrap();
    let mut names: Vec<&str> = file.entries().iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["fc1.w", "net.0.bias", "net.1.weight", "net.2.bias", "net.2.weight"]);
    let mut other = classifier("prelu").unwrap();
    other.init(9).unwrap();
    let left = other.load_params_with(&path, &LoadOptions { names: &rules, ..LoadOptions::default() }).unwrap();
    assert_eq!((left, other.params()), (Left::default(), graph.params()));

    // Some of them only, in double.
    let (weight, extra) = (vec![0.5f64; 32], [1.0f32]);
    Writer::new().values("layers.0.weight", &weight, &[8, 4]).values("extra", &extra, &[1]).save(&path).unwrap();
    let before = other.params().to_vec();
    let partial = LoadOptions { partial: true, ..LoadOptions::default() };
    assert_eq!(other.load_params_with(&path, &partial).unwrap_err().status, Status::UNSUPPORTED);
    let strict = LoadOptions { convert: true, ..LoadOptions::default() };
    assert_eq!(other.load_params_with(&path, &strict).unwrap_err().status, Status::FORMAT);
    assert_eq!(other.params(), before, "nothing is half-done");
    let left = other.load_params_with(&path, &LoadOptions { convert: true, ..partial }).unwrap();
    assert_eq!(left.unused, ["extra"]);
    assert_eq!(left.missing, ["layers.0.bias", "layers.1.weight", "layers.2.weight", "layers.2.bias"]);
    assert!(other.param("layers.0.weight").unwrap().iter().all(|weight| *weight == 0.5));

    // In 16 bits, by the same option; a whole network without one.
    let brains = [activ::BF16::from_f32(0.1); 32];
    Writer::new().values("layers.0.weight", &brains, &[8, 4]).save(&path).unwrap();
    let error = other.load_params_with(&path, &partial).unwrap_err();
    assert_eq!(error.status, Status::UNSUPPORTED);
    assert!(error.message.contains("BF16") && error.message.contains("option convert"), "{}", error);
    other.load_params_with(&path, &LoadOptions { convert: true, ..partial }).unwrap();
    assert!(other.param("layers.0.weight").unwrap().iter().all(|weight| *weight == brains[0].to_f32()));
    other.save(&path).unwrap();
    let whole = SafeTensors::open(&path).unwrap();
    let entries = whole.entries();
    let halves: Vec<Vec<activ::F16>> = entries
        .iter()
        .map(|entry| entry.to_vec::<f32>().unwrap().into_iter().map(activ::F16::from_f32).collect())
        .collect();
    let mut writer = Writer::new();
    for (entry, values) in entries.iter().zip(&halves) {
        writer = writer.values(entry.name, values, entry.shape);
    }
    for key in whole.metadata_keys() {
        writer = writer.text(key, whole.metadata(key).unwrap());
    }
    writer.save(&path).unwrap();
    let loaded = Graph::load(&path, 0).unwrap();
    for (half, value) in loaded.params().iter().zip(other.params()) {
        assert_eq!(*half, activ::F16::from_f32(*value).to_f32());
    }

    let none = LoadOptions { names: &[("layer.", "")], ..LoadOptions::default() };
    let error = other.load_params_with(&path, &none).unwrap_err();
    assert_eq!(error.status, Status::UNKNOWN_NAME);
    assert!(error.message.contains("layer."), "{}", error);
    assert_eq!(other.save_params(&path, &[("layers.0.", "layers.2.")]).unwrap_err().status, Status::INVALID);
    assert!(other.save_params(&path, &[("a\0", "")]).unwrap_err().message.contains("zero byte"));
}

// ---- the program's own functions, contexts, lifetimes ----

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_function_of_the_programs_own_trains_is_saved_and_dropped() {
    let folder = Scratch::new("custom");
    let path = folder.file("cube.safetensors");
    let drops = Arc::new(AtomicUsize::new(0));
    let held = Counted(drops.clone());
    let cube = Custom::from_closures(
        "cube",
        move |x| {
            let _ = &held;
            x * x * x
        },
        |x| 3.0 * x * x,
    )
    .unwrap();
    let context = Context::builder().function(&cube).threads(2).build().unwrap();
    drop(cube);
    let mut build = context.graph().unwrap();
    let y = layers(&mut build, 4, &context.function("cube").unwrap(), 3);
    build.cross_entropy(y);
    let mut graph = build.compile(16).unwrap();
    graph.init(1).unwrap();
    let (x, labels) = samples();
    let mut sgd = Optimizer::new(&mut graph, Sgd { lr: 0.05, ..Sgd::default() }).unwrap();
    let before = graph.train(&x, &labels).unwrap();
    for _ in 0..100 {
        graph.train(&x, &labels).unwrap();
        sgd.step(&mut graph).unwrap();
    }
    assert!(graph.evaluate(&x, &labels).unwrap().loss < before);
    graph.save(&path).unwrap();
    let error = Graph::load(&path, 0).unwrap_err();
    assert!(error.message.contains("cube"), "{}", error);
    let loaded = context.load(&path, 0).unwrap();
    assert_eq!(loaded.predict(&x).unwrap(), graph.predict(&x).unwrap());
    let part = loaded.nodes().into_iter().find_map(|node| loaded.function(node)).unwrap();
    drop((context, loaded));
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    drop(graph);
    drop(sgd); // after its graph
    assert_eq!(part.values(&[2.0]).unwrap(), [8.0], "a function of a graph keeps what it needs");
    drop(part);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_panic_in_a_network_is_an_error() {
    let armed = Arc::new(AtomicUsize::new(0));
    let trigger = armed.clone();
    let own = Custom::from_closures(
        "own",
        |x| x,
        move |_| if trigger.load(Ordering::SeqCst) > 0 { panic!("in the derivative") } else { 1.0 },
    )
    .unwrap();
    let mut build = Graph::builder().unwrap();
    let y = layers(&mut build, 4, &Function::custom(&own).unwrap(), 3);
    build.cross_entropy(y);
    let mut graph = build.compile(16).unwrap();
    graph.init(1).unwrap();
    let (x, labels) = samples();
    graph.train(&x, &labels).unwrap();
    armed.store(1, Ordering::SeqCst);
    let error = graph.train(&x, &labels).unwrap_err();
    assert!(error.message.contains("'own'") && error.message.contains("in the derivative"), "{}", error);
    assert!(graph.predict(&x).is_err() && graph.evaluate(&x, &labels).is_err(), "and so are all calls after it");
}

#[test]
fn the_log_hears_of_failures() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let context = Context::builder()
        .log(move |status, line| {
            sink.lock().unwrap().push((status, line.to_string()));
            panic!("of the log, which nobody hears");
        })
        .build()
        .unwrap();
    let error = context.function("nonesuch").unwrap_err();
    let lines = lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    assert_eq!(*lines, [(error.status, error.message)]);
}

#[test]
fn things_may_be_dropped_in_any_order() {
    let (x, labels) = samples();
    let context = Context::builder().threads(2).build().unwrap();
    let relu = context.function("relu").unwrap();
    let mut build = context.graph().unwrap();
    let y = layers(&mut build, 4, &relu, 3);
    drop((context, relu));
    build.cross_entropy(y);
    let mut graph = build.compile(16).unwrap();
    graph.init(1).unwrap();
    let mut first = Optimizer::new(&mut graph, Sgd::default()).unwrap();
    let second = Optimizer::new(&mut graph, AdamW::default()).unwrap();
    let neurons = activ::analysis::GraphNeurons::new(&graph, 0.0).unwrap();
    graph.train(&x, &labels).unwrap();
    first.step(&mut graph).unwrap();
    drop(second);
    drop(graph);
    assert_eq!(first.steps(), 1);
    drop(first);
    assert_eq!(neurons.layers().len(), 1);
}
