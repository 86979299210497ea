//! Real processes and a real PostgreSQL, killed and frozen under load.

use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use taskdex::ProjectId;

use super::client::Client;
use super::fleet::Fleet;
use super::load::{Acknowledged, Load, Router, Verdict, position, record};
use crate::Failure;
use crate::partition::Partition;

/// How long a frozen owner is left alone: longer than its lease of three seconds.
const FREEZE: Duration = Duration::from_secs(4);

/// What happened, beside what must hold at the end.
#[derive(Default)]
struct Report {
    longest_pause: Duration,
    sent_to_frozen: usize,
    accepted_from_frozen: usize,
    acknowledged: Vec<Acknowledged>,
}

/// Runs each fault so many times, and says whether everything that must hold did.
pub(crate) fn run(rounds: u32) -> Result<bool, Failure> {
    let mut fleet = Fleet::start(3)?;
    let replica = fleet.add_replica()?;
    let load = Load::start(&fleet.addresses(), 4, Duration::from_millis(3));
    let mut report = Report::default();
    for round in 0..rounds {
        fleet.node_mut(replica)?.kill()?;
        sleep(Duration::from_millis(500));
        fleet.restart(replica)?;
        let level = fleet.wait_until_level()?;
        println!("round {round}: a replica was killed; started again, it is level in {level:.1?}");

        let (owner, project) = an_owner(&fleet)?;
        fleet.node_mut(owner)?.kill()?;
        let pause = report.next_write(&fleet, &project, &format!("killed-{round}"))?;
        println!("round {round}: owner {owner} was killed; the next write is {pause:.1?} later");
        fleet.restart(owner)?;

        fleet.database.kill()?;
        let killed = Instant::now();
        fleet.database.run()?;
        report.next_write(&fleet, &project, &format!("database-{round}"))?;
        let pause = killed.elapsed();
        println!("round {round}: the postmaster was killed; the next write is {pause:.1?} later");

        let (owner, project) = an_owner(&fleet)?;
        let (sent, accepted) = report.freeze(&fleet, owner, &project, round)?;
        println!(
            "round {round}: owner {owner} was frozen; of {sent} writes to it, {accepted} held"
        );
    }
    report.acknowledged.extend(load.end());
    let verdict = Verdict::of(&fleet, &report.acknowledged)?;
    let gaps = "SELECT count(*) FROM (SELECT first, epoch,
        lag(last) OVER history AS last_before, lag(epoch) OVER history AS epoch_before
        FROM log WINDOW history AS (PARTITION BY partition ORDER BY first)) AS groups
        WHERE first <> last_before + 1 OR epoch < epoch_before";
    let gaps: usize = fleet.database.ask(gaps)?.parse()?;
    let must_be_0 = [
        (verdict.lost, "acknowledged writes lost"),
        (
            report.accepted_from_frozen,
            "writes accepted from a frozen former owner",
        ),
        (gaps, "gaps, or epochs that go back, in the log"),
        (verdict.not_handed_on, "executions not handed on"),
    ];
    let told = [
        (verdict.acknowledged, "acknowledged writes"),
        (report.sent_to_frozen, "writes to a frozen former owner"),
        (verdict.export_bytes, "bytes of exports, equal on all nodes"),
        (verdict.due, "executions due"),
        (
            verdict.handed_on_again,
            "executions handed on again, and applied once",
        ),
    ];
    for (figure, what) in must_be_0.iter().chain(&told) {
        println!("{figure:>10}  {what}");
    }
    let pause = report.longest_pause;
    // A busy machine makes it longer: it is told, and decides nothing.
    println!("{pause:>10.1?}  from an owner's death to the next write, at most");
    let has_load = report.acknowledged.len() > 50 && report.sent_to_frozen > 0;
    Ok(has_load && must_be_0.iter().all(|(figure, _)| *figure == 0))
}

/// The node that owns most, and a project of it.
fn an_owner(fleet: &Fleet) -> Result<(usize, ProjectId), Failure> {
    let mut found = None;
    Fleet::wait_until("somebody owns a project", || {
        let owners = fleet.owners();
        let count = |index: usize| owners.values().filter(|it| **it == index).count();
        let owner = (0..fleet.nodes.len()).max_by_key(|index| count(*index));
        let projects = (0..97).filter_map(|number| format!("p-{number}").parse().ok());
        let project = projects
            .into_iter()
            .find(|it| owners.get(&Partition::of(it)) == owner.as_ref());
        found = owner.zip(project);
        Ok(found.is_some())
    })?;
    Ok(found.ok_or("no owner")?)
}

impl Report {
    /// Writes until somebody takes it, and returns how long that took.
    fn next_write(
        &mut self,
        fleet: &Fleet,
        project: &ProjectId,
        id: &str,
    ) -> Result<Duration, Failure> {
        let started = Instant::now();
        let mut router = Router::new(fleet.addresses());
        // Whether the first of two tries happened is not known where the second says so.
        let tries = (0..10).map(|number| format!("{id}-{number}"));
        let mut written = tries.map(|id| Some((router.add(project, &record(&id))?, id)));
        let (position, id) = written.find_map(|it| it).ok_or("nobody takes writes")?;
        let pause = started.elapsed();
        // A client waits a second for a frozen node, each time that it is sent there.
        if id.starts_with("killed") {
            self.longest_pause = self.longest_pause.max(pause);
        }
        self.acknowledged.push(Acknowledged {
            project: project.clone(),
            id,
            position,
        });
        Ok(pause)
    }

    /// Freezes an owner past its lease while clients write to it, and thaws it. How many writes
    /// it was sent, and how many it accepted.
    fn freeze(
        &mut self,
        fleet: &Fleet,
        owner: usize,
        project: &ProjectId,
        round: u32,
    ) -> Result<(usize, usize), Failure> {
        let node = fleet.node(owner)?;
        node.freeze()?;
        let frozen = Instant::now();
        let writers = (0..16).map(|number| {
            let mut client = Client::new(&node.address);
            let id = format!("to-frozen-{round}-{number}");
            let body = serde_json::json!([{ "add": record(&id) }]).to_string();
            let project = project.clone();
            thread::spawn(move || {
                let answer = client.post(&format!("/v2/{project}/changes"), body.as_bytes());
                let position = answer.ok().and_then(|answer| position(&answer.body))?;
                Some(Acknowledged {
                    project,
                    id,
                    position,
                })
            })
        });
        let writers: Vec<_> = writers.collect();
        self.next_write(fleet, project, &format!("frozen-{round}"))?;
        sleep(FREEZE.saturating_sub(frozen.elapsed()));
        node.thaw()?;
        let sent = writers.len();
        let accepted = writers
            .into_iter()
            .filter_map(|it| it.join().ok().flatten());
        let accepted: Vec<_> = accepted.collect();
        self.sent_to_frozen += sent;
        self.accepted_from_frozen += accepted.len();
        Ok((sent, accepted.len()))
    }
}
