//! One engine at a time: loaded, compared with the reference, and timed.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use taskdex::{LastStatus, Task, TaskName};

use super::{Bitmaps, Case, Composable, Engine, Question, Records, Scan, Sqlite, Taskdex};
use super::{answer, cases, read, workload};
use crate::measure::{median_ns, timed};
use crate::random::Random;
use crate::report::{Group, Place, Report};
use crate::rows::Change;
use crate::run::Run;

/// Changes of one kind that are timed together, so that the clock takes little part in it.
const TIMED_TOGETHER: usize = 8;

/// With more tasks, SQLite takes minutes to load.
const SQLITE_TASKS_MAX: usize = 3_000_000;

/// What the engines are asked, and what the reference answered.
pub struct Contest<'a> {
    tasks: &'a [Task],
    cases: Vec<(Case, Vec<Asked>)>,
    /// Two sets, of which an engine is timed with one.
    changes: [Vec<Changes>; 2],
    /// Answers after both.
    afterwards: Vec<(Question, Answer)>,
    records: Written,
    run: &'a Run,
}

/// What was written of all records as JSON Lines: how much, and a hash of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    bytes: usize,
    sums: [u64; 4],
}

/// Bytes that a writer gathers before it hands them on.
const BUFFER: usize = 1 << 16;

