//! Functions: all of the catalog forward and backward, rows, gates, channels, training mode, the program's own.
mod common;

use activ::{
    catalog, convert, Context, Custom, CustomFunction, Draw, Function, Gate, Matrix, MatrixMut, Operand, Shape, Status,
    BF16, F16,
};
use common::noise;

#[test]
fn all_of_the_catalog_are_differentiated() {
    let all = catalog();
    assert!(all.len() > 30, "{} functions", all.len());
    let x: Vec<f32> = (0..16).map(|i| -2.3 + 0.29 * i as f32).collect();
    for info in all.iter().filter(|info| info.shape == Shape::Elementwise) {
        let spec = if info.name == "moe" { "moe(relu, tanh)" } else { &info.name };
        let function = Function::new(spec).unwrap();
        assert_eq!(function.info().unwrap().name, info.name);
        assert_eq!(function.info().unwrap().trainable, function.param_count() > 0, "{}", spec);
        let params = function.initial_params(0).unwrap();
        let value = |x: &[f32]| {
            let mut y = vec![0.0; x.len()];
            function.forward(Some(&params), x, &mut y).unwrap();
            y
        };
        assert_eq!(value(&x), function.values(&x).unwrap(), "{}: None is the initial values with seed 0", spec);
        let slopes = function.slopes(&x).unwrap();
        let h = 1.0 / 256.0;
        let right = value(&x.iter().map(|x| x + h).collect::<Vec<_>>());
        let left = value(&x.iter().map(|x| x - h).collect::<Vec<_>>());
        for i in 0..x.len() {
            let wanted = (right[i] - left[i]) / (2.0 * h);
            let error = (slopes[i] - wanted).abs();
            assert!(error < 0.02 * (1.0 + wanted.abs()), "{} at {}: {} for {}", spec, x[i], slopes[i], wanted);
        }
    }
}

#[test]
fn parameters_have_names_gradients_and_settings() {
    let prelu = Function::new("prelu(weight=0.1)").unwrap();
    assert_eq!((prelu.spec(), prelu.param_count(), prelu.channels()), ("prelu(weight=0.1)", 1, 1));
    let tensors = prelu.param_tensors();
    assert_eq!((tensors.len(), tensors[0].name.as_str(), tensors[0].range.clone()), (1, "weight", 0..1));
    let settings = prelu.settings();
    let weight = settings.iter().find(|setting| setting.name == "weight").unwrap();
    assert!(weight.trainable && (weight.value - 0.1).abs() < 1e-12 && weight.default == 0.25);

    let (mut dx, mut dparams) = ([0.0; 2], [1.0]);
    prelu.backward(Some(&[0.5]), &[-2.0, 3.0], &[1.0, 1.0], Some(&mut dx), Some(&mut dparams)).unwrap();
    assert_eq!((dx, dparams), ([0.5, 1.0], [1.0 - 2.0]), "gradients by parameters are added");
    prelu.backward(Some(&[0.5]), &[-2.0], &[1.0], None, Some(&mut dparams)).unwrap();
    assert_eq!(dparams, [-3.0]);

    let staf = Function::new("staf").unwrap();
    assert_eq!(staf.initial_params(7).unwrap(), staf.initial_params(7).unwrap());
    assert_ne!(staf.initial_params(7).unwrap(), staf.initial_params(8).unwrap());
    let gated = Function::new("gated(elu(alpha=0.5))").unwrap();
    assert_eq!(gated.functions()[0].spec(), "elu(alpha=0.5)");
    let part = gated.functions().remove(0);
    drop(gated);
    assert_eq!(part.spec(), "elu(alpha=0.5)", "a part keeps its whole");
}

