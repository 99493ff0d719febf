//! Undoes what people do to dangerous values so that nobody opens them by accident: `hxxps://login[.]evil[.]example`.

/// Undoes brackets and words around separators: `[.]`, `(dot)`, `{at}`, `[:]`, `[://]`, `\.`. What is no such thing stays.
pub fn separators(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((separator, after)) = bracketed(rest) {
            // In "name [at] host [dot] example" the blanks belong to the words.
            out.truncate(out.trim_end().len());
            out.push_str(separator);
            rest = after.trim_start();
            continue;
        }
        // One bracket was forgotten, or an escape.
        if let Some(after) = rest.strip_prefix("[.").or_else(|| rest.strip_prefix(".]")).or_else(|| rest.strip_prefix("\\.")) {
            out.push('.');
            rest = after;
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// As [`separators`], with ` dot ` and ` at ` as words of their own: of names and addresses, in which there are no blanks.
pub fn words(text: &str) -> String {
    let mut out = separators(text);
    for (word, separator) in [(" dot ", "."), (" at ", "@")] {
        while let Some(at) = out.to_ascii_lowercase().find(word) {
            out.replace_range(at..at + word.len(), separator);
        }
    }
    out
}

/// The separator in brackets that a text begins with, and what follows.
fn bracketed(text: &str) -> Option<(&'static str, &str)> {
    let close = match text.chars().next()? {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        '<' => '>',
        _ => return None,
    };
    let end = text.find(close).filter(|end| *end <= 6)?;
    let separator = match text[1..end].trim().to_ascii_lowercase().as_str() {
        "." | "dot" | "punkt" | "," => ".",
        ":" => ":",
        // With nothing before or behind it, this is the IPv6 address of all zeros.
        "::" => "::",
        "/" => "/",
        "//" => "//",
        "://" => "://",
        "@" | "at" => "@",
        _ => return None,
    };
    Some((separator, &text[end + 1..]))
}

/// The scheme of a URL and what follows `://`, both refanged; `None` where there is no scheme.
pub fn scheme(text: &str) -> Option<(String, String)> {
    let head = text.char_indices().take_while(|(_, c)| c.is_alphanumeric() || "+-.*[](){}".contains(*c)).last().map(|(i, c)| i + c.len_utf8())?;
    // Brackets may belong to the scheme, or to the separator behind it.
    let (scheme, rest) = (head >= 1).then(|| text.split_at(head))?;
    let cut = scheme.find(['[', '(', '{']).filter(|i| !scheme[*i..].to_ascii_lowercase().trim_matches(['[', ']', '(', ')', '{', '}']).eq("s")).unwrap_or(head);
    let (scheme, rest) = (&text[..cut], if cut == head { rest } else { &text[cut..] });
    let rest = separators(rest);
    let rest = rest.strip_prefix("://").or_else(|| rest.strip_prefix(":\\\\"))?;
    let scheme = scheme.replace(['[', ']', '(', ')', '{', '}'], "").to_ascii_lowercase();
    let known = |middle: usize, tail: &str| {
        scheme.len() == 1 + middle + tail.len() && scheme.ends_with(tail) && scheme[1..=middle].bytes().all(|b| b"xt*".contains(&b))
    };
    let scheme = match scheme.as_str() {
        s if s.starts_with('h') && known(2, "p") => "http",
        s if s.starts_with('h') && known(2, "ps") => "https",
        s if s.starts_with('f') && known(1, "p") => "ftp",
        s => s,
    };
    Some((scheme.to_owned(), rest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_words_are_undone() {
        for (text, is) in [
            ("login[.]evil(.)example", "login.evil.example"),
            ("login[dot]evil{DOT}example", "login.evil.example"),
            ("evil[.example", "evil.example"),
            ("evil\\.example", "evil.example"),
            ("evil [.] example", "evil.example"),
            ("2001[:]db8[::]1", "2001:db8::1"),
            ("user[@]evil[.]example", "user@evil.example"),
            ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ] {
            assert_eq!(separators(text), is, "{text}");
        }
        assert_eq!(words("user at evil dot example"), "user@evil.example");
    }

    #[test]
    fn schemes_are_undone() {
        for (text, is) in [
            ("hxxp://a.example/b", "http"),
            ("hXXps[:]//a[.]example/b", "https"),
            ("h**p[://]a.example/b", "http"),
            ("hxxp[s]://a.example/b", "https"),
            ("http:\\\\a.example/b", "http"),
            ("fxp://a.example/b", "ftp"),
            ("HTTPS://a.example/b", "https"),
            ("tcp://a.example/b", "tcp"),
        ] {
            assert_eq!(scheme(text), Some((is.to_owned(), "a.example/b".to_owned())), "{text}");
        }
        assert_eq!(scheme("a.example/b"), None);
        assert_eq!(scheme("://a"), None);
    }
}
