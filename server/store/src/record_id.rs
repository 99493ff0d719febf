//! Ids that say when, and nothing of what else the hub does.

use domain::Timestamp;
use uuid::{NoContext, Uuid};

/// A new id of a record or receipt: UUID version 7 (RFC 9562, section 5.7) of a moment, to the millisecond, and 74 random bits.
///
/// `Uuid::now_v7` takes some of these bits from a counter of the whole process, by which whoever pushes could tell how much others push in the same
/// millisecond.
#[must_use]
pub fn record_id(at: Timestamp) -> Uuid {
    let micros = u64::try_from(at.0).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, micros / 1_000_000, (micros % 1_000_000) as u32 * 1_000))
}

#[cfg(test)]
mod tests {
    use super::record_id;
    use domain::Timestamp;
    use std::collections::HashSet;

    #[test]
    fn ids_of_one_millisecond_are_in_no_order_and_tell_only_the_moment() {
        let at = Timestamp(1_700_000_000_123_456);
        let ids: Vec<_> = (0..1_000).map(|_| record_id(at)).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 1_000);
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.as_u128() >> 80 == 1_700_000_000_123));
        let rising = ids.windows(2).filter(|two| two[0] < two[1]).count();
        assert!((300..700).contains(&rising), "{rising} of 999 follow the one before");
    }
}
