//! A look at JSON before it is parsed: what is too deep or too much costs one pass and no memory.

use crate::api::problem::Problem;

/// Refuses nesting deeper than `max` before any parser recurses, and more than `items` values in the body's list before any
/// parser collects them.
pub fn depth(text: &str, max: usize, items: usize) -> Result<(), Problem> {
    let (mut listed, mut depth) = (1_usize, 0_usize);
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_string(rest),
            b'{' | b'[' => {
                depth += 1;
                if depth > max {
                    return Err(Problem::malformed(format!("The JSON is nested deeper than {max}.")));
                }
            }
            b',' if depth == 2 => {
                listed += 1;
                if listed > items {
                    return Err(super::too_many());
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// What follows a string, from its first character on.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let escapes = rest[at] == b'\\';
        rest = rest.get(at + 1 + usize::from(escapes)..).unwrap_or_default();
        if !escapes {
            return rest;
        }
    }
    &[]
}
