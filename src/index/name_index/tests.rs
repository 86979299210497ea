//! Every strategy of a search, compared with a plain look at each name.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::name_facts::folded_beyond_ascii;
use super::*;
use crate::index::slot::RowNumber;

impl Names for BTreeMap<Slot, String> {
    fn name(&self, slot: Slot) -> Option<&str> {
        self.get(&slot).map(String::as_str)
    }
}

/// Names in the index, and by themselves.
#[derive(Debug, Default)]
struct Both {
    names: BTreeMap<Slot, String>,
    end: Slot,
    index: NameIndex,
}

impl Both {
    /// The index of `names`, the first one at row `first`.
    fn of(first: u32, names: impl IntoIterator<Item = String>) -> Self {
        let mut both = Self {
            end: Slot::new(first),
            ..Self::default()
        };
        names.into_iter().for_each(|name| both.add(name));
        both
    }

    fn add(&mut self, name: String) {
        self.names.insert(self.end, name);
        self.end = self.end.next();
        self.index.record(self.end, &self.names);
        assert_eq!(self.index.recorded_end, self.end);
    }

    fn apply(&mut self, step: Step) {
        let nth = |names: &BTreeMap<Slot, String>, position: usize| {
            names.keys().copied().nth(position % names.len().max(1))
        };
        match step {
            Step::Add(name) => self.add(name),
            Step::AddAll(names) => {
                for name in names {
                    self.names.insert(self.end, name);
                    self.end = self.end.next();
                }
                self.index.record_all(self.end, &self.names);
            }
            Step::RecordAnew => {
                self.index = NameIndex::default();
                self.index.record_all(self.end, &self.names);
            }
            Step::Rename(position, name) => {
                if let Some(slot) = nth(&self.names, position) {
                    self.names.insert(slot, name.clone());
                    self.index.rename(slot, &name);
                }
            }
            Step::Remove(position) => {
                if let Some(slot) = nth(&self.names, position) {
                    self.names.remove(&slot);
                }
            }
            Step::Pop => {
                // No row that was ever shown is taken back.
                let last = self.end.previous();
                if let Some(last) = last.filter(|&last| !self.index.renamed.is_renamed(last)) {
                    self.index.pop(last, &self.names);
                    // A removed row keeps its number for good.
                    if self.names.remove(&last).is_some() {
                        self.end = last;
                    } else {
                        self.index.record(self.end, &self.names);
                    }
                }
            }
        }
    }

    fn validate(&self) {
        self.index.validate(self.end, &self.names).unwrap();
    }

    /// Searches for `wanted` by every strategy, among all rows and some.
    fn assert_finds(&self, wanted: &NameMatch) {
        let slots = || self.names.keys().copied();
        let live: RowSet = slots().collect();
        let some: RowSet = slots().filter(|slot| slot.get() % 3 != 1).collect();
        let few: RowSet = slots().take(2).collect();
        let matches = |slot: &Slot| wanted.matches(&self.names[slot]);
        let matching: RowSet = slots().filter(matches).collect();
        let (all, half) = (self.end, Slot::new(self.end.get() / 2));
        for (within, end) in [(&live, all), (&some, all), (&few, all), (&some, half)] {
            let passes = |slot: &Slot| within.contains(*slot) && *slot < end;
            let expected: RowSet = slots().filter(matches).filter(passes).collect();
            let (rows, strategy) = self.index.find(wanted, within, end, &self.names);
            assert_eq!(rows, expected, "{wanted:?}: {strategy:?}");
        }
        if wanted.text().is_empty() {
            return;
        }
        let pattern = Pattern::of(wanted);
        let plan = self.index.original.plan(&pattern);
        for (rare_max, compared_max) in [(0, 0), (1_000, 0), (1_000, 1_000)] {
            let thresholds = Thresholds {
                rare_max,
                compared_max,
            };
            let index = &self.index;
            let (rows, _) = index.find_by_plan(&plan, thresholds, wanted, &live, all, &self.names);
            assert_eq!(rows, matching, "{wanted:?} by {thresholds:?}");
        }
    }

    fn assert_finds_all_modes(&self, needle: &str) {
        self.assert_finds(&NameMatch::contains(needle).unwrap());
        self.assert_finds(&NameMatch::contains_ignoring_case(needle).unwrap());
        self.assert_finds(&NameMatch::exactly(needle).unwrap());
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add(String),
    AddAll(Vec<String>),
    RecordAnew,
    Rename(usize, String),
    Remove(usize),
    Pop,
}

/// Texts of few characters, which collide, branch, and fold in every way there is.
fn text(alphabet: &'static [&'static str], length_max: usize) -> impl Strategy<Value = String> {
    vec(select(alphabet), 1..=length_max).prop_map(|parts| parts.concat())
}

