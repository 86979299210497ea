//! Inputs that a fuzzer saved, run again without one.
//!
//! To replay another input, such as one that made a target fail:
//! `TASKDEX_REPLAY=fuzz/artifacts/history/crash-… cargo test --test it replay`.

use std::fs;
use std::path::{Path, PathBuf};

use taskdex::testkit::{Counts, fuzz};

fn replay(target: &fuzz::Target, path: &Path) -> Counts {
    let input = fs::read(path).unwrap();
    match (target.run)(&input) {
        Ok(counts) => counts,
        Err(difference) => panic!("{}: {difference}", path.display()),
    }
}

/// The folder of the fuzzers' own package, which a package of the crate leaves out.
fn fuzz_folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_packaged = root.join(".cargo_vcs_info.json").exists();
    (!is_packaged).then(|| root.join("fuzz"))
}

fn saved_inputs(target: &fuzz::Target) -> Vec<PathBuf> {
    let Some(folder) = fuzz_folder() else {
        return Vec::new();
    };
    let entries = fs::read_dir(folder.join("corpus").join(target.name)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn saved_inputs_reach_every_part_and_show_no_difference() {
    if fuzz_folder().is_none() {
        return;
    }
    for target in fuzz::TARGETS {
        let mut totals = Counts::new();
        for input in saved_inputs(target) {
            for (name, count) in replay(target, &input) {
                *totals.entry(name).or_default() += count;
            }
        }
        let missing = target.missing(&totals);
        assert!(missing.is_empty(), "{}: {missing:?}", target.name);
    }
}

/// The input of the environment; without one a saved input, so that replaying works when needed.
#[test]
fn an_input_of_the_environment_is_replayed() {
    let given = std::env::var_os("TASKDEX_REPLAY").map(PathBuf::from);
    let saved = || saved_inputs(&fuzz::TARGETS[0]).into_iter().next();
    let Some(path) = given.or_else(saved) else {
        return;
    };
    let counts: usize = (targets_of(&path).into_iter())
        .map(|target| replay(target, &path).len())
        .sum();
    assert!(counts > 0, "{} does nothing", path.display());
}

/// The target that the folder of an input names; all of them where it names none.
fn targets_of(path: &Path) -> Vec<&'static fuzz::Target> {
    let folder = path.parent().and_then(Path::file_name);
    let named = |target: &&fuzz::Target| folder.is_some_and(|folder| folder == target.name);
    match fuzz::TARGETS.iter().find(named) {
        Some(target) => vec![target],
        None => fuzz::TARGETS.iter().collect(),
    }
}

#[test]
fn the_folder_of_an_input_names_its_target() {
    let names = |path| -> Vec<&str> {
        let targets = targets_of(Path::new(path));
        targets.into_iter().map(|target| target.name).collect()
    };
    let all: Vec<&str> = fuzz::TARGETS.iter().map(|it| it.name).collect();
    assert_eq!(names("fuzz/artifacts/cursor/crash-1"), ["cursor"]);
    assert_eq!(names("/a/b/history/crash-1"), ["history"]);
    for elsewhere in [
        "crash-1",
        "/elsewhere/crash-1",
        "cursor/other/crash-1",
        "cursor",
    ] {
        assert_eq!(names(elsewhere), all, "{elsewhere}");
    }
}

/// Random bytes and mangled texts, so that the targets are run where no fuzzer is.
#[test]
fn targets_take_any_bytes() {
    use taskdex::testkit::{Source, SplitMix64};

    let mut random = SplitMix64::new(19);
    for target in fuzz::TARGETS {
        for _ in 0..150 {
            let length = random.below(400);
            let mut bytes = Vec::new();
            for _ in 0..length {
                bytes.push(u8::try_from(random.below(256)).unwrap());
            }
            if let Err(difference) = (target.run)(&bytes) {
                panic!("{} {bytes:?}: {difference}", target.name);
            }
        }
    }
}

/// A change of the generators gives saved bytes another meaning, so that they reach less. This makes
/// the saved histories anew: `cargo test --test it -- --ignored saved_histories`.
#[test]
#[ignore = "writes to fuzz/corpus"]
fn saved_histories_are_made_anew() {
    use taskdex::testkit::{Source, SplitMix64};

    let Some(folder) = fuzz_folder() else {
        return;
    };
    let folder = folder.join("corpus").join("history");
    let made = |path: &Path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("random-")
    };
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if made(&path) {
            fs::remove_file(path).unwrap();
        }
    }
    let target = fuzz::TARGETS
        .iter()
        .find(|it| it.name == "history")
        .unwrap();
    let mut random = SplitMix64::new(77);
    let mut totals = Counts::new();
    let mut count = 0;
    for length in [300, 1_500, 1_500, 4_000].into_iter().cycle().take(4_000) {
        let missing = target.missing(&totals).len();
        if missing == 0 {
            return;
        }
        let input: Vec<u8> = (0..length)
            .map(|_| u8::try_from(random.below(256)).unwrap())
            .collect();
        let mut with = totals.clone();
        for (name, reached) in (target.run)(&input).unwrap() {
            *with.entry(name).or_default() += reached;
        }
        // Only what reaches something that those before it did not.
        if target.missing(&with).len() < missing {
            fs::write(folder.join(format!("random-{count}")), input).unwrap();
            count += 1;
            totals = with;
        }
    }
    panic!("never reached: {:?}", target.missing(&totals));
}
