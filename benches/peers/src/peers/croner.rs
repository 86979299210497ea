use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};

use super::{Peer, Wordless, begun, expression};
use crate::plans::Plan;

/// The `croner` crate, over chrono.
#[derive(Debug)]
pub struct Croner {
    cron: croner::Cron,
    tz: Tz,
}

impl Peer for Croner {
    const NAME: &str = "croner";

    fn of(plan: &Plan, now: DateTime<Utc>) -> Result<Self, Wordless> {
        begun(plan, now)?;
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Required)
            // Sunday is 1.
            .alternative_weekdays(true)
            .build();
        let expression = expression(plan)?;
        Ok(Self {
            cron: parser.parse(&expression).expect("an expression of croner"),
            tz: plan.zone.tz,
        })
    }

    fn executions(&self, now: DateTime<Utc>, count: usize) -> Vec<i64> {
        let mut found = Vec::new();
        let mut after = now;
        while found.len() < count
            && let Some(next) = self.next_execution(after)
        {
            found.push(next.timestamp());
            after = next;
        }
        found
    }

    fn next_execution(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let now = now.with_timezone(&self.tz);
        // An error where no year is left, and where a zone left out a day.
        let found = self.cron.find_next_occurrence(&now, false).ok()?;
        Some(found.with_timezone(&Utc))
    }
}
