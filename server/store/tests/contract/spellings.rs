//! One spelling for indicators that came before each had one, and networks with what is in them.

use super::support::{Beside, Fixture, NOW, indicator};
use domain::{
    HOUR, Tlp,
    indicator::{self, IndicatorType},
};
use store::{IndicatorFilter, IndicatorItem, Items, Search, Settings, Spellings, Store};

fn of(kind: IndicatorType, value: &str) -> IndicatorItem {
    IndicatorItem { kind, ..indicator(value, Tlp::Green, &[]) }
}

on_both!(networks_are_shown_with_what_is_in_them);
async fn networks_are_shown_with_what_is_in_them(f: Fixture) {
    let ip = |value: &str| of(IndicatorType::Ipv4Addr, value);
    f.send(0, Items::Indicators(vec![ip("192.0.2.0/24"), ip("192.0.2.0/25"), of(IndicatorType::Ipv6Addr, "2001:db8::/32")])).await;
    let red = IndicatorItem { tlp: Tlp::Red, ..ip("192.0.2.9") };
    let (over, six) = (IndicatorItem { valid_until: Some(NOW.plus(-HOUR)), ..ip("192.0.2.8") }, of(IndicatorType::Ipv6Addr, "2001:db8::7"));
    f.send(1, Items::Indicators(vec![ip("192.0.2.7"), ip("192.0.2.0"), ip("192.0.3.7"), red, over, six])).await;
    let shown = async |org: usize, kind: &str, value: &str| {
        let mut rows: Vec<String> =
            f.store.viewer(f.viewer(org)).networks(kind, value).await.unwrap().into_iter().map(|row| row.value + if row.within { " in" } else { "" }).collect();
        rows.sort();
        rows
    };
    assert_eq!(shown(2, "ipv4-addr", "192.0.2.7").await, ["192.0.2.0/24", "192.0.2.0/25"]);
    assert_eq!(shown(2, "ipv4-addr", "192.0.2.0/24").await, ["192.0.2.0 in", "192.0.2.0/25 in", "192.0.2.7 in"], "what is shared and in force");
    assert_eq!(shown(2, "ipv4-addr", "192.0.2.0/25").await, ["192.0.2.0 in", "192.0.2.0/24", "192.0.2.7 in"]);
    assert_eq!(shown(1, "ipv4-addr", "192.0.2.0/24").await.len(), 4, "its own, too");
    assert_eq!(shown(2, "ipv6-addr", "2001:db8::/32").await, ["2001:db8::7 in"]);
    assert_eq!(shown(2, "ipv6-addr", "2001:db8::7").await, ["2001:db8::/32"]);
    assert!(shown(2, "ipv4-addr", "192.0.3.7").await.is_empty() && shown(2, "domain-name", "a.example").await.is_empty());
}

on_both!(a_network_is_looked_for_with_what_is_in_it_and_around_it);
async fn a_network_is_looked_for_with_what_is_in_it_and_around_it(f: Fixture) {
    let ip = |value: &str| of(IndicatorType::Ipv4Addr, value);
    let six = |value: &str| of(IndicatorType::Ipv6Addr, value);
    f.send(0, Items::Indicators(vec![ip("192.0.0.0/16"), ip("192.0.2.0/24"), ip("192.0.2.128/25"), ip("192.0.3.0/24"), six("2001:db8::/32")])).await;
    let red = IndicatorItem { tlp: Tlp::Red, ..ip("192.0.2.9") };
    // The digits of its place begin as those of the IPv4 network do.
    f.send(1, Items::Indicators(vec![ip("192.0.2.0"), ip("192.0.2.255"), ip("192.0.3.0"), ip("192.0.1.255"), red, six("c000:200::7"), six("2001:db8::7")]))
        .await;
    let reads = f.store.viewer(f.viewer(2));
    let spelled = |word: &str| {
        let typed = indicator::typed(word);
        let whole = typed.values.into_iter().map(|one| one.value).chain(typed.around).collect();
        Spellings { parts: vec![typed.part], whole, within: typed.within }
    };
    let found = async |typed: &str| {
        let filter = IndicatorFilter { week: NOW, day: NOW, words: Search::new(typed, spelled, []), ..IndicatorFilter::default() };
        let page = reads.indicators(&filter).await.unwrap();
        assert_eq!((page.total, reads.indicator_ids(&filter).await.unwrap().len()), (page.rows.len() as u64, page.rows.len()), "{typed}");
        let mut values: Vec<String> = page.rows.into_iter().map(|row| row.observed.to_string()).collect();
        values.sort();
        values
    };
    assert_eq!(found("192.0.2.0/24").await, ["192.0.0.0/16", "192.0.2.0", "192.0.2.0/24", "192.0.2.128/25", "192.0.2.255"]);
    assert_eq!(found("192.0.2.77/255.255.255.128").await, ["192.0.0.0/16", "192.0.2.0", "192.0.2.0/24"]);
    assert_eq!(found("192.0.2.255").await, ["192.0.0.0/16", "192.0.2.0/24", "192.0.2.128/25", "192.0.2.255"]);
    assert_eq!(found("2001:db8::/48").await, ["2001:db8::/32", "2001:db8::7"]);
    assert_eq!(found("0.0.0.0/0").await.len(), 8, "every shared address and network of its version");
    assert!(found("198.51.100.0/24").await.is_empty());
}

