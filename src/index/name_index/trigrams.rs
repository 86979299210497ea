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

use hashbrown::HashTable;
use memchr::memchr;
use prefetch_index::prefetch_index;

use super::name_batch::NameBatch;
use super::name_facts::{Fact, Form, NameFacts, START};
use super::posting_list::PostingList;
use crate::index::row_set::RowSet;
use crate::index::slot::{RowNumber, Slot};

/// The posting lists of all facts of names by number, where the name of a number stays the same.
#[derive(Debug, Default)]
pub(super) struct Trigrams<N> {
    /// By the form and the first two bytes of facts.
    pairs: HashTable<(u32, Box<Pair<N>>)>,
    /// The numbers of the names that have a folded form.
    ///
    /// A search that ignores case looks upper-case ASCII letters up beside lower-case ones, which
    /// takes no memory. Other letters are rarer, and may change their length.
    pub(super) folded: RowSet<N>,
}

/// What is recorded of two bytes of a form.
#[derive(Debug, Default)]
struct Pair<N> {
    /// The last bytes of facts that begin with the pair.
    followers: Vec<u8>,
    /// Their rows, by the places in `followers`.
    lists: Vec<PostingList<N>>,
}

/// Posting lists of which a row must be in one: a needle that ignores case has several for each
/// trigram. Each has a row at least.
#[derive(Debug, Default)]
pub(super) struct Alternatives<'a, N>(pub(super) Vec<&'a PostingList<N>>);

impl<'a, N: RowNumber> Alternatives<'a, N> {
    fn add(&mut self, lists: impl IntoIterator<Item = &'a PostingList<N>>) {
        let lists = lists.into_iter().filter(|list| !list.is_empty());
        self.0.extend(lists);
    }

    /// How many rows the lists have, those counted twice that are in two of them.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|list| list.len()).sum()
    }

    /// How many blocks there are up to the last row.
    pub(super) fn block_count(&self) -> usize {
        let counts = self.0.iter().map(|list| list.block_count());
        counts.max().unwrap_or(0)
    }
}

impl<N: RowNumber> Trigrams<N> {
    /// Records the name of a number. O(its length).
    pub(super) fn insert(&mut self, number: N, facts: &NameFacts) {
        // These lists lie all over the memory of a large project; others are few, or read by
        // every insertion. Each step reads what the one before prefetched.
        let lists = facts.others.iter().filter_map(|&fact| self.list(fact));
        let lists: Vec<&PostingList<N>> = lists.collect();
        for list in &lists {
            prefetch_index(std::slice::from_ref(*list), 0);
        }
        for list in &lists {
            list.prefetch_block(number);
        }
        for list in &lists {
            list.prefetch_end(number);
        }
        for fact in facts.all() {
            self.list_mut(fact).insert(number);
        }
        if facts.is_folded {
            self.folded.insert(number);
        }
    }

    /// Takes a name out. O(its length).
    pub(super) fn remove(&mut self, number: N, facts: &NameFacts) {
        for fact in facts.all() {
            self.list_mut(fact).remove(number);
        }
        self.folded.remove(number);
    }

