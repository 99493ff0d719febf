//! Many rows in one statement, which reads them from a table `v`: what is done once for each item of a push would be a round trip each.
//!
//! The statement has one text for both databases, with `v` like any other table in it. PostgreSQL makes `v` of its columns, each of which is one argument, so that
//! the statement is prepared once, whatever the number of rows. SQLite has no such argument: there `v` is a list of rows of placeholders, in pieces of few lengths.
//!
//! What is the same for all rows (`org`, `at`) is a column as well. For SQLite `v CROSS JOIN t` says that each row looks its own up in `t`, by the key in `WHERE`. An
//! update joins likewise (`UPDATE t SET … FROM v WHERE t.org_id = v.org AND t.id = v.id`); a deletion cannot on SQLite, and names its rows by
//! `org_id = (SELECT v.org FROM v LIMIT 1) AND id IN (SELECT v.id FROM v)`, because of two columns in one `IN` SQLite uses the first alone.

use super::{Conn, pieces};
use crate::StoreError;
use sqlx::{
    Arguments, AssertSqlSafe, FromRow,
    error::BoxDynError,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};
use std::ops::Range;
use uuid::Uuid;

/// The values of one column, row by row.
pub(crate) enum Column<'a> {
    Id(Vec<Uuid>),
    Number(Vec<i64>),
    NumberOrNull(Vec<Option<i64>>),
    Flag(Vec<bool>),
    Text(Vec<&'a str>),
    TextOrNull(Vec<Option<&'a str>>),
    Bytes(Vec<&'a [u8]>),
    BytesOrNull(Vec<Option<&'a [u8]>>),
}

/// Makes a column of values of one type.
macro_rules! column {
    ($($kind:ident $value:ty),+) => {
        $(impl<'a> FromIterator<$value> for Column<'a> {
            fn from_iter<I: IntoIterator<Item = $value>>(values: I) -> Self {
                Self::$kind(values.into_iter().collect())
            }
        })+
    };
}
column!(Id Uuid, Number i64, NumberOrNull Option<i64>, Flag bool, Text &'a str, TextOrNull Option<&'a str>, Bytes &'a [u8], BytesOrNull Option<&'a [u8]>);

impl Column<'_> {
    /// As PostgreSQL calls the type.
    const fn sql_type(&self) -> &'static str {
        match self {
            Self::Id(_) => "uuid",
            Self::Number(_) | Self::NumberOrNull(_) => "bigint",
            Self::Flag(_) => "boolean",
            Self::Text(_) | Self::TextOrNull(_) => "text",
            Self::Bytes(_) | Self::BytesOrNull(_) => "bytea",
        }
    }

    fn add_all(&self, to: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Id(values) => to.add(values),
            Self::Number(values) => to.add(values),
            Self::NumberOrNull(values) => to.add(values),
            Self::Flag(values) => to.add(values),
            Self::Text(values) => to.add(values),
            Self::TextOrNull(values) => to.add(values),
            Self::Bytes(values) => to.add(values),
            Self::BytesOrNull(values) => to.add(values),
        }
    }

    fn add_one(&self, row: usize, to: &mut SqliteArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Id(values) => to.add(values[row]),
            Self::Number(values) => to.add(values[row]),
            Self::NumberOrNull(values) => to.add(values[row]),
            Self::Flag(values) => to.add(values[row]),
            Self::Text(values) => to.add(values[row]),
            Self::TextOrNull(values) => to.add(values[row]),
            Self::Bytes(values) => to.add(values[row]),
            Self::BytesOrNull(values) => to.add(values[row]),
        }
    }
}

/// The rows of `v`.
pub(crate) struct Rows<'a, T> {
    items: &'a [T],
    table: Table<'a>,
}

/// The same, once it is known what is in them.
pub(crate) struct Table<'a> {
    len: usize,
    columns: Vec<(&'static str, Column<'a>)>,
}

impl<'a, T> Rows<'a, T> {
    /// A row for each item.
    pub(crate) const fn of(items: &'a [T]) -> Self {
        Self { items, table: Table { len: items.len(), columns: vec![] } }
    }