type Answer = (usize, Vec<String>);
/// Changes of one kind.
type Changes = (&'static str, Vec<Change>);

struct Asked {
    question: Question,
    answer: Answer,
    /// The query string and the documented body.
    json: Option<(String, Vec<u8>)>,
}

/// Compares and times every engine with these tasks.
///
/// # Panics
///
/// Where an answer is not that of the reference.
pub fn run(tasks: &[Task], run: &Run, report: &mut Report) {
    let others = [Group::Next, Group::Due];
    if run.groups.iter().all(|group| others.contains(group)) {
        return;
    }
    let contest = Contest::new(tasks, run);
    contest.enter_taskdex(report);
    contest.enter("roaring", Bitmaps::load, report);
    contest.enter("Vec", Scan::load, report);
    contest.enter("composable", Composable::load, report);
    if tasks.len() <= SQLITE_TASKS_MAX {
        contest.enter_sqlite(report);
    }
}

impl<'a> Contest<'a> {
    /// Asks the reference, a scan of all tasks, everything.
    fn new(tasks: &'a [Task], run: &'a Run) -> Self {
        let mut reference = Scan::load(tasks.to_vec());
        let is_wanted = |case: &Case| run.has(case.group) || (case.is_json && run.has(Group::Json));
        let cases = cases(&reference, run.effort).into_iter().filter(is_wanted);
        let (names, lists) = cases.partition(|case| case.group == Group::Name);
        // The two take about as long.
        let cases = thread::scope(|scope| {
            let names = scope.spawn(|| with_answers(&reference, names));
            let mut cases = with_answers(&reference, lists);
            cases.extend(names.join().expect("a scan that ends"));
            cases
        });
        let records = if run.has(Group::Load) {
            Written::of(&*reference.snapshot())
        } else {
            Written::default()
        };
        let changes = [0, 1].map(|set| changes(tasks, set, run.effort.changes));
        for (_, changes) in changes.iter().flatten() {
            for change in changes {
                reference.change(change);
            }
        }
        let questions = cases.iter().filter_map(|(case, _)| case.questions.first());
        let afterwards = questions.map(|it| (*it, answer(&reference, it))).collect();
        Self {
            tasks,
            cases,
            changes,
            afterwards,
            records,
            run,
        }
    }

    /// taskdex, which is asked by next execution before it is watched too.
    fn enter_taskdex(&self, report: &mut Report) {
        let name = "taskdex";
        let heap = (self.run.heap)();
        let (mut engine, loaded) = self.load(name, Taskdex::load_unwatched);
        let mut unwatched = Report::default();
        let is_by_next = |it: &Question| it.by_next;
        self.ask(&engine, name, is_by_next, ", not watched", &mut unwatched);
        let ((), watched) = timed(|| engine.watch());
        self.report_loaded(name, loaded + watched, heap, report);
        self.measure(&mut engine, name, report);
        report.append(unwatched);
    }

    /// One of the other engines.
    fn enter<E: Engine>(&self, name: &str, load: fn(Vec<Task>) -> E, report: &mut Report) {
        let heap = (self.run.heap)();
        let (mut engine, loaded) = self.load(name, load);
        self.report_loaded(name, loaded, heap, report);
        self.measure(&mut engine, name, report);
    }

    fn load<E>(&self, name: &str, load: fn(Vec<Task>) -> E) -> (E, Duration) {
        eprintln!("{} tasks, {name}", self.tasks.len());
        let tasks = self.tasks.to_vec();
        timed(|| load(tasks))
    }

    fn report_loaded(&self, name: &str, loaded: Duration, heap: usize, report: &mut Report) {
        let bytes = (self.run.heap)().saturating_sub(heap);
        self.report_load(name, loaded, report);
        self.report_bytes(name, bytes, report);
    }

    /// The second set of changes is timed, and the first one warms the engine up.
    fn measure(&self, engine: &mut dyn Engine, name: &str, report: &mut Report) {
        self.ask(engine, name, |_| true, "", report);
        self.copy(engine, name, report);
        self.change(engine, 0, None, report);
        self.change(engine, 1, Some(name), report);
        self.check_changed(engine, name);
    }

    /// SQLite is loaded once: its first set of changes is timed while it keeps counts.
    fn enter_sqlite(&self, report: &mut Report) {
        let (name, counts) = ("SQLite", "SQLite, counts");
        let (mut engine, loaded) = self.load(name, Sqlite::load);
        self.report_load(name, loaded, report);
        self.report_bytes(name, engine.bytes(), report);
        self.ask(&engine, name, |_| true, "", report);
        self.copy(&engine, name, report);
        let ((), counted) = timed(|| engine.keep_counts(true));
        self.report_load(counts, loaded + counted, report);
        self.report_bytes(counts, engine.bytes(), report);
        // Tasks with a name are counted one by one all the same.
        self.ask(&engine, counts, |it| it.task_name.is_none(), "", report);
        self.change(&mut engine, 0, Some(counts), report);
        engine.keep_counts(false);
        self.change(&mut engine, 1, Some(name), report);
        self.check_changed(&engine, name);
    }

    /// Compares the answers to all questions of the wanted cases, and times them. `note` is added
    /// to the names of the cases.
    fn ask(
        &self,
        engine: &dyn Engine,
        name: &str,
        is_wanted: fn(&Question) -> bool,
        note: &str,
        report: &mut Report,
    ) {
        for (case, asked) in &self.cases {
            if !case.questions.iter().all(is_wanted) {
                continue;
            }
            let case_name = &format!("{}{note}", case.name);
            let place = |group| Place {
                group,
                case: case_name,
                n: Some(self.tasks.len()),
                matching: Some(matching(asked)),
            };
            if self.run.has(case.group) {
                let (theirs, checked) = timed(|| {
                    let theirs = asked.iter().map(|it| answer(engine, &it.question));
                    theirs.collect::<Vec<Answer>>()
                });
                for (it, theirs) in asked.iter().zip(theirs) {
                    assert_eq!(
                        theirs, it.answer,
                        "{name}, {}: {:?}",
                        case.name, it.question
                    );
                }
                let ns = self.run.effort.median_ns(asked.len(), checked, || {
                    for it in asked {
                        read(engine, &it.question);
                    }
                });
                report.time(place(case.group), name, ns);
            }
            if case.is_json && self.run.has(Group::Json) {
                let mut out = Vec::new();
                let body = |it: &Asked, out: &mut Vec<u8>| {
                    let (query, _) = it.json.as_ref().expect("a case of JSON");
                    out.clear();
                    engine.list_json(&it.question, query, out);
                };
                let ((), checked) = timed(|| {
                    for it in asked {
                        body(it, &mut out);
                        let same = it
                            .json
                            .as_ref()
                            .is_some_and(|(_, expected)| *expected == out);
                        assert!(same, "{name}, JSON, {}: {:?}", case.name, it.question);
                    }
                });
                let ns = self.run.effort.median_ns(asked.len(), checked, || {
                    for it in asked {
                        body(it, &mut out);
                    }
                });
                report.time(place(Group::Json), name, ns);
            }
        }
    }

    /// Times a snapshot and what is written of it, once it is compared.
    fn copy(&self, engine: &dyn Engine, name: &str, report: &mut Report) {
        if !self.run.has(Group::Load) {
            return;
        }
        let effort = self.run.effort;
        let (snapshot, copied) = timed(|| engine.snapshot());
        let (written, wrote) = timed(|| Written::of(&*snapshot));
        assert_eq!(written, self.records, "{name}, all records");
        let ns = effort.median_ns(1, wrote, || {
            black_box(Written::of(&*snapshot));
        });
        drop(snapshot);
        self.report(Group::Load, "written as JSON Lines", name, ns, report);
        let ns = effort.median_ns(1, copied, || drop(engine.snapshot()));
        self.report(Group::Load, "snapshot", name, ns, report);
    }

    /// Carries out a set of changes, and times each kind where a name is given.
    fn change(&self, engine: &mut dyn Engine, set: usize, name: Option<&str>, report: &mut Report) {
        if !self.run.has(Group::Change) {
            return;
        }
        for (kind, changes) in &self.changes[set] {
            let timed = changes.chunks(TIMED_TOGETHER).map(|changes| {
                let begin = Instant::now();
                for change in changes {
                    engine.change(change);
                }
                begin.elapsed()
            });
            let ns = median_ns(timed.collect()) / 8.0;
            if let Some(name) = name {
                self.report(Group::Change, kind, name, ns, report);
            }
        }
    }

    fn check_changed(&self, engine: &dyn Engine, name: &str) {
        if self.run.has(Group::Change) {
            for (question, expected) in &self.afterwards {
                let theirs = answer(engine, question);
                assert_eq!(&theirs, expected, "{name}, after changes: {question:?}");
            }
        }
    }

    fn place<'b>(&self, group: Group, case: &'b str) -> Place<'b> {
        Place {
            group,
            case,
            n: Some(self.tasks.len()),
            matching: None,
        }
    }

    fn report(&self, group: Group, case: &str, name: &str, ns: f64, report: &mut Report) {
        if self.run.has(group) {
            report.time(self.place(group, case), name, ns);
        }
    }

    fn report_load(&self, name: &str, loaded: Duration, report: &mut Report) {
        let ns = loaded.as_secs_f64() * 1e9;
        self.report(Group::Load, "loaded at once", name, ns, report);
    }

    fn report_bytes(&self, name: &str, bytes: usize, report: &mut Report) {
        if self.run.has(Group::Memory) {
            report.bytes(self.place(Group::Memory, "tasks and indexes"), name, bytes);
        }
    }
}

