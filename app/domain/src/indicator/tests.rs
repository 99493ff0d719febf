use super::*;
use proptest::prelude::*;

fn canon(kind: IndicatorType, sent: &str) -> String {
    kind.canonical(sent).unwrap_or_else(|wrong| panic!("{sent:?}: {wrong}")).value
}

/// Every spelling of a row is the first of it.
fn one(kind: IndicatorType, spellings: &[&str]) {
    for sent in spellings {
        assert_eq!(canon(kind, sent), spellings[0], "{sent:?}");
    }
}

#[test]
fn domains() {
    let kind = IndicatorType::DomainName;
    one(
        kind,
        &[
            "login.evil.example",
            "Login.Evil.EXAMPLE.",
            "login[.]evil[.]example",
            "login(.)evil{dot}example",
            "login dot evil dot example",
            " login.evil.example\u{200b}",
            "\u{202a}login.evil.example\u{202c}",
            "login.ev\u{ad}il.example",
            "login.evil.example:8443",
            "login。evil．example",
            "ｌｏｇｉｎ.evil.example",
        ],
    );
    one(kind, &["xn--bcher-kva.example", "bücher.example", "BÜCHER.example", "bu\u{308}cher.example", "XN--BCHER-KVA.example"]);
    one(kind, &["xn--strae-oqa.example", "straße.example"]);
    one(kind, &["_dmarc.evil.example"]);
    for bad in [
        "a.example, b.example",
        "a.example b.example",
        "\"evil.example\"",
        "'evil.example'",
        "http://evil.example/",
        "evil.example/path",
        "user@evil.example",
        "192.0.2.1",
        "192.0.2.1:80",
        "[2001:db8::1]",
        "2001:db8::1",
        "evil",
        "evil..example",
        ".evil.example",
        "*.evil.example",
        "-evil.example",
        "xn--a.example",
        "evil.example:99999",
        "evil.example\nother.example",
        "1.2.3",
        "evil.\u{200d}example",
        "\u{200b}",
        "",
    ] {
        assert!(kind.canonical(bad).is_err(), "{bad:?}");
    }
    assert!(kind.canonical("a.example; b.example").unwrap_err().starts_with("holds several values"));
}

