//! Histograms, statistics, quantiles, neurons, surfaces, files of tensors, random numbers.
mod common;

use activ::analysis::{surface, GraphNeurons, Histogram, Neurons, Quantiles, Stats};
use activ::init::{self, Scheme};
use activ::safetensors::{SafeTensors, Writer};
use activ::{convert, random, Compile, DType, Function, Graph, Matrix, Status, Tensor, TensorRef, BF16, F16};
use common::{layers, noise, Scratch};

#[test]
fn accumulators_answer_for_the_values_alone() {
    let x = noise(1, 10_000);
    let (left, right) = x.split_at(3333);
    let (mut whole, mut part, mut rest) = (Stats::new().unwrap(), Stats::new().unwrap(), Stats::new().unwrap());
    whole.add(&x).unwrap();
    part.add(right).unwrap();
    rest.add(left).unwrap();
    part.merge(&rest).unwrap();
    assert_eq!(part.get(), whole.get());
    let stats = whole.get();
    let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / 1e4;
    let variance = x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / 1e4;
    assert!((stats.mean - mean).abs() < 1e-12 && (stats.variance - variance).abs() < 1e-12, "{:?}", stats);
    assert_eq!((stats.count, stats.finite, stats.nans), (10_000, 10_000, 0));
    part.reset();
    assert!(part.get().mean.is_nan());
    part.add(&[0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2.0]).unwrap();
    let odd = part.get();
    assert_eq!((odd.count, odd.finite, odd.zeros, odd.nans), (6, 3, 2, 1));
    assert_eq!((odd.positive_infinities, odd.negative_infinities, odd.largest), (1, 1, 2.0));

    let mut quantiles = Quantiles::with_precision(10).unwrap();
    quantiles.add(left).unwrap();
    let mut others = Quantiles::with_precision(10).unwrap();
    others.add(right).unwrap();
    others.add(&[f32::NAN]).unwrap();
    quantiles.merge(&others).unwrap();
    assert_eq!((quantiles.count(), quantiles.nans()), (10_000, 1));
    let mut sorted = x.clone();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let found = quantiles.get(&[0.0, 0.25, 1.0]).unwrap();
    assert_eq!((found[0], found[2]), (sorted[0], sorted[9999]));
    assert!((found[1] - sorted[2499]).abs() <= sorted[2499].abs() / 2048.0);
    assert_eq!(quantiles.get(&[]).unwrap(), []);
    quantiles.reset();
    assert_eq!(quantiles.count(), 0);
}

#[test]
fn histograms() {
    let mut histogram = Histogram::new(4, -1.0, 1.0).unwrap();
    histogram.add(&[-2.0, -1.0, -0.25, 0.0, 0.5, 1.0, 1.5, f32::NAN]).unwrap();
    assert_eq!(histogram.edges(), [-1.0, -0.5, 0.0, 0.5, 1.0]);
    assert_eq!(histogram.counts(), [1, 1, 1, 2]);
    let totals = histogram.totals();
    assert_eq!((totals.total, totals.under, totals.over, totals.nans), (8, 1, 1, 1));
    let mut other = Histogram::new(4, -1.0, 1.0).unwrap();
    other.add(&[0.25; 5]).unwrap();
    histogram.merge(&other).unwrap();
    assert_eq!(histogram.counts()[2], 6);
    histogram.reset();
    assert_eq!((histogram.counts(), histogram.totals().total), (&[0; 4][..], 0));
    let x = noise(2, 1000);
    let auto = Histogram::auto(&x, 200).unwrap();
    assert!((10..100).contains(&auto.counts().len()), "{} bins", auto.counts().len());
    assert_eq!(Histogram::bins_for(1000, 0.0, 1.0, 0.25, 0.75, 200), 10);
}

