//! What of a name is recorded: its grams, and where they do not tell what follows.

use std::ops::Range;

/// Stands before every name; occurs in no UTF-8 text, as does [`END`].
pub(super) const START: u8 = 0xfe;
/// Stands behind every name.
pub(super) const END: u8 = 0xff;

/// The longest context of which is recorded what follows it.
pub(super) const CONTEXT_MAX: usize = 8;

/// The bytes of a name between [`START`] and [`END`], with a folded copy, and what is recorded of it
/// besides the bytes themselves.
///
/// Kept for its memory: one is filled anew for each name.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    exact: Vec<u8>,
    /// ASCII letters in lower case.
    folded: Vec<u8>,
    longer: Vec<Longer>,
    is_loose: bool,
    starts: Vec<Start>,
}

/// A fact about a context of a name, beyond its grams of three bytes.
#[derive(Debug, Clone, Copy)]
struct Longer {
    start: u16,
    length: u8,
    branches: bool,
}

/// Where a context occurs: what tells contexts apart, what follows, and the position.
type Start = (u16, u8, u16);

/// One thing that is recorded of a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact<'a> {
    /// The name has this ASCII byte.
    Byte(u8),
    /// The context occurs in the name, followed by this byte. Recorded for
    /// every context of two bytes; for one of more, where its tail
    /// [branches](Self::Branches).
    Follows(&'a [u8], u8),
    /// The context, folded, occurs in the name with different bytes after it.
    Branches(&'a [u8]),
    /// There would be too much to record: of contexts longer than two nothing is, nor where they branch.
    Loose,
}

/// Tells facts apart, and can be turned back into one.
///
/// In their order, facts follow each other whose contexts end alike: what is recorded of them
/// stands together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FactKey {
    /// The bytes of the context, the last one first.
    backwards: u64,
    length: u8,
    kind: Kind,
    /// The byte of the fact beside its context.
    byte: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Byte,
    Follows,
    Branches,
    Loose,
}

impl Fact<'_> {
    pub(super) fn key(self) -> FactKey {
        let (kind, context, byte): (_, &[u8], _) = match self {
            Self::Byte(byte) => (Kind::Byte, &[], byte),
            Self::Follows(context, next) => (Kind::Follows, context, next),
            Self::Branches(context) => (Kind::Branches, context, 0),
            Self::Loose => (Kind::Loose, &[], 0),
        };
        let mut backwards = [0; CONTEXT_MAX];
        let mut length = 0;
        for (place, &byte) in backwards.iter_mut().zip(context.iter().rev()) {
            *place = byte;
            length += 1;
        }
        FactKey {
            backwards: u64::from_be_bytes(backwards),
            length,
            kind,
            byte,
        }
    }
}

impl FactKey {
    /// Calls `see` with the fact.
    pub(super) fn with_fact(self, see: impl FnOnce(Fact<'_>)) {
        let mut context = self.backwards.to_be_bytes();
        let context = context.get_mut(..self.length.into()).unwrap_or_default();
        context.reverse();
        see(match self.kind {
            Kind::Byte => Fact::Byte(self.byte),
            Kind::Follows => Fact::Follows(context, self.byte),
            Kind::Branches => Fact::Branches(context),
            Kind::Loose => Fact::Loose,
        });
    }
}

impl Text {
    /// Takes a name in.
    pub(super) fn fill(&mut self, name: &str) {
        self.exact.clear();
        self.exact.push(START);
        self.exact.extend_from_slice(name.as_bytes());
        self.exact.push(END);
        self.folded.clone_from(&self.exact);
        self.folded.make_ascii_lowercase();
        self.find_longer();
    }

    /// Everything that is recorded of the name. Facts may be repeated.
    pub(super) fn each_fact<'a>(&'a self, mut see: impl FnMut(Fact<'a>)) {
        for byte in each_byte(self.ascii_bytes()) {
            see(Fact::Byte(byte));
        }
        for gram in self.exact.windows(3) {
            if let [context @ .., next] = gram {
                see(Fact::Follows(context, *next));
            }
        }
        self.each_longer_fact(see);
    }

    /// The ASCII bytes that the name has, one bit for each.
    pub(super) fn ascii_bytes(&self) -> u128 {
        let ascii = self.exact.iter().filter(|byte| byte.is_ascii());
        ascii.fold(0, |bytes, byte| bytes | 1 << byte)
    }

    /// The grams of three bytes, each as a number of 24 bits. They may be repeated.
    pub(super) fn grams(&self) -> impl Iterator<Item = u32> {
        let append = |gram, &byte| gram << 8 | u32::from(byte);
        let grams = self.exact.windows(3);
        grams.map(move |gram| gram.iter().fold(0, append))
    }

