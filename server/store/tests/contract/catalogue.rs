//! What the two schemas say of themselves: they are the same, and in both every key of a tenant's rows begins with the organisation.
//!
//! A PostgreSQL that shards by organisation can hold it then, and no row can hang on another organisation's. The organisation whose data a row is stands in `org_id`;
//! what is made for a viewer, and belongs to nobody else, has a `viewer_id` alone.

use super::support::{Beside, Fixture};
use std::collections::{BTreeMap, BTreeSet};
use testing::Kind;

/// Tables whose rows are not found by an organisation, and why.
const OF_THE_ALLIANCE: [(&str, &str); 22] = [
    ("account_acts", "of a person, by whoever it was"),
    ("api_keys", "found by the hash of its text, before its organisation is known"),
    ("audit", "one chain over everything"),
    ("audit_checkpoints", "of that chain"),
    ("decision_rights", "the alliance's"),
    ("decisions", "the alliance's: every organisation votes on it; `org_id` proposed it"),
    ("former_slugs", "an address leads to one organisation in the whole alliance"),
    ("kept_forms", "found by a browser's cookie"),
    ("meta", "the alliance's"),
    ("oidc_flows", "found by a browser's cookie"),
    ("organisations", "the organisations themselves"),
    ("outbox", "one order of all changes, by `seq`"),
    ("passkey_challenges", "of a session"),
    ("passkeys", "found by what the authenticator says, before the person is known"),
    ("policies", "the alliance's"),
    ("recovery_codes", "of a person"),
    ("second_factors", "of a person"),
    ("sessions", "found by a browser's cookie"),
    ("sharing_groups", "of several organisations; `org_id` made it"),
    ("signin_links", "found by a token"),
    ("signin_tries", "of an account or an address, whether there is such a person or not"),
    ("users", "found by a mail address or a session, before the organisation is known"),
];

/// Those of them that rows of an organisation may refer to by their own key. People they name by organisation and number.
const REFERRED_TO: [&str; 3] = ["decisions", "organisations", "sharing_groups"];

/// Tables in which nothing is anybody's own: everybody is told what is in them.
const EVERYBODYS: [&str; 3] = ["decision_rights", "meta", "policies"];

#[derive(Debug, Default, PartialEq)]
pub struct Table {
    /// What a column holds, as SQLite calls it, and whether it may be empty.
    columns: BTreeMap<String, (String, bool)>,
    key: Vec<String>,
    /// The columns of further unique keys.
    unique: BTreeSet<Vec<String>>,
    references: BTreeSet<Reference>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    columns: Vec<String>,
    table: String,
    to: Vec<String>,
}

impl Table {
    /// The column that says whose the rows are.
    fn tenant(&self) -> Option<&'static str> {
        ["org_id", "viewer_id"].into_iter().find(|column| self.columns.contains_key(*column))
    }
}

/// The tables by their names.
pub type Schema = BTreeMap<String, Table>;

/// A key or a reference, column by column: table, name, whether it is the primary key, column.
type KeyColumn = (String, String, bool, String);
/// The same of a reference: table, name, column, table and column that it refers to.
type ReferenceColumn = (String, String, String, String, String);

/// Reads a database's schema from its catalogue.
pub async fn schema(url: &str) -> Schema {
    let (columns, keys, references) = match Beside::at(url).await {
        Beside::Sqlite(mut c) => {
            const COLUMNS: &str = "SELECT m.name, p.name, p.type, p.\"notnull\" = 1 OR p.pk > 0 FROM sqlite_schema m JOIN pragma_table_info(m.name) p \
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> '_sqlx_migrations'";
            // The key of a table by number is no index, so keys are read from the columns.
            const KEYS: &str = "SELECT * FROM (SELECT m.name AS t, '' AS i, 1 AS k, p.name AS c, p.pk AS n FROM sqlite_schema m JOIN pragma_table_info(m.name) p \
                WHERE m.type = 'table' AND p.pk > 0 UNION ALL SELECT m.name, i.name, 0, x.name, x.seqno FROM sqlite_schema m JOIN pragma_index_list(m.name) i \
                JOIN pragma_index_info(i.name) x WHERE m.type = 'table' AND i.\"unique\" = 1 AND i.origin <> 'pk') ORDER BY t, i, n";
            const REFERENCES: &str = "SELECT m.name, CAST(f.id AS TEXT), f.\"from\", f.\"table\", f.\"to\" FROM sqlite_schema m \
                JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq";
            let keys: Vec<(String, String, bool, String, i64)> = sqlx::query_as(KEYS).fetch_all(&mut c).await.expect("keys");
            (
                sqlx::query_as(COLUMNS).fetch_all(&mut c).await.expect("columns"),
                keys.into_iter().map(|(table, name, primary, column, _)| (table, name, primary, column)).collect(),
                sqlx::query_as(REFERENCES).fetch_all(&mut c).await.expect("references"),
            )
        }
        Beside::Postgres(mut c) => {
            const COLUMNS: &str = "SELECT t.relname::text, a.attname::text, CASE y.typname WHEN 'int8' THEN 'INTEGER' WHEN 'bool' THEN 'INTEGER' \
                WHEN 'float8' THEN 'REAL' WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' WHEN 'uuid' THEN 'BLOB' ELSE y.typname::text END, a.attnotnull \
                FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_type y ON y.oid = a.atttypid WHERE t.relnamespace = 'public'::regnamespace \
                AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relname <> '_sqlx_migrations' AND a.attnum > 0 AND NOT a.attisdropped";
            const KEYS: &str = "SELECT t.relname::text, i.relname::text, x.indisprimary, a.attname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
                JOIN pg_class t ON t.oid = x.indrelid CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k (attnum, place) \
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace \
                AND NOT t.relispartition AND t.relname <> '_sqlx_migrations' ORDER BY 1, 2, k.place";
            const REFERENCES: &str = "SELECT t.relname::text, c.conname::text, a.attname::text, u.relname::text, b.attname::text FROM pg_constraint c \
                JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class u ON u.oid = c.confrelid \
                CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k (near, far, place) \
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.near JOIN pg_attribute b ON b.attrelid = u.oid AND b.attnum = k.far \
                WHERE c.contype = 'f' AND NOT t.relispartition AND NOT u.relispartition ORDER BY 1, 2, k.place";
            (
                sqlx::query_as(COLUMNS).fetch_all(&mut c).await.expect("columns"),
                sqlx::query_as(KEYS).fetch_all(&mut c).await.expect("keys"),
                sqlx::query_as(REFERENCES).fetch_all(&mut c).await.expect("references"),
            )
        }
    };
    assemble(columns, keys, references)
}

