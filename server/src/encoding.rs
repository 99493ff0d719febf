//! Bytes as text, as programs and people of all kinds write files: UTF-8 with or without a byte order mark, UTF-16.

use std::borrow::Cow;

/// Bytes that are neither UTF-8 nor UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText {
    /// How many bytes could be read.
    pub at: usize,
}

/// Reads text. A byte order mark is skipped (RFC 8259, 8.1). UTF-16 is known by its mark, or by the zero beside its first character, which in JSON and CSV is one of
/// ASCII.
///
/// # Errors
/// Where the bytes are neither.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest).map_err(|e| NotText { at: e.at + 3 }),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|e| NotText { at: e.valid_up_to() })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, NotText> {
    let mut text = String::with_capacity(bytes.len());
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    for c in char::decode_utf16(units) {
        text.push(c.map_err(|_| NotText { at: text.len() })?);
    }
    if bytes.len().is_multiple_of(2) { Ok(Cow::Owned(text)) } else { Err(NotText { at: bytes.len() - 1 }) }
}

/// Reads Windows-1252, what Excel saves as "CSV" in western languages; `None` where the bytes are not that either: some have no meaning in it, and what holds
/// characters of UTF-8 is a damaged file of UTF-8.
#[must_use]
pub fn windows_1252(bytes: &[u8]) -> Option<String> {
    // 0x80 to 0x9f; the rest is as in Unicode (WHATWG Encoding, index windows-1252). U+0000 where there is none.
    const UPPER: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";
    let damaged = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    let upper: Vec<char> = UPPER.chars().collect();
    let read = |byte: &u8| match byte {
        0x80..=0x9f => upper.get(usize::from(byte - 0x80)).copied().filter(|c| *c != '\0'),
        0 => None,
        other => Some(char::from(*other)),
    };
    if damaged { None } else { bytes.iter().map(read).collect() }
}

/// The lines of a text as an editor counts them, which ends one at LF, CR LF or CR.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let after = if text[end..].starts_with("\r\n") { end + 2 } else { end + 1 };
        rest = Some(&text[after..]);
        Some(&text[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_skipped_and_utf16_is_read() {
        let utf16 = |unit: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        for bytes in [
            "{Ö}".as_bytes().to_vec(),
            "\u{feff}{Ö}".as_bytes().to_vec(),
            utf16(u16::to_le_bytes, "\u{feff}{Ö}"),
            utf16(u16::to_be_bytes, "\u{feff}{Ö}"),
            utf16(u16::to_le_bytes, "{Ö}"),
            utf16(u16::to_be_bytes, "{Ö}"),
        ] {
            assert_eq!(text(&bytes).as_deref(), Ok("{Ö}"), "{bytes:?}");
        }
        assert_eq!(text(b"a\xe4"), Err(NotText { at: 1 }));
        assert!(text(b"\xff\xfea").is_err() && text(b"").is_ok());
    }

    #[test]
    fn windows_1252_is_read_and_damage_is_not() {
        assert_eq!(windows_1252(b"M\xfcller \x80\x96").as_deref(), Some("Müller €–"));
        assert_eq!(windows_1252(b"a\x81"), None);
        assert_eq!(windows_1252("Müller\u{0}".as_bytes()), None);
        assert_eq!(windows_1252(b"M\xc3\xbcller M\xfc"), None, "half of it is UTF-8");
    }

    #[test]
    fn lines_end_as_in_an_editor() {
        assert_eq!(lines("a\r\nb\rc\n\nd").collect::<Vec<_>>(), ["a", "b", "c", "", "d"]);
    }
}
