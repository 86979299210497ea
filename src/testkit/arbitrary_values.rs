//! The values of [`generate`] for fuzzers: the crate `arbitrary`.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::generate::{self, History, Swarm};
use super::source::Source;
use crate::query::ListQuery;
use crate::schedule::Schedule;
use crate::task::Task;

impl Source for Unstructured<'_> {
    fn below(&mut self, bound: u32) -> u32 {
        // Only an empty range is an error; bytes that have run dry give the least number.
        let last = bound.saturating_sub(1);
        self.int_in_range(0..=last).unwrap_or(0)
    }

    fn is_dry(&self) -> bool {
        self.is_empty()
    }
}

impl<'a> Arbitrary<'a> for Schedule {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(generate::schedule(bytes))
    }
}

/// Its id is one of few, so that it is often taken.
impl<'a> Arbitrary<'a> for Task {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let swarm = Swarm::new(bytes);
        let id = format!("t-{}", bytes.below(16));
        Ok(generate::task(bytes, &swarm, id))
    }
}

impl<'a> Arbitrary<'a> for ListQuery {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let swarm = Swarm::new(bytes);
        Ok(generate::query(bytes, &swarm))
    }
}

impl<'a> Arbitrary<'a> for History {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(generate::history(bytes))
    }
}
