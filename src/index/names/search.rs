//! How a needle's rows are found in the grams.

use super::chain::Chain;
use super::followed::Followed;
use super::grams::{Class, Grams};
use super::posting::Posting;
use super::text::CONTEXT_MAX;
use crate::index::row_set::{Candidates, Part, RowSet};

/// When a search turns from grams to rows. It changes no answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Of so few candidates in a block, the names are looked at rather than more grams.
    pub(super) looked_at_max: usize,
    /// So many grams are asked even of few candidates: each costs less than a look, and a
    /// candidate that is none seldom passes two.
    pub(super) asked_of_few: usize,
    /// So few rows for each block are followed together rather than block by block.
    pub(super) rows_followed_max: usize,
    /// Of so few of these, the names are looked at rather than more grams.
    pub(super) followed_looked_at_max: usize,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        looked_at_max: 2,
        asked_of_few: 2,
        rows_followed_max: 128,
        followed_looked_at_max: 8,
    };
}

/// What to search for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern<'a> {
    /// At least one byte.
    pub(super) bytes: &'a [u8],
    /// Whether lower-case ASCII letters stand for upper-case ones as well.
    pub(super) folded: bool,
}

/// The rows that a search found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Rows whose name has the needle.
    pub(super) sure: RowSet,
    /// Rows whose name has to be looked at.
    pub(super) unsure: RowSet,
    /// How many postings were looked at.
    pub(super) postings: usize,
}

impl Found {
    pub(super) fn add(&mut self, others: Self) {
        self.sure.add_all(others.sure);
        self.unsure.add_all(others.unsure);
        self.postings += others.postings;
    }

    pub(super) fn remove_all(&mut self, rows: &RowSet) {
        self.sure.remove_all(rows);
        self.unsure.remove_all(rows);
    }
}

/// A search made ready: the postings it will look at.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    grams: &'a Grams,
    pattern: Pattern<'a>,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    /// No name has the needle.
    Nothing,
    /// The rows of a class are the answer.
    Union(Class<'a>),
    /// The rows that are in all grams may have the needle.
    Chain(Chain<'a>),
}

/// What decides whether a needle goes on at one of its bytes.
#[derive(Debug)]
struct Joint<'a> {
    /// For contexts of ever more bytes.
    steps: Vec<Step<'a>>,
}

#[derive(Debug)]
struct Step<'a> {
    /// Rows where the context branches.
    branches: &'a Posting,
    then: Then<'a>,
}

#[derive(Debug)]
enum Then<'a> {
    /// The context is all of the needle up to here: it goes on.
    GoesOn,
    /// The rows that have a longer context followed by the needle's byte go on, if that context does not branch.
    Ask(Class<'a>),
    /// Nothing more is recorded.
    Look,
}

impl<'a> Plan<'a> {
    /// Looks the needle's grams up. O(length of the needle).
    pub(super) fn new(grams: &'a Grams, pattern: Pattern<'a>) -> Self {
        let folded = pattern.folded;
        let kind = match pattern.bytes {
            [] => Kind::Nothing,
            &[byte] => Kind::of(grams.byte(byte, folded)),
            &[first, second] => Kind::of(grams.pair([first, second], folded)),
            &[first, second, third] => Kind::of(grams.follows(&[first, second], third, folded)),
            bytes => Chain::of(grams, bytes, folded).map_or(Kind::Nothing, Kind::Chain),
        };
        Self {
            grams,
            pattern,
            kind,
        }
    }

