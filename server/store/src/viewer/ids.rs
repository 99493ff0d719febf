//! What a file is made of: first which records are in it and in which order, then the records themselves, piece by piece.

use super::{Arg, Reads, Where, bind_all, visible::Visible};
use crate::{StoreError, db};
use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use std::{cmp::Reverse, time::Duration};
use uuid::Uuid;

/// Records read at once while a file is written.
pub const PIECE: usize = 250;

/// How long it may take to find what is in a file, and to read a piece of it. Nobody looks at an empty page meanwhile.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// The records of a list, in its order: 24 bytes for each.
#[derive(Clone, Debug, Default)]
pub struct Ids(Vec<(i64, Uuid)>);

impl Ids {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A piece, the first being 0; empty behind the last one.
    #[must_use]
    pub fn piece(&self, no: usize) -> Vec<Uuid> {
        self.0.iter().skip(no * PIECE).take(PIECE).map(|(_, id)| *id).collect()
    }
}

impl Reads<'_> {
    /// The ids of what `visible` shows under the conditions of `w` and, in the text `outside`, under conditions on `x.org_id` and `x.id`; by `key`, a number made of the
    /// columns of `t`, and by id, the last one first unless they are `ascending`.
    pub(super) async fn ids(&self, visible: &Visible, key: &str, ascending: bool, w: &Where, outside: &str) -> Result<Ids, StoreError> {
        let sql = format!("SELECT x.k, x.id FROM {} {outside}", visible.rows(&format!("{key} AS k, t.org_id, t.id"), w));
        let mut found: Vec<(i64, Uuid)> = Vec::new();
        // Sorted here: a database sorts whole rows, in memory, too.
        db::read_from!(self.store.inner.files, TIMEOUT, self, c => {
            let mut rows = bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch(c);
            loop {
                match rows.try_next().await {
                    Ok(Some(row)) => found.push(row),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            }
        })?;
        if ascending {
            found.sort_unstable();
        } else {
            found.sort_unstable_by_key(|(key, id)| (*key, Reverse(*id)));
        }
        Ok(Ids(found))
    }

    /// The condition that a record is one of `ids`, beside the reach: what is not shown any more when its turn comes is left out.
    pub(super) fn among(w: &mut Where, ids: &[Uuid]) {
        // PostgreSQL has no empty list; NULL is in none.
        let places = std::iter::once("NULL").chain(std::iter::repeat_n("?", ids.len())).collect::<Vec<_>>().join(", ");
        w.and(&format!("t.id IN ({places})"), ids.iter().copied().map(Arg::Id));
    }
}

/// Puts rows into the order of their ids.
pub(super) fn in_order<Row>(ids: &[Uuid], rows: Vec<Row>, id: impl Fn(&Row) -> Uuid) -> Vec<Row> {
    let mut found: std::collections::HashMap<Uuid, Row> = rows.into_iter().map(|row| (id(&row), row)).collect();
    ids.iter().filter_map(|id| found.remove(id)).collect()
}