#[test]
fn neurons_of_a_layer_and_of_a_graph() {
    let mut neurons = Neurons::new(3, 0.0).unwrap();
    neurons.add(&[0.0, 0.5, 1.0, -0.0, 0.0, 2.0]).unwrap();
    let report = neurons.report();
    assert_eq!((report.width(), report.inputs(), report.dead_count()), (3, 2, 1));
    assert_eq!((report.active(), report.peaks()), (&[0, 1, 2][..], &[0.0, 0.5, 2.0][..]));
    assert_eq!(report.dead().unwrap(), [0]);
    assert_eq!(report.quiet(0.5).unwrap(), [0, 1]);
    assert_eq!(report.rarely_active(0.75).unwrap(), [0, 1]);
    let mut all = Neurons::new(3, 0.0).unwrap();
    all.merge(&neurons).unwrap();
    all.merge(&neurons).unwrap();
    assert_eq!(all.report().inputs(), 4);
    all.reset();
    assert_eq!(all.report().inputs(), 0);

    let make = || {
        let mut build = Graph::builder().unwrap();
        let y = layers(&mut build, 4, &Function::new("relu").unwrap(), 2);
        build.cross_entropy(y);
        let mut graph = build.compile(Compile::for_batches(8).keep_values()).unwrap();
        graph.init(1).unwrap();
        graph
    };
    let mut graph = make();
    graph.param_mut("layers.0.weight").unwrap()[..4].fill(0.0);
    graph.param_mut("layers.0.bias").unwrap()[0] = -1.0;
    let mut found = GraphNeurons::new(&graph, 0.0).unwrap();
    assert!(found.add(&graph).unwrap_err().message.contains("no values"));
    graph.train(&noise(3, 32), &[0, 1, 0, 1, 0, 1, 0, 1]).unwrap();
    found.add(&graph).unwrap();
    graph.forward(&noise(4, 32), &mut [0.0; 16]).unwrap();
    found.add(&graph).unwrap();
    {
        let layers = found.layers();
        assert_eq!(layers.len(), 1);
        assert_eq!(graph.node_info(layers[0].0).unwrap().name, "layers.1");
        assert_eq!((layers[0].1.inputs(), layers[0].1.dead().unwrap().contains(&0)), (16, true));
    }
    assert!(found.add(&make()).unwrap_err().message.contains("another graph"));
    let other = make();
    let mut copy = GraphNeurons::new(&other, 0.0).unwrap();
    copy.merge(&found).unwrap();
    assert_eq!(copy.layers()[0].1.active(), found.layers()[0].1.active());
    copy.reset();
    assert_eq!(copy.layers()[0].1.inputs(), 0);
}

#[test]
fn a_surface() {
    let tanh = Function::new("tanh").unwrap();
    let s = surface(&tanh, None, 5, -2.0, 2.0).unwrap();
    assert_eq!(s.points, [-2.0, -1.0, 0.0, 1.0, 2.0]);
    assert_eq!((s.f, s.slopes[2]), (tanh.values(&s.points).unwrap(), 1.0));
    assert_eq!((s.z.len(), s.gradient[12], s.z[12]), (25, 2f32.sqrt(), 0.0));
}

