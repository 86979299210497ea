//! Partitions that this node owns: claims, groups of changes, executions, snapshots.

use std::collections::HashSet;
use std::sync::Arc;

use taskdex::chrono::{DateTime, TimeDelta, Utc};
use taskdex::{DueExecution, Missed};

use super::{Call, Node, NotWritten, Output, PAUSE, Part, Ticket, Write, is_within};
use crate::entry::{Action, Change, Entry, Group, instant, task_hash};
use crate::log::{Append, AppendError, Head, Refused};
use crate::partition::COUNT;
use crate::replica::Damage;

/// How often leases are renewed: three times while they last.
const RENEWAL: TimeDelta = TimeDelta::seconds(1);
/// How long a node leaves a free partition to the node whose part it is in.
const COURTESY: TimeDelta = TimeDelta::milliseconds(500);
/// How old the watermark may be of a partition that changes.
const WATERMARK: TimeDelta = TimeDelta::seconds(5);
/// The most changes of a group, and, where it has several, the most edits.
const GROUP_CHANGES: usize = 256;
const GROUP_EDITS: usize = 4_096;
/// How many changes of a partition may wait.
const QUEUE: usize = 16_384;
/// How many executions are handed on at once.
const EXECUTIONS: usize = 256;

/// What an owner knows beside what every node knows of a partition.
#[derive(Debug)]
pub(super) struct Tenure {
    epoch: u64,
    /// Where the log stood when the tenure began: no older epoch gets beyond.
    begins_at: u64,
    /// Whether what is due is watched. Until then, changes wait.
    pub(super) is_watching: bool,
    handing: Option<Handing>,
    /// How far executions were handed on, still to be appended.
    passed: Option<i64>,
}

/// Executions that are being handed on.
#[derive(Debug)]
struct Handing {
    ticket: Ticket,
    due: Arc<Vec<DueExecution>>,
    passed: i64,
    /// When to try again, after a failure.
    again: Option<DateTime<Utc>>,
}

/// A group whose fate is not known yet. It can only ever stand at its own place.
#[derive(Debug)]
pub(super) struct InFlight {
    append: Append,
    /// Of the writes, by the place of their entries.
    tickets: Vec<(usize, Ticket)>,
    now: DateTime<Utc>,
    state: State,
    /// Whether the group in its place is this one, once that was seen.
    is_there: Option<bool>,
}

#[derive(Debug, PartialEq)]
enum State {
    Sent,
    /// The answer was lost. The same append again can do no harm: the log takes it once at most.
    Again(DateTime<Utc>),
    /// Refused, as something stands in its place: reading tells what.
    Taken,
    /// The log will never hold it.
    Refused,
}

impl InFlight {
    pub(super) fn is_sent(&self) -> bool {
        self.state == State::Sent
    }

    pub(super) fn compare(&mut self, group: &Group) {
        if group.first == self.append.group.first {
            self.is_there = Some(group.is(&self.append.group));
        }
    }
}

impl Node {
    /// Renews leases, and takes partitions that are free.
    pub(super) fn claim(&mut self, now: DateTime<Utc>, out: &mut Vec<Output>) {
        if self.is_claiming {
            return;
        }
        let is_renewal = !is_within(now, self.claimed, RENEWAL);
        let config = &self.config;
        let wanted = self.parts.values().filter(|part| match &part.tenure {
            Some(_) => is_renewal,
            None => part.is_wanted(now),
        });
        let wanted: Vec<_> = wanted.map(|it| (it.partition, it.head.epoch)).collect();
        if is_renewal {
            self.claimed = now;
        }
        if !wanted.is_empty() {
            self.is_claiming = true;
            let owner = config.owner.clone();
            out.push(Output::Call(Call::Claim(owner, wanted)));
        }
    }