#[test]
fn formulas_and_derivatives() {
    let f = Function::new("a*x; a=1, b=1.702");
    assert_eq!(f.unwrap_err().status, Status::INVALID, "b is not used");
    let formula = "a*x*sin(b*x) + c[1]*exp(c[2]*x); a=1, b=1.702, c[2]=[0.5, 2]";
    let x = noise(3, 500);
    for spec in [formula, "mish", "staf(tau=3)"] {
        let f = Function::new(spec).unwrap();
        let first = f.derivative().unwrap();
        let second = first.derivative().unwrap();
        assert_eq!(first.spec(), format!("derivative({})", f.spec()));
        assert_eq!(Function::new(first.spec()).unwrap().values(&x).unwrap(), first.values(&x).unwrap());
        assert_eq!(second.param_count(), f.param_count());
        assert_eq!(first.values(&x).unwrap(), f.slopes(&x).unwrap());
        assert_eq!(second.values(&x).unwrap(), first.slopes(&x).unwrap());
        let params: Vec<f32> = f.initial_params(0).unwrap().iter().map(|value| 1.25 * value).collect();
        let (mut y, mut dx) = (vec![0.0; 500], vec![0.0; 500]);
        first.forward(Some(&params), &x, &mut y).unwrap();
        f.backward(Some(&params), &x, &[1.0; 500], Some(&mut dx), None).unwrap();
        assert_eq!(y, dx);
    }
    let names: Vec<_> = Function::new(formula).unwrap().param_tensors();
    assert_eq!(names.iter().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    for spec in ["softmax", "swiglu", "moe(relu, tanh)", "prelu(num_parameters=2)"] {
        let error = Function::new(spec).unwrap().derivative().err().unwrap();
        assert_eq!(error.status, Status::UNSUPPORTED, "{}", error);
    }
    let cube = Custom::from_closures("cube", |x| x * x * x, |x| 3.0 * x * x).unwrap();
    let error = Function::custom(&cube).unwrap().derivative().err().unwrap();
    assert_eq!(error.status, Status::UNSUPPORTED);

    let context = Context::builder().threads(2).build().unwrap();
    let first = context.function("gelu").unwrap().derivative().unwrap();
    drop(context); // the derivative keeps the threads
    let many = noise(9, 100_000);
    assert_eq!(first.values(&many).unwrap(), Function::new("gelu").unwrap().slopes(&many).unwrap());
}

#[test]
fn in_place_and_from_the_output() {
    let tanh = Function::new("Tanh").unwrap();
    let x = noise(1, 37);
    let y = tanh.values(&x).unwrap();
    let mut same = x.clone();
    tanh.forward_in_place(None, &mut same).unwrap();
    assert_eq!(same, y);
    let dy = noise(2, 37);
    let (mut dx, mut from_y, mut in_place) = (vec![0.0; 37], vec![0.0; 37], dy.clone());
    tanh.backward(None, &x, &dy, Some(&mut dx), None).unwrap();
    tanh.backward_in_place(None, &x, &mut in_place, None).unwrap();
    assert_eq!(in_place, dx);
    let mut added = vec![1.0; 37];
    tanh.backward_add(None, &x, &dy, &mut added, None).unwrap();
    assert!(added.iter().zip(&dx).all(|(added, dx)| *added == 1.0 + dx));
    assert!(tanh.backward_add(None, &x, &dy, &mut [0.0], None).unwrap_err().message.contains("dx has 1"));
    tanh.backward_from_output(&y, &dy, &mut from_y).unwrap();
    assert!(dx.iter().zip(&from_y).all(|(a, b)| (a - b).abs() < 1e-5));
    let error = Function::new("gelu").unwrap().backward_from_output(&y, &dy, &mut from_y).unwrap_err();
    assert_eq!(error.status, Status::UNSUPPORTED);
    assert_eq!(tanh.values(&[]).unwrap(), []);
    assert_eq!(tanh.slopes(&[]).unwrap(), []);
}

#[test]
fn rows_with_gaps() {
    let softmax = Function::new("softmax").unwrap();
    let x = [1.0, 2.0, 3.0, 99.0, 3.0, 2.0, 1.0];
    let mut y = [7.0; 7];
    let rows = Matrix::with_stride(&x, 2, 3, 4).unwrap();
    softmax.forward_rows(None, rows, MatrixMut::with_stride(&mut y, 2, 3, 4).unwrap()).unwrap();
    assert_eq!(y[3], 7.0, "what lies between rows is left alone");
    assert!((y[..3].iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert_eq!((y[0], y[2]), (y[6], y[4]));
    let mut dx = [0.0; 6];
    let dy = Matrix::new(&[1.0; 6], 3).unwrap();
    softmax.backward_rows(None, rows, dy, Some(MatrixMut::new(&mut dx, 3).unwrap()), None).unwrap();
    assert!(dx.iter().all(|dx| dx.abs() < 1e-6), "the sum of a softmax does not move: {:?}", dx);
    assert_eq!(softmax.values(&[0.0, 0.0]).unwrap(), [0.5, 0.5], "an array is one row");
    assert_eq!(softmax.slopes(&[0.0]).unwrap_err().status, Status::SHAPE);
}

#[test]
fn gates_of_halves_and_of_two_matrices() {
    let swiglu = Function::new("swiglu").unwrap();
    let x = noise(5, 3 * 8);
    let whole = Matrix::new(&x, 8).unwrap();
    let (left, right) = whole.halves().unwrap();
    let dy = noise(6, 3 * 4);
    let dy = Matrix::new(&dy, 4).unwrap();
    for gate in [Gate::Second, Gate::First] {
        let (value, act) = if gate == Gate::Second { (left, right) } else { (right, left) };
        let (mut y, mut apart) = ([0.0; 12], [0.0; 12]);
        swiglu.forward_gated_split(None, whole, gate, MatrixMut::new(&mut y, 4).unwrap()).unwrap();
        swiglu.forward_gated(None, value, act, MatrixMut::new(&mut apart, 4).unwrap()).unwrap();
        assert_eq!(y, apart);

        let (mut dx, mut dvalue, mut dgate) = ([0.0; 24], [0.0; 12], [0.0; 12]);
        swiglu.backward_gated_split(None, whole, gate, dy, MatrixMut::new(&mut dx, 8).unwrap(), None).unwrap();
        let outputs = (MatrixMut::new(&mut dvalue, 4).unwrap(), MatrixMut::new(&mut dgate, 4).unwrap());
        swiglu.backward_gated(None, value, act, dy, Some(outputs.0), Some(outputs.1), None).unwrap();
        let (at_value, at_gate) = if gate == Gate::Second { (0, 4) } else { (4, 0) };
        for row in 0..3 {
            assert_eq!(dx[row * 8 + at_value..][..4], dvalue[row * 4..][..4]);
            assert_eq!(dx[row * 8 + at_gate..][..4], dgate[row * 4..][..4]);
        }
    }
    let error = swiglu.forward(None, &[1.0], &mut [0.0]).unwrap_err();
    assert!(!error.message.is_empty(), "a gated function without a gate");
}

#[test]
fn parameters_per_channel() {
    let prelu = Function::new("prelu(num_parameters=2)").unwrap();
    assert_eq!((prelu.channels(), prelu.param_count()), (2, 2));
    let params = [0.5, 0.25];
    let x = [-1.0, -2.0, -1.0, -2.0, -4.0, -4.0, -8.0, 8.0]; // 2 x 2 x 2
    let mut y = [0.0; 8];
    prelu.forward_channels(Some(&params), 2, 2, &x, &mut y).unwrap();
    assert_eq!(y, [-0.5, -1.0, -0.25, -0.5, -2.0, -2.0, -2.0, 8.0]);
    let (mut dx, mut dparams) = ([0.0; 8], [0.0; 2]);
    prelu.backward_channels(Some(&params), 2, 2, &x, &[1.0; 8], Some(&mut dx), Some(&mut dparams)).unwrap();
    assert_eq!(dparams, [-11.0, -11.0]);
    assert_eq!(dx, [0.5, 0.5, 0.25, 0.25, 0.5, 0.5, 0.25, 1.0]);
    let error = prelu.forward_channels(Some(&params), 1, 4, &x, &mut y).unwrap_err();
    assert_eq!(error.status, Status::SHAPE);
    let error = prelu.forward_channels(Some(&params), 3, 2, &x, &mut y).unwrap_err();
    assert!(error.message.contains("8 values"), "{}", error);
}

#[test]
fn random_functions_draw_in_training() {
    let rrelu = Function::new("rrelu").unwrap();
    assert!(rrelu.is_random());
    let x = [-1.0f32; 64];
    let draw = Draw { seed: 1, stream: 2, index: 0 };
    let (mut y, mut noise) = ([0.0; 64], [0.0; 64]);
    rrelu.forward_train(None, draw, &x, &mut y, &mut noise).unwrap();
    assert!(y.iter().zip(&noise).all(|(y, slope)| *y == -slope));
    assert!(y.windows(2).any(|pair| pair[0] != pair[1]));
    // The second half again: a value depends on its place alone.
    let (mut again, mut its_noise) = ([0.0; 32], [0.0; 32]);
    rrelu.forward_train(None, Draw { index: 32, ..draw }, &x[32..], &mut again, &mut its_noise).unwrap();
    assert_eq!(again, y[32..]);
    let mut dx = [0.0; 64];
    rrelu.backward_train(None, &x, &noise, &[1.0; 64], Some(&mut dx), None).unwrap();
    assert_eq!(dx, noise);
    assert!(rrelu.values(&x).unwrap().windows(2).all(|pair| pair[0] == pair[1]), "not in evaluation");
}

#[test]
fn one_function_on_many_threads() {
    let context = Context::builder().threads(3).build().unwrap();
    let (alone, gelu) = (Function::new("gelu").unwrap(), context.function("gelu").unwrap());
    let x = noise(9, 100_000);
    let expected = alone.values(&x).unwrap();
    drop(context); // the function keeps its threads
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(gelu.values(&x).unwrap(), expected));
        }
    });
}

