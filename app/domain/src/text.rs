//! What people cannot see in a text: characters that leave no mark, and those that turn the direction of what stands around them.

/// Whether a character leaves no mark of its own: zero-width, filler and formatting characters (`Default_Ignorable_Code_Point` of Unicode 16,
/// DerivedCoreProperties.txt), interlinear anchors, and the blank of Braille.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character turns the direction of what stands around it: overrides, embeddings and isolates, which make one name look like another.
/// The marks that right-to-left languages need are not among them.
#[must_use]
pub const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether there is anything to see in a text.
#[must_use]
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(c))
}

/// A text without blanks and zero-width characters around it, which come along when something is copied.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}'))
}

/// A name of 1 to `max` characters in one line, without blanks around it.
///
/// # Errors
/// What is wrong with it, as the end of a sentence about the field.
pub fn name(text: &str, max: usize) -> Result<String, String> {
    let text = trimmed(text);
    if !is_visible(text) {
        return Err("must have at least one character that can be seen".into());
    }
    if text.chars().count() > max {
        return Err(format!("must have at most {max} characters"));
    }
    if text.chars().any(|c| c.is_control() || is_bidi_control(c)) {
        return Err("must be one line without control characters".into());
    }
    Ok(text.to_owned())
}

/// A name as a form takes it: what nobody could have meant to type is taken out, and what is too long is cut; `None` where nothing is left to see.
#[must_use]
pub fn typed_name(text: &str, max: usize) -> Option<String> {
    let name: String = trimmed(text).chars().filter(|c| !c.is_control() && !is_bidi_control(*c)).take(max).collect();
    is_visible(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_seen() {
        for bad in ["", " ", "\u{200b}", "\u{3164}\u{2800}", "\u{feff} \u{ad}", "\u{e0041}", "a\nb", "a\u{202e}b", "abcdef"] {
            assert!(name(bad, 5).is_err(), "{bad:?}");
        }
        assert_eq!(name("\u{200b} Ørn\u{feff}", 5).unwrap(), "Ørn");
        assert_eq!((typed_name("\u{200b}\u{2800}", 5), typed_name(" a\u{7}b\u{202e}cdef", 3).as_deref()), (None, Some("abc")));
        assert_eq!(name("❤\u{fe0f}", 5).unwrap(), "❤\u{fe0f}", "a variant of a letter is part of it");
    }
}
