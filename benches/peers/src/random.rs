//! Seeded choices over ranges wider than the test kit's.

use taskdex::testkit::SplitMix64;

/// A random generator whose stream never changes.
#[derive(Debug, Clone)]
pub struct Random(SplitMix64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// A number from 0 up to, but not including, `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias is at most `bound` / 2^64.
        u64::try_from((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low.strict_add_unsigned(self.below(high.abs_diff(low) + 1))
    }

    /// Whether something happens that does `percent` times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `items`.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or_default()]
    }

    /// Puts items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let at = self.below(end as u64 + 1);
            items.swap(end, usize::try_from(at).unwrap_or_default());
        }
    }

    /// Some of `items`, at least one, in their order.
    pub fn some<T: Copy>(&mut self, items: &[T]) -> Vec<T> {
        let chance = self.pick(&[5, 20, 50, 100]);
        let chosen: Vec<T> = (items.iter().copied())
            .filter(|_| self.percent(chance))
            .collect();
        if chosen.is_empty() {
            return vec![self.pick(items)];
        }
        chosen
    }
}
