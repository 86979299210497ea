//! What is recorded of a name: its bytes, its trigrams, and the pairs that branch in it.

/// Stands before every name; occurs in no UTF-8 text, as does [`END`].
pub(super) const START: u8 = 0xfe;
/// Stands behind every name.
pub(super) const END: u8 = 0xff;

/// One thing that is recorded of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// The name has this ASCII byte.
    Byte(u8),
    /// The name, between [`START`] and [`END`], has these three bytes in a row.
    Trigram([u8; 3]),
    /// The name has this pair, in lower case, at two places that different bytes follow.
    Branch([u8; 2]),
}

/// The facts of one name.
///
/// Kept for its memory: one is filled anew for each name.
#[derive(Debug, Clone, Default)]
pub(super) struct NameFacts {
    /// The name between [`START`] and [`END`].
    bytes: Vec<u8>,
    /// Each pair of bytes in lower case and the byte that follows, as a number, in order.
    pairs: Vec<u32>,
}

impl NameFacts {
    /// Bytes of heap memory.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.pairs.capacity() * size_of::<u32>()
    }

    /// Takes a name in. O(n log n) for n bytes.
    pub(super) fn fill(&mut self, name: &str) {
        self.bytes.clear();
        self.bytes.push(START);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(END);
        self.pairs.clear();
        let windows = self.bytes.windows(3);
        self.pairs.extend(windows.map(|window| match *window {
            [a, b, next] => trigram([a.to_ascii_lowercase(), b.to_ascii_lowercase(), next]),
            _ => 0,
        }));
        self.pairs.sort_unstable();
    }

    /// The ASCII bytes that the name has, one bit for each.
    pub(super) fn ascii_bytes(&self) -> u128 {
        let ascii = self.bytes.iter().filter(|byte| byte.is_ascii());
        ascii.fold(0, |bytes, byte| bytes | 1 << byte)
    }

    /// The numbers of the trigrams. They may be repeated.
    pub(super) fn trigrams(&self) -> impl Iterator<Item = u32> {
        let windows = self.bytes.windows(3);
        windows.map(|window| window.try_into().map_or(0, trigram))
    }

    /// The numbers of the branches. They may be repeated.
    pub(super) fn branches(&self) -> impl Iterator<Item = u32> {
        self.pairs.windows(2).filter_map(|window| match *window {
            [a, b] if a >> 8 == b >> 8 && a != b => Some(BRANCH | a >> 8),
            _ => None,
        })
    }

    /// All facts. They may be repeated.
    pub(super) fn all(&self) -> impl Iterator<Item = Fact> {
        let bytes = each_byte(self.ascii_bytes()).map(Fact::Byte);
        let longer = self.trigrams().chain(self.branches());
        bytes.chain(longer.map(Fact::of_number))
    }
}

/// The bit that tells the numbers of branches from those of trigrams.
const BRANCH: u32 = 1 << 24;

/// Bits of the number of a trigram or branch.
pub(super) const NUMBER_BITS: u32 = 25;

impl Fact {
    /// The trigram or branch of a number.
    pub(super) fn of_number(number: u32) -> Self {
        match number.to_be_bytes() {
            [0, a, b, c] => Self::Trigram([a, b, c]),
            [.., a, b] => Self::Branch([a, b]),
        }
    }
}

/// The number of a trigram.
fn trigram([a, b, c]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}

/// The bytes of which the bits are set.
pub(super) fn each_byte(mut bits: u128) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        // Below 128, or no bit is left.
        let byte = u8::try_from(bits.trailing_zeros()).ok()?;
        bits &= bits.checked_sub(1)?;
        Some(byte)
    })
}

/// The pair with ASCII letters in lower case.
pub(super) fn lower_case(pair: [u8; 2]) -> [u8; 2] {
    pair.map(|byte| byte.to_ascii_lowercase())
}
