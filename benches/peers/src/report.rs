//! Figures, as JSON Lines and as tables.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::measure::count;

/// What a figure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// The listing: total and a page of 50, every field read.
    List,
    /// The same, filtered by name.
    Name,
    /// The listing as the documented body.
    Json,
    /// The next execution of a schedule.
    Next,
    /// A change of one task.
    Change,
    /// All tasks in, copied, and out.
    Load,
    /// Allocated memory.
    Memory,
    /// Taking what is due.
    Due,
}

impl Group {
    /// Every group, in the order of the tables.
    pub const ALL: [Self; 8] = [
        Self::List,
        Self::Name,
        Self::Json,
        Self::Next,
        Self::Change,
        Self::Load,
        Self::Memory,
        Self::Due,
    ];

    /// What it is called in the JSON, and by `--groups`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn title(self) -> &'static str {
        match self {
            Self::List => "Listing: total and a page of 50, every field read",
            Self::Name => "Listing by a part of the name",
            Self::Json => "Listing as JSON",
            Self::Next => "Next execution, from instant to instant",
            Self::Change => "Change of one task",
            Self::Load => "All tasks: loaded, copied, written as JSON Lines",
            Self::Memory => "Memory, bytes a task",
            Self::Due => "What is due, a task",
        }
    }
}

/// One figure: a line of the JSON.
///
/// `n` and `matching` are null where a case has none, and one of `median_ns` and `bytes` is left
/// out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    /// What it is about.
    pub group: Group,
    /// What was asked or done.
    pub case: String,
    /// Tasks.
    pub n: Option<usize>,
    /// Tasks that match; the median where questions differ.
    pub matching: Option<usize>,
    /// Who.
    pub engine: String,
    /// Time of one call, or of all tasks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub median_ns: Option<f64>,
    /// Bytes for all tasks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<usize>,
    /// How many times taskdex's figure.
    pub ratio_to_taskdex: Option<f64>,
}

impl Figure {
    fn amount(&self) -> f64 {
        (self.median_ns).unwrap_or_else(|| count(self.bytes.unwrap_or_default()))
    }

    fn is_beside(&self, other: &Self) -> bool {
        (self.group, self.n) == (other.group, other.n) && self.case == other.case
    }

    fn cell(&self) -> String {
        let amount = match (self.bytes, self.n) {
            (Some(bytes), Some(n)) => format!("{:.0}", count(bytes) / count(n)),
            _ => duration(self.amount()),
        };
        match self.ratio_to_taskdex {
            Some(ratio) if self.engine != "taskdex" => format!("{amount} ({})", times(ratio)),
            _ => amount,
        }
    }
}

/// The figures of a run.
#[derive(Debug, Default)]
pub struct Report(Vec<Figure>);

impl Report {
    /// Adds a time in nanoseconds.
    pub fn time(&mut self, place: Place<'_>, engine: &str, median_ns: f64) {
        self.add(place, engine, Some(median_ns), None);
    }

    /// Adds a number of bytes.
    pub fn bytes(&mut self, place: Place<'_>, engine: &str, bytes: usize) {
        self.add(place, engine, None, Some(bytes));
    }

    /// Adds the figures of another report at the end.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    fn add(&mut self, place: Place<'_>, engine: &str, ns: Option<f64>, bytes: Option<usize>) {
        self.0.push(Figure {
            group: place.group,
            case: place.case.to_owned(),
            n: place.n,
            matching: place.matching,
            engine: engine.to_owned(),
            // Tenths of a nanosecond are noise already.
            median_ns: ns.map(|ns| (ns * 10.0).round() / 10.0),
            bytes,
            ratio_to_taskdex: None,
        });
    }

    /// The figures, each with its ratio to taskdex's.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let ours = |figure: &Figure| {
            let mut beside = self.0.iter().filter(|it| it.is_beside(figure));
            beside.find(|it| it.engine == "taskdex").map(Figure::amount)
        };
        let mut figures = self.0.clone();
        for figure in &mut figures {
            let ratio = ours(figure).map(|ours| figure.amount() / ours);
            figure.ratio_to_taskdex = ratio.map(|it| (it * 1000.0).round() / 1000.0);
        }
        figures
    }
}

/// Where a figure belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The group.
    pub group: Group,
    /// The case.
    pub case: &'a str,
    /// Tasks.
    pub n: Option<usize>,
    /// Tasks that match.
    pub matching: Option<usize>,
}

/// Figures as JSON Lines.
#[must_use]
pub fn json_lines(figures: &[Figure]) -> String {
    let line = |figure| serde_json::to_string(figure).expect("plain values") + "\n";
    figures.iter().map(line).collect()
}

/// Figures as Markdown tables: one for each group and number of tasks.
#[must_use]
pub fn tables(figures: &[Figure]) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let of_group: Vec<&Figure> = figures.iter().filter(|it| it.group == group).collect();
        for n in distinct(of_group.iter().map(|it| it.n)) {
            let of_table: Vec<&Figure> = of_group.iter().copied().filter(|it| it.n == n).collect();
            let tasks = n
                .map(|n| format!(", {} tasks", thousands(n)))
                .unwrap_or_default();
            let _ = writeln!(text, "\n## {}{tasks}\n", group.title());
            table(&mut text, figures, &of_table);
        }
    }
    text
}

/// A table whose engines come in the order of the whole run.
fn table(text: &mut String, all: &[Figure], figures: &[&Figure]) {
    let is_here = |engine: &&str| figures.iter().any(|it| it.engine == *engine);
    let mut engines = distinct(all.iter().map(|it| it.engine.as_str()));
    engines.retain(is_here);
    let is_matching = figures.iter().any(|it| it.matching.is_some());
    let matching_header = if is_matching { " matching |" } else { "" };
    let _ = writeln!(text, "| case |{matching_header} {} |", engines.join(" | "));
    let columns = engines.len() + usize::from(is_matching);
    let _ = writeln!(text, "| --- |{}", " ---: |".repeat(columns));
    for case in distinct(figures.iter().map(|it| it.case.as_str())) {
        let row: Vec<&&Figure> = figures.iter().filter(|it| it.case == case).collect();
        let _ = write!(text, "| {case} |");
        if is_matching {
            let matching = row[0].matching.map(thousands).unwrap_or_default();
            let _ = write!(text, " {matching} |");
        }
        for engine in &engines {
            let cell = row.iter().find(|it| it.engine == *engine);
            let cell = cell.map(|it| it.cell()).unwrap_or_default();
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
}

/// Each value once, in the order of first appearance.
pub fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// A time with three digits.
#[must_use]
pub fn duration(ns: f64) -> String {
    let (scaled, unit) = match ns {
        ..1e3 => (ns, "ns"),
        ..1e6 => (ns / 1e3, "µs"),
        ..1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    let digits = match scaled {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{scaled:.digits$} {unit}")
}

/// A ratio, with decimals where it is small.
#[must_use]
pub fn times(ratio: f64) -> String {
    match ratio {
        ..0.995 => format!("{ratio:.2} ×"),
        ..9.95 => format!("{ratio:.1} ×"),
        _ => format!(
            "{} ×",
            thousands(format!("{ratio:.0}").parse().unwrap_or_default())
        ),
    }
}

/// A number with commas.
#[must_use]
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