    /// Takes a snapshot where one is due: one at a time.
    pub(super) fn save(&mut self, out: &mut Vec<Output>) {
        if self.is_saving {
            return;
        }
        let total: u64 = self.parts.values().map(Part::behind_snapshot).sum();
        let share = self.config.snapshot_entries / u64::from(COUNT);
        let owned = self.parts.values().filter(|part| part.is_ready());
        let due = owned.filter(|part| {
            let Head {
                log_bytes,
                snapshot_bytes,
                ..
            } = part.head;
            let outweighs = log_bytes > snapshot_bytes.max(self.config.snapshot_bytes_min);
            let is_share = part.behind_snapshot() >= share.max(1);
            outweighs || (total >= self.config.snapshot_entries && is_share)
        });
        let most = due.max_by_key(|part| part.behind_snapshot());
        let most = most.filter(|part| part.behind_snapshot() > 0);
        if let Some((part, replica)) = most.and_then(|part| Some((part, part.replica.as_ref()?))) {
            self.is_saving = true;
            let frozen = replica.freeze(part.partition);
            out.push(Output::Call(Call::Save(frozen)));
        }
    }
}

impl Part {
    /// Whether changes are taken: the replica is where the log is.
    pub(super) fn is_ready(&self) -> bool {
        self.tenure.as_ref().is_some_and(|it| it.is_watching)
    }

    fn behind_snapshot(&self) -> u64 {
        self.position().saturating_sub(self.head.snapshot)
    }

    /// Whether this node should claim the partition.
    fn is_wanted(&self, now: DateTime<Utc>) -> bool {
        // Where no nodes share, this one is a replica alone.
        let Some(turn) = self.partition.number().checked_rem(self.config.nodes) else {
            return false;
        };
        let is_mine = turn == self.config.index;
        let is_old = |since: DateTime<Utc>| is_mine || !is_within(now, since, COURTESY);
        self.replica.is_some() && self.free_since.is_some_and(is_old)
    }

    /// Takes note of what the log says. Whether this node owns the partition, it learns from here.
    pub(super) fn follow(&mut self, now: DateTime<Utc>, head: Head, out: &mut Vec<Output>) {
        if head.epoch < self.head.epoch {
            return;
        }
        let position = self.head.position.max(head.position);
        let snapshot = self.head.snapshot.max(head.snapshot);
        self.free_since = head.is_free.then(|| self.free_since.unwrap_or(now));
        let is_over = |tenure: &Tenure| tenure.epoch < head.epoch;
        if self.tenure.as_ref().is_some_and(is_over) {
            self.end_tenure(&head.owner.address, out);
        }
        if head.owner == self.config.owner && self.tenure.is_none() {
            self.tenure = Some(Tenure {
                epoch: head.epoch,
                begins_at: head.position,
                is_watching: false,
                handing: None,
                passed: None,
            });
        }
        self.head = Head {
            position,
            snapshot,
            ..head
        };
    }

    fn end_tenure(&mut self, owner: &str, out: &mut Vec<Output>) {
        self.tenure = None;
        out.extend(self.queue.drain(..).map(|write| {
            Output::Answer(write.ticket, Err(NotWritten::NotOwner(owner.to_owned())))
        }));
    }

    pub(super) fn enqueue(&mut self, write: Write) -> Result<(), NotWritten> {
        if self.tenure.is_none() {
            return Err(NotWritten::NotOwner(self.head.owner.address.clone()));
        }
        if self.queue.len() >= QUEUE {
            return Err(NotWritten::Busy);
        }
        self.queue.push_back(write);
        Ok(())
    }

