//! Who else reported the same thing: shown as far as each organisation lets it, and found whether the value was told or hashed.

use super::support::{Beside, Fixture, NOW, indicator};
use domain::{
    DAY, DataClass, HOUR, Level, OrgId, Role, Sight, Timestamp, Tlp, Viewer,
    decision::{DecisionKind, Effect},
    indicator::IndicatorType,
    sharing::{Audience, Marked},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet};
use store::{IndicatorDetail, IndicatorFilter, IndicatorItem, Items, Org, Push, Retention, Settings, Store, WeekMembers, What};

/// When the current week began.
const WEEK: Timestamp = Timestamp(NOW.0 - 2 * DAY);
/// When the current day began.
const TODAY: Timestamp = Timestamp(NOW.0 - HOUR);

/// The same without its value.
async fn hashed(f: &Fixture, item: IndicatorItem) -> IndicatorItem {
    IndicatorItem { value: f.store.alliance_key().await.expect("the key").hmac(item.kind, &item.value), hashed: true, ..item }
}

async fn send_at(f: &Fixture, org: usize, at: Timestamp, item: IndicatorItem) {
    let push = Push { received_at: at, total: 1, ..f.push(org, What::Indicators) };
    f.store.partner(f.orgs[org]).push(push, Items::Indicators(vec![item])).await.expect("the push is kept");
}

/// More organisations, up to `n`.
async fn more(f: &mut Fixture, n: usize) {
    for no in f.orgs.len()..n {
        let org = Org { slug: format!("org-{no}"), name: format!("Org {no}"), ..f.store.hub().organisations().await.unwrap().remove(0) };
        f.orgs.push(f.store.hub().add_organisation(org, NOW).await.unwrap());
    }
}

fn every(week: Timestamp) -> IndicatorFilter {
    IndicatorFilter { week, day: TODAY, ..IndicatorFilter::default() }
}

/// One report, as the policy knows it.
struct Report {
    owner: OrgId,
    thing: usize,
    tlp: Tlp,
    named: Vec<OrgId>,
    since: Timestamp,
    ends: bool,
}

/// What the policy says of a thing: who is named, and whether there are enough without a name among the members.
fn overlap<'r>(sight: Sight<'_>, members: &BTreeSet<OrgId>, reports: impl Iterator<Item = &'r Report>) -> (BTreeSet<OrgId>, bool) {
    let by_name = members.iter().any(|org| sight.level(*org, DataClass::Indicators) == Level::Detail);
    let (mut named, mut unnamed, mut asked) = (BTreeSet::new(), BTreeSet::new(), false);
    for report in reports {
        let (me, owner) = (sight.viewer.org, report.owner);
        if !by_name && members.contains(&owner) && report.since < WEEK && report.tlp.reaches_everyone() {
            unnamed.insert(owner);
        }
        if sight.sees_record(owner, DataClass::Indicators, &Marked { tlp: report.tlp, recipients: &report.named, received_at: NOW }) {
            named.insert(owner);
            // Whoever reported it itself asks at once; what others show lets it ask from the week on after they reported it.
            asked |= owner == me || report.since < WEEK;
        }
    }
    (named, asked && unnamed.len() >= domain::aggregate::LEAST)
}

