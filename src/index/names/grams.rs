//! Which names a text occurs in, told from short grams alone.
//!
//! Recorded is, for every pair of bytes, which rows have it followed by which
//! byte. So a needle of three bytes has its rows recorded, one of two has them in the union of
//! what follows it, and single ASCII bytes are recorded by themselves.
//!
//! The rows of a longer needle have all its grams of three bytes; but not all
//! that do have the needle: `abcd` is not in `abc-bcd`. What is known without
//! a look at the name is this. Let the needle be in a name up to some byte,
//! and let *context* be the last bytes of that. If the context has only ever
//! one byte after it in this name, and it occurs with the needle's next byte
//! after it, then the needle goes on in the name as well. Where a context
//! *branches* in a name, as `bc` does above, which is rare, the
//! context one byte longer is asked, and so on: of such contexts is recorded
//! too what follows them, up to [`CONTEXT_MAX`] bytes. Only rows that branch
//! even then have to be looked at.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::batch::Facts;
use super::posting::Posting;
use super::text::{CONTEXT_MAX, Fact, Text};

/// The rows of all grams.
#[derive(Debug, Default)]
pub(super) struct Grams {
    /// By ASCII byte.
    bytes: Vec<Posting>,
    /// By the bytes of the pair.
    pairs: HashMap<u16, Box<Context>, BuildHasherDefault<PairHasher>>,
    /// Rows of which too much would have to be recorded.
    loose: Posting,
}

/// What is recorded of a context, that is, of a text of two bytes or more.
#[derive(Debug, Default)]
struct Context {
    /// The bytes that follow the context somewhere, one bit for each.
    next: [u64; 4],
    /// For each of them, in their order, the rows where it does.
    rows: Vec<Posting>,
    /// Rows where the context, folded, has different bytes after it.
    branches: Posting,
    /// Contexts of one byte more, by the byte before, ascending.
    longer: Vec<(u8, Box<Context>)>,
}

/// A position of a needle at which other bytes than its own may stand as well: the rows of each.
#[derive(Debug, Clone, Default)]
pub(super) struct Class<'a> {
    /// There is seldom another: most searches need no memory for any.
    first: Option<&'a Posting>,
    others: Vec<&'a Posting>,
    len: usize,
}

impl<'a> Class<'a> {
    pub(super) fn add(&mut self, posting: &'a Posting) {
        if posting.is_empty() {
            return;
        }
        self.len += posting.len();
        if self.first.is_none() {
            self.first = Some(posting);
        } else {
            self.others.push(posting);
        }
    }

    /// None of them is empty.
    pub(super) fn postings(&self) -> impl Iterator<Item = &'a Posting> + Clone {
        self.first.into_iter().chain(self.others.iter().copied())
    }

    pub(super) fn posting_count(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// How many rows the postings have, those counted twice that are in two of them.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many blocks there are up to the last row.
    pub(super) fn block_count(&self) -> usize {
        let counts = self.postings().map(Posting::block_count);
        counts.max().unwrap_or(0)
    }
}

impl Grams {
    /// Records a row's name.
    pub(super) fn insert(&mut self, row: u32, text: &Text) {
        text.each_fact(|fact| self.set(row, fact));
    }

    /// Records some of these facts, and returns whether any are left.
    pub(super) fn insert_step(&mut self, facts: &mut Facts) -> bool {
        facts.step(|fact, rows| {
            if let Some(posting) = self.posting_mut(fact) {
                posting.insert_all(rows);
            }
        })
    }

    /// Takes back what is recorded of a row's name.
    pub(super) fn remove(&mut self, row: u32, text: &Text) {
        text.each_fact(|fact| self.unset(row, fact));
    }

    fn context(&self, context: &[u8]) -> Option<&Context> {
        let [before @ .., first, second] = context else {
            return None;
        };
        let pair = u16::from_be_bytes([*first, *second]);
        let mut context = &**self.pairs.get(&pair)?;
        for &byte in before.iter().rev() {
            context = context.longer(byte)?;
        }
        Some(context)
    }