    pub(super) fn pattern(&self) -> Pattern<'a> {
        self.pattern
    }

    /// About how many nanoseconds the search will take, the looks at names aside.
    pub(super) fn cost(&self) -> usize {
        const POSTING_BLOCK: usize = 300;
        match &self.kind {
            Kind::Nothing => 0,
            Kind::Union(class) => class
                .len()
                .min(class.posting_count() * class.block_count() * POSTING_BLOCK),
            Kind::Chain(chain) => {
                let per_block = 2 * (1 + chain.others().len()) * POSTING_BLOCK;
                let all = chain.rarest().block_count() * per_block;
                all.min(5 * chain.rarest().len() + 200)
            }
        }
    }

    /// Finds the rows of `within`.
    pub(super) fn run(&self, within: &RowSet, patience: Patience) -> Found {
        match &self.kind {
            Kind::Nothing => Found::default(),
            Kind::Union(class) => union(class, within),
            Kind::Chain(chain) => {
                let rarest = chain.rarest();
                if rarest.len() <= patience.rows_followed_max * rarest.block_count() {
                    follow_rows(chain, within, patience)
                } else {
                    self.follow_blocks(chain, within, patience)
                }
            }
        }
    }

    fn follow_blocks(&self, chain: &Chain<'a>, within: &RowSet, patience: Patience) -> Found {
        let mut found = Found {
            postings: self.posting_count(),
            ..Found::default()
        };
        let mut joints = None;
        let rarest = chain.rarest();
        'blocks: for block in 0..rarest.block_count().min(within.block_count()) {
            let mut parts = Vec::new();
            let mut sure = Candidates::of(parts_of(rarest, block, &mut parts));
            // The other filters come first, so that few names are looked at.
            sure.keep(&[within.part(block)]);
            // Few candidates are not followed far.
            let mut asked_of_few = 0;
            for class in chain.others() {
                if sure.is_empty() {
                    continue 'blocks;
                }
                if sure.are_few(patience.looked_at_max) {
                    if asked_of_few == patience.asked_of_few {
                        found.unsure.set_block(block, sure);
                        continue 'blocks;
                    }
                    asked_of_few += 1;
                }
                sure.keep(parts_of(class, block, &mut parts));
            }
            let mut sure = sure.compact();
            if sure.are_few(patience.looked_at_max) {
                found.unsure.set_block(block, sure);
                continue;
            }
            let joints = joints.get_or_insert_with(|| self.joints());
            let mut unsure = sure.common(self.grams.loose().part(block));
            for joint in joints.iter() {
                joint.pass(block, &mut sure, &mut unsure, &mut parts);
            }
            sure.drop_all(&unsure);
            found.sure.set_block(block, sure);
            found.unsure.set_block(block, unsure);
        }
        found.postings += joints
            .iter()
            .flatten()
            .map(Joint::posting_count)
            .sum::<usize>();
        found
    }

    fn joints(&self) -> Vec<Joint<'a>> {
        // The first three bytes are a gram, and so need no joint.
        let ends = 3..self.pattern.bytes.len();
        ends.filter_map(|end| self.joint(end)).collect()
    }

    /// What decides whether the needle goes on after its first `end` bytes; none if nothing has to.
    fn joint(&self, end: usize) -> Option<Joint<'a>> {
        let (before, rest) = self.pattern.bytes.split_at_checked(end)?;
        let next = *rest.first()?;
        let mut steps = Vec::new();
        let mut length = 2;
        while let Some(context) = before.get(end - length..)
            && let Some(branches) = self.grams.branches(context)
        {
            length += 1;
            let then = match end.checked_sub(length) {
                None => Then::GoesOn,
                Some(_) if length > CONTEXT_MAX => Then::Look,
                Some(start) => {
                    let context = before.get(start..).unwrap_or_default();
                    Then::Ask(self.grams.follows(context, next, self.pattern.folded))
                }
            };
            let is_last = !matches!(then, Then::Ask(_));
            steps.push(Step { branches, then });
            if is_last {
                break;
            }
        }
        (!steps.is_empty()).then_some(Joint { steps })
    }

    fn posting_count(&self) -> usize {
        match &self.kind {
            Kind::Nothing => 0,
            Kind::Union(class) => class.posting_count(),
            Kind::Chain(chain) => {
                let others = chain.others().iter().map(Class::posting_count);
                chain.rarest().posting_count() + others.sum::<usize>()
            }
        }
    }
}

impl<'a> Kind<'a> {
    fn of(class: Class<'a>) -> Self {
        if class.len() == 0 {
            Self::Nothing
        } else {
            Self::Union(class)
        }
    }
}

impl<'a> Joint<'a> {
    /// Takes out of `sure` what does not go on, and adds to `unsure` what has to be looked at.
    fn pass(
        &self,
        block: usize,
        sure: &mut Candidates,
        unsure: &mut Candidates,
        parts: &mut Vec<Part<'a>>,
    ) {
        let Some(first) = self.steps.first() else {
            return;
        };
        let mut open = sure.common(first.branches.part(block));
        if !unsure.is_empty() {
            open.drop_all(unsure);
        }
        for (number, step) in self.steps.iter().enumerate() {
            if number > 0 {
                open.keep(&[step.branches.part(block)]);
            }
            if open.is_empty() {
                return;
            }
            match &step.then {
                Then::GoesOn => return,
                Then::Look => {
                    unsure.add_all(&open);
                    return;
                }
                Then::Ask(class) => {
                    let asked = open.clone();
                    open.keep(parts_of(class, block, parts));
                    let mut stopped = asked;
                    stopped.drop_all(&open);
                    sure.drop_all(&stopped);
                }
            }
        }
    }

    fn posting_count(&self) -> usize {
        let counts = self.steps.iter().map(|step| match &step.then {
            Then::Ask(class) => 1 + class.posting_count(),
            Then::GoesOn | Then::Look => 1,
        });
        counts.sum()
    }
}

/// The way where one gram is in few names: block by block, there would be as many steps as rows.
fn follow_rows(chain: &Chain<'_>, within: &RowSet, patience: Patience) -> Found {
    let mut followed = Followed::of(chain.rarest());
    let mut postings = chain.rarest().posting_count();
    for class in chain.telling() {
        if followed.len() <= patience.followed_looked_at_max {
            break;
        }
        followed.keep(class);
        postings += class.posting_count();
    }
    followed.keep_within(within);
    Found {
        sure: RowSet::default(),
        unsure: followed.into_set(),
        postings,
    }
}

fn union(class: &Class<'_>, within: &RowSet) -> Found {
    let mut found = Found {
        postings: class.posting_count(),
        ..Found::default()
    };
    let mut parts = Vec::new();
    for block in 0..class.block_count().min(within.block_count()) {
        let mut rows = Candidates::of(parts_of(class, block, &mut parts));
        rows.keep(&[within.part(block)]);
        found.sure.set_block(block, rows);
    }
    found
}

/// What a class holds of a block.
fn parts_of<'a, 'b>(
    class: &Class<'a>,
    block: usize,
    parts: &'b mut Vec<Part<'a>>,
) -> &'b [Part<'a>] {
    parts.clear();
    let all = class.postings().map(|posting| posting.part(block));
    parts.extend(all.filter(|part| !part.is_empty()));
    parts
}
