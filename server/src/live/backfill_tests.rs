//! The book of what is to be made again. What a restart brings back is shown on a whole hub, in the tests of the API.

use super::*;

fn noon(day: i64) -> Timestamp {
    Timestamp::of_day(day).plus(DAY / 2)
}

async fn ended(backfill: &mut Backfill, now: Timestamp) -> BTreeSet<OrgId> {
    for _ in 0..1_000 {
        if let Some(made) = backfill.finished(now) {
            return made;
        }
        tokio::task::yield_now().await;
    }
    panic!("the task did not end");
}

#[tokio::test]
async fn the_older_of_two_moments_counts_and_one_task_works_at_a_time() {
    let mut backfill = Backfill::default();
    for day in [7, 5, 6] {
        backfill.keep([(OrgId(1), noon(day))]);
    }
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    backfill.start(
        noon(9),
        |_| true,
        |histories| async move {
            assert_eq!(histories, Histories::from([(OrgId(1), noon(5))]));
            let _ = wait.await;
            Histories::new()
        },
    );
    backfill.keep([(OrgId(2), noon(8))]);
    assert!(backfill.finished(noon(9)).is_none(), "who asks does not wait");
    backfill.start(noon(9), |_| true, |_| async { panic!("two tasks at once") });
    let _ = go.send(());
    assert_eq!(ended(&mut backfill, noon(9)).await, BTreeSet::from([OrgId(1)]));
    assert!(!backfill.is_idle(), "the second organisation waits still");
}

#[tokio::test]
async fn what_failed_is_kept_and_so_is_what_the_board_does_not_know() {
    let mut backfill = Backfill::default();
    backfill.keep([(OrgId(1), noon(5)), (OrgId(2), noon(6)), (OrgId(3), noon(7))]);
    backfill.start(noon(9), |org| org != OrgId(3), |_| async { Histories::from([(OrgId(2), noon(6))]) });
    backfill.keep([(OrgId(2), noon(8))]);
    assert_eq!(ended(&mut backfill, noon(9)).await, BTreeSet::from([OrgId(1)]));
    assert_eq!(backfill.noted, Histories::from([(OrgId(2), noon(6)), (OrgId(3), noon(7))]));
    // A task that breaks off, or is ended, has made nothing.
    backfill.start(noon(9), |_| true, |_| async { panic!("on purpose") });
    assert_eq!(ended(&mut backfill, noon(9)).await, BTreeSet::new());
    assert_eq!(backfill.noted.len(), 2);
    backfill.start(noon(9), |_| true, |_| std::future::pending());
    backfill.stop().await;
    assert_eq!(backfill.noted.len(), 2);
}

#[tokio::test]
async fn a_history_that_was_begun_before_midnight_is_made_again_after_it() {
    let mut backfill = Backfill::default();
    backfill.keep([(OrgId(1), noon(5))]);
    backfill.start(noon(9), |_| true, |_| async { Histories::new() });
    assert_eq!(ended(&mut backfill, noon(10)).await, BTreeSet::from([OrgId(1)]));
    assert_eq!(backfill.noted, Histories::from([(OrgId(1), noon(9))]));
}