    /// The rows with a text of one to three bytes; a single one is ASCII.
    pub(super) fn text(&self, form: Form, text: &[u8], any_case: bool) -> Alternatives<'_, N> {
        let mut found = Alternatives::default();
        let (first, second, third) = match *text {
            [byte] => (START, START, Some(byte)),
            [first, second] => (first, second, None),
            [first, second, third] => (first, second, Some(third)),
            _ => return found,
        };
        for first in cases(first, any_case) {
            for second in cases(second, any_case) {
                let Some(pair) = self.pair(Fact::branch(form, [first, second])) else {
                    continue;
                };
                match third {
                    Some(third) => {
                        let thirds = cases(third, any_case);
                        found.add(thirds.filter_map(|third| pair.follower(third)));
                    }
                    None => found.add(pair.all_followers()),
                }
            }
        }
        found
    }

    /// The rows where any of these pairs branches.
    pub(super) fn branches(
        &self,
        form: Form,
        pairs: impl Iterator<Item = [u8; 2]>,
    ) -> Alternatives<'_, N> {
        let mut found = Alternatives::default();
        found.add(pairs.filter_map(|pair| self.list(Fact::branch(form, pair))));
        found
    }

    /// How many facts there are of a name, if all of them are recorded.
    pub(super) fn count_facts(&self, number: N, name: &str) -> Result<usize, String> {
        let mut facts = NameFacts::default();
        facts.fill(name);
        if self.folded.contains(number) != facts.is_folded {
            return Err(format!("name {number:?} is folded wrongly"));
        }
        let mut facts: Vec<Fact> = facts.all().collect();
        facts.sort_unstable();
        facts.dedup();
        for &fact in &facts {
            let list = self.list(fact);
            if !list.is_some_and(|list| list.contains(number)) {
                return Err(format!("{fact:?} is not recorded of {number:?}"));
            }
        }
        Ok(facts.len())
    }

    /// How many facts are recorded of live numbers.
    pub(super) fn count_recorded(&self, is_live: impl Fn(N) -> bool) -> usize {
        let mut count = 0;
        for list in self.pairs.iter().flat_map(|(_, pair)| &pair.lists) {
            list.each(|number| count += usize::from(is_live(number)));
        }
        count
    }

    /// Bytes of heap memory. O(blocks of all posting lists).
    pub(super) fn heap_bytes(&self) -> usize {
        let pairs = self.pairs.iter().map(|(_, pair)| pair.heap_bytes());
        pairs.sum::<usize>() + self.pairs.allocation_size() + self.folded.heap_bytes()
    }

    fn pair(&self, fact: Fact) -> Option<&Pair<N>> {
        let (key, _) = fact.split();
        let pair = self.pairs.find(hash(key), |(it, _)| *it == key);
        pair.map(|(_, pair)| &**pair)
    }

    fn list(&self, fact: Fact) -> Option<&PostingList<N>> {
        self.pair(fact)?.follower(fact.split().1)
    }

    /// The list of a fact, made where it is missing.
    fn list_mut(&mut self, fact: Fact) -> &mut PostingList<N> {
        let (key, last) = fact.split();
        let pairs = &mut self.pairs;
        let pair = pairs.entry(hash(key), |(it, _)| *it == key, |(it, _)| hash(*it));
        let (_, pair) = pair.or_insert_with(|| (key, Box::default())).into_mut();
        pair.follower_mut(last)
    }
}

impl Trigrams<Slot> {
    /// Records a step of a batch, and returns whether more is left.
    pub(super) fn insert_step(&mut self, batch: &mut NameBatch) -> bool {
        self.folded.extend(batch.folded.drain(..));
        batch.step(|fact, rows| self.list_mut(fact).insert_all(rows))
    }
}

impl<N: RowNumber> Pair<N> {
    fn heap_bytes(&self) -> usize {
        let lists = self.lists.iter().map(PostingList::heap_bytes);
        lists.sum::<usize>()
            + size_of::<Self>()
            + self.followers.capacity()
            + self.lists.capacity() * size_of::<PostingList<N>>()
    }

    fn follower(&self, byte: u8) -> Option<&PostingList<N>> {
        self.lists.get(memchr(byte, &self.followers)?)
    }

    /// The rows of the pair with each byte that follows it in a name.
    fn all_followers(&self) -> impl Iterator<Item = &PostingList<N>> {
        let followers = self.followers.iter().zip(&self.lists);
        followers.filter_map(|(&byte, list)| (byte != START).then_some(list))
    }

    #[expect(clippy::indexing_slicing, reason = "there is a list for each follower")]
    fn follower_mut(&mut self, byte: u8) -> &mut PostingList<N> {
        let place = memchr(byte, &self.followers).unwrap_or_else(|| {
            if self.lists.len() == self.lists.capacity() {
                self.lists.reserve_exact(1 + self.lists.len() / 4);
            }
            self.lists.push(PostingList::default());
            self.followers.push(byte);
            self.followers.len() - 1
        });
        &mut self.lists[place]
    }
}

/// The bytes that a byte of a needle stands for. A needle that ignores case has no upper-case
/// letters.
fn cases(byte: u8, any_case: bool) -> impl Iterator<Item = u8> {
    let other = (any_case && byte.is_ascii_lowercase()).then(|| byte.to_ascii_uppercase());
    std::iter::once(byte).chain(other)
}

/// Spreads the possible pairs: there is no collision to defend against.
fn hash(pair: u32) -> u64 {
    // Fibonacci hashing; the table takes low bits, the product's best are high.
    let product = u64::from(pair).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}
