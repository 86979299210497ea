//! A seeded generator of numbers: the same seed, the same numbers, everywhere.

/// `SplitMix64` (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ bits >> 31
    }

    /// A number from 0 up to, but not including, `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias is at most `bound` / 2^64.
        u64::try_from((u128::from(self.bits()) * u128::from(bound)) >> 64).unwrap_or_default()
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
