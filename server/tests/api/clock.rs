//! Clocks that are wrong.

use crate::support::*;
use domain::{DAY, MINUTE, Role};

#[tokio::test]
async fn a_partner_whose_clock_is_a_day_ahead_is_told_which_field() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let before = app.rows().await;
    let answer = partner.post("metrics", &items([sample(90.0, &app.at(DAY))])).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/items/0/observed_at".to_owned()]));
    // The receipt of the refusal, and nothing else.
    assert_eq!(app.gained(&before).await.into_keys().collect::<Vec<_>>(), ["payloads", "receipts"]);
}

#[tokio::test]
async fn a_hub_whose_clock_is_set_back_goes_on() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    partner.push("incidents", &items([incident("a", "high", "GREEN")])).await;
    let mut stream = person.stream(None).await;
    stream.event().await;
    app.app.clock.advance(-DAY);
    // What came before is newer than now. It stays what is current, and an older value does not replace it.
    for path in ["/", "/incidents", "/orgs/alpha", "/about/scoring"] {
        assert_eq!(person.get(path).await.status, 200, "{path}");
    }
    partner.push("metrics", &items([sample(10.0, &app.at(-MINUTE))])).await;
    partner.push("incidents", &items([incident("b", "high", "GREEN")])).await;
    stream.until("incidents:alpha").await;
    assert!(person.page("/incidents").await.contains("Title of b"));
    // What is done every few seconds does not wait a day for the old time to come again.
    let org = an_organisation("delta");
    app.app.store.hub().add_organisation(org, app.now()).await.expect("an organisation");
    eventually("the new organisation is seen", async || app.app.live.board().by_slug("delta").map(drop)).await;
    assert_eq!(partner.post("metrics", &items([sample(90.0, &app.at(DAY))])).await.status, 422, "the old time is the future now");
    app.app.clock.advance(DAY);
    partner.push("metrics", &items([sample(91.0, &app.at(-MINUTE))])).await;
}
