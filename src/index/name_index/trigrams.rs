//! Posting lists of the facts of names.
//!
//! The rows of a needle of three bytes are those of one trigram, and the rows of two bytes are
//! those of all trigrams that begin with them. ASCII bytes have lists of their own.
//!
//! A row with a longer needle is in the lists of all its trigrams. The reverse holds only where no
//! pair branches: `abc-bcd` has all trigrams of `abcd`, but not the text, because `bc` is followed
//! by `-` and by `d`. Let the needle be in a name up to some byte. If the pair that ends there has
//! one follower in this name, and the name has that pair with the needle's next byte behind it,
//! then the needle goes on in the name as well. So only rows where a pair of the needle branches
//! have to be compared.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use memchr::memchr;

use super::name_batch::FactBatch;
use super::name_facts::{Fact, NameFacts, lower_case};
use super::posting_list::PostingList;
use crate::index::slot::{RowNumber, Slot};

/// The posting lists of all facts.
#[derive(Debug, Default)]
pub(super) struct Trigrams<N> {
    /// By ASCII byte.
    bytes: Vec<PostingList<N>>,
    pairs: HashMap<[u8; 2], Box<Pair<N>>, BuildHasherDefault<PairHasher>>,
}

/// What is recorded of two bytes.
#[derive(Debug, Default)]
struct Pair<N> {
    /// The bytes that follow the pair in any name.
    followers: Vec<u8>,
    /// The rows where they do, by their places in `followers`.
    lists: Vec<PostingList<N>>,
    /// The rows where the pair branches. Only pairs in lower case have any.
    branches: PostingList<N>,
}

/// Posting lists of which a row must be in one: a needle that ignores case has several for each
/// trigram.
#[derive(Debug, Default)]
pub(super) struct Alternatives<'a, N> {
    /// There is seldom another: most searches need no memory for any.
    first: Option<&'a PostingList<N>>,
    others: Vec<&'a PostingList<N>>,
    length: usize,
}

impl<'a, N: RowNumber> Alternatives<'a, N> {
    pub(super) fn add(&mut self, list: Option<&'a PostingList<N>>) {
        let Some(list) = list.filter(|list| !list.is_empty()) else {
            return;
        };
        self.length += list.len();
        if self.first.is_none() {
            self.first = Some(list);
        } else {
            self.others.push(list);
        }
    }

    /// The lists. Each has a row at least.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'a PostingList<N>> {
        self.first.into_iter().chain(self.others.iter().copied())
    }

    pub(super) fn list_count(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// How many rows the lists have, those counted twice that are in two of them.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// How many blocks there are up to the last row.
    pub(super) fn block_count(&self) -> usize {
        let counts = self.lists().map(PostingList::block_count);
        counts.max().unwrap_or(0)
    }
}

impl<N: RowNumber> Trigrams<N> {
    /// Records a row's name. O(its length).
    pub(super) fn insert(&mut self, row: N, facts: &NameFacts) {
        // These lists lie all over the memory of a large project; others are few, or read by
        // every insertion.
        for number in facts.trigrams() {
            if let Some(list) = self.list(Fact::of_number(number)) {
                list.prefetch_near(row);
            }
        }
        for fact in facts.all() {
            if let Some(list) = self.list_mut(fact) {
                list.insert(row);
            }
        }
    }

    /// Takes out what is recorded of a row's name. O(its length).
    pub(super) fn remove(&mut self, row: N, facts: &NameFacts) {
        for fact in facts.all() {
            if let Some(list) = self.list_mut(fact) {
                list.remove(row);
            }
        }
    }

