//! Which rows of a list have a name that matches.

use roaring::RoaringBitmap;

use super::answers::List;
use super::rows::Rows;
use crate::query::NameMatch;

/// The visible rows of `list` whose name matches. O(length of the list).
pub(super) fn matching(rows: &Rows, list: &List, name: &NameMatch) -> RoaringBitmap {
    list.rows()
        .iter()
        .take(list.len() as usize)
        .filter(|&slot| {
            rows.view(slot)
                .is_some_and(|row| name.matches(row.task().task_name()))
        })
        .collect()
}