#[test]
fn tensors_and_their_views() {
    let values: Vec<i32> = (0..12).collect();
    let tensor = TensorRef::of(&values, &[3, 4]).unwrap();
    assert_eq!((tensor.shape(), tensor.strides(), tensor.count()), (&[3, 4][..], &[4, 1][..], 12));
    assert_eq!(tensor.dtype(), DType::Int32);
    let column = tensor.narrow(1, 2, 1).unwrap();
    assert!(!column.is_contiguous());
    assert_eq!(column.to_vec::<i32>().unwrap(), [2, 6, 10]);
    assert_eq!(
        tensor.reshape(&[2, 6]).unwrap().narrow(0, 1, 1).unwrap().as_slice::<i32>().unwrap(),
        [6, 7, 8, 9, 10, 11]
    );
    let repeated = TensorRef::of_strided(&values, &[2, 3], &[0, 1]).unwrap();
    assert_eq!(repeated.to_vec::<i32>().unwrap(), [0, 1, 2, 0, 1, 2]);
    let mut own = Tensor::zeros(DType::Int32, &[4, 3]).unwrap();
    own.transpose_mut(0, 1).unwrap().copy_from(&tensor).unwrap();
    assert_eq!(own.as_slice::<i32>().unwrap()[..4], [0, 4, 8, 1]);
    own.reshape_mut(&[12]).unwrap().narrow_mut(0, 1, 2).unwrap().as_mut_slice::<i32>().unwrap().fill(-1);
    assert_eq!(own.as_slice::<i32>().unwrap()[..4], [0, -1, -1, 1]);
    let empty = Tensor::zeros(DType::UInt8, &[3, 0]).unwrap();
    assert_eq!((empty.count(), empty.as_slice::<u8>().unwrap().len()), (0, 0));
    let single = Tensor::from_values(&[2.5f64], &[]).unwrap();
    assert_eq!((single.shape().len(), single.as_slice::<f64>().unwrap()), (0, &[2.5][..]));
    assert_eq!(DType::Int64.size(), 8);
}

#[test]
fn numbers_of_16_bits() {
    assert_eq!((std::mem::size_of::<F16>(), DType::Float16.size(), DType::BFloat16.size()), (2, 2, 2));
    assert_eq!((F16::from_f32(1.0).to_bits(), BF16::from_f32(1.0).to_bits()), (0x3c00, 0x3f80));
    assert_eq!((F16::from_f32(65520.0).to_bits(), F16::from_bits(0x8001).to_f32()), (0x7c00, -(2f32.powi(-24))));
    assert!(F16::from_f32(f32::NAN).to_f32().is_nan() && format!("{:?}", BF16::from_f32(-2.5)) == "-2.5");
    // Every number there and back; the rounding of a float64 is one.
    let all: Vec<BF16> = (0..=u16::MAX).map(BF16::from_bits).collect();
    let (mut wide, mut back) = (vec![0.0f64; all.len()], vec![BF16::default(); all.len()]);
    convert(&all, &mut wide).unwrap();
    convert(&wide, &mut back).unwrap();
    for (i, (bits, value)) in back.iter().zip(&wide).enumerate() {
        assert_eq!(*value as f32 == f32::from(all[i]), !value.is_nan());
        assert!(value.is_nan() || usize::from(bits.to_bits()) == i);
    }
    let mut once = [F16::default(); 2];
    convert(&[1.0 + 2f64.powi(-11) + 2f64.powi(-40), 1.0 + 2f64.powi(-11)], &mut once).unwrap();
    assert_eq!(once.map(F16::to_bits), [0x3c01, 0x3c00]);
    let error = convert(&all, &mut once).unwrap_err();
    assert_eq!(error.status, Status::SHAPE);
    assert!(error.message.contains("65536") && error.message.contains("y has 2"), "{}", error);

    let tensor = TensorRef::of(&[F16::from_f32(0.5), F16::from_f32(-3.0)], &[2, 1]).unwrap().to_vec::<F16>().unwrap();
    let tensor = Tensor::from_values(&tensor, &[1, 2]).unwrap();
    assert_eq!(tensor.dtype(), DType::Float16);
    assert_eq!(tensor.as_slice::<BF16>().unwrap_err().status, Status::SHAPE);
    let brain = tensor.transpose(0, 1).unwrap().convert(DType::BFloat16).unwrap();
    assert_eq!((brain.shape(), brain.as_slice::<BF16>().unwrap()[1].to_f32()), (&[2, 1][..], -3.0));
    let error = brain.convert(DType::Int32).unwrap_err();
    assert_eq!(error.status, Status::UNSUPPORTED);
    assert!(error.message.contains("from BFloat16 to Int32"), "{}", error);
    assert_eq!(
        Tensor::zeros(DType::UInt8, &[1]).unwrap().convert(DType::Float32).unwrap_err().status,
        Status::UNSUPPORTED
    );
    assert_eq!(Tensor::zeros(DType::Float16, &[0, 2]).unwrap().convert(DType::Float64).unwrap().count(), 0);
    let mut other = Tensor::zeros(DType::Float32, &[1, 2]).unwrap();
    assert_eq!(other.copy_from(&tensor).unwrap_err().status, Status::SHAPE);

    let folder = Scratch::new("halves");
    let path = folder.file("halves.safetensors");
    Writer::new()
        .tensor("h", &tensor)
        .tensor("b", &brain)
        .values("one", &[BF16::from_f32(1.0)], &[])
        .save(&path)
        .unwrap();
    let file = SafeTensors::open(&path).unwrap();
    let (h, b) = (file.find("h").unwrap(), file.find("b").unwrap());
    assert_eq!(
        (h.dtype, h.dtype_name, b.dtype, b.dtype_name),
        (Some(DType::Float16), "F16", Some(DType::BFloat16), "BF16")
    );
    assert_eq!(h.to_vec::<F16>().unwrap(), tensor.as_slice::<F16>().unwrap());
    assert_eq!(b.to_vec::<BF16>().unwrap()[0].to_f32(), 0.5);
    assert_eq!(b.to_vec::<F16>().unwrap_err().status, Status::SHAPE);
}