const MIXED: &[&str] = &[
    "a", "b", "A", "-", "0", "0", "é", "É", "e\u{301}", "研", "发", "研发", "😀", "😁", "k", "K",
    "\u{212a}", "s", "ſ", "ß", "ẞ", "i", "I", "İ", "ı", "σ", "ς", "Σ", "Ⱥ", "ⱥ", "Ж", "ж",
];
const BINARY: &[&str] = &["a", "b"];
const WORDS: &[&str] = &[
    "re", "start", "-", "restart", "task", "desktop", "00", "1", "Re", "TASK",
];

fn step(alphabet: &'static [&'static str], length_max: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => text(alphabet, length_max).prop_map(Step::Add),
        1 => vec(text(alphabet, length_max), 0..9).prop_map(Step::AddAll),
        1 => Just(Step::RecordAnew),
        3 => (any::<usize>(), text(alphabet, length_max))
            .prop_map(|(position, name)| Step::Rename(position, name)),
        1 => any::<usize>().prop_map(Step::Remove),
        1 => Just(Step::Pop),
    ]
}

fn assert_true_to_names(first: u32, names: Vec<String>, steps: Vec<Step>, needles: &[String]) {
    let mut both = Both::of(first, names);
    for step in steps {
        both.apply(step);
    }
    both.validate();
    for needle in needles {
        both.assert_finds_all_modes(needle);
    }
    // Needles that do occur, whole names among them.
    for name in both.names.values().take(3) {
        both.assert_finds_all_modes(name);
        let ends: Vec<usize> = name.char_indices().map(|(at, _)| at).collect();
        let middle = ends[ends.len() / 2];
        both.assert_finds_all_modes(&name[middle..]);
        both.assert_finds_all_modes(&name[..middle]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scripts_and_cases_are_told_apart(
        // Around the end of a block.
        first in select(&[0, 65_530_u32][..]),
        names in vec(text(MIXED, 8), 0..30),
        steps in vec(step(MIXED, 8), 0..20),
        needles in vec(text(MIXED, 4), 4),
    ) {
        assert_true_to_names(first, names, steps, &needles);
    }

    #[test]
    fn texts_that_repeat_themselves_are_followed(
        names in vec(text(BINARY, 40), 1..30),
        steps in vec(step(BINARY, 12), 0..20),
        needles in vec(text(BINARY, 16), 6),
    ) {
        assert_true_to_names(0, names, steps, &needles);
    }

    #[test]
    fn words_share_what_they_share(
        names in vec(text(WORDS, 7), 1..60),
        steps in vec(step(WORDS, 7), 0..20),
        needles in vec(text(WORDS, 5), 6),
    ) {
        assert_true_to_names(0, names, steps, &needles);
    }
}

/// Names of words and numbers, the same ones each time.
fn plausible_names(count: usize) -> impl Iterator<Item = String> {
    let words = [
        "nightly",
        "restart",
        "Desktop",
        "研发部",
        "定时重启",
        "task",
        "backup",
        "east",
    ];
    let mut state = 1_u64;
    let mut below = move |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % bound
    };
    (0..count).map(move |_| {
        let (a, b) = (words[below(words.len())], words[below(words.len())]);
        format!("{a}-{b}-{:05}", below(100_000))
    })
}

#[test]
fn postings_of_every_form_answer_alike() {
    let mut both = Both::of(58_000, plausible_names(12_000));
    for position in (0..12_000).step_by(13) {
        both.apply(Step::Rename(position, "renamed-task-0".to_owned()));
        both.apply(Step::Remove(position / 2));
    }
    for needle in [
        "",
        "e",
        "E",
        "z",
        "00",
        "发",
        "研发",
        "ask",
        "task",
        "restart-",
        "nightly-restart",
        "desktop-desktop",
        "Desktop-task",
        "k-0000",
        "-1234",
        "研发部-定时重启",
        "12345",
        "no such name",
        "renamed-task-0",
    ] {
        both.assert_finds_all_modes(needle);
    }
}

#[test]
fn names_of_any_length_are_found() {
    let names = [1, 2, 3, 8, 9, 10, 99, 100, 253, 254, 255]
        .into_iter()
        .flat_map(|length| {
            ["a", "ab", "é", "研", "😀😁", "aab"]
                .map(|text| text.chars().cycle().take(length).collect::<String>())
        });
    let both = Both::of(0, names);
    for text in ["a", "ab", "é", "研", "😀😁", "aab"] {
        for length in [1, 2, 3, 4, 9, 10, 11, 100, 254, 255] {
            let needle: String = text.chars().cycle().take(length).collect();
            both.assert_finds_all_modes(&needle);
        }
    }
}

#[test]
fn where_a_long_name_of_many_pairs_branches_is_recorded() {
    // More pairs of bytes than are told apart in one look.
    let many: String = ('\u{4e00}'..).take(200).collect();
    let names = (0..40).map(|number| format!("{many}abc-bcd{number}"));
    let both = Both::of(0, names.chain(["abcd".to_owned()]));
    both.assert_finds_all_modes("abcd");
    both.assert_finds_all_modes("abc-bcd1");
}

#[test]
fn folding_is_not_that_of_ascii_alone() {
    let names = [
        "Straße",
        "STRASSE",
        "STRAẞE",
        "\u{212a}elvin",
        "kelvin",
        "ΣΑΣ",
        "σας",
        "İstanbul",
        "istanbul",
    ];
    let both = Both::of(0, names.map(String::from));
    for needle in [
        "ß", "ẞ", "ss", "\u{212a}", "k", "kelvin", "σας", "ΣΑΣ", "i", "İ", "istan",
    ] {
        both.assert_finds_all_modes(needle);
    }
}

#[test]
fn names_that_folding_leaves_alone_are_recorded_once() {
    for name in ["Desk 12", "研发部 Desk", "straße", "😀"] {
        assert_eq!(folded_beyond_ascii(name), None, "{name}");
    }
    assert_eq!(folded_beyond_ascii("Ä研B").as_deref(), Some("ä研b"));
}

#[test]
fn a_row_that_goes_leaves_nothing() {
    let mut both = Both::of(0, plausible_names(300));
    both.add("ΣΑΣ".to_owned());
    for _ in 0..301 {
        both.apply(Step::Pop);
    }
    assert_eq!(both.end, Slot::FIRST);
    let everything: RowSet = (0..400).map(Slot::new).collect();
    for needle in ["e", "st", "task", "σας", "nightly-restart"] {
        let wanted = NameMatch::contains_ignoring_case(needle).unwrap();
        let (rows, _) = both
            .index
            .find(&wanted, &everything, Slot::MAX, &both.names);
        // What no row has is known without a look at any; others were never recorded.
        assert!(rows.is_empty());
    }
    let wanted = NameMatch::contains_ignoring_case("task").unwrap();
    let pattern = Pattern::of(&wanted);
    let recorded = &both.index.original;
    let found = recorded.search(&recorded.plan(&pattern), &everything, Thresholds::USUAL);
    assert!(found.sure.is_empty() && found.unsure.is_empty());
}

#[test]
fn names_are_recorded_anew_after_so_many_renamings() {
    let mut both = Both::of(0, (0..40).map(|number| format!("task {number}")));
    for renamed in 1..30 {
        both.apply(Step::Rename(renamed, format!("other {renamed}")));
        // More than half of the rows, or than are no reason.
        assert_eq!(both.index.is_outdated(40, 4), renamed > 20);
        assert_eq!(both.index.is_outdated(4, 25), renamed > 25);
    }
}

#[test]
fn a_batch_of_hostile_names_is_recorded_in_parts() {
    let name = |number: usize| -> String {
        let digits = format!("{number:05}");
        digits
            .chars()
            .cycle()
            .map(|it| if it < '5' { '😀' } else { '𐐀' })
            .take(255)
            .collect()
    };
    let mut both = Both::default();
    both.apply(Step::AddAll((0..200).map(name).collect()));
    let mut batch = NameBatch::default();
    assert!(NameIndex::default().fill(&mut batch, both.end, &both.names));
    assert!(
        batch.rows.end < both.end,
        "facts of so long names fill a batch"
    );
    both.validate();
    for needle in [name(7), name(99_999), name(55).chars().take(9).collect()] {
        both.assert_finds_all_modes(&needle);
    }
}

/// The rows of a project that has just become large are shown while their names are recorded, its
/// trigrams before its branches. In between, they were taken for the answer.
#[test]
fn no_name_is_sure_before_all_of_it_is_recorded() {
    let mut both = Both::default();
    for number in 0..400 {
        both.names
            .insert(Slot::new(number), format!("abc-bcd {number:03}"));
    }
    both.end = Slot::new(400);
    let mut batch = NameBatch::default();
    assert!(both.index.fill(&mut batch, both.end, &both.names));
    let mut steps = 0;
    loop {
        let is_left = both.index.record_step(&mut batch);
        both.assert_finds_all_modes("abcd");
        both.assert_finds_all_modes("abc-bcd 2");
        steps += 1;
        if !is_left {
            break;
        }
    }
    assert!(steps > 2);
    both.validate();
}
