//! Moving an alliance from one database to the other: everything arrives, or nothing does.

use super::support::{Fixture, NOW, event, incident, indicator, key, sample};
use domain::{
    ByClass, DAY, DataClass, HOUR, IncidentStatus, Level, OrgId, Role, Severity, Timestamp, Tlp,
    aggregate::{Aggregate, counts::CountTotal},
    decision::{AlertLevel, DecisionKind, Effect, Right},
    indicator::IndicatorType,
    query::Window,
    sharing::Audience,
};
use sqlx::{Connection, Executor, PgConnection};
use std::{sync::Arc, time::Duration};
use store::{
    AccountChange, Added, Budget, Changed, Confirmation, CountItem, DayRow, Failure, Hub, IncidentFilter, IndicatorFilter, Items, KeptForm, KeyRecord, Mode,
    NewLink, NewPasskey, OidcIdentity, OidcProvider, Org, Outcome, Purpose, Push, Retention, Sealed, SessionRecord, Settings, Store, WeekCount, WeekMembers,
    WeekTotal, What,
    audit::{Occasion, Proofs, Signer},
    moving::{MoveError, Moved, move_database},
};
use testing::{Database, Kind};

/// A database of each kind: one with something in every table, one empty.
async fn filled() -> (Fixture, Database) {
    let f = Fixture::new(Kind::Sqlite).await;
    fill(&f).await;
    (f, empty(Kind::Postgres).await)
}

async fn empty(kind: Kind) -> Database {
    tokio::task::spawn_blocking(move || Database::empty(kind)).await.expect("a database")
}