    /// With a column more, which is made of each item.
    pub(crate) fn with<V>(mut self, name: &'static str, value: impl Fn(&'a T) -> V) -> Self
    where
        Column<'a>: FromIterator<V>,
    {
        self.table.columns.push((name, self.items.iter().map(value).collect()));
        self
    }

    pub(crate) fn table(self) -> Table<'a> {
        self.table
    }

    /// Executes a statement with the rows; with none it does nothing.
    pub(crate) async fn execute(&self, conn: &mut Conn, statement: &'static str) -> Result<(), StoreError> {
        match conn {
            Conn::Sqlite(c) => {
                for (sql, arguments) in self.table.in_pieces(statement)? {
                    sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *c).await?;
                }
            }
            Conn::Postgres(lane) => {
                if self.table.len > 0 {
                    let mut arguments = PgArguments::default();
                    let sql = self.table.on_postgres(statement, &mut arguments)?;
                    sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut lane.conn).await?;
                    lane.wrote(self.table.len).await?;
                }
            }
        }
        Ok(())
    }

    /// What a query reads with the rows; with none it reads nothing.
    pub(crate) async fn fetch<O>(&self, conn: &mut Conn, query: &'static str) -> Result<Vec<O>, StoreError>
    where
        O: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut found = vec![];
        match conn {
            Conn::Sqlite(c) => {
                for (sql, arguments) in self.table.in_pieces(query)? {
                    found.append(&mut sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(&mut *c).await?);
                }
            }
            Conn::Postgres(_) => {
                if self.table.len > 0 {
                    found = fetch_at_once(conn, &self.table, query).await?;
                }
            }
        }
        Ok(found)
    }
}

impl Table<'_> {
    fn on_sqlite(&self, rows: Range<usize>, statement: &str, to: &mut (String, SqliteArguments)) -> Result<(), StoreError> {
        let (sql, arguments) = to;
        let row = format!("({})", vec!["?"; self.columns.len()].join(","));
        let between = if sql.is_empty() { "" } else { "; " };
        sql.push_str(&format!("{between}WITH v ({}) AS (VALUES {}) {statement}", self.names(), vec![row.as_str(); rows.len()].join(",")));
        arguments.reserve(rows.len() * self.columns.len(), 0);
        rows.into_iter().try_for_each(|row| self.columns.iter().try_for_each(|(_, column)| column.add_one(row, arguments))).map_err(encoding)
    }

    fn in_pieces(&self, statement: &str) -> Result<Vec<(String, SqliteArguments)>, StoreError> {
        let piece = |rows: Range<usize>| {
            let mut made = (String::new(), SqliteArguments::default());
            self.on_sqlite(rows, statement, &mut made)?;
            Ok(made)
        };
        pieces(self.len).map(piece).collect()
    }

    /// With the columns as arguments, counted on from those that are there.
    fn on_postgres(&self, statement: &str, to: &mut PgArguments) -> Result<String, StoreError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for (_, column) in &self.columns {
            column.add_all(to).map_err(encoding)?;
            columns.push(format!("${}::{}[]", to.len(), column.sql_type()));
        }
        Ok(format!("WITH v ({}) AS (SELECT * FROM UNNEST({})) {statement}", self.names(), columns.join(", ")))
    }

    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// What a query reads with rows, in one go however many there are.
pub(crate) async fn fetch_at_once<O>(conn: &mut Conn, table: &Table<'_>, query: &'static str) -> Result<Vec<O>, StoreError>
where
    O: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    Ok(match conn {
        Conn::Sqlite(c) => {
            let mut made = (String::new(), SqliteArguments::default());
            table.on_sqlite(0..table.len, query, &mut made)?;
            sqlx::query_as_with(AssertSqlSafe(made.0), made.1).fetch_all(&mut *c).await?
        }
        Conn::Postgres(lane) => {
            let mut arguments = PgArguments::default();
            let sql = table.on_postgres(query, &mut arguments)?;
            sqlx::query_as_with(AssertSqlSafe(sql), arguments).fetch_all(&mut lane.conn).await?
        }
    })
}

/// Executes several statements, each with rows of its own, in one go. On SQLite one after the other; on PostgreSQL as parts of one statement, of which none sees what another writes.
pub(crate) async fn execute_at_once(conn: &mut Conn, statements: &[(Table<'_>, &'static str)]) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(c) => {
            let mut made = (String::new(), SqliteArguments::default());
            for (table, statement) in statements.iter().filter(|(table, _)| table.len > 0) {
                table.on_sqlite(0..table.len, statement, &mut made)?;
            }
            sqlx::query_with(AssertSqlSafe(made.0), made.1).execute(&mut *c).await?;
        }
        Conn::Postgres(lane) => {
            let mut arguments = PgArguments::default();
            // Also those without rows, so that the text stays the same.
            let part =
                |(n, (table, statement)): (usize, &(Table<'_>, &'static str))| Ok(format!("s{n} AS ({})", table.on_postgres(statement, &mut arguments)?));
            let parts: Vec<String> = statements.iter().enumerate().map(part).collect::<Result<_, StoreError>>()?;
            sqlx::query_with(AssertSqlSafe(format!("WITH {} SELECT 1", parts.join(", "))), arguments).execute(&mut lane.conn).await?;
            lane.wrote(statements.iter().map(|(table, _)| table.len).sum()).await?;
        }
    }
    Ok(())
}

fn encoding(error: BoxDynError) -> StoreError {
    StoreError::Database(sqlx::Error::Encode(error))
}
