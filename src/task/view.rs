//! A task with its texts at hand, wherever they lie.

use super::attributes::{Attributes, KeptTiming};
use crate::schedule::TimeZone;

/// A task by reference: its packed fields, and exactly its texts end to end.
#[derive(Clone, Copy)]
pub(crate) struct TaskView<'a> {
    attributes: &'a Attributes,
    texts: &'a str,
}

impl<'a> TaskView<'a> {
    #[inline]
    pub(crate) fn new(attributes: &'a Attributes, texts: &'a str) -> Self {
        Self { attributes, texts }
    }

    pub(crate) fn attributes(self) -> &'a Attributes {
        self.attributes
    }

    pub(crate) fn texts(self) -> &'a str {
        self.texts
    }

    #[inline]
    pub(crate) fn id(self) -> &'a str {
        self.text(0, self.attributes.id_length())
    }

    #[inline]
    pub(crate) fn task_name(self) -> &'a str {
        self.text(self.attributes.id_length(), self.attributes.name_length())
    }

    #[inline]
    pub(crate) fn description(self) -> Option<&'a str> {
        let start = self.attributes.id_length() + self.attributes.name_length();
        Some(self.text(start, self.attributes.description_length())).filter(|text| !text.is_empty())
    }

    #[inline]
    pub(crate) fn time_zone(self) -> Option<&'a str> {
        match self.known_time_zone() {
            Some(zone) => Some(zone.name()),
            None => self.reported_time_zone(),
        }
    }

    pub(crate) fn known_time_zone(self) -> Option<TimeZone> {
        match self.attributes.timing() {
            KeptTiming::Scheduled(schedule) => Some(schedule.time_zone()),
            KeptTiming::Triggered(trigger) => trigger.time_zone(),
            KeptTiming::Reported { .. } => None,
        }
    }

    pub(crate) fn reported_time_zone(self) -> Option<&'a str> {
        let KeptTiming::Reported { zone_length, .. } = self.attributes.timing() else {
            return None;
        };
        let length = *zone_length as usize;
        let start = self.texts.len().saturating_sub(length);
        Some(self.text(start, length)).filter(|text| !text.is_empty())
    }

    /// The texts of the same task under another name.
    pub(crate) fn texts_renamed(self, task_name: &'a str) -> [&'a str; 3] {
        let after = self.attributes.id_length() + self.attributes.name_length();
        let after = self.texts.get(after..).unwrap_or_default();
        [self.id(), task_name, after]
    }

    #[inline]
    fn text(self, start: usize, length: usize) -> &'a str {
        // The lengths are those of whole texts, so the range is always there.
        self.texts.get(start..start + length).unwrap_or_default()
    }
}
