//! What a search compares: text without regard to case, width, diacritics and characters that nobody sees, in any script. Made here and kept in the column
//! `words` beside the record, because what a database takes for a capital depends on which one it is and how it was set up.

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// Letters with a stroke or a shape of their own, which Unicode takes apart nowhere, as people type them who have no key for them.
const PLAIN: [(char, &str); 14] = [
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ł', "l"),
    ('ħ', "h"),
    ('ŧ', "t"),
    ('ɨ', "i"),
    ('ƶ', "z"),
    ('ʉ', "u"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('þ', "th"),
    ('ŋ', "n"),
    ('ß', "ss"),
];

/// The vowel signs of a syllable end with it (Devanagari and its relatives); it is no diacritic.
const VIRAMA: u8 = 9;

/// A text as it is searched: compatibility forms taken apart (UAX #15, NFKD), marks taken off, capitals made small (by the detour over capitals, so that ß is
/// ss and both small sigmas are one), blanks made one.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut take = |c: char| {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if let Some((_, plain)) = PLAIN.iter().find(|(letter, _)| *letter == c) {
            out.push_str(plain);
        } else {
            out.push(c);
        }
    };
    if text.is_ascii() {
        // Nothing to take apart or off, and most of what is searched.
        text.chars().for_each(|c| take(c.to_ascii_lowercase()));
    } else {
        let folded = text.nfkd().filter(|c| !is_mark(*c) && !is_unseen(*c)).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
        // Capitals may come apart again.
        folded.nfkd().filter(|c| !is_mark(*c)).for_each(take);
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

fn is_mark(c: char) -> bool {
    !matches!(canonical_combining_class(c), 0 | VIRAMA)
}

/// Characters that change how others look or break, and are none themselves.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// What a title and an id are found by.
pub(crate) fn of_record(title: &str, external_id: &str) -> String {
    format!("{}\n{}", fold(title), fold(external_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_diacritics_do_not_matter_in_any_script() {
        for (shown, typed) in [
            ("Öffentlicher Dienst", "offentlicher DIENST"),
            ("ÖFFENTLICHER", "o\u{308}ffentlicher"),
            ("Straße", "STRASSE"),
            ("GROẞE", "große"),
            ("Ελλάδα", "ΕΛΛΑΔΑ"),
            ("Οδυσσεύς", "οδυσσευσ"),
            ("Йод", "йод"),
            ("Đorđe Ljubičić", "dorde ljubicic"),
            ("İstanbul", "istanbul"),
            ("ISPARTA", "ısparta"),
            ("Łódź", "lodz"),
            ("Ærø", "aero"),
            ("ﬁrewall", "FIREWALL"),
            ("ｅｖｉｌ．example", "evil.example"),
            ("pay\u{ad}ment\u{200b}", "payment"),
            ("كِتَاب", "كتاب"),
            ("שָׁלוֹם", "שלום"),
            ("Việt Nam", "viet nam"),
            ("a \u{a0}\u{3000} b", "a b"),
        ] {
            assert_eq!(fold(shown), fold(typed), "{shown}");
        }
        assert_ne!(fold("ガス"), fold("がす"), "two alphabets");
        assert_eq!(fold(" किताब "), "किताब", "a vowel sign is a letter");
        assert_eq!(fold("한국어"), fold("한국어"));
        assert_eq!(of_record("Ünit", "ID-7"), "unit\nid-7");
    }

    #[test]
    fn plain_text_is_folded_like_any_other() {
        for c in (0..128_u8).map(char::from) {
            assert_eq!(fold(&format!("X{c}Y")) + "e", fold(&format!("X{c}Yé")), "{c:?}");
        }
        assert_eq!((fold(" \tA  B\n"), fold(" ")), ("a b".to_owned(), String::new()));
    }
}
