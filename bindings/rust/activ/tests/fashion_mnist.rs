//! The example trains to the very bytes of the C program: on made-up images, whose digests fashion_mnist_train gave,
//! and on the real ones, whose digest is in the README of the library.
mod common;

#[allow(dead_code)]
#[path = "../examples/fashion_mnist.rs"]
mod example;

use common::{skipped, Scratch};
use example::{parse, train, Settings};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Noise with a brighter band where the class says; by a linear congruential generator.
fn make_images(folder: &Path, part: &str, count: usize, seed: u64) {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    };
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let class = next() % 10;
        labels.push(class as u8);
        for pixel in 0..784 {
            let band = if pixel / 28 * 10 / 28 == class { 100 } else { 0 };
            pixels.push((next() % 128 + band) as u8);
        }
    }
    let size = |n: usize| (n as u32).to_be_bytes();
    let images = [&[0, 0, 8, 3][..], &size(count), &size(28), &size(28), &pixels].concat();
    fs::write(folder.join(format!("{}-images-idx3-ubyte", part)), images).unwrap();
    fs::write(folder.join(format!("{}-labels-idx1-ubyte", part)), [&[0, 0, 8, 1][..], &size(count), &labels].concat())
        .unwrap();
}

fn made_up(test: &str) -> Scratch {
    let folder = Scratch::new(test);
    make_images(&folder.0, "train", 400, 1);
    make_images(&folder.0, "t10k", 150, 2);
    folder
}

fn settings(folder: &Scratch, activation: &str) -> Settings {
    Settings { data: folder.0.clone(), activation: activation.into(), epochs: 3, batch: 50, ..Settings::default() }
}

/// fashion_mnist_train --data FOLDER --activation SPEC --epochs 3 --batch 50, and the last with --batch 37 --seed 5.
#[test]
fn made_up_images_give_the_digests_of_the_c_program() {
    let folder = made_up("digests");
    for (activation, digest) in
        [("mish", 0x40b4700d5b72ad38u64), ("staf", 0x7e87890e2d177974), ("none", 0xa7ef0d3d687d91e7)]
    {
        assert_eq!(train(&settings(&folder, activation)).unwrap().digest, digest, "{}", activation);
    }
    let other = Settings { batch: 37, seed: 5, threads: 2, ..settings(&folder, "prelu") };
    assert_eq!(train(&other).unwrap().digest, 0xa95a7011993803fd);
}

#[test]
fn packed_files_are_read_too() {
    if Command::new("gzip").arg("--version").output().is_err() {
        return skipped("packed files: there is no gzip");
    }
    let folder = made_up("packed");
    let file = folder.file("train-images-idx3-ubyte");
    assert!(Command::new("gzip").arg(&file).status().unwrap().success());
    assert!(!file.exists());
    assert_eq!(train(&settings(&folder, "mish")).unwrap().digest, 0x40b4700d5b72ad38);
    let packed = folder.file("train-images-idx3-ubyte.gz");
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    let error = train(&settings(&folder, "mish")).err().unwrap().to_string();
    assert!(error.contains("train-images-idx3-ubyte.gz"), "{}", error);
}

#[test]
fn damaged_files_and_bad_settings_are_refused() {
    let folder = made_up("damaged");
    let refused = |settings: &Settings| train(settings).err().expect("an error").to_string();
    assert!(refused(&settings(&folder, "mihs")).contains("mish"));
    assert!(refused(&Settings { batch: 401, ..settings(&folder, "mish") }).contains("401"));
    assert!(refused(&Settings { lr: f32::NAN, ..settings(&folder, "mish") }).contains("lr"));
    let labels = folder.file("t10k-labels-idx1-ubyte");
    let good = fs::read(&labels).unwrap();
    let damage = |at: usize, value: u8| {
        let mut bad = good.clone();
        bad[at] = value;
        fs::write(&labels, bad).unwrap();
    };
    for (at, value, word) in [(2, 9, "no IDX"), (7, 149, "promise"), (4, 255, "promise"), (8, 10, "label is 10")] {
        damage(at, value);
        let error = refused(&settings(&folder, "mish"));
        assert!(error.contains(word) && error.contains("t10k"), "{}", error);
    }
    fs::write(&labels, &good[..6]).unwrap();
    assert!(refused(&settings(&folder, "mish")).contains("no IDX"));
    fs::remove_file(&labels).unwrap();
    assert!(refused(&settings(&folder, "mish")).contains("dataset-fashion-mnist"));
}

#[test]
fn the_command_line_is_understood_or_refused() {
    let parsed = |line: &str| parse(line.split_whitespace().map(String::from));
    for help in ["--help", "-h", "--epochs 3 --help"] {
        assert!(parsed(help).unwrap().is_none(), "{}", help);
    }
    let found = parsed("--epochs 3 --threads 2").unwrap().unwrap();
    assert_eq!((found.epochs, found.threads), (3, 2));
    for (line, word) in [
        ("--bogus", "unknown option '--bogus'"),
        ("extra", "unknown option 'extra'"),
        ("--epochs", "needs a value"),
        ("--epochs x", "'x'"),
        ("--epochs 0", "'0'"),
        ("--batch -1", "'-1'"),
    ] {
        let error = parsed(line).err().expect("an error").to_string();
        assert!(error.contains(word), "{}: {}", line, error);
    }
}

/// The README's `fashion_mnist_train --activation mish --epochs 2`.
#[test]
fn the_real_images_give_the_digest_of_the_readme() {
    let settings = Settings { activation: "mish".to_string(), epochs: 2, threads: 2, ..Settings::default() };
    if !settings.data.exists() {
        return skipped("the real FashionMNIST: Debian's package dataset-fashion-mnist is not installed");
    }
    let outcome = train(&settings).unwrap();
    assert_eq!(format!("{:016x}", outcome.digest), "3946810608a28d7d");
}