#[test]
fn shared_functions_and_clones() {
    let relu = Function::shared("ReLU").unwrap();
    let clone = relu.clone();
    drop(relu);
    assert_eq!(clone.values(&[-1.0, 2.0]).unwrap(), [0.0, 2.0]);
    assert!("leaky_relu(negative_slope=0.5)".parse::<Function>().is_ok());
}

// ---- the program's own ----

struct Softsign {
    /// Panics at this value.
    fatal: f32,
}

impl CustomFunction for Softsign {
    fn value(&self, params: &[f32], x: f32) -> f32 {
        assert!(x != self.fatal, "fatal value {}", x);
        params[0] * x / (1.0 + x.abs())
    }
    fn derivative(&self, params: &[f32], x: f32) -> f32 {
        params[0] / (1.0 + x.abs()).powi(2)
    }
    fn param_count(&self) -> usize {
        1
    }
    fn param_init(&self, seed: u64, params: &mut [f32]) {
        params[0] = 1.0 + seed as f32;
    }
    fn param_derivatives(&self, _: &[f32], x: f32, by_param: &mut [f64]) {
        by_param[0] = f64::from(x / (1.0 + x.abs()));
    }
}

#[test]
fn a_function_of_the_programs_own_is_as_the_catalogs() {
    let own = Function::custom(&Custom::new("own", Softsign { fatal: f32::INFINITY }).unwrap()).unwrap();
    let softsign = Function::new("softsign").unwrap();
    let x = noise(4, 1000);
    assert_eq!(own.initial_params(2).unwrap(), [3.0]);
    for (own, other) in own.values(&x).unwrap().iter().zip(softsign.values(&x).unwrap()) {
        assert!((own - other).abs() < 1e-6);
    }
    let (mut dx, mut dparams) = (vec![0.0; 1000], [0.0]);
    own.backward(None, &x, &vec![1.0; 1000], Some(&mut dx), Some(&mut dparams)).unwrap();
    let expected: f64 = softsign.values(&x).unwrap().iter().map(|y| f64::from(*y)).sum();
    assert!((f64::from(dparams[0]) - expected).abs() < 1e-3, "{} for {}", dparams[0], expected);
    for (own, other) in dx.iter().zip(softsign.slopes(&x).unwrap()) {
        assert!((own - other).abs() < 1e-6);
    }
    assert_eq!(own.spec(), "own");
    assert_eq!(own.info().unwrap().name, "own");
}

