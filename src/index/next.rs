//! The next execution of a task, cached with the span of time for which it holds.

/// An instant, and the offset of the wall clock then; both are opaque to the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// In seconds.
    pub(crate) instant: i64,
    /// In seconds.
    pub(crate) offset: i32,
}

/// A task's next execution, and the span of `now` for which it is that, in 12 bytes.
///
/// The upper 46 bits of `moment` are an instant, the lower 18 an offset. If `reach` is positive,
/// the moment is the next one for every `now` in the `reach` seconds before it. If it is zero,
/// nothing follows any `now` from the instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CachedNext {
    moment: [u32; 2],
    reach: u32,
}

const OFFSET_BITS: u32 = 18;
const INSTANT_MAX: i64 = i64::MAX >> OFFSET_BITS;
const INSTANT_MIN: i64 = i64::MIN >> OFFSET_BITS;

impl CachedNext {
    /// Nothing is known.
    pub(crate) const UNKNOWN: Self = Self::pack(INSTANT_MAX, 0, 0);

    /// Nothing follows, whatever the time.
    pub(crate) const NEVER: Self = Self::pack(INSTANT_MIN, 0, 0);

    /// What the neighbours of some `now` tell: the last moment that is not after it, and the first
    /// that is.
    pub(crate) fn between(last: Option<i64>, next: Option<Moment>) -> Self {
        match (last, next) {
            (None, None) => Self::NEVER,
            // Only from `last` on: before it, `last` itself follows.
            (Some(last), None) => Self::pack(last.clamp(INSTANT_MIN, INSTANT_MAX), 0, 0),
            (last, Some(next)) => {
                let fits = (INSTANT_MIN..INSTANT_MAX).contains(&next.instant)
                    && next.offset.unsigned_abs() < 1 << (OFFSET_BITS - 1);
                if !fits {
                    return Self::UNKNOWN;
                }
                let reach = next.instant.saturating_sub(last.unwrap_or(INSTANT_MIN));
                let reach = u32::try_from(reach).unwrap_or(u32::MAX);
                Self::pack(next.instant, next.offset, reach)
            }
        }
    }

    /// The next moment after `now`, as far as it is known.
    #[inline]
    pub(crate) fn at(self, now: i64) -> Known {
        let word = self.word();
        let instant = word >> OFFSET_BITS;
        if self.reach == 0 {
            return if now >= instant {
                Known::Never
            } else {
                Known::Unknown
            };
        }
        if now >= instant || now < instant - i64::from(self.reach) {
            return Known::Unknown;
        }
        Known::Next(Moment {
            instant,
            offset: offset_of(word),
        })
    }

    /// The moment, whatever the time; `None` where none is known.
    pub(crate) fn moment(self) -> Option<Moment> {
        let word = self.word();
        (self.reach > 0).then_some(Moment {
            instant: word >> OFFSET_BITS,
            offset: offset_of(word),
        })
    }

    /// The instant of the [moment](Self::moment).
    pub(super) fn instant(self) -> Option<i64> {
        self.moment().map(|moment| moment.instant)
    }

    /// From which instant on this holds, up to the moment if there is one.
    ///
    /// A reach without end has no moment before it: no two are 136 years apart.
    pub(super) fn known_from(self) -> i64 {
        if self.reach == u32::MAX {
            return i64::MIN;
        }
        (self.word() >> OFFSET_BITS) - i64::from(self.reach)
    }

    fn word(self) -> i64 {
        let [high, low] = self.moment;
        (u64::from(high) << 32 | u64::from(low)).cast_signed()
    }

    const fn pack(instant: i64, offset: i32, reach: u32) -> Self {
        let offset = offset.cast_unsigned() as u64 & ((1 << OFFSET_BITS) - 1);
        let word = (instant << OFFSET_BITS).cast_unsigned() | offset;
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
        let moment = [(word >> 32) as u32, word as u32];
        Self { moment, reach }
    }
}

/// The offset in the lower bits of a word.
fn offset_of(word: i64) -> i32 {
    (word << (64 - OFFSET_BITS) >> (64 - OFFSET_BITS)) as i32
}

/// An answer of [`CachedNext::at`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// The next moment.
    Next(Moment),
    /// There is no next moment.
    Never,
    /// Nothing about this instant.
    Unknown,
}

impl Known {
    pub(crate) fn is_known(self) -> bool {
        self != Self::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_holds_from_the_one_before_it_until_itself() {
        for offset in [-54_000, -1, 0, 1, 28_800, 54_000] {
            let moment = Moment {
                instant: 1_000,
                offset,
            };
            let next = CachedNext::between(Some(400), Some(moment));
            assert_eq!(next.at(399), Known::Unknown);
            assert_eq!(next.at(400), Known::Next(moment));
            assert_eq!(next.at(999), Known::Next(moment));
            assert_eq!(next.at(1_000), Known::Unknown);
        }
    }

    #[test]
    fn a_long_wait_is_known_for_its_end_only() {
        let moment = Moment {
            instant: 250_000_000_000,
            offset: 3_600,
        };
        let next = CachedNext::between(None, Some(moment));
        assert_eq!(next.at(0), Known::Unknown);
        let early = moment.instant - i64::from(u32::MAX);
        assert_eq!(next.at(early - 1), Known::Unknown);
        assert_eq!(next.at(early), Known::Next(moment));
    }

    #[test]
    fn a_moment_that_does_not_fit_is_unknown() {
        for (instant, offset) in [(0, 131_072), (0, -131_072), (INSTANT_MAX, 0)] {
            let next = CachedNext::between(None, Some(Moment { instant, offset }));
            assert_eq!(next, CachedNext::UNKNOWN);
        }
    }

    #[test]
    fn nothing_follows_the_last_moment() {
        let next = CachedNext::between(Some(-60_000_000_000), None);
        assert_eq!(next.at(-60_000_000_001), Known::Unknown);
        assert_eq!(next.at(-60_000_000_000), Known::Never);
        assert_eq!(next.at(i64::MAX), Known::Never);
        assert_eq!(CachedNext::NEVER.at(-8_000_000_000_000), Known::Never);
        assert_eq!(CachedNext::UNKNOWN.at(8_000_000_000_000), Known::Unknown);
    }
}
