//! The store of samples: a push is one row.
//!
//! A push of metrics writes its points as one [packed](body) row of `pushed_samples`, and the [current values](current) of their series as another. In the background the
//! pushes of an organisation are [folded](fold) into rows sorted by series and time, and into the last values of hours and days. What is asked of the [past](past) is in both.

pub(crate) mod body;
pub(crate) mod current;
pub(crate) mod fold;
pub(crate) mod hours;
mod pack;
pub(crate) mod past;
mod read;
pub(crate) mod series;

pub use body::{Point, Received};
pub use current::{CurrentRow, CurrentValues, Signs};
pub use read::DayValue;
pub use series::MAX_SERIES;

/// The samples in a `body` of `pushed_samples`, which came with a receipt. For who reads the database beside the program.
///
/// # Errors
/// When the body is damaged.
pub fn read_pushed(body: &[u8], receipt: i64) -> Result<Vec<Received>, crate::StoreError> {
    let mut points = vec![];
    body::unpack_push(body, receipt, &mut points)?;
    Ok(points)
}

/// The same of `samples`.
///
/// # Errors
/// When the body is damaged.
pub fn read_folded(body: &[u8]) -> Result<Vec<Received>, crate::StoreError> {
    let mut points = vec![];
    body::unpack_chunk(body, |_| true, &mut points)?;
    Ok(points)
}

/// The last values in a `body` of `rollup_hours` or `rollup_days`, by series.
///
/// # Errors
/// When the body is damaged.
pub fn read_lasts(body: &[u8]) -> Result<Vec<Point>, crate::StoreError> {
    body::unpack_lasts(body)
}
