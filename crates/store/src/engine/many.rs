//! One statement for many lists of values: bulk insert, and look-ups by set. One of the places where engines differ.
//!
//! Invariants:
//! * A statement is written once, for a single list. SQLite runs it for one list after another. PostgreSQL, where each run would
//!   cost a round trip, gets all lists at once as arrays, in a form that is made of the same text ([`over_arrays`]).
//! * No list may depend on what another one of the same call does: an upsert meets each key once.

use std::collections::HashSet;

use super::{Error, Row, Session, Value, postgres, sqlite};

/// An insert that is under way, and the keys of its lists.
pub(crate) enum Inserting<'s, 'v, const K: usize> {
    /// It is done: of each list whether it was inserted.
    Done(Vec<bool>),
    Sent(&'s postgres::Connection, postgres::SentForRows, Vec<[Value<'v>; K]>),
}

impl<const K: usize> Inserting<'_, '_, K> {
    /// Of each list whether it was inserted.
    pub(crate) fn end(self) -> Result<Vec<bool>, Error> {
        let (rows, keys) = match self {
            Self::Done(inserted) => return Ok(inserted),
            Self::Sent(connection, sent, keys) => (connection.answer(sent)?, keys),
        };
        let mut inserted = HashSet::new();
        for row in &rows {
            let mut key = [Value::Null; K];
            for (place, value) in key.iter_mut().enumerate() {
                *value = postgres::value(row, place)?;
            }
            inserted.insert(key);
        }
        // The second of equal ones was not inserted.
        Ok(keys.iter().map(|key| inserted.remove(key)).collect())
    }
}

/// A list of values of some expressions.
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        [$($crate::engine::Value::from($value)),*]
    };
}
pub(crate) use list;

/// The key of what is inserted: its columns, each with its place in the lists, counted from 0.
pub(crate) type Key<const K: usize> = [(&'static str, usize); K];

impl<'s> Session<'s> {
    /// Runs a statement for each list.
    pub(crate) fn run_each<'v, const N: usize>(
        self,
        sql: &str,
        lists: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => {
                let statement = &mut connection.prepare_cached(sql)?;
                lists.into_iter().try_for_each(|list| sqlite::run_list(statement, &list).map(drop))
            }
            Self::Postgres(connection) => match columns(lists) {
                Some(columns) => connection.send_arrays(&over_arrays_of(connection, sql)?, &columns),
                None => Ok(()),
            },
        }
    }

    /// Waits until what was run for lists is done: a failure of it shows here at the latest.
    pub(crate) fn settle(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => connection.settle(),
        }
    }

    /// Inserts a row for each list whose key is new, of equal keys for the first; of each list whether it was.
    pub(crate) fn insert_each<'v, const N: usize, const K: usize>(
        self,
        sql: &str,
        key: Key<K>,
        lists: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> Result<Vec<bool>, Error> {
        self.begin_insert_each(sql, key, lists)?.end()
    }

    /// [`Session::insert_each`], whose answer is taken later: while a server inserts, there is time for other work.
    pub(crate) fn begin_insert_each<'v, const N: usize, const K: usize>(
        self,
        sql: &str,
        key: Key<K>,
        lists: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> Result<Inserting<'s, 'v, K>, Error> {
        match self {
            Self::Sqlite(connection) => {
                let statement = &mut connection.prepare_cached(sql)?;
                let inserted = lists.into_iter().map(|list| Ok(sqlite::run_list(statement, &list)? == 1));
                Ok(Inserting::Done(inserted.collect::<Result<_, Error>>()?))
            }
            Self::Postgres(connection) => {
                let lists: Vec<_> = lists.into_iter().collect();
                let keys: Vec<_> = lists.iter().map(|list| key.map(|(_, place)| list[place])).collect();
                let mut seen = HashSet::new();
                let firsts = lists.into_iter().zip(&keys).filter(|(_, key)| seen.insert(**key)).map(|(list, _)| list);
                let Some(columns) = columns(firsts) else { return Ok(Inserting::Done(Vec::new())) };
                let tail = format!(" RETURNING {}", key.map(|(column, _)| column).join(", "));
                let sent = connection.send_for_rows(&(over_arrays_of(connection, sql)? + &tail), &columns)?;
                Ok(Inserting::Sent(connection, sent, keys))
            }
        }
    }

    /// The rows that a query has for each list, in their order; `row` hears the place of the list, too.
    pub(crate) fn rows_of_each<'v, const N: usize>(
        self,
        sql: &str,
        lists: impl IntoIterator<Item = [Value<'v>; N]>,
        mut row: impl FnMut(usize, &Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => {
                let statement = &mut connection.prepare_cached(sql)?;
                let mut lists = lists.into_iter().enumerate();
                lists.try_for_each(|(place, list)| sqlite::rows_of_list(statement, &list, |found| row(place, found)))
            }
            Self::Postgres(connection) => over_all(connection, sql, "", lists)?.iter().try_for_each(|found| {
                let (row_of_list, last) = (Row::Postgres(found), found.len().saturating_sub(1));
                // Counted from 1.
                let place = row_of_list.get::<u32>(last)?.saturating_sub(1);
                row(place as usize, &row_of_list)
            }),
        }
    }
}