    /// Does what can be done: begins the tenure, takes what is due, appends what waits.
    pub(super) fn proceed(&mut self, now: DateTime<Utc>, out: &mut Vec<Output>) {
        let (Some(tenure), Some(replica)) = (&mut self.tenure, &self.replica) else {
            self.send_again(now, out);
            return;
        };
        if !tenure.is_watching && replica.position >= tenure.begins_at && !self.is_loading {
            // Whatever was passed before the first owner is nobody's. That it begins here is in
            // the log before the first task is, so that the next owner goes on from here.
            let passed = replica.passed.unwrap_or(now.timestamp());
            replica.store.watch_due(instant(passed * 1_000));
            tenure.passed = replica.passed.is_none().then_some(passed);
            tenure.handing = None;
            tenure.is_watching = true;
        }
        self.take_due(now, out);
        self.send_again(now, out);
        // Each round without a group answers at least one refused change.
        for _ in 0..16 {
            if self.in_flight.is_some() || !self.is_ready() || self.has_nothing_to_append() {
                break;
            }
            self.append(now, out);
        }
    }

    fn has_nothing_to_append(&self) -> bool {
        let has_passed = self.tenure.as_ref().is_some_and(|it| it.passed.is_some());
        self.queue.is_empty() && !has_passed
    }

    /// Takes what is due, and lets the watermark keep up where tasks change.
    fn take_due(&mut self, now: DateTime<Utc>, out: &mut Vec<Output>) {
        let (Some(tenure), Some(replica)) = (&mut self.tenure, &self.replica) else {
            return;
        };
        if !tenure.is_watching {
            return;
        }
        if let Some(handing) = &mut tenure.handing {
            if handing.again.is_some_and(|again| now >= again) {
                handing.again = None;
                let due = Arc::clone(&handing.due);
                out.push(Output::Call(Call::HandOn(
                    self.partition,
                    handing.ticket,
                    due,
                )));
            }
            return;
        }
        // A change that was checked before `now` and is not applied yet may add what is due then.
        let now = self.in_flight.as_ref().map_or(now, |it| it.now.min(now));
        let wakeup = replica.store.next_wakeup().ok().flatten();
        let is_due = wakeup.is_some_and(|wakeup| wakeup <= now);
        let passed = instant(replica.passed.unwrap_or_default() * 1_000);
        let is_old = replica.position > replica.passed_at && now - passed >= WATERMARK;
        if !is_due && !is_old {
            return;
        }
        let Ok(batch) = replica.store.take_due(now, EXECUTIONS, Missed::Latest) else {
            return;
        };
        let passed = batch.passed.timestamp();
        if batch.due.is_empty() {
            tenure.passed = Some(passed).filter(|it| Some(*it) > replica.passed);
            return;
        }
        let due = Arc::new(batch.due);
        self.number += 1;
        tenure.handing = Some(Handing {
            ticket: self.number,
            due: Arc::clone(&due),
            passed,
            again: None,
        });
        out.push(Output::Call(Call::HandOn(self.partition, self.number, due)));
    }

    pub(super) fn handed_on(&mut self, now: DateTime<Utc>, ticket: Ticket, is_done: bool) {
        let Some(tenure) = &mut self.tenure else {
            return;
        };
        // An answer may belong to a tenure that is over.
        let Some(handing) = tenure.handing.as_mut().filter(|it| it.ticket == ticket) else {
            return;
        };
        if is_done {
            tenure.passed = tenure.passed.max(Some(handing.passed));
            tenure.handing = None;
        } else {
            handing.again = Some(now + PAUSE);
        }
    }