#[test]
fn addresses_and_networks() {
    let four = IndicatorType::Ipv4Addr;
    one(four, &["192.0.2.7", "192[.]0[.]2[.]7", "192.0.2[.]7", "192.0.2.7/32", "192.0.2.7:443", "192.0.2.7|443", "::ffff:192.0.2.7", "[::ffff:c000:207]:80"]);
    one(four, &["192.0.2.0/24", "192.0.2.77/24", "192[.]0[.]2[.]0/24", "192.0.2.0/255.255.255.0", "::ffff:192.0.2.0/120"]);
    one(four, &["0.0.0.0/0"]);
    let six = IndicatorType::Ipv6Addr;
    one(six, &["2001:db8::1", "2001:DB8:0:0::1", "[2001:db8::1]", "[2001:db8::1]:443", "2001:db8::1/128", "2001[:]db8[::]1", "2001:db8::1|443"]);
    one(six, &["2001:db8::/32", "2001:db8:1::7/32"]);
    assert_eq!(six.canonical("::FFFF:192.0.2.7").unwrap(), Canonical { kind: four, value: "192.0.2.7".into() }, "it is an IPv4 address");
    assert_eq!(six.canonical("[::]").unwrap().value, "::");
    assert!(four.canonical("2001:db8::1").unwrap_err().contains("ipv6-addr"));
    assert!(six.canonical("192.0.2.1").unwrap_err().contains("ipv4-addr"));
    assert!(four.canonical("192.000.002.001").unwrap_err().contains("leading zeros"));
    for bad in [
        "192.0.2.256",
        "192.0.2.1, 192.0.2.2",
        "192.0.2.1-192.0.2.9",
        "192.0.2.0/33",
        "192.0.2.0/",
        "192.0.2.0/-1",
        "192.0.2.0/24:80",
        "evil.example",
        "192.0.2.1:0",
        "\"192.0.2.1\"",
        "192.0.2.0/255.0.255.0",
    ] {
        assert!(four.canonical(bad).is_err(), "{bad:?}");
    }
    for bad in ["2001:db8::/129", "fe80::1%eth0", "2001:db8::1 2001:db8::2", "::ffff:0:0/90"] {
        assert!(six.canonical(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn networks_hold_addresses() {
    assert_eq!(networks_around("192.0.2.7")[..2], ["192.0.2.6/31".to_owned(), "192.0.2.4/30".to_owned()]);
    assert_eq!(networks_around("192.0.2.0/24").len(), 24);
    assert_eq!(networks_around("2001:db8::1").len(), 128);
    assert!(networks_around("evil.example").is_empty());
    assert_eq!(span("192.0.2.0/24"), Some(("c0000200".into(), "c00002ff".into())));
    assert_eq!(span("192.0.2.7"), Some(("c0000207".into(), "c0000207".into())));
    assert_eq!(span("0.0.0.0/0"), Some(("00000000".into(), "ffffffff".into())));
    assert_eq!(span("2001:db8::/32").unwrap().1, "20010db8ffffffffffffffffffffffff");
    assert_eq!(span("evil.example"), None);
}

#[test]
fn urls() {
    let kind = IndicatorType::Url;
    one(
        kind,
        &[
            "http://evil.example/",
            "http://evil.example",
            "http://evil.example:80/",
            "http://evil.example./",
            "HTTP://EVIL.example",
            "hxxp://evil[.]example",
            "hXXp[:]//evil.example/",
            "http[://]evil.example",
            "http:\\\\evil.example\\",
            "http://evil.example/./",
            "http://evil.example/a/..",
            "http://evil.example/%2e",
        ],
    );
    one(kind, &["https://login.evil.example/a", "hxxps://login.evil.example/a", "https://login.evil.example:443/a", "https://login.evil.example/b/../a"]);
    one(kind, &["http://evil.example/~a/%C3%A9?q=%7B1%7D", "http://evil.example/%7ea/%c3%a9?q={1}", "http://evil.example/%7Ea/é?q=%7b1%7d"]);
    one(kind, &["http://evil.example/A?b=C#D", "http://Evil.example/A?b=C#D", "http://evil.example/A?b=%43#D"]);
    one(kind, &["http://xn--bcher-kva.example/", "http://bücher.example", "http://b%C3%BCcher.example/"]);
    one(kind, &["http://192.0.2.7/", "http://192[.]0[.]2[.]7/", "http://3221225991/", "http://0xc0.0.2.7/", "http://[::ffff:192.0.2.7]/"]);
    one(kind, &["http://[2001:db8::1]:8080/", "http://[2001:DB8:0::1]:8080"]);
    one(kind, &["tcp://evil.example:443/", "tcp://Evil.example:443"]);
    one(kind, &["http://user:pass@evil.example/", "http://user:pass@EVIL.example"]);
    one(kind, &["http://evil.example/a%20b", "http://evil.example/a b"]);
    assert_ne!(canon(kind, "http://evil.example/a%2Fb"), canon(kind, "http://evil.example/a/b"), "an encoded slash parts no path");
    for bad in [
        "evil.example/a",
        "http://",
        "http:///a",
        "http://a.example, http://b.example",
        "http://a.example/x http://b.example/y",
        "http://a.example/x;hxxp://b[.]example/y",
        "http://a.example,b.example/",
        "http://evil.example:99999/",
        "http://ev il.example/",
        "\"http://evil.example/\"",
        "http://a.example/\nhttp://b.example/",
        "http://-evil.example/",
        "http://256.0.0.1/",
        "mailto:a@evil.example",
    ] {
        assert!(kind.canonical(bad).is_err(), "{bad:?} is {:?}", kind.canonical(bad));
    }
}

#[test]
fn e_mail_addresses() {
    let kind = IndicatorType::EmailAddr;
    one(
        kind,
        &[
            "Mallory@evil.example",
            "Mallory@EVIL.Example",
            "mailto:Mallory@evil.example",
            "MAILTO:Mallory@evil.example?subject=x",
            "<Mallory@evil.example>",
            "Mallory[at]evil[dot]example",
            "Mallory[@]evil[.]example",
            "Mallory at evil dot example",
            "Mallory@evil.example.",
        ],
    );
    one(kind, &["a+b@xn--bcher-kva.example", "a+b@bücher.example"]);
    one(kind, &["a@[192.0.2.7]"]);
    for bad in [
        "Mallory <m@evil.example>",
        "\"Mallory\" <m@evil.example>",
        "\"m\"@evil.example",
        "m@evil.example, n@evil.example",
        "m@evil.example;n@evil.example",
        "m@evil",
        "@evil.example",
        "m.evil.example",
        "m@n@evil.example",
    ] {
        assert!(kind.canonical(bad).is_err(), "{bad:?}");
    }
    assert!(kind.canonical("Mallory <m@evil.example>").unwrap_err().contains("without a name"));
    assert!(kind.canonical("m@evil.example n@evil.example").unwrap_err().starts_with("holds several values"));
}

#[test]
fn hashes_and_vulnerabilities() {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    one(IndicatorType::FileMd5, &[md5, "D41D8CD98F00B204E9800998ECF8427E", "\u{200e}d41d8cd98f00b204e9800998ecf8427e "]);
    assert!(IndicatorType::FileSha1.canonical(md5).unwrap_err().ends_with("this has 32, as file-md5 has"));
    for bad in ["d41d8cd9", "g41d8cd98f00b204e9800998ecf8427e", "\"d41d8cd98f00b204e9800998ecf8427e\""] {
        assert!(IndicatorType::FileMd5.canonical(bad).is_err(), "{bad}");
    }
    let kind = IndicatorType::Vulnerability;
    one(kind, &["CVE-2024-3094", "cve-2024-3094", "CVE\u{2011}2024\u{2011}3094", "CVE\u{2013}2024\u{2013}3094"]);
    one(kind, &["CVE-2021-44228", "Cve-2021-44228"]);
    for bad in [
        "CVE-2024-3094, CVE-2024-3095",
        "CVE-2024-3094 CVE-2024-3095",
        "CVE-XXXX-YYYY",
        "CVE-2024-309",
        "CVE-24-3094",
        "CVE-2024-3094x",
        "2024-3094",
        "CVE-2024-3094-1",
        "CVE-2024-03094",
        "GHSA-xxxx",
    ] {
        assert!(kind.canonical(bad).is_err(), "{bad}");
    }
    assert_eq!(canon(IndicatorType::Other, " Any thing, \"as\" it is "), "Any thing, \"as\" it is");
}

proptest! {
    /// The one spelling is its own, and reading anything fails in words or not at all.
    #[test]
    fn canonical_is_stable(text in "\\PC{0,40}", kind in 0_usize..10) {
        let kind = IndicatorType::ALL[kind];
        if let Ok(first) = kind.canonical(&text) {
            prop_assert_eq!(first.kind.canonical(&first.value), Ok(first.clone()), "{:?}", text);
        }
    }

    #[test]
    fn canonical_urls_are_stable(path in "[a-zA-Z0-9%./?#&=+~ \\[\\]{}|^é\\\\:@-]{0,30}", host in "[a-z0-9.\\[\\]-]{1,12}") {
        if let Ok(first) = IndicatorType::Url.canonical(&format!("http://{host}/{path}")) {
            prop_assert_eq!(IndicatorType::Url.canonical(&first.value), Ok(first.clone()));
        }
    }
}
