//! How a value becomes a keyed hash: what goes in, a command that makes it, and an example to check one's own program by.

use super::{escape, start::code};
use std::fmt::Write;

/// A key, and the hash that it makes of `domain-name:login.example.net`.
const EXAMPLE: (&str, &str) =
    ("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "11c2278bf6fa39a33ee262ac02c1dd9b90090472ce07acb51bc3ead821488bc3");

/// What `IndicatorType::canonical` does, in words.
const SPELLINGS: [(&[&str], &str); 8] = [
    (&["domain-name"], "lower case, as A-labels (IDNA, UTS 46), without dots at the end and without a port"),
    (&["ipv4-addr"], "four numbers without leading zeros; of a network its first address, a slash and its length, but of one address the address alone"),
    (
        &["ipv6-addr"],
        "RFC 5952: lower case, the longest run of zeros as ::, without brackets and port; networks likewise. What is mapped from IPv4 is an ipv4-addr",
    ),
    (
        &["url"],
        "as browsers parse it (WHATWG URL): scheme and host in lower case, the host as above, no port where it is the scheme's own, / for an empty path, without . and .. in it; \
         then letters, digits and -._~ plain, and everything else that must be encoded as % and two capital digits",
    ),
    (&["email-addr"], "what follows the last @ as a domain name; the rest as it is"),
    (&["file-md5", "file-sha1", "file-sha256"], "hexadecimal digits in lower case"),
    (&["vulnerability"], "a CVE id in capital letters"),
    (&["other"], "as it is"),
];

/// The text beside the endpoint of the key.
pub fn keyed(html: &mut String, base: &str) {
    html.push_str(
        "<p>The keyed hash of an indicator is HMAC-SHA-256 under this key, in lower-case hexadecimal digits. What goes in is the type, a colon and the value in its one spelling, \
         without a line break at the end:</p>\
         <table><caption>The spelling of values, after blanks around them, characters that nobody sees and what keeps people from opening them ([.], hxxp) were taken away</caption><thead><tr><th scope=\"col\">Type</th><th scope=\"col\">Spelling</th></tr></thead><tbody>",
    );
    for (kinds, spelling) in SPELLINGS {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("<code>{kind}</code>")).collect();
        let _ = write!(html, "<tr><td>{}</td><td>{}</td></tr>", kinds.join(" "), escape(spelling));
    }
    html.push_str("</tbody></table><p>In a shell:</p>");
    code(
        html,
        "Hashing a value",
        &format!(
            "KEY=$(curl -s '{base}/api/v1/alliance-key' -H \"Authorization: Bearer $SHIELDWALL_KEY\" | sed 's/.*\"key\":\"\\([0-9a-f]*\\)\".*/\\1/')\n\
             printf %s 'domain-name:login.example.net' | openssl dgst -sha256 -mac HMAC -macopt \"hexkey:$KEY\" | sed 's/.*= //'"
        ),
    );
    let _ = write!(
        html,
        "<p>To check a program by: under the key <code>{}</code> it says <code>{}</code>. The hub's own program hashes a file before it sends anything of it:</p>",
        EXAMPLE.0, EXAMPLE.1
    );
    code(html, "Pushing hashes of a file", &format!("shieldwall push indicators seen.csv --hashed --url '{base}'"));
    html.push_str(
        "<p>A keyed hash hides a value from all who cannot guess it. Partners and the hub have the key, so whoever suspects a value can see whether it is the one; a list of all addresses of IPv4 \
         is soon tried. It is given only to organisations that take part: an administrator chooses that at <a href=\"/admin/sharing#hashes\">/admin/sharing</a>. Keep it to yourself.</p>\
         <p>The alliance can decide to replace the key. For 30 days hashes under both are compared; push again under the new one what you hashed, with its number, <code>id</code> in the answer, as \
         <code>hmac_key</code>. <code>whoami</code> says which key is in use and until when the one before is accepted.</p>",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::indicator::IndicatorType;
    use store::AllianceKey;

    #[test]
    fn the_example_is_right_and_every_type_has_its_spelling() {
        let key = AllianceKey::from_hex(EXAMPLE.0).unwrap();
        assert_eq!(key.hmac(IndicatorType::DomainName, "login.example.net"), EXAMPLE.1);
        let said: Vec<&str> = SPELLINGS.iter().flat_map(|(kinds, _)| kinds.iter().copied()).collect();
        assert_eq!(said, IndicatorType::ALL.map(IndicatorType::name));
    }
}
