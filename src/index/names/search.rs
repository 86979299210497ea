//! How a needle's rows are found in the grams.

use roaring::RoaringBitmap;

use super::candidates::Candidates;
use super::grams::{Class, Grams};
use super::posting::{Part, Posting};
use super::text::CONTEXT_MAX;

/// When a search turns from grams to rows. It changes no answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Of so few candidates, the names are looked at rather than more grams.
    pub(super) looked_at_max: usize,
    /// So many grams are asked even of few candidates: each costs less than a look, and a
    /// candidate that is none seldom passes two.
    pub(super) asked_of_few: usize,
    /// So few rows are followed one by one rather than block by block.
    pub(super) rows_followed_max: usize,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        looked_at_max: 2,
        asked_of_few: 2,
        rows_followed_max: 64,
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
    pub(super) sure: RoaringBitmap,
    /// Rows whose name has to be looked at.
    pub(super) unsure: RoaringBitmap,
    /// How many postings were looked at.
    pub(super) postings: usize,
}

impl Found {
    pub(super) fn add(&mut self, others: Self) {
        self.sure |= others.sure;
        self.unsure |= others.unsure;
        self.postings += others.postings;
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
    /// The rows that are in all classes, the smallest one first, may have the needle.
    Chain(Vec<Class<'a>>),
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
            bytes => {
                let mut windows: Vec<&[u8]> = bytes.windows(3).collect();
                windows.sort_unstable();
                windows.dedup();
                let classes = windows.into_iter().filter_map(|window| {
                    let (next, context) = window.split_last()?;
                    Some(grams.follows(context, *next, folded))
                });
                let mut classes: Vec<_> = classes.collect();
                classes.sort_unstable_by_key(|class| class.len);
                match classes.first() {
                    None => Kind::Nothing,
                    Some(class) if class.len == 0 => Kind::Nothing,
                    Some(_) if bytes.len() > 3 => Kind::Chain(classes),
                    Some(_) => classes.pop().map_or(Kind::Nothing, Kind::of),
                }
            }
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
        let blocks = |class: &Class<'_>| {
            let blocks = class.postings.iter().map(|posting| posting.block_count());
            blocks.max().unwrap_or(0)
        };
        match &self.kind {
            Kind::Nothing => 0,
            Kind::Union(class) => class
                .len
                .min(class.postings.len() * blocks(class) * POSTING_BLOCK),
            Kind::Chain(classes) => {
                let smallest = classes.first().map_or(0, |class| class.len);
                let per_block = 2 * classes.len() * POSTING_BLOCK;
                let all = classes.first().map_or(0, blocks) * per_block;
                all.min(5 * smallest + 200)
            }
        }
    }

    /// Finds the rows.
    pub(super) fn run(&self, patience: Patience) -> Found {
        match &self.kind {
            Kind::Nothing => Found::default(),
            Kind::Union(class) => union(class),
            Kind::Chain(classes) => match classes.split_first() {
                Some((smallest, others)) if smallest.len <= patience.rows_followed_max => {
                    Self::follow_rows(smallest, others, patience)
                }
                Some((smallest, others)) => self.follow_blocks(smallest, others, patience),
                None => Found::default(),
            },
        }
    }

    /// The way where one gram is in hardly any name.
    fn follow_rows(smallest: &Class<'a>, others: &[Class<'a>], patience: Patience) -> Found {
        let rows = smallest.postings.iter().flat_map(|posting| posting.iter());
        let mut rows: Vec<u32> = rows.collect();
        let mut postings = smallest.postings.len();
        for class in others {
            if rows.len() <= patience.looked_at_max {
                break;
            }
            let is_in = |&row: &u32| class.postings.iter().any(|posting| posting.contains(row));
            rows.retain(is_in);
            postings += class.postings.len();
        }
        Found {
            sure: RoaringBitmap::new(),
            unsure: rows.into_iter().collect(),
            postings,
        }
    }

    fn follow_blocks(
        &self,
        smallest: &Class<'a>,
        others: &[Class<'a>],
        patience: Patience,
    ) -> Found {
        let mut found = Found {
            postings: self.posting_count(),
            ..Found::default()
        };
        let mut joints = None;
        let blocks = smallest
            .postings
            .iter()
            .map(|posting| posting.block_count());
        'blocks: for block in 0..blocks.max().unwrap_or(0) {
            let mut parts = Vec::new();
            let mut sure = Candidates::of(parts_of(smallest, block, &mut parts));
            let mut others = others.iter();
            // The second smallest class tells most; few candidates are not followed far.
            let mut asked_of_few = 0;
            for class in &mut others {
                if sure.is_empty() {
                    continue 'blocks;
                }
                if sure.are_few(patience.looked_at_max) {
                    if asked_of_few == patience.asked_of_few {
                        sure.append_to(block, &mut found.unsure);
                        continue 'blocks;
                    }
                    asked_of_few += 1;
                }
                sure.keep(parts_of(class, block, &mut parts));
            }
            let mut sure = sure.compact();
            if sure.are_few(patience.looked_at_max) {
                sure.append_to(block, &mut found.unsure);
                continue;
            }
            let joints = joints.get_or_insert_with(|| self.joints());
            let mut unsure = sure.common(self.grams.loose().part(block));
            for joint in joints.iter() {
                joint.pass(block, &mut sure, &mut unsure, &mut parts);
            }
            sure.drop_all(&unsure);
            sure.append_to(block, &mut found.sure);
            unsure.append_to(block, &mut found.unsure);
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
            Kind::Union(class) => class.postings.len(),
            Kind::Chain(classes) => classes.iter().map(|class| class.postings.len()).sum(),
        }
    }
}

impl<'a> Kind<'a> {
    fn of(class: Class<'a>) -> Self {
        if class.len == 0 {
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
            Then::Ask(class) => 1 + class.postings.len(),
            Then::GoesOn | Then::Look => 1,
        });
        counts.sum()
    }
}

fn union(class: &Class<'_>) -> Found {
    let mut found = Found {
        postings: class.postings.len(),
        ..Found::default()
    };
    let blocks = class.postings.iter().map(|posting| posting.block_count());
    let mut parts = Vec::new();
    for block in 0..blocks.max().unwrap_or(0) {
        Candidates::of(parts_of(class, block, &mut parts)).append_to(block, &mut found.sure);
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
    let all = class.postings.iter().map(|posting| posting.part(block));
    parts.extend(all.filter(|part| !part.is_empty()));
    parts
}
