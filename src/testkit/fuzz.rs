//! The bodies of the fuzz targets, as plain functions of their input.

use super::generate;
use super::source::Bytes;
use super::twins::{Difference, Twins};
use super::workload::Workload;

/// Runs the history that the bytes stand for on engine and reference.
///
/// # Errors
///
/// The first difference between them.
pub fn history(input: &[u8]) -> Result<Twins, Difference> {
    let mut twins = Twins::new();
    for op in generate::history(&mut Bytes::new(input)) {
        twins.apply(&op)?;
    }
    twins.check(Workload::NOW)?;
    Ok(twins)
}
