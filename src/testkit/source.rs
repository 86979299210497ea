//! Where generators take their choices from.

/// A sequence of choices: random, given by a fuzzer, or recorded.
///
/// Generators put the simplest value at choice 0, so that a source which has run
/// dry, and one that is shrunk towards 0, give simple values.
///
/// ```
/// use taskdex::testkit::{Bytes, Source};
///
/// let mut source = Bytes::new(&[3, 200]);
/// assert_eq!(source.below(10), 3);
/// assert_eq!(source.pick(&["a", "b", "c"]), "c");
/// assert_eq!(source.below(10), 0);
/// ```
pub trait Source {
    /// A number below `bound`; 0 where `bound` is 0 or 1.
    fn below(&mut self, bound: u32) -> u32;

    /// Whether there are choices left. A random source never runs dry.
    fn is_dry(&self) -> bool {
        false
    }

    /// A number from `min` to `max`, both included.
    fn between(&mut self, min: u32, max: u32) -> u32 {
        min + self.below((max - min).saturating_add(1))
    }

    /// True once in `rounds` times; false is the simple choice.
    fn one_in(&mut self, rounds: u32) -> bool {
        let chosen = self.below(rounds);
        chosen + 1 == rounds
    }

    /// One of some values; the first is the simple choice.
    fn pick<T: Copy, const COUNT: usize>(&mut self, values: &[T; COUNT]) -> T
    where
        Self: Sized,
    {
        #[expect(clippy::indexing_slicing, reason = "the choice is below the count")]
        values[self.below(u32::try_from(COUNT).unwrap_or(u32::MAX)) as usize]
    }
}

/// A small random generator whose stream never changes.
///
/// Streams of the usual crates change between their versions, and with them every
/// measured number. This one is `SplitMix64`, from Steele, Lea and Flood, "Fast
/// Splittable Pseudorandom Number Generators" (OOPSLA 2014).
///
/// ```
/// use taskdex::testkit::SplitMix64;
///
/// let mut random = SplitMix64::new(1_234_567);
/// assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
/// assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The generator of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 random bits. O(1).
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }
}

/// A one-to-one scrambling of 64 bits.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

impl Source for SplitMix64 {
    fn below(&mut self, bound: u32) -> u32 {
        scaled(self.next_u64() >> 32, bound)
    }
}

/// A 32-bit number brought below `bound`, its order kept.
fn scaled(number: u64, bound: u32) -> u32 {
    ((number * u64::from(bound)) >> 32) as u32
}

/// Choices from the bytes of a fuzzer or a file; dry once they are used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes<'a> {
    left: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// The choices that these bytes stand for.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// The bytes that no choice has used.
    #[must_use]
    pub const fn left(&self) -> &'a [u8] {
        self.left
    }

    fn next_byte(&mut self) -> u32 {
        match self.left.split_first() {
            Some((&first, rest)) => {
                self.left = rest;
                u32::from(first)
            }
            None => 0,
        }
    }
}

impl Source for Bytes<'_> {
    fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 {
            return 0;
        }
        // As many bytes as the bound has, so that an edit of one moves no other.
        let mut number = self.next_byte();
        let mut covered = (bound - 1) >> 8;
        while covered > 0 {
            number = number << 8 | self.next_byte();
            covered >>= 8;
        }
        number % bound
    }

    fn is_dry(&self) -> bool {
        self.left.is_empty()
    }
}

/// Recorded choices, which a property test makes smaller until it is satisfied.
#[derive(Debug)]
pub(super) struct Recorded<'a> {
    choices: std::slice::Iter<'a, u32>,
}

impl<'a> Recorded<'a> {
    pub(super) fn new(choices: &'a [u32]) -> Self {
        Self {
            choices: choices.iter(),
        }
    }
}

impl Source for Recorded<'_> {
    fn below(&mut self, bound: u32) -> u32 {
        scaled(self.choices.next().copied().unwrap_or(0).into(), bound)
    }

    fn is_dry(&self) -> bool {
        self.choices.as_slice().is_empty()
    }
}
