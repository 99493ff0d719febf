//! Which passwords are refused: short ones, and those that are long only because something common was repeated or decorated.
//!
//! Nearly all of the well-known most common passwords are shorter than twelve characters, so a list of them would refuse
//! little. What people do when twelve are asked for is to stretch them: `Password2026!`, `qwertyqwerty`, `Welcome123456`.
//! So the test takes away what is common (words below, also in "leet" spelling; runs of keys, letters, digits or one
//! character; years; a short tail of digits and signs) and refuses when hardly anything is left.

/// Shortest password, in characters.
pub const SHORTEST: usize = 12;
/// Longest password, in characters.
pub const LONGEST: usize = 128;
/// What must be left, in characters, after the common pieces are taken away.
const LEFT_OVER: usize = 4;

/// Words that stand in most passwords of the most common ones: generic, names of keys, seasons and days, sport, love, swearing,
/// animals, first names, and this trade's own.
const COMMON: &str = "\
    password passwort passw0rd passwd passphrase pass word secret geheim welcome willkommen hello hallo bonjour letmein changeme change default \
    temporary temp test testing guest user username login signin access master admin administrator root system server computer internet network \
    windows microsoft google facebook apple samsung company office security cyber hacker shield shieldwall wall alliance dashboard executive \
    analyst steward partner demo qwerty qwertz azerty qazwsx qazwsxedc 1qaz2wsx 3edc4rfv 1q2w3e4r 5t6y zaq12wsx asdfgh zxcvbn q1w2e3r4 t5y6 \
    spring summer autumn winter january february march april june july august september october november december monday tuesday wednesday \
    thursday friday saturday sunday football baseball basketball soccer hockey liverpool chelsea arsenal barcelona iloveyou love lovely lover \
    forever princess angel baby babygirl sweetheart sunshine flower rainbow fuckyou fuck asshole motherfucker bitch dragon monkey tiger shadow \
    eagle falcon horse superman batman spiderman pokemon starwars matrix michael michelle jennifer jessica jordan daniel thomas robert charlie \
    andrew joshua matthew ashley nicole anthony william alexander trustno1 trust freedom whatever nothing unbelievable mustang ferrari mercedes \
    corvette harley killer pepper cookie cheese chocolate banana money mypassword correcthorsebatterystaple correct battery staple abc the and \
    you your mine is";

/// Rows along which fingers run; runs count in both directions.
const ROWS: [&str; 7] = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm"];

/// Whether a password is good enough to be set.
///
/// # Errors
/// A sentence for the person who chose it.
pub fn check_strength(password: &str) -> Result<(), &'static str> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err("must have at least 12 characters");
    }
    if length > LONGEST {
        return Err("must have at most 128 characters");
    }
    let text: Vec<char> = password.to_lowercase().chars().collect();
    let mut different = text.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 {
        return Err("must have more different characters");
    }
    // A short piece over and over is no longer than the piece.
    if (1..8).any(|p| text.len() >= 2 * p && text[p..].iter().zip(&text).all(|(a, b)| a == b)) {
        return Err("must not repeat itself");
    }
    if left_over(&text) < LEFT_OVER {
        return Err("is too common");
    }
    Ok(())
}

/// Whether a password holds the account's own mail address or the part before its `@`.
#[must_use]
pub fn mentions_account(password: &str, email: &str) -> bool {
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    local.chars().count() >= 3 && password.to_lowercase().contains(&local)
}

/// How many characters are in no common piece.
fn left_over(text: &[char]) -> usize {
    let plain: Vec<char> = text.iter().copied().map(unleet).collect();
    let tail = text.iter().rev().take(4).take_while(|c| !c.is_alphabetic()).count();
    let body = text.len() - tail;
    let (mut at, mut left) = (0, 0);
    while at < body {
        let longest = [word_at(text, at), word_at(&plain, at), run_at(text, at), year_at(text, at)].into_iter().max().unwrap_or(0);
        if longest == 0 && text[at].is_alphanumeric() {
            left += 1;
        }
        at += longest.max(1);
    }
    left
}

/// Digits and signs that stand for letters.
const fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        _ => c,
    }
}

fn word_at(text: &[char], at: usize) -> usize {
    let fits = |word: &&str| word.chars().enumerate().all(|(i, c)| text.get(at + i) == Some(&c));
    COMMON.split_whitespace().filter(fits).map(|w| w.chars().count()).max().unwrap_or(0)
}

/// The length of a run of at least three from `at`: one character, or neighbours on a row.
fn run_at(text: &[char], at: usize) -> usize {
    let same = text[at..].iter().take_while(|c| **c == text[at]).count();
    let along = |row: &[char]| {
        let follows = |pair: &&[char]| row.windows(2).any(|w| w == *pair);
        1 + text[at..].windows(2).take_while(follows).count()
    };
    let rows = ROWS.iter().flat_map(|row| {
        let forwards: Vec<char> = row.chars().collect();
        let backwards = row.chars().rev().collect();
        [forwards, backwards]
    });
    let longest = rows.map(|row| along(&row)).max().unwrap_or(0).max(same);
    if longest >= 3 { longest } else { 0 }
}

/// Four where a year of this or the last century stands, else nothing.
fn year_at(text: &[char], at: usize) -> usize {
    match text.get(at..at + 4) {
        Some(['1', '9', a, b] | ['2', '0', a, b]) if a.is_ascii_digit() && b.is_ascii_digit() => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ASVS 6.2.4: common passwords, and what people make of them where twelve characters are asked for.
    #[test]
    fn stretched_common_passwords_are_refused() {
        for bad in [
            "short",
            "Password2026!",
            "passwordpassword",
            "P@ssw0rd1234",
            "qwertyqwerty",
            "qwertyuiop12",
            "1234567890123",
            "Welcome123456!",
            "1qaz2wsx3edc",
            "q1w2e3r4t5y6",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "Summer2026!!",
            "administrator1",
            "letmein-letmein",
            "zxcvbnm,.123",
            "iloveyou2025!",
            "Shieldwall2026",
            "ChangeMe123456",
            "correct horse battery staple",
            "unbelievable",
            "abcdefghijklm",
            "0987654321098",
        ] {
            assert!(check_strength(bad).is_err(), "{bad}");
        }
        assert!(check_strength(&"x9".repeat(65)).is_err());
    }

    #[test]
    fn good_ones_pass() {
        for good in ["k7#9Qz2$mW4!", "a ladder of nine herons", "тихий омут 47 лодок", "GNtwmvhdLxqR", "fjord-umbrella-11-kettle", "8f3a9c1b7e2d"]
        {
            assert_eq!(check_strength(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_own_address_is_refused() {
        assert!(mentions_account("Mira.Okafor-klarsteine", "mira.okafor@example.org"));
        assert!(!mentions_account("fjord-umbrella-11-kettle", "mira.okafor@example.org"));
        assert!(!mentions_account("a ladder of nine herons", "jo@example.org"));
    }
}