    /// How many facts there are of a row's name, if all of them are recorded.
    pub(super) fn count_facts(&self, row: u32, text: &Text) -> Result<usize, String> {
        let facts = text.facts();
        for &fact in &facts {
            let posting = self.posting(fact);
            if !posting.is_some_and(|posting| posting.contains(row)) {
                return Err(format!("{fact:?} is not recorded of row {row}"));
            }
        }
        Ok(facts.len())
    }

    /// How many facts are recorded of live rows.
    pub(super) fn count_recorded(&self, is_live: impl Fn(u32) -> bool) -> usize {
        let mut count = 0;
        let mut add = |posting: &Posting| {
            posting.each(|row| count += usize::from(is_live(row)));
        };
        self.bytes.iter().chain([&self.loose]).for_each(&mut add);
        for context in self.pairs.values() {
            context.each_posting(&mut add);
        }
        count
    }

    fn posting(&self, fact: Fact<'_>) -> Option<&Posting> {
        match fact {
            Fact::Byte(byte) => self.bytes.get(usize::from(byte)),
            Fact::Follows(context, next) => self.context(context)?.rows_of(next),
            Fact::Branches(context) => Some(&self.context(context)?.branches),
            Fact::Loose => Some(&self.loose),
        }
    }

    fn set(&mut self, row: u32, fact: Fact<'_>) {
        if let Some(posting) = self.posting_mut(fact) {
            posting.insert(row);
        }
    }

    fn unset(&mut self, row: u32, fact: Fact<'_>) {
        if let Some(posting) = self.posting_mut(fact) {
            posting.remove(row);
        }
    }

    /// The rows of a fact, as yet none where it is a new one.
    fn posting_mut(&mut self, fact: Fact<'_>) -> Option<&mut Posting> {
        match fact {
            Fact::Byte(byte) => {
                if self.bytes.is_empty() {
                    self.bytes.resize(128, Posting::default());
                }
                self.bytes.get_mut(usize::from(byte))
            }
            Fact::Follows(context, next) => Some(self.context_mut(context)?.rows_mut(next)),
            Fact::Branches(context) => Some(&mut self.context_mut(context)?.branches),
            Fact::Loose => Some(&mut self.loose),
        }
    }

    fn context_mut(&mut self, context: &[u8]) -> Option<&mut Context> {
        let [before @ .., first, second] = context else {
            return None;
        };
        let pair = u16::from_be_bytes([*first, *second]);
        let mut context = &mut **self.pairs.entry(pair).or_default();
        for &byte in before.iter().rev() {
            context = context.longer_mut(byte)?;
        }
        Some(context)
    }

    /// Rows of which too much would have to be recorded.
    pub(super) fn loose(&self) -> &Posting {
        &self.loose
    }

    /// The rows with an ASCII byte.
    pub(super) fn byte(&self, byte: u8, folded: bool) -> Class<'_> {
        let mut class = Class::default();
        for byte in variants(byte, folded) {
            if let Some(posting) = self.bytes.get(usize::from(byte)) {
                class.add(posting);
            }
        }
        class
    }

    /// The rows with a pair of bytes, in parts that may overlap.
    pub(super) fn pair(&self, pair: [u8; 2], folded: bool) -> Class<'_> {
        let mut class = Class::default();
        self.each_context(&pair, folded, &mut |context| {
            context.rows.iter().for_each(|posting| class.add(posting));
        });
        class
    }

    /// The rows that are recorded as having a context followed by a byte.
    pub(super) fn follows(&self, context: &[u8], next: u8, folded: bool) -> Class<'_> {
        let mut class = Class::default();
        self.each_context(context, folded, &mut |context| {
            for next in variants(next, folded) {
                if let Some(posting) = context.rows_of(next) {
                    class.add(posting);
                }
            }
        });
        class
    }

    /// The rows where a context, folded, has different bytes after it.
    pub(super) fn branches(&self, context: &[u8]) -> Option<&Posting> {
        let [before @ .., first, second] = context else {
            return None;
        };
        let fold = |byte: &u8| byte.to_ascii_lowercase();
        let pair = u16::from_be_bytes([fold(first), fold(second)]);
        let mut context = &**self.pairs.get(&pair)?;
        for byte in before.iter().rev() {
            context = context.longer(fold(byte))?;
        }
        Some(&context.branches).filter(|rows| !rows.is_empty())
    }

    /// Calls `see` with each context that `context` stands for.
    fn each_context<'a>(&'a self, context: &[u8], folded: bool, see: &mut impl FnMut(&'a Context)) {
        let [before @ .., first, second] = context else {
            return;
        };
        for second in variants(*second, folded) {
            for first in variants(*first, folded) {
                if let Some(context) = self.pairs.get(&u16::from_be_bytes([first, second])) {
                    context.each_longer(before, folded, see);
                }
            }
        }
    }
}