on_both!(whatever_the_rules_what_is_shown_is_what_the_policy_says);
async fn whatever_the_rules_what_is_shown_is_what_the_policy_says(mut f: Fixture) {
    const THINGS: usize = 6;
    more(&mut f, 7).await;
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut reports = vec![];
    for owner in 0..f.orgs.len() {
        for thing in 0..THINGS {
            for hash in [false, true] {
                if rng.random_bool(0.3) {
                    continue;
                }
                let tlp = if rng.random_bool(0.5) { Tlp::Green } else { Tlp::ALL[rng.random_range(0..5)] };
                let named: Vec<OrgId> = f.orgs.iter().copied().filter(|org| *org != f.orgs[owner] && rng.random_bool(0.2)).collect();
                let (since, ends) = (if rng.random_bool(0.7) { WEEK.plus(-HOUR) } else { WEEK.plus(HOUR) }, rng.random_bool(0.2));
                let item = IndicatorItem { valid_until: ends.then_some(NOW.plus(HOUR)), ..indicator(&format!("thing-{thing}.example"), tlp, &named) };
                send_at(&f, owner, since, if hash { hashed(&f, item).await } else { item }).await;
                reports.push(Report { owner: f.orgs[owner], thing, tlp, named, since, ends });
            }
        }
    }
    let hub = f.store.hub();
    let group = hub.add_group(f.orgs[0], "Ports".into(), true, NOW).await.unwrap();
    let (mut several, mut hidden) = (0, 0);
    for owner in &f.orgs {
        hub.set_rule(*owner, DataClass::Indicators, Audience::Everyone, Some(Level::Aggregate), NOW).await.unwrap();
    }
    for round in 0..12 {
        // Who shares totals as the week begins; then rules change, but in the first one.
        let (week, before) = (WEEK.plus(round), hub.sharing().await.unwrap());
        let shares_totals = |viewer, org: &&OrgId| matches!(before.level(viewer, **org, DataClass::Indicators), Level::Aggregate | Level::Summary);
        let settled = |viewer: OrgId| WeekMembers {
            viewer,
            week_start: week,
            members: f.orgs.iter().filter(|org| shares_totals(viewer, org)).copied().collect(),
            kinds: domains(),
        };
        let members: BTreeMap<OrgId, WeekMembers> = f.orgs.iter().map(|org| (*org, settled(*org))).collect();
        hub.settle_overlaps(members.values().cloned().collect(), WEEK).await.unwrap();
        for _ in 0..if round == 0 { 0 } else { 4 } {
            let (owner, other) = (f.orgs[rng.random_range(0..7)], f.orgs[rng.random_range(0..7)]);
            let audience = [Audience::Everyone, Audience::Everyone, Audience::Group(group), Audience::Organisation(other)][rng.random_range(0..4)];
            let level = [None, Some(Level::None), Some(Level::Aggregate), Some(Level::Aggregate), Some(Level::Summary), Some(Level::Detail)];
            hub.set_rule(owner, DataClass::Indicators, audience, level[rng.random_range(0..6)], NOW).await.unwrap();
            if rng.random_bool(0.6) {
                hub.invite(group, f.orgs[0], other, NOW).await.unwrap();
                hub.join(group, other, NOW).await.unwrap();
            }
        }
        if round == 8 {
            hub.retain(Retention::default(), NOW.plus(2 * HOUR)).await.unwrap();
        }
        let sharing = hub.sharing().await.unwrap();
        for org in 0..f.orgs.len() {
            let at = format!("seed {seed}, round {round}, viewer {org}");
            let viewer = Viewer { org: f.orgs[org], role: Role::Analyst };
            let (sight, reads) = (Sight { viewer, sharing: &sharing }, f.store.viewer(viewer));
            let said: BTreeMap<usize, _> =
                (0..THINGS).map(|thing| (thing, overlap(sight, &members[&viewer.org].members, reports.iter().filter(|r| r.thing == thing)))).collect();
            // Rows that are listed, each with the number that the policy says.
            let mut shared = 0;
            for report in reports.iter().filter(|r| {
                (round < 8 || !r.ends) && sight.sees_record(r.owner, DataClass::Indicators, &Marked { tlp: r.tlp, recipients: &r.named, received_at: NOW })
            }) {
                let (named, unnamed) = &said[&report.thing];
                shared += u64::from(named.len() > 1 || *unnamed);
            }
            let key = f.store.alliance_key().await.unwrap();
            let ids = reads.indicator_ids(&every(week)).await.unwrap();
            let all = reads.indicators_by(&ids.piece(0), week, TODAY).await.unwrap();
            assert_eq!((all.len(), ids.piece(1).len()), (ids.len(), 0));
            for row in &all {
                let is = |thing: &usize| {
                    let value = format!("thing-{thing}.example");
                    [domain::view::Observed::Hash(key.hmac(IndicatorType::DomainName, &value)), domain::view::Observed::Value(value)].contains(&row.observed)
                };
                let (named, unnamed) = &said[&(0..THINGS).find(is).unwrap()];
                assert_eq!((row.reporters as usize, row.unnamed), (named.len(), *unnamed), "{at}: {row:?}");
                let page: IndicatorDetail = reads.indicator(row.id.parse().unwrap(), week, TODAY).await.unwrap().unwrap();
                let slugs = |orgs: &BTreeSet<OrgId>| -> BTreeSet<String> {
                    orgs.iter()
                        .map(|org| match f.orgs.iter().position(|o| o == org).unwrap() {
                            no @ 0..3 => ["alpha", "beta", "gamma"][no].to_owned(),
                            no => format!("org-{no}"),
                        })
                        .collect()
                };
                let shown: BTreeSet<String> = page.reports.iter().map(|r| r.org.slug.clone()).collect();
                assert_eq!(shown, slugs(named), "{at}");
                assert_eq!(page.row, *row, "{at}");
                hidden += usize::from(*unnamed);
            }
            assert_eq!(reads.indicators_shared(week, TODAY).await.unwrap().0, shared, "{at}");
            let listed = reads.indicators(&IndicatorFilter { shared: true, ..every(week) }).await.unwrap();
            assert_eq!(listed.total, shared, "{at}: the number is the rows");
            several += shared;
        }
    }
    assert!(several > 0 && hidden > 0, "seed {seed}: nothing of one kind was met: {several} {hidden}");
}

