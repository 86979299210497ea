//! What is recorded of a name: its bytes, its trigrams, and the pairs that branch in it.

use crate::query::{fold_case, fold_character};

/// Stands before every name; occurs in no UTF-8 text, as does [`END`].
pub(super) const START: u8 = 0xfe;
/// Stands behind every name.
pub(super) const END: u8 = 0xff;

/// Which text of a name has a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    AsIs,
    /// Folded; only of names that folding changes beyond ASCII letters.
    Folded,
}

/// One thing that is recorded of a name: three bytes that stand in a row in one of its forms,
/// between [`START`] and [`END`].
///
/// Nothing but the name itself stands behind [`START`]. So two of it stand for an ASCII byte
/// anywhere, and one behind a pair of bytes tells that the pair branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact(pub(super) u32);

impl Fact {
    /// Bits of the number of a fact.
    pub(super) const BITS: u32 = 25;

    pub(super) fn trigram(form: Form, [a, b, c]: [u8; 3]) -> Self {
        Self(u32::from_be_bytes([
            u8::from(form == Form::Folded),
            a,
            b,
            c,
        ]))
    }

    /// The name has this ASCII byte.
    pub(super) fn byte(form: Form, byte: u8) -> Self {
        Self::trigram(form, [START, START, byte])
    }

    /// The name has this pair, in lower case, at two places that different bytes follow.
    pub(super) fn branch(form: Form, [a, b]: [u8; 2]) -> Self {
        Self::trigram(form, [a, b, START])
    }

    /// The form and the first two bytes, and the third.
    pub(super) fn split(self) -> (u32, u8) {
        let [.., last] = self.0.to_be_bytes();
        (self.0 >> 8, last)
    }
}

/// The facts of one name.
///
/// Kept for its memory: one is filled anew for each name.
#[derive(Debug, Default)]
pub(super) struct NameFacts {
    /// The ASCII bytes of the name as it is, one bit for each.
    pub(super) ascii: u128,
    /// All other facts. They may be repeated.
    pub(super) others: Vec<Fact>,
    /// Whether folding changes the name beyond ASCII letters.
    pub(super) is_folded: bool,
    bytes: Vec<u8>,
    pairs: Vec<Fact>,
}

impl NameFacts {
    /// Bytes of heap memory.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + (self.pairs.capacity() + self.others.capacity()) * size_of::<Fact>()
    }

    /// Takes a name in. O(n log n) for n bytes.
    pub(super) fn fill(&mut self, name: &str) {
        self.others.clear();
        self.add(Form::AsIs, name);
        self.ascii = ascii_bytes(name);
        let folded = folded_beyond_ascii(name);
        self.is_folded = folded.is_some();
        if let Some(folded) = folded {
            self.add(Form::Folded, &folded);
            let bytes = each_byte(ascii_bytes(&folded));
            self.others
                .extend(bytes.map(|it| Fact::byte(Form::Folded, it)));
        }
    }

    /// Adds the trigrams of a text, and its branches.
    fn add(&mut self, form: Form, text: &str) {
        self.bytes.clear();
        self.bytes.push(START);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(END);
        let trigrams = self.bytes.array_windows();
        self.others
            .extend(trigrams.map(|&it| Fact::trigram(form, it)));
        // Each pair in lower case, with the byte that follows, in order.
        self.pairs.clear();
        let lower =
            |&[a, b, next]: &[u8; 3]| [a.to_ascii_lowercase(), b.to_ascii_lowercase(), next];
        let pairs = self.bytes.array_windows().map(lower);
        self.pairs.extend(pairs.map(|it| Fact::trigram(form, it)));
        self.pairs.sort_unstable();
        let branches = self.pairs.array_windows::<2>();
        let branches = branches.filter(|[a, b]| a.split().0 == b.split().0 && a != b);
        self.others
            .extend(branches.map(|[a, _]| Fact(a.0 & !0xff | u32::from(START))));
    }

    /// All facts. They may be repeated.
    pub(super) fn all(&self) -> impl Iterator<Item = Fact> {
        let bytes = each_byte(self.ascii).map(|byte| Fact::byte(Form::AsIs, byte));
        bytes.chain(self.others.iter().copied())
    }
}

/// The name folded, where that changes more than ASCII letters.
pub(super) fn folded_beyond_ascii(name: &str) -> Option<String> {
    let changes = |character: char| !character.is_ascii() && fold_character(character) != character;
    name.chars().any(changes).then(|| fold_case(name))
}

/// The ASCII bytes of a text, one bit for each.
fn ascii_bytes(text: &str) -> u128 {
    let ascii = text.bytes().filter(u8::is_ascii);
    ascii.fold(0, |bytes, byte| bytes | 1 << byte)
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