impl Context {
    /// Where the rows of a following byte stand, or would.
    fn place(&self, next: u8) -> (bool, usize) {
        let mut before = 0;
        for (word, &bits) in (0_u8..).zip(&self.next) {
            if word == next >> 6 {
                let bit = 1_u64 << (next & 63);
                before += (bits & (bit - 1)).count_ones() as usize;
                return (bits & bit != 0, before);
            }
            before += bits.count_ones() as usize;
        }
        (false, before)
    }

    fn each_posting(&self, see: &mut impl FnMut(&Posting)) {
        self.rows.iter().chain([&self.branches]).for_each(&mut *see);
        for (_, context) in &self.longer {
            context.each_posting(see);
        }
    }

    fn rows_of(&self, next: u8) -> Option<&Posting> {
        let (is_there, place) = self.place(next);
        self.rows.get(place).filter(|_| is_there)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "what is missing is put in its place"
    )]
    fn rows_mut(&mut self, next: u8) -> &mut Posting {
        let (is_there, place) = self.place(next);
        if !is_there {
            if self.rows.len() == self.rows.capacity() {
                self.rows.reserve_exact(1 + self.rows.len() / 4);
            }
            self.rows.insert(place, Posting::default());
            self.next[usize::from(next >> 6)] |= 1 << (next & 63);
        }
        &mut self.rows[place]
    }

    fn longer(&self, byte: u8) -> Option<&Context> {
        let place = self.longer.binary_search_by_key(&byte, |(byte, _)| *byte);
        self.longer.get(place.ok()?).map(|(_, context)| &**context)
    }

    fn longer_mut(&mut self, byte: u8) -> Option<&mut Context> {
        let place = match self.longer.binary_search_by_key(&byte, |(byte, _)| *byte) {
            Ok(place) => place,
            Err(place) => {
                if self.longer.len() == self.longer.capacity() {
                    self.longer.reserve_exact(1 + self.longer.len() / 4);
                }
                self.longer.insert(place, (byte, Box::default()));
                place
            }
        };
        self.longer
            .get_mut(place)
            .map(|(_, context)| &mut **context)
    }

    fn each_longer<'a>(&'a self, before: &[u8], folded: bool, see: &mut impl FnMut(&'a Context)) {
        let Some((&byte, before)) = before.split_last() else {
            see(self);
            return;
        };
        for byte in variants(byte, folded) {
            if let Some(context) = self.longer(byte) {
                context.each_longer(before, folded, see);
            }
        }
    }
}

/// The bytes that a byte of a needle stands for. A folded needle has only
/// lower-case letters.
fn variants(byte: u8, folded: bool) -> impl Iterator<Item = u8> {
    let other = (folded && byte.is_ascii_lowercase()).then(|| byte.to_ascii_uppercase());
    std::iter::once(byte).chain(other)
}

/// Spreads the 65,536 possible pairs; there is nothing to defend against.
#[derive(Debug, Clone, Copy, Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
            self.write_u16((self.0 as u16).rotate_left(8) ^ u16::from(byte));
        }
    }

    fn write_u16(&mut self, pair: u16) {
        // Fibonacci hashing; the table takes low bits, the product's best are high.
        let product = u64::from(pair).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}

const _: () = assert!(CONTEXT_MAX > 2 && CONTEXT_MAX < 32);
