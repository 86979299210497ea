//! The counts of facets as JSON.

use taskdex::{Facets, LastStatus, LifeCycleType, ScheduledType, TaskType};

/// Appends every value of every filter with its count, in the order of the documented page.
pub(crate) fn write_facets(out: &mut Vec<u8>, facets: &Facets) {
    let count = |name: &str, count: u64| format!("\"{name}\":{count}");
    let task_types = TaskType::ALL.iter();
    let task_types = task_types.map(|&it| count(it.as_str(), facets.task_type(it)));
    let scheduled_types = ScheduledType::ALL.iter();
    let scheduled_types = scheduled_types.map(|&it| count(it.as_str(), facets.scheduled_type(it)));
    let events = LifeCycleType::ALL.iter();
    let events = events.map(|&it| count(it.as_str(), facets.life_cycle_type(it)));
    let statuses = LastStatus::ALL.iter();
    let statuses = statuses.map(|&it| count(it.as_str(), facets.last_status(Some(it))));
    let statuses = statuses.chain([count("none", facets.last_status(None))]);
    let filters = [
        ("task_type", join(task_types)),
        ("scheduled_type", join(scheduled_types)),
        ("life_cycle_type", join(events)),
        ("last_status", join(statuses)),
    ];
    let filters = filters.map(|(name, values)| format!("\"{name}\":{{{values}}}"));
    out.extend_from_slice(format!("{{{}}}", filters.join(",")).as_bytes());
}

fn join(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(",")
}