#[test]
fn a_panic_stays_on_its_side() {
    let custom = Custom::new("own", Softsign { fatal: 13.0 }).unwrap();
    let context = Context::builder().threads(2).function(&custom).build().unwrap();
    let own = context.function("own").unwrap();
    let gated = context.function("gated(own)").unwrap();
    let relu = context.function("relu").unwrap();
    assert_eq!(own.values(&[0.0, 1.0]).unwrap(), [0.0, 0.5]);
    let mut y = [1.0; 2];
    let error = own.forward(None, &[1.0, 13.0], &mut y).unwrap_err();
    assert_eq!(error.status, Status::STATE);
    assert!(error.message.contains("'own'") && error.message.contains("fatal value 13"), "{}", error);
    assert!(y.iter().all(|y| y.is_nan()));
    // From then on nobody can take its values for good ones.
    assert_eq!(own.values(&[0.0]).unwrap_err().status, Status::STATE);
    let one = [1.0];
    let one = Matrix::new(&one, 1).unwrap();
    let error = gated.forward_gated(None, one, one, MatrixMut::new(&mut y[..1], 1).unwrap()).unwrap_err();
    assert!(error.message.contains("'own'"));
    assert_eq!(relu.values(&[-1.0]).unwrap(), [0.0], "others are not concerned");
}

