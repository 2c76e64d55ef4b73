//! A whole classifier in one screen: three spirals, one for each class, told apart by two hidden layers.
//!
//!     cargo run --example quickstart [FUNCTION]
use activ::{random, AdamW, Function, Graph, Optimizer, Result};

const CLASSES: usize = 3;
const TRAIN: usize = 3000;
const TEST: usize = 600;
const BATCH: usize = 100;

/// Point i lies on the arm of its class, a little beside it.
fn make_data() -> Result<(Vec<f32>, Vec<i32>)> {
    let (mut points, mut labels) = (Vec::new(), Vec::new());
    for i in 0..TRAIN + TEST {
        let (mut place, mut noise) = ([0.0f32], [0.0f32; 2]);
        random::uniform(1, 0, i as u64, 0.05, 1.0, &mut place)?;
        random::normal(1, 1, 2 * i as u64, 0.0, 0.02, &mut noise)?;
        let label = i % CLASSES;
        let angle = 6.0 * place[0] + 2.0944 * label as f32;
        points.extend([place[0] * angle.cos() + noise[0], place[0] * angle.sin() + noise[1]]);
        labels.push(label as i32);
    }
    Ok((points, labels))
}

fn main() -> Result<()> {
    let spec = std::env::args().nth(1).unwrap_or_else(|| "mish".to_string());
    if spec == "--help" || spec == "-h" {
        println!("usage: quickstart [FUNCTION], a function like gelu or 'staf(tau=5)'; mish unless said");
        return Ok(());
    }
    let act = Function::new(&spec)?;

    let mut build = Graph::builder()?;
    let mut x = build.input(2);
    for _ in 0..2 {
        x = build.linear(x, 32);
        x = build.apply(x, &act);
    }
    x = build.linear(x, CLASSES);
    build.cross_entropy(x);
    let mut graph = build.compile(TEST)?; // what was wrong in the lines above is said here
    graph.init(1)?;

    let (points, labels) = make_data()?;
    let (train, test) = points.split_at(2 * TRAIN);
    let mut adamw = Optimizer::new(&mut graph, AdamW { lr: 0.01, ..AdamW::default() })?;
    for epoch in 1..=40 {
        let mut loss = 0.0;
        for (x, labels) in train.chunks(2 * BATCH).zip(labels.chunks(BATCH)) {
            loss = graph.train(x, labels)?;
            adamw.step(&mut graph)?;
        }
        if epoch % 10 == 0 {
            let right = graph.evaluate(test, &labels[TRAIN..])?.correct;
            println!("epoch {:2}  loss {:.4}  right {:5.1} %", epoch, loss, 100.0 * right as f64 / TEST as f64);
        }
    }
    println!("(0.5, 0) scores {:.2?}", graph.predict(&[0.5, 0.0])?);
    Ok(())
}