#[test]
fn files_of_any_tensors() {
    let folder = Scratch::new("tensors");
    let path = folder.file("some.safetensors");
    let (bytes, longs) = ([1u8, 2, 3], [i64::MIN, i64::MAX]);
    let tensor = Tensor::from_values(&[0.5f64, -0.5], &[2, 1]).unwrap();
    let writer = Writer::new().values("b", &bytes, &[3]).values("l", &longs, &[2]).tensor("t", &tensor);
    writer.text("key", "v\u{e4}lue").text("other", "").save(&path).unwrap();
    let check = |file: &SafeTensors| {
        assert_eq!(file.entries().len(), 3);
        assert_eq!(file.find("b").unwrap().to_vec::<u8>().unwrap(), bytes);
        assert_eq!(file.find("l").unwrap().to_vec::<i64>().unwrap(), longs);
        let t = file.find("t").unwrap();
        assert_eq!((t.dtype, t.dtype_name, t.shape), (Some(DType::Float64), "F64", &[2, 1][..]));
        assert_eq!(t.to_vec::<f64>().unwrap(), [0.5, -0.5]);
        assert_eq!(file.metadata("key"), Some("v\u{e4}lue"));
        let mut keys = file.metadata_keys();
        keys.sort_unstable();
        assert_eq!(keys, ["key", "other"]);
    };
    check(&SafeTensors::open(&path).unwrap());
    let file = std::fs::read(&path).unwrap();
    check(&SafeTensors::from_bytes(&file).unwrap());
    // At an address that suits no type but bytes.
    let shifted = [&[0], &file[..]].concat();
    check(&SafeTensors::from_bytes(&shifted[1..]).unwrap());
}

#[test]
fn random_numbers_and_initial_values() {
    assert_eq!(random::bits(1, 2, 3), random::bits(1, 2, 3));
    assert_ne!(random::bits(1, 2, 3), random::bits(1, 3, 3));
    let mut order = vec![0; 1000];
    random::permutation(1, 1, &mut order).unwrap();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert!(sorted.iter().copied().eq(0..1000) && order != sorted);
    let mut weight = vec![0.0; 4 * 8];
    init::tensor(Scheme::Orthogonal, 1.0, &[4, 8], 1, 0, &mut weight).unwrap();
    let rows = Matrix::new(&weight, 8).unwrap();
    assert_eq!((rows.rows(), rows.columns(), rows.stride()), (4, 8, 8));
    for (i, a) in weight.chunks(8).enumerate() {
        for (j, b) in weight.chunks(8).enumerate() {
            let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            assert!((dot - f32::from(u8::from(i == j))).abs() < 1e-5);
        }
    }
    assert_eq!(Scheme::KaimingNormal.gain(), 2f32.sqrt());
}
