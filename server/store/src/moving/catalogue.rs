//! What there is to move, read from the two schemas.

use super::{
    MoveError,
    cell::{Kind, Row},
    side::Side,
};
use sqlx::{PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    /// Numbered by the database.
    pub numbered: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Places in `columns`.
    pub key: Vec<usize>,
}

impl Table {
    /// The names of all columns, for a list in SQL.
    pub(super) fn names(&self) -> String {
        self.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The key of a row, for people.
    pub(super) fn key_of(&self, row: &Row) -> String {
        self.key.iter().filter_map(|place| row.get(*place)).map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

type Columns = BTreeMap<String, BTreeSet<String>>;

/// All tables, each after those that it refers to.
///
/// # Errors
/// [`MoveError::Schemas`] where the two databases do not have the same.
pub(super) async fn tables(source: &mut Side, target: &mut Side) -> Result<Vec<Table>, MoveError> {
    let to_postgres = target.is_postgres();
    let (Side::Sqlite(sqlite), Side::Postgres(postgres)) = (if to_postgres { (source, target) } else { (target, source) }) else {
        return Err(MoveError::SameKind);
    };
    let theirs = of_sqlite(sqlite).await?;
    let mut tables = of_postgres(postgres).await?;
    let wrong = differences(&tables, &theirs);
    if !wrong.is_empty() {
        return Err(MoveError::Schemas(wrong.join(", ")));
    }
    keys(postgres, &mut tables).await?;
    in_order(tables, &references(postgres).await?)
}

/// What is on one side only.
fn differences(tables: &[Table], theirs: &Columns) -> Vec<String> {
    let mut wrong = vec![];
    let names: BTreeSet<&String> = tables.iter().map(|t| &t.name).collect();
    wrong.extend(theirs.keys().filter(|name| !names.contains(name)).map(|name| format!("PostgreSQL has no table {name}")));
    for table in tables {
        let Some(there) = theirs.get(&table.name) else {
            wrong.push(format!("SQLite has no table {}", table.name));
            continue;
        };
        for column in table.columns.iter().filter(|c| !there.contains(&c.name)) {
            wrong.push(format!("SQLite has no column {}.{}", table.name, column.name));
        }
        for column in there.iter().filter(|name| table.columns.iter().all(|c| c.name != **name)) {
            wrong.push(format!("PostgreSQL has no column {}.{column}", table.name));
        }
    }
    wrong
}

async fn of_sqlite(conn: &mut SqliteConnection) -> Result<Columns, MoveError> {
    const ALL: &str = "SELECT m.name, p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> '_sqlx_migrations'";
    let mut tables = Columns::new();
    for (table, column) in sqlx::query_as::<_, (String, String)>(ALL).fetch_all(conn).await? {
        tables.entry(table).or_default().insert(column);
    }
    Ok(tables)
}

/// Tables without their keys; partitions are no tables of their own.
async fn of_postgres(conn: &mut PgConnection) -> Result<Vec<Table>, MoveError> {
    const ALL: &str = "SELECT c.relname::text, a.attname::text, t.typname::text, a.attidentity <> '' FROM pg_class c \
        JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid \
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> '_sqlx_migrations' \
        AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum";
    let mut tables: Vec<Table> = vec![];
    for (name, column, typname, numbered) in sqlx::query_as::<_, (String, String, String, bool)>(ALL).fetch_all(conn).await? {
        let kind = Kind::of(&typname).ok_or_else(|| MoveError::Schemas(format!("{name}.{column} is of the type {typname}, which is not moved yet")))?;
        let column = Column { name: column, kind, numbered };
        match tables.last_mut().filter(|t| t.name == name) {
            Some(table) => table.columns.push(column),
            None => tables.push(Table { name, columns: vec![column], key: vec![] }),
        }
    }
    Ok(tables)
}

async fn keys(conn: &mut PgConnection, tables: &mut [Table]) -> Result<(), MoveError> {
    const KEYS: &str = "SELECT c.relname::text, a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
        CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
        WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname, k.place";
    for (name, column) in sqlx::query_as::<_, (String, String)>(KEYS).fetch_all(conn).await? {
        if let Some(table) = tables.iter_mut().find(|t| t.name == name) {
            table.key.extend(table.columns.iter().position(|c| c.name == column));
        }
    }
    match tables.iter().find(|t| t.key.is_empty()) {
        Some(table) => Err(MoveError::Schemas(format!("{} has no primary key, so its rows have no order", table.name))),
        None => Ok(()),
    }
}

/// Pairs of a table and one that it refers to.
async fn references(conn: &mut PgConnection) -> Result<Vec<(String, String)>, MoveError> {
    const FOREIGN: &str = "SELECT DISTINCT f.relname::text, t.relname::text FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid \
        JOIN pg_class t ON t.oid = c.confrelid WHERE c.contype = 'f' AND c.conrelid <> c.confrelid";
    Ok(sqlx::query_as(FOREIGN).fetch_all(conn).await?)
}

/// Sorts tables so that each comes after those that it refers to.
fn in_order(mut waiting: Vec<Table>, references: &[(String, String)]) -> Result<Vec<Table>, MoveError> {
    let mut sorted: Vec<Table> = vec![];
    while !waiting.is_empty() {
        let needs = |table: &Table| references.iter().any(|(from, to)| *from == table.name && waiting.iter().any(|w| w.name == *to));
        let Some(next) = waiting.iter().position(|table| !needs(table)) else {
            return Err(MoveError::Schemas("tables refer to each other in a circle".into()));
        };
        sorted.push(waiting.remove(next));
    }
    Ok(sorted)
}