async fn fill(f: &Fixture) {
    let hub = f.store.hub();
    let policy = serde_json::from_str(include_str!("../../../src/default_policy.json")).expect("the default policy");
    hub.adopt_policy(&policy, NOW).await.unwrap();
    hub.set_meta("alliance", "Nördlich ≠ 'südlich'".into()).await.unwrap();
    let user = hub.add_user(f.orgs[0], "ana@b.example".into(), "Ana".into(), Role::Analyst, Some("hash".into()), NOW).await.unwrap();
    hub.create_session([1; 32], SessionRecord { user: Some(user), data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(DAY) }, NOW)
        .await
        .unwrap();
    let form = KeptForm {
        browser: [5; 32],
        user: Some(user),
        action: "/admin/users".into(),
        page: "/admin/users?range=7d".into(),
        fields: "name=Ada+%E2%89%A0".into(),
        whole: false,
        expires_at: NOW.plus(HOUR),
    };
    hub.keep_form([6; 32], form, NOW).await.unwrap();
    assert!(hub.offer_factor(user, Sealed { key: String::new(), secret: vec![3; 20] }, NOW).await.unwrap());
    assert_eq!(hub.confirm_factor(user, 1, vec![[4; 32]], NOW).await.unwrap(), Added::First);
    let passkey = NewPasskey { credential_id: vec![0, 1, 255], name: "Schlüssel".into(), credential: "{}".into() };
    assert_eq!(hub.add_passkey(user, passkey, 10, vec![], NOW).await.unwrap(), Added::Another);
    hub.keep_challenge([1; 32], user, Purpose::StepUp, "{}".into(), NOW.plus(HOUR)).await.unwrap();
    hub.add_signin_link(user, [7; 32], NOW.plus(HOUR), NOW).await.unwrap();
    let provider = OidcProvider { org: f.orgs[0], issuer: "https://id.example".into(), client_id: "hub".into(), secret_file: "/secrets/ä".into() };
    hub.set_oidc_provider(provider, NOW).await.unwrap();
    hub.link_identity(user, OidcIdentity { issuer: "https://id.example".into(), subject: "0042".into() }, NOW).await.unwrap();
    hub.begin_oidc([5; 32], [6; 32], f.orgs[0], "{}".into(), NOW.plus(HOUR), NOW).await.unwrap();
    assert!(hub.count_try(vec![Budget { who: [8; 32], tries: 5, every: HOUR }], NOW).await.unwrap());
    let record = KeyRecord {
        id: 0,
        org: f.orgs[0],
        name: "siem".into(),
        hint: "swk_ab".into(),
        scopes: "metrics events".into(),
        created_at: NOW,
        expires_at: Some(NOW.plus(DAY)),
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    };
    hub.add_key(record, [9; 32]).await.unwrap();
    let group = hub.add_group(f.orgs[0], "Häfen".into(), false, NOW).await.unwrap();
    assert!(hub.invite(group, f.orgs[0], f.orgs[1], NOW).await.unwrap() && hub.join(group, f.orgs[1], NOW).await.unwrap());
    hub.set_rule(f.orgs[0], DataClass::Events, Audience::Group(group), Some(Level::Summary), NOW).await.unwrap();
    assert!(hub.propose_member(f.orgs[0], group, f.orgs[2], user, NOW).await.unwrap());
    let admin = hub.add_user(f.orgs[0], "bo@b.example".into(), "Bo".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap();
    hub.add_user(f.orgs[0], "cy@b.example".into(), "Cy".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap();
    let link = NewLink { hash_for: Box::new(|_| [2; 32]), expires_at: NOW.plus(DAY) };
    assert_eq!(hub.change_account(f.orgs[0], AccountChange::Role { user, role: Role::OrgAdmin }, admin, link, NOW).await.unwrap(), Changed::Waits);
    hub.propose_rule(f.orgs[0], DataClass::Events, Audience::Group(group), None, user, NOW).await.unwrap();
    let rights = hub.decision_rights().await.unwrap();
    hub.set_decision_right(Right { quorum: 33, ..rights[0].clone() }, NOW).await.unwrap();
    let effect = Effect::AlertLevel { level: AlertLevel::High };
    let decision = hub.propose(effect, "Warum: ≠".into(), (f.orgs[0], user), &rights[0], NOW).await.unwrap();
    assert!(hub.vote(decision, (f.orgs[0], user), true, "darum".into(), NOW).await.unwrap());
    hub.keep_policy_draft((f.orgs[0], user), &policy, vec!["nichts ≠ etwas".into()], NOW).await.unwrap();
    hub.delegate(f.orgs[1], DecisionKind::AlertLevel, Some(f.orgs[0]), NOW).await.unwrap();
    let total = Aggregate { members: [(2, 1.0), (3, 0.1 + 0.2)].into(), score: 63.0, domains: [Some(1.0), None, None, None, None, None] };
    hub.keep_aggregates(vec![WeekTotal { viewer: f.orgs[0], week: 2_900, total }]).await.unwrap();
    let total = CountTotal { members: [(2, 7), (3, 8), (4, 9)].into(), count: 20 };
    hub.keep_count_totals(vec![WeekCount { viewer: f.orgs[0], class: DataClass::Events, week: 2_900, total }]).await.unwrap();
    let newcomer = Org { slug: "neu".into(), confirmed: false, ..hub.organisations().await.unwrap().remove(0) };
    let newcomer = hub.add_organisation(newcomer, NOW).await.unwrap();
    hub.rename_organisation(newcomer, Some("Gänzlich neu".into()), Some("neuer".into()), NOW).await.unwrap();
    for no in 0..2 {
        let admin = hub.add_user(newcomer, format!("{no}@neu.example"), "Ö".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap();
        if no == 1 {
            assert_eq!(hub.confirm_sharing(newcomer, ByClass::filled(Level::Detail), admin, NOW).await.unwrap(), Confirmation::Waits);
        }
    }
    let members =
        WeekMembers { viewer: f.orgs[0], week_start: NOW.plus(-DAY), members: f.orgs[1..].iter().copied().collect(), kinds: [IndicatorType::Url].into() };
    hub.settle_overlaps(vec![members], NOW.plus(-8 * DAY)).await.unwrap();
    for org in 0..3 {
        let others: Vec<_> = f.orgs.iter().copied().filter(|o| *o != f.orgs[org]).collect();
        // Numbers that not every notation keeps.
        let values = [0.1 + 0.2, -1.0 / 3.0, 1e-300, 5e15];
        f.send(org, Items::Metrics(values.iter().zip(0..).map(|(v, i)| sample("m", *v, NOW.plus(-i * 25 * DAY))).collect())).await;
        // Some folded, some not.
        hub.fold_pushes(f.orgs[org]).await.unwrap();
        let push = Push { total: 2, idempotency: Some(key("again", 1)), payload: vec![0, 1, 255, 0], ..f.push(org, What::Metrics) };
        let failure = Failure { index: 1, pointer: "/items/1/value".into(), code: "out_of_range".into(), detail: "„zu groß“".into() };
        let push = Push { failures: vec![failure], ..push };
        f.store.partner(f.orgs[org]).push(push, Items::Metrics(vec![sample("n", 2.0, NOW)])).await.unwrap();
        let open = |id, tlp| incident(id, Severity::Critical, IncidentStatus::New, tlp, &others);
        f.send(org, Items::Incidents(vec![open("red", Tlp::Red), open("green", Tlp::Green)])).await;
        f.send(org, Items::Incidents(vec![incident("Ärger", Severity::Low, IncidentStatus::Resolved, Tlp::Clear, &[])])).await;
        f.send(org, Items::Events(vec![event("e", Tlp::Amber, Some("red"), &others), event("f", Tlp::Red, None, &[])])).await;
        f.send(org, Items::Indicators(vec![indicator("a.example", Tlp::Red, &others), indicator("b.example", Tlp::Green, &[])])).await;
        let count = CountItem { kind: IndicatorType::DomainName, tlp: Tlp::Green, severity: Severity::High, count: 7 };
        f.send(org, Items::Counts { window: (NOW.plus(-DAY), NOW), counts: vec![count] }).await;
        // What a snapshot leaves out is remembered and no longer counts.
        let snapshot = Push { mode: Mode::Snapshot, total: 1, ..f.push(org, What::Indicators) };
        f.store.partner(f.orgs[org]).push(snapshot, Items::Indicators(vec![indicator("b.example", Tlp::Green, &[])])).await.unwrap();
    }
    let day = |org| DayRow {
        org,
        day: NOW.day(),
        policy_version: 1,
        score: Some(61.7),
        last: None,
        low: 12.5,
        high: 99.9,
        coverage: 0.3,
        domains: [Some(0.1), None, Some(3.0), None, None, Some(100.0)],
        critical_public: true,
        critical_any: false,
    };
    hub.set_days(f.orgs.iter().map(|org| day(*org)).collect()).await.unwrap();
    // What others were shown of one of them until now, and an incident that everyone could see.
    hub.set_rule(f.orgs[0], DataClass::Posture, Audience::Everyone, Some(Level::Aggregate), NOW).await.unwrap();
    let hidden = incident("green", Severity::Critical, IncidentStatus::InProgress, Tlp::Red, &[]);
    f.send(0, Items::Incidents(vec![hidden])).await;
    hub.checkpoint_taken(f.orgs[1], NOW).await.unwrap();
    hub.make_checkpoint(Arc::new(Signer::new(&[5; 32])), Occasion::Due, NOW, None).await.unwrap();
}

/// The organisation that has not confirmed yet.
async fn newest(hub: &Hub<'_>) -> OrgId {
    hub.organisations().await.unwrap().into_iter().map(|o| o.id).max().expect("one")
}

/// Everything that can be read, as texts.
async fn portrait(store: &Store, orgs: &[OrgId]) -> Vec<String> {
    let hub = store.hub();
    let mut said = vec![
        format!("{:?}", hub.organisations().await.unwrap()),
        format!("{:?} {:?}", hub.policies().await.unwrap(), hub.policy_draft(1).await.unwrap()),
        format!("{:?}", hub.meta("alliance").await.unwrap()),
        format!("{:?}", hub.user_by_email("ana@b.example").await.unwrap()),
        format!("{:?}", hub.session([1; 32], NOW).await.unwrap()),
        format!("{:?} {:?}", hub.factor(1).await.unwrap().map(|f| f.secret), hub.factors(1).await.unwrap()),
        format!("{:?}", hub.passkeys(1).await.unwrap()),
        format!("{:?} {:?}", hub.oidc_providers().await.unwrap(), hub.identity_of(1).await.unwrap()),
        format!("{:?}", hub.viewers_of(&[[1; 32]], NOW).await.unwrap()),
        format!("{:?}", hub.signin_link([7; 32], NOW).await.unwrap()),
        format!("{:?}", hub.key_by_hash([9; 32]).await.unwrap()),
        format!("{:?}", hub.changes_after(0, 1_000).await.unwrap()),
        format!("{:?} {:?} {:?}", hub.days(0).await.unwrap(), hub.aggregates(0).await.unwrap(), hub.count_totals(0).await.unwrap()),
        format!("{:?} {:?}", hub.group_proposals(orgs[0], NOW).await.unwrap(), hub.account_proposals(orgs[0], NOW).await.unwrap()),
        format!("{:?} {:?}", hub.account_changes(1, 20).await.unwrap(), hub.is_sole_admin(orgs[0], 2, NOW).await.unwrap()),
        format!("{:?} {:?} {:?}", hub.shown_before().await.unwrap(), hub.withdrawn_criticals(orgs).await.unwrap(), hub.shown_fewer(orgs).await.unwrap()),
        format!("{:?}", hub.critical_spans(orgs[0], Timestamp(0)).await.unwrap()),
        format!("{:?} {:?}", store.alliance_keys().await.unwrap(), hub.comparisons(orgs[0], NOW).await.unwrap()),
        format!("{:?}", hub.first_confirmation(newest(&hub).await, NOW).await.unwrap()),
        format!("{:?}", hub.witnesses().await.unwrap()),
        format!("{:?}", hub.overlap_members(orgs[0], NOW.plus(-8 * DAY)).await.unwrap()),
        format!("{:?} {:?}", hub.decisions().await.unwrap(), hub.decision_rights().await.unwrap()),
        format!("{:?} {:?}", hub.audit_after(0).await.unwrap(), hub.verify_audit(&Proofs::default()).await.unwrap()),
    ];
    let sharing = hub.sharing().await.unwrap();
    for (owner, class) in orgs.iter().flat_map(|owner| DataClass::ALL.map(|class| (*owner, class))) {
        let meaning = |viewer: &OrgId| (sharing.level(*viewer, owner, class), sharing.since(*viewer, owner, class, Level::Aggregate));
        said.push(format!("{} {owner:?} {class:?} {:?}", sharing.version, orgs.iter().map(meaning).collect::<Vec<_>>()));
    }
    for values in hub.current(orgs).await.unwrap() {
        said.push(format!("{:?} {:?} {:?}", values.org, values.signs, values.rows().collect::<Vec<_>>()));
    }
    for org in orgs {
        let window = Window { from: NOW.plus(-100 * DAY), to: NOW.plus(HOUR) };
        let mut days = hub.day_values(*org, window.from.day()).await.unwrap();
        days.sort_by(|a, b| (a.day, &a.metric, &a.labels).cmp(&(b.day, &b.metric, &b.labels)));
        said.push(format!("{:?} {days:?}", hub.keys(*org).await.unwrap()));
        let reads = store.viewer(domain::Viewer { org: *org, role: Role::Analyst });
        let incidents = reads.incidents(&IncidentFilter::default()).await.unwrap();
        for row in &incidents.rows {
            said.push(format!("{:?}", reads.incident(row.id.parse().unwrap()).await.unwrap()));
        }
        let indicators = reads.indicators(&IndicatorFilter::default()).await.unwrap();
        for row in &indicators.rows {
            said.push(format!("{:?}", reads.indicator(row.id.parse().unwrap(), NOW, NOW).await.unwrap()));
        }
        let pushes = reads.pushes(None, None, "", 50).await.unwrap();
        for row in &pushes.rows {
            said.push(format!("{:?}", reads.receipt(row.receipt.parse().unwrap()).await.unwrap()));
        }
        said.push(format!("{incidents:?} {indicators:?} {pushes:?} {:?}", reads.counts().indicator_totals(None).await.unwrap()));
        for other in orgs {
            said.push(format!("{:?}", reads.metric_series(*other, "m", window).await.unwrap()));
            said.push(format!("{:?} {:?}", reads.samples(*other, "m", "").await.unwrap(), reads.counts().counts_window(*other).await.unwrap()));
        }
    }
    said
}

fn assert_same(now: &[String], before: &[String]) {
    now.iter().zip(before).for_each(|(now, before)| assert_eq!(now, before));
    assert_eq!(now.len(), before.len());
}

async fn open(url: &str) -> Store {
    Store::open(&Settings { url: url.to_owned(), readers: 2 }).await.expect("the store opens")
}

async fn moved(from: &str, to: &str) -> Result<Vec<Moved>, MoveError> {
    move_database(from, to, |_| ()).await
}

#[tokio::test]
async fn an_alliance_arrives_whole_goes_on_and_comes_back() {
    let (f, there) = filled().await;
    let before = portrait(&f.store, &f.orgs).await;
    let (newest, _) = f.store.hub().outbox_bounds().await.unwrap();
    f.store.close().await;
    let mut progress = (0, 0);
    let sent = move_database(&f.database.url, &there.url, |p| {
        assert!(p.done >= progress.0 && p.done <= p.total);
        progress = (p.done, p.total);
    });
    let sent = sent.await.unwrap();
    assert_eq!((progress.0, progress.1), (sent.iter().map(|m| 2 * m.rows).sum(), progress.0), "progress ends at its end");
    let without: Vec<_> = sent.iter().filter(|m| m.rows == 0).collect();
    assert!(without.is_empty(), "`fill` puts nothing into {without:?}, so moving them is not tested");

    let store = open(&there.url).await;
    assert_same(&portrait(&store, &f.orgs).await, &before);
    // An old request is known, and everything is numbered on from where it was.
    let partner = store.partner(f.orgs[1]);
    let again = Push { total: 1, idempotency: Some(key("again", 1)), ..f.push(1, What::Metrics) };
    assert!(matches!(partner.push(again, Items::Metrics(vec![sample("n", 2.0, NOW)])).await.unwrap(), Outcome::Replayed(_)));
    for (org, item) in [(0, sample("m", 3.0, NOW.plus(1))), (1, sample("of its own", 3.0, NOW)), (2, sample("m", 4.0, NOW))] {
        let push = Push { total: 1, ..f.push(org, What::Metrics) };
        let outcome = store.partner(f.orgs[org]).push(push, Items::Metrics(vec![item])).await.unwrap();
        assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    }
    assert_eq!(store.hub().outbox_bounds().await.unwrap().0, newest + 3);
    let after = portrait(&store, &f.orgs).await;
    store.close().await;

    let back = empty(Kind::Sqlite).await;
    let returned = moved(&there.url, &back.url).await.unwrap();
    assert_eq!(returned.len(), sent.len());
    let store = open(&back.url).await;
    assert_same(&portrait(&store, &f.orgs).await, &after);
    let push = Push { total: 1, ..f.push(0, What::Metrics) };
    store.partner(f.orgs[0]).push(push, Items::Metrics(vec![sample("m", 5.0, NOW.plus(2))])).await.unwrap();
    assert_eq!(store.hub().outbox_bounds().await.unwrap().0, newest + 4);
    store.close().await;
}

#[tokio::test]
async fn numbers_of_the_outbox_are_not_given_twice_though_their_rows_are_gone() {
    let (f, there) = filled().await;
    let (newest, _) = f.store.hub().outbox_bounds().await.unwrap();
    f.store.hub().retain(Retention { outbox: 0, ..Retention::default() }, NOW.plus(1)).await.unwrap();
    assert_eq!(f.store.hub().outbox_bounds().await.unwrap(), (0, 0));
    f.store.close().await;
    let back = empty(Kind::Sqlite).await;
    for (from, to) in [(&f.database, &there), (&there, &back)] {
        moved(&from.url, &to.url).await.unwrap();
    }
    for url in [&there.url, &back.url] {
        let store = open(url).await;
        store.partner(f.orgs[0]).push(Push { total: 1, ..f.push(0, What::Metrics) }, Items::Metrics(vec![sample("m", 5.0, NOW)])).await.unwrap();
        assert_eq!(store.hub().outbox_bounds().await.unwrap().0, newest + 1, "{url}");
        store.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_moved_is_refused_by_name() {
    let (f, there) = filled().await;
    let refusal = async |from: &str, to: &str| moved(from, to).await.expect_err("a refusal").to_string();
    assert!(refusal(&f.database.url, &there.url).await.contains("stop the hub"), "the store is open");
    f.store.close().await;
    assert!(refusal("sqlite:///nowhere/at/all.db", &there.url).await.contains("/nowhere/at/all.db does not exist"));
    assert!(refusal(&f.database.url, &empty(Kind::Sqlite).await.url).await.contains("from SQLite to PostgreSQL"));

    let mut other = PgConnection::connect(&there.url).await.unwrap();
    other.execute("CREATE TABLE invoices (id BIGINT)").await.unwrap();
    assert!(refusal(&f.database.url, &there.url).await.contains("not empty and nothing is overwritten; it has invoices"));
    other.execute("DROP TABLE invoices").await.unwrap();

    let store = open(&there.url).await;
    store.hub().set_meta("demo", "yes".into()).await.unwrap();
    store.close().await;
    let said = refusal(&f.database.url, &there.url).await;
    assert!(said.ends_with("it has rows: 1 in meta") && !said.contains('?'), "{said}");
    other.execute("DELETE FROM meta; CREATE TABLE newer (id BIGINT PRIMARY KEY)").await.unwrap();
    assert!(refusal(&f.database.url, &there.url).await.contains("SQLite has no table newer"));
    other.execute("DROP TABLE newer; ALTER TABLE users ADD COLUMN theme TEXT").await.unwrap();
    assert!(refusal(&f.database.url, &there.url).await.contains("SQLite has no column users.theme"));
    other.execute("ALTER TABLE users DROP COLUMN theme").await.unwrap();
    moved(&f.database.url, &there.url).await.unwrap();
    assert!(refusal(&f.database.url, &there.url).await.contains("in organisations, "), "a second time");
}

#[tokio::test]
async fn a_move_that_ends_half_way_leaves_nothing() {
    let (f, there) = filled().await;
    f.store.close().await;
    open(&there.url).await.close().await;
    // Whoever waits for it has written everything that comes before samples.
    let mut holder = PgConnection::connect(&there.url).await.unwrap();
    holder.execute("BEGIN; LOCK TABLE samples IN SHARE MODE").await.unwrap();
    let waiting = async |n: i64| {
        const WAITING: &str = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND NOT l.granted";
        let mut conn = PgConnection::connect(&there.url).await.unwrap();
        for _ in 0..500 {
            if sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut conn).await.unwrap() == n {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never {n} waiting");
    };
    // Given up where it waits: its connection closes, as it does when the program is killed.
    tokio::select! {
        ended = moved(&f.database.url, &there.url) => panic!("not half way: {ended:?}"),
        () = waiting(1) => {}
    }
    holder.close().await.unwrap();
    waiting(0).await;

    let store = open(&there.url).await;
    assert_eq!(store.hub().organisations().await.unwrap(), []);
    assert_eq!(store.hub().policy().await.unwrap(), None);
    store.close().await;
    moved(&f.database.url, &there.url).await.expect("nothing is in the way of the next");
}

#[tokio::test]
async fn text_that_postgresql_cannot_keep_is_named() {
    let (f, there) = filled().await;
    f.store.hub().set_meta("zero", "a\0b".into()).await.unwrap();
    f.store.close().await;
    let said = moved(&f.database.url, &there.url).await.expect_err("a refusal").to_string();
    assert!(said.starts_with("meta has text with a NUL character") && said.ends_with("\"zero\""), "{said}");
    let store = open(&there.url).await;
    assert_eq!(store.hub().organisations().await.unwrap(), []);
    store.close().await;
}
