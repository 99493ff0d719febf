//! The audit trail has a row for each change, and shows whatever is done to its rows.

use super::support::{Beside, Fixture, NOW, levels, sample};
use domain::{DAY, DataClass, HOUR, Level, Role, sharing::Audience};
use std::sync::Arc;
use store::{
    Approval, Items, KeyRecord, Settings, Store, StoreError,
    audit::{
        Action, Actor, AuditError, AuditFilter, AuditRow, Checkpoint, EVERY, Entry, Fault, Kept, KeyUse, Occasion, Proofs, Remembered, Signer, Verified,
        Vouched, fingerprint,
    },
};
use testing::Kind;

fn signer() -> Arc<Signer> {
    Arc::new(Signer::new(&[7; 32]))
}

fn entry(f: &Fixture, org: usize, n: i64) -> Entry {
    let actor = Actor { org: Some(f.orgs[org]), user: Some(n) };
    Entry { at: NOW, actor, action: Action::Exported, org: Some(f.orgs[org]), object: format!("„{n}“"), detail: serde_json::json!({ "n": n }) }
}

/// The checkpoint of the `n`th five minutes.
async fn sign_at(store: &Store, n: i64) -> Checkpoint {
    store.hub().make_checkpoint(signer(), Occasion::Due, NOW.plus(n * EVERY), None).await.unwrap().expect("a checkpoint")
}

async fn verify_by(f: &Fixture, proofs: &Proofs) -> Result<Verified, Fault> {
    f.store.hub().verify_audit(proofs).await.map_err(|e| match e {
        AuditError::Tampered(fault) => fault,
        AuditError::Store(e) => panic!("{e}"),
    })
}

async fn verify(f: &Fixture, witnesses: &[Checkpoint]) -> Result<Verified, Fault> {
    verify_by(f, &Proofs { key: None, kept: witnesses.iter().map(Kept::from).collect() }).await
}

fn gone(c: &Checkpoint) -> Fault {
    Fault::KeptIsGone { at: c.at.rfc3339(), hash: c.hash.iter().map(|b| format!("{b:02x}")).collect() }
}

fn first(signer: &Signer) -> KeyUse {
    KeyUse { public_key: signer.public_key(), since: NOW, vouched: Vouched::First }
}

/// Lifts what keeps an administrator of the database from a mistake, which keeps nobody from doing it on purpose.
async fn unguarded(f: &Fixture) -> Beside {
    let mut beside = Beside::open(f).await;
    beside
        .run(match f.kind {
            Kind::Sqlite => {
                "DROP TRIGGER audit_update; DROP TRIGGER audit_delete; DROP TRIGGER audit_checkpoints_update; DROP TRIGGER audit_checkpoints_delete"
            }
            Kind::Postgres => "ALTER TABLE audit DISABLE ROW LEVEL SECURITY; ALTER TABLE audit_checkpoints DISABLE ROW LEVEL SECURITY",
        })
        .await;
    beside
}