    /// What is recorded of the name besides its ASCII bytes and its grams.
    pub(super) fn each_longer_fact<'a>(&'a self, mut see: impl FnMut(Fact<'a>)) {
        if self.is_loose {
            see(Fact::Loose);
            return;
        }
        for longer in &self.longer {
            let start = usize::from(longer.start);
            let end = start + usize::from(longer.length);
            if longer.branches {
                see(Fact::Branches(slice(&self.folded, start..end)));
            } else if let [context @ .., next] = slice(&self.exact, start..end + 1) {
                see(Fact::Follows(context, *next));
            }
        }
    }

    /// The same, each fact once.
    pub(super) fn facts(&self) -> Vec<Fact<'_>> {
        let mut facts = Vec::new();
        self.each_fact(|fact| facts.push(fact));
        facts.sort_unstable_by_key(|fact| fact.key());
        facts.dedup_by_key(|fact| fact.key());
        facts
    }

    fn find_longer(&mut self) {
        self.longer.clear();
        let mut starts = std::mem::take(&mut self.starts);
        starts.clear();
        let pairs = self.folded.windows(2).zip(self.exact.iter().skip(2));
        let pairs = pairs.filter_map(|(pair, &next)| match pair {
            &[first, second] => Some((u16::from_be_bytes([first, second]), next)),
            _ => None,
        });
        // A name has at most 255 characters of four bytes.
        let pairs = (0_u16..).zip(pairs);
        if self.folded.len() <= Followers::PAIRS_MAX {
            // Most names have hardly a pair that branches, so the few are picked out.
            let mut followers = Followers::default();
            for (_, (pair, next)) in pairs.clone() {
                followers.add(pair, next);
            }
            if followers.branch {
                let branching = pairs.filter(|&(_, (pair, _))| followers.branch_at(pair));
                starts.extend(branching.map(|(position, (pair, next))| (pair, next, position)));
            }
        } else {
            starts.extend(pairs.map(|(position, (pair, next))| (pair, next, position)));
        }
        starts.sort_unstable();
        for group in starts.chunk_by_mut(|a, b| a.0 == b.0) {
            self.record_branches(group, 2);
        }
        self.starts = starts;
        self.is_loose = self.longer.len() > self.exact.len();
    }

    /// Records whether one folded context of `length` bytes branches, and if so,
    /// what follows the contexts that end with it.
    ///
    /// `group` is where it occurs, in the order of the byte that follows.
    fn record_branches(&mut self, group: &mut [Start], length: u8) {
        let (Some(&(_, first, start)), Some(&(_, last, _))) = (group.first(), group.last()) else {
            return;
        };
        if first == last || self.longer.len() > self.exact.len() {
            return;
        }
        self.longer.push(Longer {
            start,
            length,
            branches: true,
        });
        if usize::from(length) == CONTEXT_MAX {
            return;
        }
        for (before, _, position) in group.iter_mut() {
            // Nothing stands before the start of a name, and no byte is 256.
            *before = 256;
            if let Some(previous) = position.checked_sub(1) {
                *position = previous;
                *before = self
                    .folded
                    .get(usize::from(previous))
                    .map_or(256, |&byte| byte.into());
                self.longer.push(Longer {
                    start: previous,
                    length: length + 1,
                    branches: false,
                });
            }
        }
        group.sort_unstable();
        for group in group.chunk_by_mut(|a, b| a.0 == b.0) {
            if group.first().is_some_and(|start| start.0 < 256) {
                self.record_branches(group, length + 1);
            }
        }
    }
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

/// What follows each pair of bytes of a short text: a small hash table.
struct Followers {
    /// The pair, what follows it first, and how much is known of it.
    places: [(u16, u8, Seen); 256],
    /// Whether any pair branches.
    branch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    OneFollower,
    Branch,
}

impl Default for Followers {
    fn default() -> Self {
        Self {
            places: [(0, 0, Seen::Nothing); 256],
            branch: false,
        }
    }
}

impl Followers {
    /// So that half of the places stay free.
    const PAIRS_MAX: usize = 128;

    /// The place of a pair, or the free one where it belongs.
    fn place(&mut self, pair: u16) -> Option<&mut (u16, u8, Seen)> {
        let [hash, _] = pair.wrapping_mul(0x9e37).to_be_bytes();
        let is_its = |place: &(u16, u8, Seen)| place.0 == pair || place.2 == Seen::Nothing;
        let (before, from) = self.places.split_at_mut(hash.into());
        from.iter_mut().chain(before).find(|place| is_its(place))
    }

    fn add(&mut self, pair: u16, next: u8) {
        let Some(place) = self.place(pair) else {
            return;
        };
        if place.2 == Seen::Nothing {
            *place = (pair, next, Seen::OneFollower);
        } else if place.1 != next {
            place.2 = Seen::Branch;
            self.branch = true;
        }
    }

    fn branch_at(&mut self, pair: u16) -> bool {
        self.place(pair)
            .is_some_and(|place| place.2 == Seen::Branch)
    }
}

fn slice(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}