#[test]
fn names_that_are_none_are_refused() {
    let square = |name: &str| Custom::from_closures(name, |x| x * x, |x| 2.0 * x);
    for name in ["", "7up", "relu", "ReLU", "with blank", &"x".repeat(41)] {
        let error = Function::custom(&square(name).unwrap()).unwrap_err();
        assert_eq!(error.status, Status::INVALID, "{}", name);
        assert!(error.message.contains(name));
    }
    assert!(square("a\0b").is_err());
    struct Many;
    impl CustomFunction for Many {
        fn value(&self, _: &[f32], x: f32) -> f32 {
            x
        }
        fn derivative(&self, _: &[f32], _: f32) -> f32 {
            1.0
        }
        fn param_count(&self) -> usize {
            49
        }
    }
    let error = Function::custom(&Custom::new("many", Many).unwrap()).unwrap_err();
    assert_eq!(error.status, Status::RANGE);
}

// ---- 16 bits ----

fn wide<T: Operand>(x: &[T]) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    convert(x, &mut y).unwrap();
    y
}

fn narrow<T: Operand>(x: &[f32]) -> Vec<T> {
    let mut y = vec![T::default(); x.len()];
    convert(x, &mut y).unwrap();
    y
}

/// The bits of the call with f32, rounded once.
fn halves<T: Operand + PartialEq + std::fmt::Debug>() {
    let (x, dy, other) = (narrow::<T>(&noise(1, 60)), narrow::<T>(&noise(2, 60)), narrow::<T>(&noise(3, 60)));
    let (xs, dys, others) = (wide(&x), wide(&dy), wide(&other));
    let (mut y, mut second) = (vec![T::default(); 60], vec![T::default(); 60]);
    let (mut ys, mut seconds) = (vec![0.0; 60], vec![0.0; 60]);
    for info in catalog().iter().filter(|info| info.shape == Shape::Elementwise) {
        let f = Function::new(&info.name).unwrap();
        let params = f.initial_params(3).unwrap();
        let (mut mine, mut theirs) = (vec![1.0; params.len()], vec![1.0; params.len()]);
        f.forward(Some(&params), &x, &mut y).unwrap();
        f.forward(Some(&params), &xs, &mut ys).unwrap();
        assert_eq!(y, narrow(&ys), "{}", info.name);
        let mut same = x.clone();
        f.forward_in_place(Some(&params), &mut same).unwrap();
        assert_eq!(same, y);
        f.backward(Some(&params), &x, &dy, Some(&mut y), Some(&mut mine)).unwrap();
        f.backward(Some(&params), &xs, &dys, Some(&mut ys), Some(&mut theirs)).unwrap();
        assert_eq!((&y, mine), (&narrow(&ys), theirs), "{}", info.name);
        same.copy_from_slice(&dy);
        f.backward_in_place(Some(&params), &x, &mut same, None).unwrap();
        assert_eq!(same, y);
    }

    let softmax = Function::new("softmax").unwrap();
    let rows = |x| Matrix::with_stride(x, 6, 9, 10).unwrap();
    y.fill(T::default());
    ys.fill(0.0);
    softmax.forward_rows(None, rows(&x), MatrixMut::with_stride(&mut y, 6, 9, 10).unwrap()).unwrap();
    let floats = |x| Matrix::with_stride(x, 6, 9, 10).unwrap();
    softmax.forward_rows(None, floats(&xs), MatrixMut::with_stride(&mut ys, 6, 9, 10).unwrap()).unwrap();
    assert_eq!(y, narrow(&ys));
    let dx = MatrixMut::with_stride(&mut y, 6, 9, 10).unwrap();
    softmax.backward_rows(None, rows(&x), rows(&dy), Some(dx), None).unwrap();
    let dx = MatrixMut::with_stride(&mut ys, 6, 9, 10).unwrap();
    softmax.backward_rows(None, floats(&xs), floats(&dys), Some(dx), None).unwrap();
    assert_eq!(y, narrow(&ys));

    let geglu = Function::new("geglu").unwrap();
    let whole = |x| Matrix::new(x, 12).unwrap();
    let all = |x| Matrix::new(x, 12).unwrap();
    geglu.forward_gated(None, whole(&x), whole(&other), MatrixMut::new(&mut y, 12).unwrap()).unwrap();
    geglu.forward_gated(None, all(&xs), all(&others), MatrixMut::new(&mut ys, 12).unwrap()).unwrap();
    assert_eq!(y, narrow(&ys));
    let (a, b) = (MatrixMut::new(&mut y, 12).unwrap(), MatrixMut::new(&mut second, 12).unwrap());
    geglu.backward_gated(None, whole(&x), whole(&other), whole(&dy), Some(a), Some(b), None).unwrap();
    let (a, b) = (MatrixMut::new(&mut ys, 12).unwrap(), MatrixMut::new(&mut seconds, 12).unwrap());
    geglu.backward_gated(None, all(&xs), all(&others), all(&dys), Some(a), Some(b), None).unwrap();
    assert_eq!((&y, &second), (&narrow(&ys), &narrow(&seconds)));
    for gate in [Gate::First, Gate::Second] {
        let (half, halfs) = (Matrix::new(&dy[..30], 6).unwrap(), Matrix::new(&dys[..30], 6).unwrap());
        geglu.forward_gated_split(None, whole(&x), gate, MatrixMut::new(&mut y[..30], 6).unwrap()).unwrap();
        geglu.forward_gated_split(None, all(&xs), gate, MatrixMut::new(&mut ys[..30], 6).unwrap()).unwrap();
        assert_eq!(y[..30], narrow(&ys[..30]));
        geglu.backward_gated_split(None, whole(&x), gate, half, MatrixMut::new(&mut y, 12).unwrap(), None).unwrap();
        geglu.backward_gated_split(None, all(&xs), gate, halfs, MatrixMut::new(&mut ys, 12).unwrap(), None).unwrap();
        assert_eq!(y, narrow(&ys));
    }

    let error = geglu.forward(None, &x, &mut y).unwrap_err();
    assert_eq!(error.status, Status::SHAPE);
    let error = softmax.forward(None, &x, &mut y[1..]).unwrap_err();
    assert_eq!((error.status, error.message.as_str()), (Status::SHAPE, "y has 59 values, x has 60"));
    let channels = Function::new("prelu(num_parameters=60)").unwrap();
    let error = channels.forward(None, &x, &mut y).unwrap_err();
    assert_eq!(error.status, Status::SHAPE);
    assert!(error.message.contains("float32"), "{}", error);
    softmax.forward::<T>(None, &[], &mut []).unwrap();
    let threads = Context::builder().threads(2).build().unwrap().function("mish").unwrap();
    let many: Vec<T> = narrow(&noise(4, 100_000));
    let mut values = vec![T::default(); many.len()];
    threads.forward(None, &many, &mut values).unwrap();
    assert_eq!(values, narrow(&threads.values(&wide(&many)).unwrap()));
}

#[test]
fn float16() {
    halves::<F16>();
}

#[test]
fn bfloat16() {
    halves::<BF16>();
}