/// Puts together what was read column by column, in order.
fn assemble(columns: Vec<(String, String, String, bool)>, keys: Vec<KeyColumn>, references: Vec<ReferenceColumn>) -> Schema {
    let mut schema = Schema::new();
    for (table, column, holds, not_null) in columns {
        schema.entry(table).or_default().columns.insert(column, (holds, !not_null));
    }
    for key in keys.chunk_by(|a, b| (&a.0, &a.1, a.2) == (&b.0, &b.1, b.2)) {
        let columns: Vec<String> = key.iter().map(|(.., column)| column.clone()).collect();
        if let Some(table) = schema.get_mut(&key[0].0) {
            if key[0].2 {
                table.key = columns;
            } else {
                table.unique.insert(columns);
            }
        }
    }
    for reference in references.chunk_by(|a, b| (&a.0, &a.1) == (&b.0, &b.1)) {
        let (columns, to) = (reference.iter().map(|r| r.2.clone()).collect(), reference.iter().map(|r| r.4.clone()).collect());
        if let Some(table) = schema.get_mut(&reference[0].0) {
            table.references.insert(Reference { columns, table: reference[0].3.clone(), to });
        }
    }
    schema
}

fn begins(columns: &[String], with: &str) -> bool {
    columns.first().is_some_and(|column| column == with)
}

on_both!(every_key_of_a_tenants_rows_begins_with_the_organisation);
async fn every_key_of_a_tenants_rows_begins_with_the_organisation(f: Fixture) {
    let schema = schema(&f.database.url).await;
    assert!(schema.len() > 60, "{:?}", schema.keys());
    let alliance = |name: &str| OF_THE_ALLIANCE.iter().any(|(table, _)| *table == name);
    let mut wrong = vec![];
    for (name, table) in schema.iter().filter(|(name, _)| !alliance(name)) {
        let Some(tenant) = table.tenant() else {
            wrong.push(format!("{name} says nowhere whose its rows are"));
            continue;
        };
        for key in std::iter::once(&table.key).chain(&table.unique).filter(|key| !begins(key, tenant)) {
            wrong.push(format!("{name}: a key {key:?} does not begin with {tenant}"));
        }
    }
    for (name, table) in &schema {
        let Some(tenant) = table.tenant() else { continue };
        for reference in &table.references {
            let Reference { columns, table: to, to: key } = reference;
            let by_organisation = begins(columns, tenant) && (to == "organisations" || schema[to].tenant().is_some_and(|theirs| begins(key, theirs)));
            if !by_organisation && !REFERRED_TO.contains(&to.as_str()) {
                wrong.push(format!("{name}: the reference {columns:?} to {to} {key:?} does not begin with {tenant}"));
            }
        }
    }
    for (name, why) in OF_THE_ALLIANCE {
        match schema.get(name) {
            None => wrong.push(format!("{name} ({why}) is no table any more")),
            Some(table) if table.tenant().is_some_and(|tenant| begins(&table.key, tenant)) => wrong.push(format!("{name} is no exception any more: {why}")),
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_keys() {
    let (sqlite, postgres) = (Fixture::new(Kind::Sqlite).await, Fixture::new(Kind::Postgres).await);
    let (sqlite, postgres) = (schema(&sqlite.database.url).await, schema(&postgres.database.url).await);
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (name, table) in &sqlite {
        let other = &postgres[name];
        assert_eq!(table.columns, other.columns, "{name}");
        assert_eq!(table.key, other.key, "{name}");
        // Tables are moved in the order of PostgreSQL's references.
        let missing: Vec<_> = table.references.difference(&other.references).collect();
        assert!(missing.is_empty(), "{name}: PostgreSQL does not have {missing:?}");
    }
}

#[tokio::test]
async fn every_table_has_forced_row_security_and_a_policy() {
    const TABLES: &str = "SELECT t.relname::text, t.relrowsecurity AND t.relforcerowsecurity, (SELECT count(*) FROM pg_policy p WHERE p.polrelid = t.oid) \
        FROM pg_class t WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relname <> '_sqlx_migrations'";
    let f = Fixture::new(Kind::Postgres).await;
    let Beside::Postgres(mut c) = Beside::open(&f).await else { panic!("PostgreSQL") };
    let tables: Vec<(String, bool, i64)> = sqlx::query_as(TABLES).fetch_all(&mut c).await.expect("tables");
    let open: Vec<_> = tables.iter().filter(|(name, secure, policies)| !EVERYBODYS.contains(&name.as_str()) && (!secure || *policies == 0)).collect();
    assert!(open.is_empty(), "without forced row level security, or without a policy: {open:?}");
    let closed: Vec<_> = tables.iter().filter(|(name, secure, _)| EVERYBODYS.contains(&name.as_str()) && *secure).collect();
    assert!(closed.is_empty(), "no exception any more: {closed:?}");
}