    /// The rows with an ASCII byte.
    pub(super) fn byte(&self, byte: u8, any_case: bool) -> Alternatives<'_, N> {
        let mut found = Alternatives::default();
        for byte in cases(byte, any_case) {
            found.add(self.bytes.get(usize::from(byte)));
        }
        found
    }

    /// The rows with a pair of bytes.
    pub(super) fn pair(&self, [first, second]: [u8; 2], any_case: bool) -> Alternatives<'_, N> {
        let mut found = Alternatives::default();
        for first in cases(first, any_case) {
            for second in cases(second, any_case) {
                let pair = self.pairs.get(&[first, second]);
                let lists = pair.map_or(&[][..], |pair| &pair.lists);
                for list in lists {
                    found.add(Some(list));
                }
            }
        }
        found
    }

    /// The rows with a trigram.
    pub(super) fn trigram(&self, [a, b, c]: [u8; 3], any_case: bool) -> Alternatives<'_, N> {
        let mut found = Alternatives::default();
        for a in cases(a, any_case) {
            for b in cases(b, any_case) {
                let Some(pair) = self.pairs.get(&[a, b]) else {
                    continue;
                };
                for c in cases(c, any_case) {
                    found.add(pair.follower(c));
                }
            }
        }
        found
    }

    /// The rows where any of these pairs branches.
    pub(super) fn branches(&self, pairs: impl Iterator<Item = [u8; 2]>) -> Alternatives<'_, N> {
        let mut found = Alternatives::default();
        for pair in pairs {
            let pair = self.pairs.get(&lower_case(pair));
            found.add(pair.map(|pair| &pair.branches));
        }
        found
    }

    /// How many facts there are of a row's name, if all of them are recorded.
    pub(super) fn count_facts(&self, row: N, facts: &NameFacts) -> Result<usize, String> {
        let mut facts: Vec<Fact> = facts.all().collect();
        facts.sort_unstable();
        facts.dedup();
        for &fact in &facts {
            let list = self.list(fact);
            if !list.is_some_and(|list| list.contains(row)) {
                return Err(format!("{fact:?} is not recorded of {row:?}"));
            }
        }
        Ok(facts.len())
    }

    /// How many facts are recorded of live rows.
    pub(super) fn count_recorded(&self, is_live: impl Fn(N) -> bool) -> usize {
        let pairs = self.pairs.values();
        let lists = pairs.flat_map(|pair| pair.lists.iter().chain([&pair.branches]));
        let mut count = 0;
        for list in self.bytes.iter().chain(lists) {
            list.each(|row| count += usize::from(is_live(row)));
        }
        count
    }

    /// Bytes of heap memory. O(blocks of all posting lists).
    pub(super) fn heap_bytes(&self) -> usize {
        /// A place of the hash table: a pair, a pointer, and a byte of its hash.
        const PLACE: usize = size_of::<([u8; 2], usize)>() + 1;
        // An eighth of the places is always free, and they are a power of two.
        let places = (self.pairs.capacity() * 8 / 7).next_power_of_two();
        let pairs = self.pairs.values().map(|pair| pair.heap_bytes());
        let bytes = self.bytes.iter().map(PostingList::heap_bytes);
        pairs.sum::<usize>()
            + bytes.sum::<usize>()
            + self.bytes.capacity() * size_of::<PostingList<N>>()
            + places * PLACE
    }

    fn list(&self, fact: Fact) -> Option<&PostingList<N>> {
        match fact {
            Fact::Byte(byte) => self.bytes.get(usize::from(byte)),
            Fact::Trigram([a, b, c]) => self.pairs.get(&[a, b])?.follower(c),
            Fact::Branch(pair) => Some(&self.pairs.get(&pair)?.branches),
        }
    }

    /// The list of a fact, made where it is missing.
    fn list_mut(&mut self, fact: Fact) -> Option<&mut PostingList<N>> {
        match fact {
            Fact::Byte(byte) => {
                if self.bytes.is_empty() {
                    self.bytes.resize_with(128, PostingList::default);
                }
                self.bytes.get_mut(usize::from(byte))
            }
            Fact::Trigram([a, b, c]) => {
                let pair = self.pairs.entry([a, b]).or_default();
                pair.follower_mut(c)
            }
            Fact::Branch(pair) => Some(&mut self.pairs.entry(pair).or_default().branches),
        }
    }
}

impl Trigrams<Slot> {
    /// Records some facts of a batch, and returns whether any are left.
    pub(super) fn insert_step(&mut self, facts: &mut FactBatch) -> bool {
        facts.step(|fact, rows| {
            if let Some(list) = self.list_mut(fact) {
                list.insert_all(rows);
            }
        })
    }
}

impl<N: RowNumber> Pair<N> {
    fn heap_bytes(&self) -> usize {
        let lists = self.lists.iter().chain([&self.branches]);
        lists.map(PostingList::heap_bytes).sum::<usize>()
            + size_of::<Self>()
            + self.followers.capacity()
            + self.lists.capacity() * size_of::<PostingList<N>>()
    }

    fn follower(&self, byte: u8) -> Option<&PostingList<N>> {
        self.lists.get(memchr(byte, &self.followers)?)
    }

    fn follower_mut(&mut self, byte: u8) -> Option<&mut PostingList<N>> {
        let place = memchr(byte, &self.followers);
        if place.is_none() {
            if self.lists.len() == self.lists.capacity() {
                self.lists.reserve_exact(1 + self.lists.len() / 4);
            }
            self.lists.push(PostingList::default());
            self.followers.push(byte);
        }
        self.lists
            .get_mut(place.unwrap_or(self.followers.len() - 1))
    }
}

/// The bytes that a byte of a needle stands for. A needle that ignores case has no upper-case
/// letters.
fn cases(byte: u8, any_case: bool) -> impl Iterator<Item = u8> {
    let other = (any_case && byte.is_ascii_lowercase()).then(|| byte.to_ascii_uppercase());
    std::iter::once(byte).chain(other)
}

/// Spreads the 65,536 possible pairs: there is no collision to defend against.
#[derive(Debug, Clone, Copy, Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn finish(&self) -> u64 {
        // Fibonacci hashing; the table takes low bits, the product's best are high.
        let product = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ product >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }
}