/// Runs a statement for all lists at once; its rows.
fn over_all<'v, const N: usize>(
    connection: &postgres::Connection,
    sql: &str,
    tail: &str,
    lists: impl IntoIterator<Item = [Value<'v>; N]>,
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let Some(columns) = columns(lists) else { return Ok(Vec::new()) };
    connection.rows_of_arrays(&(over_arrays_of(connection, sql)? + tail), &columns)
}

/// The columns of lists; `None` where there are no lists.
fn columns<'v, const N: usize>(lists: impl IntoIterator<Item = [Value<'v>; N]>) -> Option<[Vec<Value<'v>>; N]> {
    let mut columns = [const { Vec::new() }; N];
    for list in lists {
        columns.iter_mut().zip(list).for_each(|(column, value)| column.push(value));
    }
    (!columns.iter().all(Vec::is_empty)).then_some(columns)
}

/// The form over arrays of a statement, whose types the server knows.
fn over_arrays_of(connection: &postgres::Connection, sql: &str) -> Result<String, Error> {
    let single = connection.prepare(sql)?;
    let types: Vec<&str> = single.params().iter().map(tokio_postgres::types::Type::name).collect();
    over_arrays(sql, &types)
}

/// The form of a statement whose parameters are arrays: `$1` becomes `list.p1`, a column of the rows that the arrays make. A query
/// yields the place of the list, from 1, after its own columns.
///
/// # Errors
/// [`Error::Postgres`] for a statement that has no such form.
fn over_arrays(sql: &str, types: &[&str]) -> Result<String, Error> {
    let places = 1..=types.len();
    let arrays: Vec<String> = places.clone().zip(types).map(|(n, name)| format!("CAST(${n} AS {name}[])")).collect();
    let names: Vec<String> = places.map(|n| format!("p{n}")).collect();
    let (arrays, names) = (arrays.join(", "), names.join(", "));
    let list = format!("UNNEST({arrays}) AS list ({names})");
    let body = sql.replace('$', "list.p");
    let form = match sql.split_whitespace().next() {
        Some("SELECT") => Some(format!(
            "SELECT found.*, list.place FROM UNNEST({arrays}) WITH ORDINALITY AS list ({names}, place)
             CROSS JOIN LATERAL ({body}) AS found"
        )),
        Some("INSERT") => body.split_once(" VALUES (").and_then(|(table, rest)| {
            let (values, rest) = rest.split_once(')')?;
            Some(format!("{table} SELECT {values} FROM {list}{rest}"))
        }),
        Some("UPDATE") => body.split_once(" WHERE ").map(|(change, rest)| format!("{change} FROM {list} WHERE {rest}")),
        Some("DELETE") => body.split_once(" WHERE ").map(|(from, rest)| format!("{from} USING {list} WHERE {rest}")),
        _ => None,
    };
    form.ok_or_else(|| Error::Postgres(format!("no form over arrays: {sql}")))
}

#[cfg(test)]
mod tests {
    use super::over_arrays;

    /// The form of a statement, on one line.
    fn form(sql: &str, types: &[&str]) -> String {
        over_arrays(sql, types)
            .unwrap_or_else(|error| error.to_string())
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn each_kind_of_statement_has_a_form_over_arrays() {
        let list = "UNNEST(CAST($1 AS int8[]), CAST($2 AS text[])) AS list (p1, p2)";
        let types = ["int8", "text"];
        assert_eq!(
            form("INSERT INTO a (b, c) VALUES ($1, $2) ON CONFLICT (b) DO UPDATE SET c = excluded.c", &types),
            format!(
                "INSERT INTO a (b, c) SELECT list.p1, list.p2 FROM {list} ON CONFLICT (b) DO UPDATE SET c = excluded.c"
            )
        );
        assert_eq!(
            form("UPDATE a SET c = $2 WHERE b = $1", &types),
            format!("UPDATE a SET c = list.p2 FROM {list} WHERE b = list.p1")
        );
        assert_eq!(
            form("DELETE FROM a WHERE b = $1 AND c = $2", &types),
            format!("DELETE FROM a USING {list} WHERE b = list.p1 AND c = list.p2")
        );
        assert_eq!(
            form("SELECT c FROM a WHERE b = $1 AND c > $2 ORDER BY c LIMIT 1", &types),
            "SELECT found.*, list.place FROM UNNEST(CAST($1 AS int8[]), CAST($2 AS text[])) WITH ORDINALITY AS list (p1, p2, place) \
             CROSS JOIN LATERAL (SELECT c FROM a WHERE b = list.p1 AND c > list.p2 ORDER BY c LIMIT 1) AS found"
        );
        assert!(form("INSERT INTO a SELECT $1", &types).contains("no form over arrays"));
    }
}
