//! What the tests share.
#![allow(dead_code)]

use activ::{Function, Graph, GraphBuilder, Node, Result};
use std::fs;
use std::path::PathBuf;

/// A folder for one test, below cargo's target folder; removed when it is dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(test: &str) -> Scratch {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{}", test, std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Says on stderr, past cargo's capture, that something was not tested.
pub fn skipped(what: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(format!("SKIPPED: {}\n", what).as_bytes());
}

pub fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    activ::random::normal(seed, 0, 0, 0.0, 1.0, &mut values).unwrap();
    values
}

/// inputs -> 8 -> classes, with this function.
pub fn layers(build: &mut GraphBuilder, inputs: usize, function: &Function, outputs: usize) -> Node {
    let x = build.input(inputs);
    let x = build.linear(x, 8);
    let x = build.apply(x, function);
    build.linear(x, outputs)
}

pub fn classifier(spec: &str) -> Result<Graph> {
    let mut build = Graph::builder()?;
    let x = layers(&mut build, 4, &Function::new(spec)?, 3);
    build.cross_entropy(x);
    let mut graph = build.compile(16)?;
    graph.init(1)?;
    Ok(graph)
}

/// 16 samples of a classifier's.
pub fn samples() -> (Vec<f32>, Vec<i32>) {
    let x = noise(3, 16 * 4);
    let labels = x.chunks(4).map(|x| i32::from(x[0] > 0.0) + i32::from(x[1] > 0.5)).collect();
    (x, labels)
}
