//! Two nodes on one PostgreSQL are one hub: what one of them takes, shows or ends, the other one does.

use crate::{
    hub::{Hub, client},
    people::{self, Stream},
};
use domain::Role;
use reqwest::Response;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};
use testing::{Database, Kind};

/// How long it may take until everybody knows.
const CONVERGED: Duration = Duration::from_secs(6);
/// How long a revocation may take.
const REVOKED: Duration = Duration::from_secs(5);

/// Two nodes that run, Ana's cookie, from the first, and their database, which goes when dropped.
async fn two_nodes(role: Role) -> ([Hub; 2], String, Database) {
    let database = tokio::task::spawn_blocking(|| Database::empty(Kind::Postgres)).await.expect("a database");
    let first = Hub::prepare_at(database.url.clone(), 8).await;
    people::add(&first, role).await;
    let mut nodes = [first.another(), first];
    nodes.reverse();
    for node in &mut nodes {
        node.start().await;
    }
    let cookie = people::sign_in(&nodes[0]).await;
    (nodes, cookie, database)
}

async fn push(hub: &Hub, key: &str, name: &str, idempotency: &str) -> reqwest::Result<Response> {
    let request = client().post(hub.url("/api/v1/incidents")).bearer_auth(key).header("idempotency-key", idempotency);
    request.json(&json!({ "items": [{ "external_id": name, "title": format!("Title of {name}"), "severity": "low", "tlp": "GREEN" }] })).send().await
}

/// Pushes until it is acknowledged.
async fn pushed(hub: &Hub, key: &str, name: &str) {
    let end = Instant::now() + CONVERGED;
    while !push(hub, key, name, name).await.is_ok_and(|answer| answer.status() == 200) {
        assert!(Instant::now() < end, "{name} is not acknowledged");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ends connections of the nodes, on the database's side; returns how many.
async fn cut(database: &str, which: &'static str) -> usize {
    let mut conn = PgConnection::connect(database).await.expect("a connection beside");
    let cut: Vec<bool> = sqlx::query_scalar(which).fetch_all(&mut conn).await.expect("they are cut");
    cut.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_takes_the_others_pages_learn_whatever_is_killed() {
    const LISTENERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    const EVERYBODY: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let (mut nodes, cookie, _database) = two_nodes(Role::Analyst).await;
    let mut stream = Stream::open(&nodes[1], &cookie).await;
    let partners = nodes[0].partners.clone();
    let mut took = Vec::new();
    for round in 0..16 {
        let (org, name) = (round % partners.len(), format!("round-{round}"));
        match round % 4 {
            1 => assert!(cut(&nodes[0].database, LISTENERS).await > 0, "there was nobody to cut"),
            2 => assert!(cut(&nodes[0].database, EVERYBODY).await > 2, "there was nobody to cut"),
            _ => {}
        }
        pushed(&nodes[0], &partners[org].key, &name).await;
        if round % 4 == 3 {
            nodes[0].kill().await;
        }
        took.push(stream.until(&format!("incidents:org-{org}"), CONVERGED).await);
        assert!(people::page(&nodes[1], "/csv/incidents", &cookie).await.contains(&name), "{name} was told and is not shown");
        nodes[0].start_again().await;
    }
    people::see_the_same(&nodes, &cookie).await;
    eprintln!("push at one node to event at the other: {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_in_at_one_node_is_signed_in_at_the_other_until_he_signs_out_at_either() {
    let (nodes, cookie, _database) = two_nodes(Role::Analyst).await;
    let stream = Stream::open(&nodes[1], &cookie).await;
    assert!(people::page(&nodes[1], "/orgs", &cookie).await.contains("Organisation 0"));
    let out = people::form(&nodes[0], "/auth/signout", &cookie, &[]).await;
    assert_eq!(out.status(), 303);
    let after = client().get(nodes[1].url("/csv/orgs")).header("cookie", &cookie).send().await.expect("an answer");
    assert_ne!(after.status(), 200, "signed out at one node, and still in at the other");
    tokio::time::timeout(REVOKED, stream.ended()).await.expect("the other node's streams end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_one_node_has_answered_the_other_answers_from_memory() {
    let (nodes, _, _database) = two_nodes(Role::Analyst).await;
    let key = &nodes[0].partners[0].key;
    let [first, second] = [push(&nodes[0], key, "a", "k").await, push(&nodes[1], key, "a", "k").await].map(|a| a.expect("an answer"));
    assert_eq!((first.status(), second.status()), (reqwest::StatusCode::OK, reqwest::StatusCode::OK));
    assert!(!first.headers().contains_key("idempotency-replayed") && second.headers().contains_key("idempotency-replayed"));
    let (first, second): (Value, Value) = (first.json().await.expect("a receipt"), second.json().await.expect("a receipt"));
    assert_eq!(first, second);
    assert_eq!(push(&nodes[1], key, "b", "k").await.expect("an answer").status(), 422, "the key belongs to another content");
}

/// Both at once: one of them applies it, the other one says the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_both_nodes_get_at_once_is_applied_once() {
    let (nodes, _, _database) = two_nodes(Role::Analyst).await;
    for round in 0..50 {
        let (key, name) = (&nodes[0].partners[round % 8].key, format!("both-{round}"));
        let (one, other) = tokio::join!(push(&nodes[0], key, &name, &name), push(&nodes[1], key, &name, &name));
        let [one, other] = [one, other].map(|a| a.expect("an answer"));
        assert_eq!((one.status(), other.status()), (reqwest::StatusCode::OK, reqwest::StatusCode::OK), "{name}");
        let replayed = [&one, &other].iter().filter(|a| a.headers().contains_key("idempotency-replayed")).count();
        assert_eq!(replayed, 1, "{name} was applied by one");
        let (one, other): (Value, Value) = (one.json().await.expect("a receipt"), other.json().await.expect("a receipt"));
        assert_eq!(one, other);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_revoked_at_one_node_is_refused_at_the_other() {
    let (nodes, cookie, _database) = two_nodes(Role::OrgAdmin).await;
    let key = &nodes[0].partners[0].key;
    // Both have it in mind.
    for (node, name) in nodes.iter().zip(["a", "b"]) {
        pushed(node, key, name).await;
    }
    let done = people::form(&nodes[0], "/connect/revoke", &cookie, &[("name", "key-0")]).await;
    assert_eq!((done.status().as_u16(), done.headers()["location"].to_str().expect("text")), (303, "/connect"));
    let end = Instant::now() + REVOKED;
    let refused = loop {
        let answer = push(&nodes[1], key, "c", "c").await.expect("an answer");
        if answer.status() != 200 {
            break answer;
        }
        assert!(Instant::now() < end, "a revoked key goes on at the other node");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(refused.status(), 401);
}
