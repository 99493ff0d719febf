//! Nothing public of the store hands out a way to the database. What cannot be built is shown beside the types; here it is what is written.

use std::{fs, path::Path};

fn sources(folder: &Path, all: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, all);
        } else {
            all.push((path.display().to_string(), fs::read_to_string(&path).expect("a text")));
        }
    }
}

/// From each `pub ` that is so for everybody, to where the item's head ends.
fn public_items(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("pub ").filter(|(at, _)| text[..*at].ends_with(['\n', ' '])).map(|(at, _)| {
        let item = &text[at..];
        // A field ends where its type does, at the latest with its struct.
        let end = [item.find(['{', ';', '=']), item.find("\n}"), item.find(",\n}")].into_iter().flatten().min();
        &item[..end.unwrap_or(item.len())]
    })
}

#[test]
fn no_public_item_hands_out_a_connection_a_pool_or_a_scope() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut looked = 0;
    for (file, text) in &all {
        // What only the crate itself can name.
        if ["/db.rs", "/db/", "/writer.rs", "/writer/", "/listener.rs"].iter().any(|part| file.contains(part)) {
            continue;
        }
        for item in public_items(text) {
            looked += 1;
            for way in ["Pool", "Conn", "Lane", "Scope", "Writer", "Transaction", "PgListener"] {
                let words: Vec<&str> = item.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
                assert!(!words.iter().any(|word| word.ends_with(way) || word.starts_with("Sqlite") || word.starts_with("Pg")), "{file}: {item}");
            }
        }
    }
    assert!(looked > 300, "{looked} public items were looked at");
    let lib = &all.iter().find(|(file, _)| file.ends_with("/lib.rs")).expect("lib.rs").1;
    for module in ["db", "writer", "listener", "hub", "viewer", "partner"] {
        assert!(lib.contains(&format!("\nmod {module};")), "{module} is private");
    }
}

/// The handles are made where the store says so, and nowhere else in the crate: a second place would be a second way to a scope.
#[test]
fn each_handle_is_made_in_one_place() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    for (handle, wanted) in [("Reads { store", 1), ("Partner { store", 1), ("Hub { store", 1), ("Counts { reads", 1)] {
        let code = all.iter().flat_map(|(_, text)| text.lines()).filter(|line| !line.trim_start().starts_with("//"));
        assert_eq!(code.filter(|line| line.contains(handle)).count(), wanted, "{handle}");
    }
    for handle in ["Reads", "Counts", "Partner", "Hub"] {
        let made: Vec<_> = all.iter().flat_map(|(_, text)| text.lines()).filter(|line| line.contains(&format!(" for {handle}<"))).collect();
        assert!(made.is_empty(), "{handle} has a trait that might make one: {made:?}");
    }
}
