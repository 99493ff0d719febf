//! A look at JSON before it is parsed: what is too deep or too much costs one pass and no memory.

use crate::api::problem::Problem;

/// Refuses nesting deeper than `max` before any parser recurses, and more than `items` values in the body's list before any
/// parser collects them.
pub fn depth(text: &str, max: usize, items: usize) -> Result<(), Problem> {
    let mut listed = 1_usize;
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
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