impl Asked {
    fn of(reference: &dyn Engine, question: Question, is_json: bool) -> Self {
        let json = is_json.then(|| {
            let query = question
                .query()
                .to_query_string()
                .expect("the order of adding");
            let mut body = Vec::new();
            reference.list_json(&question, &query, &mut body);
            (query, body)
        });
        Self {
            question,
            answer: answer(reference, &question),
            json,
        }
    }
}

/// The cases with the answers of the reference.
fn with_answers(reference: &Scan, cases: Vec<Case>) -> Vec<(Case, Vec<Asked>)> {
    let with_answers = |case: Case| {
        let asked = case.questions.iter();
        let asked = asked
            .map(|it| Asked::of(reference, *it, case.is_json))
            .collect();
        (case, asked)
    };
    cases.into_iter().map(with_answers).collect()
}

/// The median of the totals.
fn matching(asked: &[Asked]) -> usize {
    let mut totals: Vec<usize> = asked.iter().map(|it| it.answer.0).collect();
    totals.sort_unstable();
    totals[totals.len() / 2]
}

impl Written {
    fn of(records: &dyn Records) -> Self {
        let mut written = Self::default();
        let mut lines = Vec::new();
        records.for_each(&mut |fields| {
            fields.write_json(&mut lines);
            if lines.len() > BUFFER {
                written.take(&mut lines);
            }
        });
        written.take(&mut lines);
        written
    }

    /// Four sums beside one another, so that hashing takes a small part of the time of writing.
    fn take(&mut self, lines: &mut Vec<u8>) {
        self.bytes += lines.len();
        lines.resize(lines.len().next_multiple_of(32), 0);
        for words in lines.as_chunks::<8>().0.as_chunks::<4>().0 {
            for (sum, word) in self.sums.iter_mut().zip(words) {
                *sum = (*sum ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
        }
        lines.clear();
    }
}

/// Seeded changes: as many of each kind, of tasks that no other change is of.
fn changes(tasks: &[Task], set: usize, groups: usize) -> Vec<Changes> {
    // A multiple of those that are timed together; both sets take at most half of the tasks.
    let each = TIMED_TOGETHER * (tasks.len() / 20 / TIMED_TOGETHER).clamp(1, groups);
    let random = &mut Random::new(0x0c43);
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    random.shuffle(&mut order);
    let mut chosen = order.into_iter().map(|at| &tasks[at]).skip(set * 4 * each);
    let mut some =
        |change: &mut dyn FnMut(&Task) -> Change| chosen.by_ref().take(each).map(change).collect();
    let end = tasks.len() + set * 4 * each;
    let mut more = (end..).map(|at| workload(0).task(at));
    let mut more = || more.next().expect("an endless workload");
    vec![
        (
            "status",
            some(&mut |task| {
                let is_other = |status: &&LastStatus| Some(**status) != task.last_status();
                let status = LastStatus::ALL
                    .iter()
                    .find(is_other)
                    .expect("three statuses");
                Change::Status(task.id().to_owned(), *status)
            }),
        ),
        (
            "rename",
            some(&mut |task| {
                let name = TaskName::new(more().task_name()).expect("the name of a task");
                Change::Rename(task.id().to_owned(), name)
            }),
        ),
        (
            "replace",
            some(&mut |task| {
                let other = more().to_builder().with_id(task.id()).build();
                Change::Replace(other.expect("a valid task"))
            }),
        ),
        (
            "remove",
            some(&mut |task| Change::Remove(task.id().to_owned())),
        ),
        ("add", (0..each).map(|_| Change::Add(more())).collect()),
    ]
}
