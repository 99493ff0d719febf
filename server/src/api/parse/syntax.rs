//! What is wrong with the syntax of JSON, in people's words.

/// Says what is wrong and where, without a full stop: `a comma too many (line 3, column 5)`. `first` is the number of the text's first line.
#[must_use]
pub fn words(error: &serde_json::Error, first: usize) -> String {
    let text = error.to_string();
    let begins = |with: &str| text.starts_with(with);
    let said = match () {
        () if error.is_eof() => "it ends too early",
        () if begins("expected `:`") => "a colon is missing behind a name",
        () if begins("expected `,` or `]`") => "a comma or ] is missing",
        () if begins("expected `,` or `}`") => "a comma or } is missing",
        () if begins("expected value") => "a value is missing, or stands without quotation marks",
        () if begins("expected ident") => "a word stands without quotation marks, and is neither true, false nor null",
        () if begins("trailing comma") => "a comma too many",
        () if begins("trailing characters") => "something follows after the end",
        () if begins("key must be a string") => "the name of a field stands without quotation marks",
        () if begins("control character") => "a line break or another control character stands within a text; it is written as \\n",
        () if begins("invalid escape") || text.contains("hex escape") || text.contains("code point") => "a backslash begins nothing that there is",
        () if begins("invalid number") || begins("number out of range") => "a number is none",
        () => "it cannot be read",
    };
    format!("{said} (line {}, column {})", error.line().max(1) + first - 1, error.column())
}

/// What is wrong with a file of settings (TOML), from the reader's message of it, without a full stop.
#[must_use]
pub fn settings(message: &str) -> String {
    let mut named = message.split('`').skip(1).step_by(2);
    let first = named.next().unwrap_or_default();
    match () {
        () if message.starts_with("unknown field") => format!("{first} is not known here; there are {}", named.collect::<Vec<_>>().join(", ")),
        () if message.starts_with("missing field") => format!("{first} is missing"),
        () if message.starts_with("duplicate") => "a name stands there twice".into(),
        () if message.starts_with("invalid type") || message.starts_with("invalid value") => "this is of another type than it must be".into(),
        () => "this is not TOML".into(),
    }
}

/// What is wrong with a query, from serde's message of it, without a full stop.
#[must_use]
pub fn query(message: &str) -> String {
    let mut named = message.split('`').skip(1).step_by(2);
    let first = named.next().unwrap_or_default();
    let others = named.collect::<Vec<_>>().join(", ");
    match () {
        () if message.starts_with("unknown field") => format!("{first} is no parameter; there are {others}"),
        () if message.starts_with("unknown variant") => format!("{first} is not one of {others}"),
        () if message.starts_with("duplicate field") => format!("{first} stands there twice"),
        () if message.contains("`true` or `false`") => "a parameter must be true or false".into(),
        () => "a parameter has a value that it cannot have".into(),
    }
}