on_both!(what_came_before_there_was_one_spelling_gets_it);
async fn what_came_before_there_was_one_spelling_gets_it(f: Fixture) {
    let name = |value: &str| of(IndicatorType::DomainName, value);
    let early = IndicatorItem { first_seen: NOW.plus(-HOUR), ..name("login[.]evil.example") };
    f.send(0, Items::Indicators(vec![early, name("login.evil.example"), name("a, b")])).await;
    f.send(
        1,
        Items::Indicators(vec![
            of(IndicatorType::Url, "http://evil.example"),
            of(IndicatorType::Ipv6Addr, "::ffff:192.0.2.7"),
            of(IndicatorType::Ipv4Addr, "192.0.2.0/24"),
        ]),
    )
    .await;
    let mut beside = Beside::open(&f).await;
    if f.database.url.starts_with("postgres") {
        beside.run("SET shieldwall.scope = 'hub'").await;
    }
    beside.run("UPDATE indicators SET address = NULL").await;
    let store = Store::open(&Settings { url: f.database.url.clone(), readers: 1 }).await.unwrap();
    let all = IndicatorFilter { week: NOW, day: NOW, ..IndicatorFilter::default() };
    let listed = async || store.viewer(f.viewer(2)).indicators(&all).await.unwrap();
    let mut rows: Vec<(String, String)> = listed().await.rows.into_iter().map(|row| (row.kind, row.observed.to_string())).collect();
    rows.sort();
    let now = [
        ("domain-name", "a, b"),
        ("domain-name", "login.evil.example"),
        ("ipv4-addr", "192.0.2.0/24"),
        ("ipv4-addr", "192.0.2.7"),
        ("url", "http://evil.example/"),
    ];
    assert_eq!(rows, now.map(|(kind, value)| (kind.to_owned(), value.to_owned())), "what is no domain name stays as it was sent");
    let one = listed().await.rows.into_iter().find(|row| row.observed.to_string() == "login.evil.example").unwrap();
    assert_eq!((one.first_seen, one.reporters), (NOW.plus(-HOUR), 1));
    assert_eq!(beside.number("SELECT CAST(sum(n) AS BIGINT) FROM indicator_totals").await, 5);
    assert_eq!(beside.number("SELECT count(*) FROM indicators WHERE address IS NULL").await, 0);
    // Their digests are those of the new spelling.
    f.send(2, Items::Indicators(vec![of(IndicatorType::Url, "http://evil.example/"), of(IndicatorType::Ipv4Addr, "192.0.2.7")])).await;
    assert_eq!(listed().await.rows.iter().filter(|row| row.reporters == 2).count(), 4);
    assert_eq!(store.viewer(f.viewer(2)).networks("ipv4-addr", "192.0.2.0/24").await.unwrap().len(), 2, "the same address of two");
    store.close().await;
}