on_both!(every_change_has_its_row_and_a_change_that_fails_has_none);
async fn every_change_has_its_row_and_a_change_that_fails_has_none(f: Fixture) {
    let admin = f.store.hub().add_user(f.orgs[0], "admin@b.example".into(), "B".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    let admin = Actor { org: Some(f.orgs[0]), user: Some(admin) };
    let hub = f.store.hub().by(admin);
    let user = hub.add_user(f.orgs[0], "a@b.example".into(), "A".into(), Role::Analyst, None, NOW).await.unwrap();
    let record = KeyRecord {
        id: 0,
        org: f.orgs[0],
        name: "siem".into(),
        hint: "swk_ab".into(),
        scopes: "metrics".into(),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    };
    hub.add_key(record.clone(), [9; 32]).await.unwrap();
    assert!(matches!(hub.add_key(record, [8; 32]).await, Err(StoreError::Exists(_))));
    assert!(!hub.revoke_key(f.orgs[1], "siem".into(), NOW).await.unwrap());
    assert!(hub.revoke_key(f.orgs[0], "siem".into(), NOW.plus(1)).await.unwrap());
    assert!(matches!(hub.add_user(f.orgs[0], "A@b.example".into(), "A".into(), Role::Analyst, None, NOW).await, Err(StoreError::Exists(_))));
    hub.add_signin_link(user, [7; 32], NOW.plus(HOUR), NOW).await.unwrap();
    assert_eq!(hub.use_signin_link([6; 32], "hash".into(), NOW).await.unwrap(), None);
    hub.use_signin_link([7; 32], "hash".into(), NOW).await.unwrap();
    let session = |user| store::SessionRecord { user, data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(HOUR) };
    hub.create_session([1; 32], session(Some(user)), NOW).await.unwrap();
    hub.create_session([2; 32], session(None), NOW).await.unwrap();
    for id in [[1; 32], [1; 32], [2; 32]] {
        hub.delete_session(id, NOW).await.unwrap();
    }
    // A push has a receipt, and no row.
    f.send(0, Items::Metrics(vec![sample("m", 1.0, NOW)])).await;

    let rows = hub.audit_after(4).await.unwrap();
    let own = Actor { org: Some(f.orgs[0]), user: Some(user) };
    let person = format!("user {user}");
    let said: Vec<_> = rows.iter().map(|r| (r.action.as_str(), r.actor, r.object.as_str())).collect();
    assert_eq!(
        said,
        [
            ("user.added", admin, person.as_str()),
            ("key.created", admin, "key siem"),
            ("key.revoked", admin, "key siem"),
            ("link.made", admin, person.as_str()),
            ("password.set", own, person.as_str()),
            ("session.started", own, person.as_str()),
            ("session.ended", own, person.as_str()),
        ]
    );
    assert!(rows.iter().all(|r| r.org == Some(f.orgs[0])));
    assert_eq!((rows[2].at, rows[1].detail.as_str()), (NOW.plus(1), r#"{"addresses":"","expires_at":null,"hint":"swk_ab","scopes":"metrics"}"#));
    let before = hub.audit_after(0).await.unwrap();
    assert_eq!(before[0].object, "organisation alpha");
    assert_eq!((before[0].actor, before[0].hash), (Actor::default(), before[0].expected(&[0; 32])));
    assert!(before.iter().all(AuditRow::is_whole));
    assert_eq!(
        verify(&f, &[]).await.unwrap(),
        Verified { rows: 11, erased: 0, checkpoints: 0, keys: vec![], unsigned: 11, newest: None, gaps: vec![], before_first: 0 }
    );
}

on_both!(whatever_is_done_to_the_trail_is_found);
async fn whatever_is_done_to_the_trail_is_found(f: Fixture) {
    let hub = f.store.hub();
    for n in 4..=8 {
        hub.audit(entry(&f, 0, n)).await.unwrap();
        if n % 2 == 0 {
            sign_at(&f.store, n / 2 - 2).await;
        }
    }
    let kept = sign_at(&f.store, 2).await;
    assert_eq!((kept.number, kept.row, kept.is_signed()), (3, 8, true));
    let whole = Verified {
        rows: 8,
        erased: 0,
        checkpoints: 3,
        keys: vec![first(&signer())],
        unsigned: 0,
        newest: Some(NOW.plus(2 * EVERY)),
        gaps: vec![],
        before_first: 0,
    };
    assert_eq!(verify(&f, std::slice::from_ref(&kept)).await, Ok(whole.clone()));

    let mut beside = unguarded(&f).await;
    beside.run("CREATE TABLE kept_rows AS SELECT * FROM audit; CREATE TABLE kept_points AS SELECT * FROM audit_checkpoints").await;
    let cut = Fault::RolledBack { number: 3, row: 8, last: 7 };
    let done: [(&str, Fault); 25] = [
        ("UPDATE audit SET at = at + 1 WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET actor_org = NULL WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET actor_user = 99 WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET action = 'denied' WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET org_id = 2 WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET object = 'user 1' WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET detail = '{\"n\": 5}' WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET salt = (SELECT salt FROM kept_rows WHERE no = 6) WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET digest = (SELECT digest FROM kept_rows WHERE no = 6) WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET hash = (SELECT hash FROM audit WHERE no = 6) WHERE no = 5", Fault::Changed(5)),
        // The contents of another row, with all that makes them true there.
        (
            "UPDATE audit SET (actor_org, actor_user, action, org_id, object, detail, salt, digest) = \
             (SELECT k.actor_org, k.actor_user, k.action, k.org_id, k.object, k.detail, k.salt, k.digest FROM kept_rows k WHERE k.no = 6) WHERE no = 5",
            Fault::Changed(5),
        ),
        // Contents that are gone, where nothing says that they were erased; a mark, where they are not, or not all of them.
        (
            "UPDATE audit SET actor_org = NULL, actor_user = NULL, action = '', org_id = NULL, object = '', detail = '', salt = NULL WHERE no = 5",
            Fault::Changed(5),
        ),
        ("UPDATE audit SET erased = TRUE WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET salt = NULL WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET salt = NULL, erased = TRUE WHERE no = 5", Fault::Changed(5)),
        ("DELETE FROM audit WHERE no = 5", Fault::Missing(5, 5)),
        ("DELETE FROM audit WHERE no = 1", Fault::Missing(1, 1)),
        // Deleted and renumbered.
        ("DELETE FROM audit WHERE no = 7; UPDATE audit SET no = 7 WHERE no = 8", Fault::Changed(7)),
        ("UPDATE audit SET no = 0 WHERE no = 5; UPDATE audit SET no = 5 WHERE no = 6; UPDATE audit SET no = 6 WHERE no = 0", Fault::Changed(5)),
        ("DELETE FROM audit WHERE no = 8", cut),
        ("DELETE FROM audit", Fault::RolledBack { number: 1, row: 4, last: 0 }),
        ("DELETE FROM audit_checkpoints WHERE no = 1", Fault::CheckpointMissing(1)),
        ("UPDATE audit_checkpoints SET row_no = 5 WHERE no = 1", Fault::NotSigned(1)),
        ("UPDATE audit_checkpoints SET public_key = hash WHERE no = 2", Fault::NotSigned(2)),
        ("DELETE FROM audit_checkpoints WHERE no = 1; UPDATE audit_checkpoints SET no = no - 1", Fault::NotInOrder(1)),
    ];
    for (sql, fault) in done {
        beside.run(sql).await;
        assert_eq!(verify(&f, &[]).await, Err(fault), "{sql}");
        beside
            .run(
                "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept_rows; \
                 DELETE FROM audit_checkpoints; INSERT INTO audit_checkpoints SELECT * FROM kept_points",
            )
            .await;
        assert_eq!(verify(&f, &[]).await, Ok(whole.clone()));
    }

    // An old copy of the whole database has nothing in it that shows its age; a partner's checkpoint does.
    beside.run("DELETE FROM audit WHERE no > 6; DELETE FROM audit_checkpoints WHERE no > 2").await;
    assert_eq!(verify(&f, &[]).await.map(|v| v.rows), Ok(6));
    let witness = [kept.clone()];
    assert_eq!(verify(&f, &witness).await, Err(gone(&kept)));
    // And when the trail has grown past it again, too, whoever signs that.
    for n in 0..4 {
        hub.audit(entry(&f, 1, n)).await.unwrap();
    }
    assert_eq!((sign_at(&f.store, 2).await.number, verify(&f, &[]).await.map(|v| v.rows)), (3, Ok(10)));
    assert_eq!(verify(&f, &witness).await, Err(gone(&kept)));
    let forged = Checkpoint { at: NOW, ..kept };
    assert_eq!(verify(&f, &[forged]).await, Err(Fault::KeptNotSigned(NOW.rfc3339())));
    // Where nothing at all is left, too.
    beside.run("DELETE FROM audit; DELETE FROM audit_checkpoints").await;
    assert_eq!(verify(&f, &[]).await.map(|v| (v.rows, v.checkpoints)), Ok((0, 0)));
    assert_eq!(verify(&f, &witness).await, Err(gone(&witness[0])));
}

/// Erases the contents of the fifth row in place.
const ERASE: &str = "UPDATE audit SET actor_org = NULL, actor_user = NULL, action = '', org_id = NULL, object = '', detail = '', salt = NULL, erased = TRUE \
                     WHERE no = 5";

on_both!(erased_contents_leave_the_chain_as_it_was);
async fn erased_contents_leave_the_chain_as_it_was(f: Fixture) {
    let hub = f.store.hub();
    for n in 4..=7 {
        hub.audit(entry(&f, 0, n)).await.unwrap();
        sign_at(&f.store, n - 4).await;
    }
    let kept = sign_at(&f.store, 3).await;
    let before = hub.audit_after(0).await.unwrap();
    let mut beside = unguarded(&f).await;
    beside.run(ERASE).await;
    let mut after = hub.audit_after(0).await.unwrap();
    let (was, is) = (before[4].clone(), after[4].clone());
    assert!(was.object == "„5“" && is.erased && is.salt.is_none() && is.object.is_empty() && is.actor == Actor::default() && is.org.is_none(), "{is:?}");
    assert_eq!((is.no, is.at, is.digest, is.hash), (was.no, was.at, was.digest, was.hash), "its place in the chain");
    after[4] = was;
    assert_eq!(after, before, "no other row");
    let found = verify(&f, std::slice::from_ref(&kept)).await.unwrap();
    assert_eq!((found.rows, found.erased, found.checkpoints, found.unsigned), (7, 1, 4, 0), "partners' checkpoints are in it as before");
    assert!(f.store.viewer(f.viewer(0)).audit(&AuditFilter::default(), 100).await.unwrap().iter().all(|row| row.no != 5), "it concerns nobody any more");

    // A hub goes on from there.
    hub.audit(entry(&f, 1, 8)).await.unwrap();
    assert_eq!(goes_on(&f, signer(), &kept, 4).await.map(|c| c.row), Ok(8));
    assert_eq!(verify(&f, &[kept]).await.map(|v| (v.rows, v.erased)), Ok((8, 1)));
    // And what is done to an erased row is found as what is done to any other.
    beside.run("CREATE TABLE kept_rows AS SELECT * FROM audit").await;
    for (sql, fault) in [
        ("UPDATE audit SET erased = FALSE WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET object = 'user 1' WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET actor_user = 1 WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET at = at + 1 WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET digest = hash WHERE no = 5", Fault::Changed(5)),
        ("UPDATE audit SET salt = (SELECT salt FROM kept_rows WHERE no = 6) WHERE no = 5", Fault::Changed(5)),
        ("DELETE FROM audit WHERE no = 5", Fault::Missing(5, 5)),
        ("UPDATE audit SET no = 0 WHERE no = 5; UPDATE audit SET no = 5 WHERE no = 6; UPDATE audit SET no = 6 WHERE no = 0", Fault::Changed(5)),
    ] {
        beside.run(sql).await;
        assert_eq!(verify(&f, &[]).await, Err(fault), "{sql}");
        beside.run("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept_rows").await;
    }
    assert_eq!(verify(&f, &[]).await.map(|v| v.erased), Ok(1));
}

on_both!(a_digest_says_nothing_without_its_salt);
async fn a_digest_says_nothing_without_its_salt(f: Fixture) {
    let hub = f.store.hub();
    for _ in 0..3 {
        hub.audit(entry(&f, 0, 1)).await.unwrap();
    }
    let rows = hub.audit_after(3).await.unwrap();
    assert!(rows.iter().all(|row| (&row.object, row.actor, &row.detail) == (&rows[0].object, rows[0].actor, &rows[0].detail)));
    for pair in [[0, 1], [1, 2], [0, 2]] {
        let [one, other] = pair.map(|i| &rows[i]);
        assert!(one.salt.is_some() && one.salt != other.salt && one.digest != other.digest, "what is the same looks different");
        assert!(one.digest_with(&other.salt.unwrap()) == other.digest && one.digest_with(&[0; 16]) != one.digest);
    }
}

on_both!(a_checkpoint_is_made_every_five_minutes_whatever_happens);
async fn a_checkpoint_is_made_every_five_minutes_whatever_happens(f: Fixture) {
    let (hub, at) = (f.store.hub(), |micros| NOW.plus(micros));
    let due = async |now| hub.make_checkpoint(signer(), Occasion::Due, now, None).await.unwrap().expect("a checkpoint");
    let made = due(at(1)).await;
    assert_eq!((made.number, made.at, made.row), (1, NOW, 3));
    for n in 4..=6 {
        hub.audit(entry(&f, 0, n)).await.unwrap();
        assert_eq!(due(at(n)).await, made, "rows do not move it");
    }
    let other = Store::open(&Settings { url: f.database.url.clone(), readers: 1 }).await.unwrap();
    let (here, there) = (sign_at(&f.store, 1), sign_at(&other, 1));
    let (here, there) = tokio::join!(here, there);
    assert_eq!((here.number, &here), (2, &there), "one of several hubs makes it");
    other.close().await;
    let idle = due(at(2 * EVERY)).await;
    assert_eq!((idle.number, idle.row, idle.row_hash), (3, 6, here.row_hash));
    assert_ne!(idle.hash, here.hash, "no row came, and nobody sees that");
    assert_eq!(due(at(2 * EVERY - 1)).await, idle, "a clock that is behind");
    // The last words of a hub are signed in between.
    hub.audit(entry(&f, 0, 7)).await.unwrap();
    let last = hub.make_checkpoint(signer(), Occasion::Stopping, at(2 * EVERY + 1), None).await.unwrap().expect("a checkpoint");
    assert_eq!((last.number, last.at, last.row), (4, idle.at, 7));
    assert_eq!(verify(&f, &[made, here, idle, last]).await.map(|v| (v.checkpoints, v.unsigned)), Ok((4, 0)));
}

on_both!(a_trail_that_was_signed_anew_is_found);
async fn a_trail_that_was_signed_anew_is_found(f: Fixture) {
    let (hub, mine) = (f.store.hub(), Some(fingerprint(&signer().public_key())));
    for n in 4..=9 {
        hub.audit(entry(&f, 0, n)).await.unwrap();
        sign_at(&f.store, n).await;
    }
    let kept: Vec<Kept> = {
        let mut kept = vec![];
        for n in 10..13 {
            kept.push(Kept::from(&sign_at(&f.store, n).await));
        }
        kept
    };
    verify_by(&f, &Proofs { key: mine, kept: kept.clone() }).await.expect("unharmed");
    // Row 5 goes; all others are hashed anew and signed with another key.
    let rows: Vec<_> = hub.audit_after(0).await.unwrap().into_iter().filter(|row| row.no != 5).collect();
    unguarded(&f).await.run("DELETE FROM audit; DELETE FROM audit_checkpoints; DELETE FROM meta WHERE key = 'signing_key'").await;
    let forger = Arc::new(Signer::new(&[66; 32]));
    for (row, n) in rows.iter().zip(4..) {
        let (actor, detail) = (row.actor, serde_json::from_str(&row.detail).unwrap());
        hub.audit(Entry { at: row.at, actor, action: Action::Exported, org: row.org, object: row.object.clone(), detail }).await.unwrap();
        hub.make_checkpoint(Arc::clone(&forger), Occasion::Due, NOW.plus(n * EVERY), None).await.unwrap();
    }
    // To itself it is all right; a key from outside, and each of the partners' checkpoints, show it.
    assert_eq!(verify(&f, &[]).await.map(|v| v.rows), Ok(8));
    assert_eq!(verify_by(&f, &Proofs { key: mine, kept: vec![] }).await, Err(Fault::AnotherKey));
    for kept in kept {
        for signed in [kept.signed, None] {
            let found = verify_by(&f, &Proofs { key: None, kept: vec![Kept { signed, ..kept.clone() }] }).await;
            assert!(matches!(found, Err(Fault::KeptIsGone { .. })), "{found:?}");
        }
        // What some other key signed says nothing against a hub.
        let found = verify_by(&f, &Proofs { key: Some(fingerprint(&forger.public_key())), kept: vec![kept] }).await;
        assert!(matches!(found, Err(Fault::KeptForeign(_))), "{found:?}");
    }
}

/// What the hub of a checkpoint says in five minutes that come later.
async fn goes_on(f: &Fixture, signer: Arc<Signer>, from: &Checkpoint, n: i64) -> Result<Checkpoint, Fault> {
    match f.store.hub().make_checkpoint(signer, Occasion::Due, NOW.plus(n * EVERY), Some(Remembered::from(from))).await {
        Ok(made) => Ok(made.expect("a checkpoint")),
        Err(AuditError::Tampered(fault)) => Err(fault),
        Err(AuditError::Store(e)) => panic!("{e}"),
    }
}

on_both!(a_hub_signs_only_what_goes_on_from_what_it_remembers);
async fn a_hub_signs_only_what_goes_on_from_what_it_remembers(f: Fixture) {
    let hub = f.store.hub();
    for n in 0..5 {
        hub.audit(entry(&f, 0, n)).await.unwrap();
        sign_at(&f.store, n).await;
    }
    let third = hub.audit_after(0).await.unwrap().len();
    let last = sign_at(&f.store, 4).await;
    assert_eq!((third, last.number, last.row), (8, 5, 8));
    assert_eq!(goes_on(&f, signer(), &last, 4).await.as_ref(), Ok(&last), "as long as it serves");
    let mut beside = unguarded(&f).await;
    beside.run("CREATE TABLE kept_rows AS SELECT * FROM audit; CREATE TABLE kept_points AS SELECT * FROM audit_checkpoints").await;
    let whole = "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept_rows; \
        DELETE FROM audit_checkpoints; INSERT INTO audit_checkpoints SELECT * FROM kept_points";
    for (sql, fault) in [
        // The whole trail begins anew, or only its last checkpoints go, with a row that they had signed.
        ("DELETE FROM audit_checkpoints", Fault::Forgotten(5)),
        ("DELETE FROM audit_checkpoints WHERE no > 3; DELETE FROM audit WHERE no > 7", Fault::Forgotten(5)),
        ("UPDATE audit_checkpoints SET hash = (SELECT hash FROM audit WHERE no = 1) WHERE no = 5", Fault::Forgotten(5)),
        ("UPDATE audit_checkpoints SET row_no = 7 WHERE no = 5", Fault::Forgotten(5)),
        ("DELETE FROM audit WHERE no = 8", Fault::MadeAnew { number: 5, row: 8 }),
        ("UPDATE audit SET hash = (SELECT hash FROM audit WHERE no = 7) WHERE no = 8", Fault::MadeAnew { number: 5, row: 8 }),
    ] {
        beside.run(sql).await;
        for n in [4, 6] {
            assert_eq!(goes_on(&f, signer(), &last, n).await, Err(fault.clone()), "{sql}");
        }
        beside.run(whole).await;
    }
    // What came since is looked at, too: a row that does not follow, and a checkpoint by another key.
    hub.audit(entry(&f, 1, 9)).await.unwrap();
    beside.run("UPDATE audit SET object = 'user 1' WHERE no = 9").await;
    assert_eq!(goes_on(&f, signer(), &last, 6).await, Err(Fault::Changed(9)));
    beside.run(whole).await;
    hub.make_checkpoint(Arc::new(Signer::new(&[66; 32])), Occasion::Due, NOW.plus(6 * EVERY), None).await.unwrap();
    assert_eq!(goes_on(&f, signer(), &last, 6).await, Err(Fault::KeyReplaced { row: 8 }));
    beside.run(whole).await;
    // Another hub's with the same key is as good as the own one; after a while of silence, too.
    let other = sign_at(&f.store, 6).await;
    assert_eq!(goes_on(&f, signer(), &last, 6).await.as_ref(), Ok(&other));
    hub.audit(entry(&f, 0, 10)).await.unwrap();
    assert_eq!(goes_on(&f, signer(), &last, 60).await.map(|c| (c.number, c.row)), Ok((7, 9)));
    // And so is one by a key that took over.
    assert!(hub.take_signing_key(&signer()).await.unwrap());
    assert!(hub.rotate_signing_key(Some(Signer::new(&[7; 32])), Signer::new(&[8; 32]), NOW.plus(60 * EVERY)).await.unwrap());
    assert_eq!(goes_on(&f, Arc::new(Signer::new(&[8; 32])), &last, 61).await.map(|c| c.number), Ok(9));
    let found = verify(&f, &[]).await.unwrap();
    assert_eq!(found.gaps, [(NOW.plus(4 * EVERY), NOW.plus(6 * EVERY)), (NOW.plus(6 * EVERY), NOW.plus(60 * EVERY))]);
}

on_both!(rows_that_were_old_when_they_were_signed_first_are_counted);
async fn rows_that_were_old_when_they_were_signed_first_are_counted(f: Fixture) {
    sign_at(&f.store, 3).await;
    f.store.hub().audit(entry(&f, 0, 1)).await.unwrap();
    sign_at(&f.store, 4).await;
    assert_eq!(verify(&f, &[]).await.map(|v| (v.rows, v.before_first)), Ok((4, 3)));
}

on_both!(a_key_takes_over_only_where_the_one_before_says_so);
async fn a_key_takes_over_only_where_the_one_before_says_so(f: Fixture) {
    let hub = f.store.hub();
    let key = |n: u8| Signer::new(&[n; 32]);
    let outside = |n: u8| Proofs { key: Some(fingerprint(&key(n).public_key())), kept: vec![] };
    let old = sign_at(&f.store, 0).await;
    assert!(hub.take_signing_key(&key(7)).await.unwrap() && !hub.take_signing_key(&key(8)).await.unwrap());
    assert!(!hub.rotate_signing_key(Some(key(9)), key(8), NOW).await.unwrap(), "not the one that signs");
    assert!(hub.rotate_signing_key(Some(key(7)), key(8), NOW.plus(1)).await.unwrap());
    let stale = sign_at(&f.store, 1).await;
    assert_eq!((stale.number, stale.public_key), (2, key(8).public_key()), "the old one signs no more");
    hub.make_checkpoint(Arc::new(key(8)), Occasion::Due, NOW.plus(EVERY), None).await.unwrap();
    let second = KeyUse { public_key: key(8).public_key(), since: NOW.plus(1), vouched: Vouched::ByTheOneBefore };
    for proofs in [Proofs::default(), outside(7), outside(8), Proofs { kept: vec![Kept::from(&old)], ..outside(8) }] {
        assert_eq!(verify_by(&f, &proofs).await.map(|v| v.keys), Ok(vec![first(&signer()), second.clone()]));
    }
    // A lost key says nothing about the next one, so only who was told of that believes it.
    assert!(hub.rotate_signing_key(None, key(9), NOW.plus(2)).await.unwrap());
    for proofs in [Proofs::default(), outside(7), outside(8)] {
        assert_eq!(verify_by(&f, &proofs).await, Err(Fault::KeyReplaced { row: 4 }));
    }
    let third = KeyUse { public_key: key(9).public_key(), since: NOW.plus(2), vouched: Vouched::Later };
    assert_eq!(verify_by(&f, &outside(9)).await.map(|v| v.keys), Ok(vec![first(&signer()), second, third]));
    assert_eq!(verify_by(&f, &outside(6)).await, Err(Fault::AnotherKey));
}

on_both!(two_programs_at_once_keep_one_chain);
async fn two_programs_at_once_keep_one_chain(f: Fixture) {
    let second = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
    let f = &f;
    let writes = (0..100_i64).map(|n| {
        let store = if n % 2 == 0 { &f.store } else { &second };
        async move {
            store.hub().audit(entry(f, (n % 3) as usize, n)).await.unwrap();
            if n % 10 == 0 {
                sign_at(store, n / 10).await;
            }
        }
    });
    futures_util::future::join_all(writes).await;
    sign_at(&second, 10).await;
    let verified = verify(f, &[]).await.unwrap();
    assert_eq!((verified.rows, verified.unsigned), (103, 0));
    second.close().await;
}

on_both!(a_trail_longer_than_one_reading_is_walked_to_its_end);
async fn a_trail_longer_than_one_reading_is_walked_to_its_end(f: Fixture) {
    let f = &f;
    futures_util::future::join_all((0..1_000).map(|n| async move { f.store.hub().audit(entry(f, 0, n)).await.unwrap() })).await;
    for n in 0..1_000 {
        f.store.hub().audit(entry(f, 0, n)).await.unwrap();
    }
    assert_eq!(verify(f, &[]).await.map(|v| v.rows), Ok(2_003));
    unguarded(f).await.run("UPDATE audit SET detail = '{}' WHERE no = 1999").await;
    assert_eq!(verify(f, &[]).await, Err(Fault::Changed(1_999)));
}

on_both!(a_viewer_reads_what_concerns_his_organisation);
async fn a_viewer_reads_what_concerns_his_organisation(f: Fixture) {
    for n in 0..6 {
        f.store.hub().audit(entry(&f, (n % 2) as usize, n)).await.unwrap();
    }
    let reads = f.store.viewer(f.viewer(1));
    let rows = reads.audit(&AuditFilter::default(), 100).await.unwrap();
    let said: Vec<_> = rows.iter().map(|r| (r.no, r.object.as_str())).collect();
    assert_eq!(said, [(9, "„5“"), (7, "„3“"), (5, "„1“"), (2, "organisation beta")]);
    assert_eq!(reads.audit(&AuditFilter { before: Some(7), ..AuditFilter::default() }, 100).await.unwrap().iter().map(|r| r.no).collect::<Vec<_>>(), [5, 2]);
    assert!(rows.iter().all(|r| r.org == Some(f.orgs[1]) && r.at == NOW));
    // The database knows no other way either.
    sign_at(&f.store, 0).await;
    for sql in ["UPDATE audit SET at = 0", "DELETE FROM audit", "UPDATE audit_checkpoints SET at = 0", "DELETE FROM audit_checkpoints"] {
        assert!(Beside::open(&f).await.refuses(sql).await, "{sql}");
    }
    assert_eq!(verify(&f, &[]).await.map(|v| v.rows), Ok(9));
}

on_both!(whatever_changes_who_sees_what_has_its_row);
async fn whatever_changes_who_sees_what_has_its_row(f: Fixture) {
    let (owner, partner) = (f.orgs[0], f.orgs[1]);
    let (admin, second) = (Actor { org: Some(owner), user: Some(41) }, Actor { org: Some(owner), user: Some(42) });
    let hub = f.store.hub().by(admin);
    let begin = f.store.hub().audit_after(0).await.unwrap().last().map_or(0, |row| row.no);
    let rule = (DataClass::Incidents, Audience::Organisation(partner));
    hub.set_sharing_defaults(levels(&[(DataClass::Posture, Level::Summary)]), NOW).await.unwrap();
    hub.set_rule(owner, rule.0, rule.1, Some(Level::None), NOW).await.unwrap();
    let people = [("c@b.example", 43), ("d@b.example", 44)];
    let mut ids = Vec::new();
    for (email, _) in people {
        ids.push(f.store.hub().add_user(owner, email.into(), "C".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap());
    }
    assert!(hub.change_rule(owner, rule.0, rule.1, Some(Level::Detail), ids[0], NOW).await.unwrap(), "it waits");
    let waiting = f.store.hub().proposals(owner, NOW).await.unwrap();
    f.store.hub().by(second).approve_rule(waiting[0].id, owner, ids[1], NOW).await.unwrap();
    hub.propose_rule(owner, DataClass::Events, Audience::Everyone, Some(Level::Detail), ids[0], NOW).await.unwrap();
    let waiting = f.store.hub().proposals(owner, NOW).await.unwrap();
    hub.drop_proposal(waiting[0].id, owner, NOW).await.unwrap();
    let group = hub.add_group(owner, "Ports".into(), true, NOW).await.unwrap();
    assert!(!hub.propose_member(owner, group, owner, ids[0], NOW).await.unwrap(), "a member");
    assert!(!hub.propose_member(partner, group, f.orgs[2], ids[0], NOW).await.unwrap(), "no member invites");
    for last in [false, true] {
        assert!(hub.propose_member(owner, group, partner, ids[0], NOW).await.unwrap());
        let waiting = f.store.hub().group_proposals(owner, NOW).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].invited), (1, Some(partner)));
        if last {
            assert_eq!(hub.approve_member(waiting[0].id, owner, ids[0], NOW).await.unwrap(), Approval::Own);
            assert_eq!(hub.approve_member(waiting[0].id, partner, ids[1], NOW).await.unwrap(), Approval::Gone);
            assert_eq!(hub.approve_member(waiting[0].id, owner, ids[1], NOW.plus(8 * DAY)).await.unwrap(), Approval::Gone);
            assert_eq!(f.store.hub().by(second).approve_member(waiting[0].id, owner, ids[1], NOW).await.unwrap(), Approval::Done);
        } else {
            hub.drop_group_proposal(waiting[0].id, partner, NOW).await.unwrap();
            hub.drop_group_proposal(waiting[0].id, owner, NOW).await.unwrap();
        }
        assert_eq!(f.store.hub().group_proposals(owner, NOW).await.unwrap(), []);
    }
    let theirs = f.store.hub().by(Actor { org: Some(partner), user: Some(50) });
    theirs.join(group, partner, NOW).await.unwrap();
    theirs.leave(group, partner, NOW).await.unwrap();
    theirs.leave(group, partner, NOW).await.unwrap();
    let rows = f.store.hub().audit_after(begin).await.unwrap();
    let said: Vec<(&str, Option<i64>)> = rows.iter().filter(|r| r.action != "user.added").map(|r| (r.action.as_str(), r.actor.user)).collect();
    let expected = [
        ("sharing.defaults_set", 41),
        ("sharing.rule_set", 41),
        ("sharing.rule_proposed", 41),
        ("sharing.rule_set", 42),
        ("sharing.rule_proposed", 41),
        ("sharing.rule_dropped", 41),
        ("group.made", 41),
        ("group.proposed", 41),
        ("group.proposal_dropped", 41),
        ("group.proposed", 41),
        ("group.invited", 42),
        ("group.invited", 42),
        ("group.joined", 50),
        ("group.left", 50),
    ];
    assert_eq!(said, expected.map(|(action, user)| (action, Some(user))));
    assert!(rows.iter().any(|r| r.object.starts_with("incidents for organisation") && r.detail.contains("detail")));
    verify(&f, &[]).await.expect("an unharmed trail");
}
