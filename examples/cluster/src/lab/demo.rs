//! A fleet of three nodes under load, one of which is killed.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::fleet::Fleet;
use super::load::{Load, Router, Verdict, record};
use crate::Failure;
use crate::partition::Partition;

pub(crate) fn run() -> Result<bool, Failure> {
    let started = Instant::now();
    let say = |what: &str| println!("{:5.1} s  {what}", started.elapsed().as_secs_f64());
    say("starting PostgreSQL on loopback, and three nodes");
    let mut fleet = Fleet::start(3)?;
    for (index, node) in fleet.nodes.iter().enumerate() {
        let owned = fleet.owners().values().filter(|it| **it == index).count();
        say(&format!(
            "node {index} at {} owns {owned} partitions",
            node.address
        ));
    }
    let load = Load::start(&fleet.addresses(), 8, Duration::from_millis(2));
    say("8 clients add tasks, and wait for each");
    sleep(Duration::from_secs(5));

    let project = "p-1".parse()?;
    let partition = Partition::of(&project);
    let owner = *fleet.owners().get(&partition).ok_or("no owner")?;
    fleet.node_mut(owner)?.kill()?;
    let killed = Instant::now();
    say(&format!(
        "node {owner}, which owns project {project}, is killed"
    ));
    let mut router = Router::new(fleet.addresses());
    let position = router.add(&project, &record("after"));
    let position = position.ok_or("nobody took the write")?;
    let pause = killed.elapsed();
    say(&format!(
        "the next write to the project is at position {position}, {pause:.1?} later"
    ));
    sleep(Duration::from_secs(3));
    fleet.restart(owner)?;
    say(&format!("node {owner} is started again"));
    sleep(Duration::from_secs(3));

    let acknowledged = load.end();
    say("the clients stop; waiting for all nodes, and for what is due");
    let verdict = Verdict::of(&fleet, &acknowledged)?;
    say(&format!(
        "{} writes were acknowledged, of which {} are lost",
        verdict.acknowledged, verdict.lost
    ));
    say(&format!(
        "all nodes export the same {} bytes",
        verdict.export_bytes
    ));
    say(&format!(
        "{} executions were due: {} were not handed on, {} more than once, with the same key",
        verdict.due, verdict.not_handed_on, verdict.handed_on_again
    ));
    drop(fleet);
    say("PostgreSQL is stopped, and its folder removed");
    Ok(verdict.lost == 0 && verdict.not_handed_on == 0)
}
