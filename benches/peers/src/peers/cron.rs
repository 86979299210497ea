use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Peer, Wordless, begun, expression};
use crate::plans::{Dates, Plan};

/// The `cron` crate.
#[derive(Debug)]
pub struct Cron {
    schedule: cron::Schedule,
    tz: Tz,
}

impl Peer for Cron {
    const NAME: &str = "cron";

    fn of(plan: &Plan, now: DateTime<Utc>) -> Result<Self, Wordless> {
        begun(plan, now)?;
        if let Dates::Monthly { last: true, .. } = plan.dates {
            return Err(Wordless::LastDay);
        }
        let expression = expression(plan)?;
        Ok(Self {
            schedule: expression.parse().expect("an expression of cron"),
            tz: plan.zone.tz,
        })
    }

    fn executions(&self, now: DateTime<Utc>, count: usize) -> Vec<i64> {
        (self.schedule.after(&now.with_timezone(&self.tz)))
            .take(count)
            .map(|time| time.timestamp())
            .collect()
    }

    fn next_execution(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = self.schedule.after(&now.with_timezone(&self.tz)).next()?;
        Some(found.with_timezone(&Utc))
    }
}
