//! The yardstick for pushes: an axum handler in this program that parses the same body, checks nothing and keeps nothing.

use crate::{
    body::{ITEMS, Push},
    load::{self, Busy, Client, Figures},
};
use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use serde::Deserialize;
use server::{auth::keys, policy::default_policy};
use std::{borrow::Cow, collections::BTreeMap, net::Ipv4Addr, time::Duration};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    metric: Cow<'a, str>,
    value: f64,
    #[serde(borrow)]
    observed_at: Cow<'a, str>,
    #[serde(borrow, default)]
    labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

async fn parse(body: Bytes) -> Result<String, StatusCode> {
    let batch: Batch<'_> = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    // Everything is looked at, so that nothing of the parsing can be left out.
    let sum: f64 = batch.items.iter().map(|i| i.value + (i.metric.len() + i.observed_at.len() + i.labels.len()) as f64).sum();
    Ok(sum.to_string())
}

/// Measures it, load generator included.
pub async fn run(clients: usize, period: Duration) -> anyhow::Result<Figures> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(async move { axum::serve(listener, Router::new().route("/parse", post(parse))).await });
    let policy = default_policy();
    let key = "k".repeat(keys::LENGTH);
    let clients =
        (0..clients).map(|n| Client { address, push: Push::new(&policy, &address.to_string(), "/parse", n, ITEMS), keys: vec![key.clone()], number: n as i64 });
    let figures = load::drive(clients.collect(), period, Busy::default).await;
    serving.abort();
    figures
}