    /// Appends what waits, as one group in which no task is touched by two changes.
    ///
    /// So each change can be checked by itself, at the position before the group.
    fn append(&mut self, now: DateTime<Utc>, out: &mut Vec<Output>) {
        let (Some(tenure), Some(replica)) = (&mut self.tenure, &self.replica) else {
            return;
        };
        let now = instant(now.timestamp_millis());
        let mut entry = |action| {
            self.number += 1;
            let id = format!("{}-{}", self.config.owner.id, self.number);
            Entry { id, action }
        };
        let passed = tenure.passed.take();
        let mut entries: Vec<_> = passed
            .map(|it| entry(Action::Passed(it)))
            .into_iter()
            .collect();
        let mut tickets = Vec::new();
        let mut edits = 0;
        let mut touched = HashSet::new();
        let mut waiting = Vec::new();
        while let Some(write) = self.queue.pop_front() {
            let is_full = entries.len() >= GROUP_CHANGES
                || (!entries.is_empty() && edits + write.edits.len() > GROUP_EDITS);
            if is_full || waiting.len() >= GROUP_CHANGES {
                waiting.push(write);
                break;
            }
            let hashes = write
                .edits
                .iter()
                .map(|it| task_hash(&write.project, it.id()));
            let hashes: Vec<_> = hashes.collect();
            let is_touched = hashes.iter().any(|hash| touched.contains(hash));
            touched.extend(hashes);
            if is_touched {
                waiting.push(write);
                continue;
            }
            if let Err(refused) = replica.store.check(&write.project, &write.edits, now) {
                let refused = NotWritten::Refused(refused);
                out.push(Output::Answer(write.ticket, Err(refused)));
                continue;
            }
            edits += write.edits.len();
            tickets.push((entries.len(), write.ticket));
            entries.push(entry(Action::Change(Change {
                project: write.project,
                now: now.timestamp_millis(),
                edits: write.edits,
            })));
        }
        for write in waiting.into_iter().rev() {
            self.queue.push_front(write);
        }
        if entries.is_empty() {
            return;
        }
        let first = replica.position + 1;
        let append = Append {
            partition: self.partition,
            epoch: tenure.epoch,
            group: Arc::new(Group { first, entries }),
        };
        out.push(Output::Call(Call::Append(append.clone())));
        self.in_flight = Some(InFlight {
            append,
            tickets,
            now,
            state: State::Sent,
            is_there: None,
        });
    }

    fn send_again(&mut self, now: DateTime<Utc>, out: &mut Vec<Output>) {
        if let Some(in_flight) = &mut self.in_flight
            && let State::Again(again) = in_flight.state
            && now >= again
        {
            in_flight.state = State::Sent;
            out.push(Output::Call(Call::Append(in_flight.append.clone())));
        }
    }

    pub(super) fn appended(
        &mut self,
        now: DateTime<Utc>,
        result: &Result<(), AppendError>,
        out: &mut Vec<Output>,
    ) -> Result<(), Damage> {
        let Some(in_flight) = &mut self.in_flight else {
            return Ok(());
        };
        let first = in_flight.append.group.first;
        match result {
            Ok(()) => {
                let group = Arc::clone(&in_flight.append.group);
                in_flight.state = State::Taken;
                self.apply(&group)?;
                self.serve(out);
            }
            Err(AppendError::Refused(Refused { position, .. })) if *position >= first => {
                in_flight.state = State::Taken;
                self.head.position = self.head.position.max(*position);
            }
            // It was appended for an epoch that is over, and its place is empty still.
            Err(AppendError::Refused(_)) => in_flight.state = State::Refused,
            Err(AppendError::Unknown(_)) => in_flight.state = State::Again(now + PAUSE),
        }
        self.settle(out);
        Ok(())
    }

    /// Answers the writes of a group whose fate is known.
    pub(super) fn settle(&mut self, out: &mut Vec<Output>) {
        let position = self.position();
        let Some(in_flight) = self.in_flight.take_if(|it| {
            let is_seen = position >= it.append.group.first;
            !it.is_sent() && (is_seen || it.state == State::Refused)
        }) else {
            return;
        };
        let owner = &self.head.owner.address;
        for (place, ticket) in in_flight.tickets {
            let answer = match in_flight.is_there {
                Some(true) => Ok(in_flight.append.group.first + place as u64),
                Some(false) => Err(NotWritten::NotOwner(owner.clone())),
                None if in_flight.state == State::Refused => {
                    Err(NotWritten::NotOwner(owner.clone()))
                }
                // A snapshot led beyond its place.
                None => Err(NotWritten::Unknown),
            };
            out.push(Output::Answer(ticket, answer));
        }
    }
}