on_both!(a_value_and_its_hash_are_one_thing_and_their_organisation_one);
async fn a_value_and_its_hash_are_one_thing_and_their_organisation_one(f: Fixture) {
    let item = indicator("a.example", Tlp::Green, &[]);
    f.send(0, Items::Indicators(vec![item.clone(), hashed(&f, item.clone()).await])).await;
    let reads = f.store.viewer(f.viewer(2));
    let rows = reads.indicators(&every(WEEK)).await.unwrap().rows;
    assert_eq!(rows.iter().map(|r| r.reporters).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(reads.indicators_shared(WEEK, TODAY).await.unwrap().0, 0);
    // Repeating either makes no third.
    f.send(0, Items::Indicators(vec![hashed(&f, item.clone()).await])).await;
    f.send(1, Items::Indicators(vec![hashed(&f, item.clone()).await])).await;
    assert_eq!(reads.indicators_shared(WEEK, TODAY).await.unwrap().0, 3);
    // What has the same digits and is no hash is another thing.
    let digits = IndicatorItem { kind: IndicatorType::FileSha256, hashed: false, ..hashed(&f, item).await };
    f.send(2, Items::Indicators(vec![digits])).await;
    assert_eq!(reads.indicators_shared(WEEK, TODAY).await.unwrap().0, 3);
}

/// The type of all that is reported here.
fn domains() -> BTreeSet<IndicatorType> {
    BTreeSet::from([IndicatorType::DomainName])
}

/// Settles that these count for the first organisation's people in a week.
async fn settle(f: &Fixture, week_start: Timestamp, members: std::ops::Range<usize>) {
    let settled = WeekMembers { viewer: f.orgs[0], week_start, members: f.orgs[members].iter().copied().collect(), kinds: domains() };
    f.store.hub().settle_overlaps(vec![settled], WEEK).await.unwrap();
}

/// Alpha and four more report one thing, and the four show it in totals only; the last from this week on.
async fn unnamed(f: &mut Fixture) {
    more(f, 5).await;
    for org in 0..5 {
        send_at(f, org, WEEK.plus(if org == 4 { HOUR } else { -HOUR }), indicator("a.example", Tlp::Green, &[])).await;
        if org > 0 {
            rule(f, org, Level::Aggregate).await;
        }
    }
}

async fn rule(f: &Fixture, org: usize, level: Level) {
    f.store.hub().set_rule(f.orgs[org], DataClass::Indicators, Audience::Everyone, Some(level), NOW).await.unwrap();
}

/// Whether it says of alpha's indicator that three or more unnamed ones reported it.
async fn are_unnamed(f: &Fixture, week: Timestamp) -> bool {
    let reads = f.store.viewer(f.viewer(0));
    let rows = reads.indicators(&IndicatorFilter { org: Some(f.orgs[0]), ..every(week) }).await.unwrap().rows;
    assert_eq!(reads.indicator(rows[0].id.parse().unwrap(), week, TODAY).await.unwrap().unwrap().row, rows[0]);
    rows[0].unnamed
}

on_both!(who_reports_a_thing_is_not_told_before_the_week_is_over);
async fn who_reports_a_thing_is_not_told_before_the_week_is_over(mut f: Fixture) {
    unnamed(&mut f).await;
    let next = WEEK.plus(7 * DAY);
    settle(&f, WEEK, 2..5).await;
    assert!(!are_unnamed(&f, WEEK).await, "the third came this week");
    settle(&f, next, 2..5).await;
    assert!(are_unnamed(&f, next).await);
    // Saying it again changes nothing, nor does another marking that reaches everyone; marking it for fewer eyes does.
    let again = async |day, tlp| send_at(&f, 2, WEEK.plus(day * DAY), indicator("a.example", tlp, &[])).await;
    for tlp in [Tlp::Green, Tlp::Clear] {
        again(8, tlp).await;
        assert!(are_unnamed(&f, next).await, "{tlp}");
    }
    again(8, Tlp::Amber).await;
    settle(&f, next.plus(7 * DAY), 2..5).await;
    assert!(!are_unnamed(&f, next).await && !are_unnamed(&f, next.plus(7 * DAY)).await, "a total travels further than what is marked for some");
    again(9, Tlp::Clear).await;
    assert!(!are_unnamed(&f, next).await && are_unnamed(&f, next.plus(7 * DAY)).await);
}

on_both!(a_rule_that_changes_tells_nothing_of_a_thing_before_the_week_is_over);
async fn a_rule_that_changes_tells_nothing_of_a_thing_before_the_week_is_over(mut f: Fixture) {
    unnamed(&mut f).await;
    let next = WEEK.plus(7 * DAY);
    assert!(!are_unnamed(&f, next).await, "nothing is settled");
    settle(&f, WEEK, 1..4).await;
    settle(&f, next, 1..4).await;
    assert!(are_unnamed(&f, next).await);
    // Settled is settled, also where another node would have it otherwise.
    settle(&f, next, 3..5).await;
    for level in [Level::None, Level::Aggregate] {
        rule(&f, 1, level).await;
        assert!(are_unnamed(&f, next).await, "{level:?}");
    }
    rule(&f, 4, Level::Detail).await;
    assert!(are_unnamed(&f, next).await, "he is none of the members");
    // Who is shown by name is not counted once more, and then nobody is: the others would be two.
    rule(&f, 1, Level::Summary).await;
    assert!(are_unnamed(&f, next).await, "numbers name nobody here");
    rule(&f, 1, Level::Detail).await;
    assert!(!are_unnamed(&f, next).await);
    rule(&f, 1, Level::None).await;
    let later = next.plus(7 * DAY);
    settle(&f, later, 2..4).await;
    assert!(!are_unnamed(&f, later).await, "two are left");
    // What is too old to be compared with is forgotten.
    let hub = f.store.hub();
    let weeks = async || hub.overlap_members(f.orgs[0], WEEK).await.unwrap().into_iter().map(|w| w.week_start).collect::<Vec<_>>();
    assert_eq!(weeks().await, [later, next, WEEK]);
    hub.settle_overlaps(vec![], next).await.unwrap();
    assert_eq!((weeks().await, hub.overlaps_settled(WEEK).await.unwrap()), (vec![later, next], BTreeSet::new()));
}

on_both!(who_was_shown_by_name_lately_is_in_no_total);
async fn who_was_shown_by_name_lately_is_in_no_total(mut f: Fixture) {
    more(&mut f, 6).await;
    let hub = f.store.hub();
    let lately = NOW.plus(-91 * DAY);
    let unnamed = async |class, lately| hub.unnamed(class, lately).await.unwrap().remove(&f.orgs[0]).unwrap_or_default();
    let set = async |org: usize, class, level, at| hub.set_rule(f.orgs[org], class, Audience::Everyone, Some(level), at).await.unwrap();
    hub.add_user(f.orgs[0], "a@a.example".into(), "A".into(), Role::Executive, None, NOW).await.unwrap();
    // One shows what it has and then less, one less from the beginning, one has nothing to show; and one goes by way of nothing at all.
    for org in [1, 2, 3] {
        if org == 2 {
            set(2, DataClass::Posture, Level::Aggregate, NOW).await;
        }
        f.send(org, Items::Metrics(vec![super::support::sample("m", 1.0, NOW)])).await;
    }
    set(1, DataClass::Posture, Level::Aggregate, NOW).await;
    set(4, DataClass::Posture, Level::Aggregate, NOW).await;
    set(3, DataClass::Posture, Level::None, NOW).await;
    set(3, DataClass::Posture, Level::Aggregate, NOW.plus(DAY)).await;
    assert_eq!(unnamed(DataClass::Posture, lately).await, BTreeSet::from([f.orgs[2], f.orgs[4]]));
    // Other changes of the rules do not forget it; time does, but for indicators, which do not age.
    for org in [1, 2, 3] {
        set(org, DataClass::Indicators, Level::Aggregate, NOW).await;
    }
    assert_eq!(unnamed(DataClass::Posture, NOW).await, BTreeSet::from([f.orgs[2], f.orgs[4]]));
    assert_eq!(unnamed(DataClass::Posture, NOW.plus(1)).await, f.orgs[1..5].iter().copied().collect());
    assert_eq!(unnamed(DataClass::Indicators, NOW.plus(1)).await, BTreeSet::new());
    // Where there is nobody to be shown anything, nobody was.
    assert_eq!(hub.unnamed(DataClass::Indicators, lately).await.unwrap()[&f.orgs[5]], f.orgs[1..4].iter().copied().collect());
    // Shown by name again, and not any more: from then on.
    set(2, DataClass::Posture, Level::Summary, NOW).await;
    set(2, DataClass::Posture, Level::Aggregate, NOW.plus(9 * DAY)).await;
    assert_eq!(unnamed(DataClass::Posture, NOW.plus(5 * DAY)).await, BTreeSet::from([f.orgs[1], f.orgs[3], f.orgs[4]]));
}

on_both!(whom_the_alliance_suspended_is_told_of_nobody);
async fn whom_the_alliance_suspended_is_told_of_nobody(mut f: Fixture) {
    unnamed(&mut f).await;
    settle(&f, WEEK, 1..4).await;
    assert!(are_unnamed(&f, WEEK).await);
    let suspend = match f.kind {
        testing::Kind::Sqlite => "UPDATE organisations SET suspended_at = 1 WHERE slug = 'alpha'",
        testing::Kind::Postgres => "SET shieldwall.scope = 'hub'; UPDATE organisations SET suspended_at = 1 WHERE slug = 'alpha'",
    };
    Beside::open(&f).await.run(suspend).await;
    assert!(!are_unnamed(&f, WEEK).await);
}

on_both!(indicators_from_before_there_were_digests_find_each_other);
async fn indicators_from_before_there_were_digests_find_each_other(f: Fixture) {
    let item = indicator("a.example", Tlp::Green, &[]);
    f.send(0, Items::Indicators(vec![item.clone()])).await;
    f.send(1, Items::Indicators(vec![item.clone()])).await;
    // More than are done in one piece.
    f.send(2, Items::Indicators((0..1_100).map(|no| indicator(&format!("{no}.example"), Tlp::Green, &[])).collect())).await;
    let forget = match f.kind {
        testing::Kind::Sqlite => "DELETE FROM indicator_digests",
        testing::Kind::Postgres => "SET shieldwall.scope = 'hub'; DELETE FROM indicator_digests",
    };
    Beside::open(&f).await.run(forget).await;
    let shared = async |store: &Store| store.viewer(f.viewer(2)).indicators_shared(WEEK, TODAY).await.unwrap().0;
    assert_eq!(shared(&f.store).await, 0);
    // Two nodes that start at once; then one more.
    let settings = Settings { url: f.database.url.clone(), readers: 1 };
    let (one, other) = tokio::join!(Store::open(&settings), Store::open(&settings));
    for store in [one.unwrap(), other.unwrap(), Store::open(&settings).await.unwrap()] {
        assert_eq!((shared(&store).await, store.alliance_key().await.unwrap() == f.store.alliance_key().await.unwrap()), (2, true));
        store.close().await;
    }
    f.send(2, Items::Indicators(vec![item])).await;
    assert_eq!(shared(&f.store).await, 3);
}

on_both!(of_a_type_that_few_members_hold_nothing_is_told);
async fn of_a_type_that_few_members_hold_nothing_is_told(mut f: Fixture) {
    unnamed(&mut f).await;
    let held = f.store.hub().public_kinds().await.unwrap();
    assert_eq!(f.orgs.iter().filter(|org| held.get(org) == Some(&domains())).count(), 5);
    let week = |week_start, kinds| WeekMembers { viewer: f.orgs[0], week_start, members: f.orgs[1..5].iter().copied().collect(), kinds };
    let next = WEEK.plus(7 * DAY);
    f.store.hub().settle_overlaps(vec![week(WEEK, BTreeSet::from([IndicatorType::Url])), week(next, domains())], WEEK).await.unwrap();
    assert!(!are_unnamed(&f, WEEK).await && are_unnamed(&f, next).await);
    let kept = f.store.hub().overlap_members(f.orgs[0], WEEK).await.unwrap();
    assert_eq!(kept.into_iter().map(|week| week.kinds).collect::<Vec<_>>(), [domains(), BTreeSet::from([IndicatorType::Url])]);
}

on_both!(an_answer_tells_of_no_single_holder);
async fn an_answer_tells_of_no_single_holder(mut f: Fixture) {
    more(&mut f, 7).await;
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    // The six others show numbers or totals; nobody was there who could have been shown more.
    for org in 1..7 {
        rule(&f, org, [Level::Summary, Level::Aggregate][rng.random_range(0..2)]).await;
    }
    let eligible = f.store.hub().unnamed_reporters().await.unwrap().remove(&f.orgs[0]).unwrap_or_default();
    assert_eq!(eligible, f.orgs[1..].iter().copied().collect());
    settle(&f, WEEK, 1..7).await;
    let mut several = 0;
    for thing in 0..12 {
        let at = format!("seed {seed}, thing {thing}");
        let item = |tlp| indicator(&format!("candidate-{thing}.example"), tlp, &[]);
        let mut holders = 0;
        for org in 1..7 {
            if rng.random_bool(0.4) {
                let reaches = rng.random_bool(0.8);
                send_at(&f, org, WEEK.plus(-HOUR), item(if reaches { Tlp::Green } else { Tlp::Red })).await;
                holders += usize::from(reaches);
            }
        }
        // The candidate is asked for and the answer is of all of them together: none is named, and two are as good as nobody.
        let reads = f.store.viewer(f.viewer(0));
        let before = reads.indicators_shared(WEEK, TODAY).await.unwrap().0;
        send_at(&f, 0, NOW, item(Tlp::Red)).await;
        let rows = reads.indicators(&every(WEEK)).await.unwrap().rows;
        let row = rows.iter().find(|row| row.observed == domain::view::Observed::Value(format!("candidate-{thing}.example"))).unwrap();
        assert_eq!((row.reporters, row.unnamed), (1, holders >= domain::aggregate::LEAST), "{at}");
        let page = reads.indicator(row.id.parse().unwrap(), WEEK, TODAY).await.unwrap().unwrap();
        assert_eq!(page.reports.iter().map(|r| r.org.slug.as_str()).collect::<Vec<_>>(), ["alpha"], "{at}");
        let shared = reads.indicators_shared(WEEK, TODAY).await.unwrap().0;
        assert_eq!(shared - before, u64::from(row.unnamed), "{at}");
        assert!(rows.iter().all(|row| row.org.slug == "alpha"), "{at}: nobody else's record is shown");
        several += shared - before;
    }
    println!("seed {seed}: {several} of 12 were held by several");
}

on_both!(a_new_key_of_the_alliance_finds_what_both_keys_hash);
async fn a_new_key_of_the_alliance_finds_what_both_keys_hash(f: Fixture) {
    let hub = f.store.hub();
    let item = indicator("a.example", Tlp::Green, &[]);
    f.send(0, Items::Indicators(vec![item.clone()])).await;
    f.send(1, Items::Indicators(vec![hashed(&f, item.clone()).await])).await;
    f.send(1, Items::Indicators(vec![indicator("alone.example", Tlp::Green, &[])])).await;
    let mut admins = vec![];
    for org in &f.orgs {
        admins.push((*org, hub.add_user(*org, "a@a.example".into(), "A".into(), Role::OrgAdmin, None, NOW).await.unwrap()));
    }
    let right = hub.decision_rights().await.unwrap().into_iter().find(|r| r.kind == DecisionKind::AllianceKey).unwrap();
    let rotate = async |at: Timestamp| {
        let decision = hub.propose(Effect::AllianceKey, "a".into(), admins[0], &right, at).await.unwrap();
        for admin in &admins {
            hub.vote(decision, *admin, true, String::new(), at).await.unwrap();
        }
        f.store.alliance_keys().await.unwrap()
    };
    let old = f.store.alliance_keys().await.unwrap();
    let new = rotate(NOW).await;
    assert_eq!((old.current.no, new.current.no, new.numbers(NOW)), (1, 2, vec![2, 1]));
    assert_eq!(new.former(NOW), Some((&old.current, NOW.plus(store::OVERLAP))));
    let viewer = f.store.viewer(f.viewer(2));
    let reporters = async || {
        let rows = viewer.indicators(&every(WEEK)).await.unwrap().rows;
        let listed = viewer.indicators(&IndicatorFilter { shared: true, ..every(WEEK) }).await.unwrap().total;
        assert_eq!(viewer.indicators_shared(WEEK, TODAY).await.unwrap().0, listed);
        let mut said: Vec<(String, u32)> = rows.into_iter().map(|row| (row.org.slug, row.reporters)).filter(|(_, n)| *n > 1).collect();
        said.sort();
        said
    };
    let said = |of: &[(&str, u32)]| of.iter().map(|(org, n)| ((*org).to_owned(), *n)).collect::<Vec<_>>();
    // Before the values are digested anew, while they are, and afterwards.
    assert_eq!(reporters().await, said(&[("alpha", 2), ("beta", 2)]));
    hub.follow_alliance_key(NOW).await.unwrap();
    assert_eq!(reporters().await, said(&[("alpha", 2), ("beta", 2)]));
    f.send(2, Items::Indicators(vec![IndicatorItem { key_no: Some(2), ..hashed(&f, item.clone()).await }])).await;
    assert_eq!(reporters().await, said(&[("alpha", 3), ("beta", 2), ("gamma", 2)]));
    let row = viewer.indicators(&IndicatorFilter { org: Some(f.orgs[0]), ..every(WEEK) }).await.unwrap().rows.remove(0);
    let page = viewer.indicator(row.id.parse().unwrap(), WEEK, TODAY).await.unwrap().unwrap();
    assert_eq!(page.reports.len(), 3, "each once");
    // Who says nothing of the key is taken to use the one that goes out.
    let silent = IndicatorItem { value: old.current.key.hmac(item.kind, "alone.example"), hashed: true, ..item.clone() };
    f.send(0, Items::Indicators(vec![silent])).await;
    let both = said(&[("alpha", 2), ("alpha", 3), ("beta", 2), ("beta", 2), ("gamma", 2)]);
    assert_eq!(reporters().await, both);
    // What the former key hashed is compared until its time is over, and then what was told and what is hashed anew.
    hub.follow_alliance_key(NOW.plus(store::OVERLAP).plus(-1)).await.unwrap();
    assert_eq!(reporters().await, both);
    hub.follow_alliance_key(NOW.plus(store::OVERLAP)).await.unwrap();
    assert_eq!(reporters().await, said(&[("alpha", 2), ("gamma", 2)]));
    let settled = f.store.alliance_keys().await.unwrap();
    assert_eq!(settled.numbers(NOW), [2]);
    // A start makes nothing of it anew.
    let again = Store::open(&Settings { url: f.database.url.clone(), readers: 1 }).await.unwrap();
    assert_eq!(reporters().await, said(&[("alpha", 2), ("gamma", 2)]));
    again.close().await;
    assert_eq!(rotate(NOW.plus(store::OVERLAP)).await.numbers(NOW.plus(store::OVERLAP)), [3, 2]);
}
