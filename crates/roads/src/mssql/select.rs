//! The statements that are sent: one SELECT per page.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, ObjectName, SetExpr, Statement, TableFactor, Visit as _, Visitor};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::Cell;
use super::table::{Table, quoted};

/// What the login may do with an object beside reading.
#[cfg(any(feature = "mssql", test))]
pub(super) const RIGHTS: &str = "SELECT HAS_PERMS_BY_NAME(@P1, 'OBJECT', 'INSERT') AS [INSERT], \
    HAS_PERMS_BY_NAME(@P1, 'OBJECT', 'UPDATE') AS [UPDATE], HAS_PERMS_BY_NAME(@P1, 'OBJECT', 'DELETE') AS [DELETE]";

/// Functions that reach beyond the database.
const REACHING: [&str; 4] = ["openrowset", "openquery", "opendatasource", "openxml"];

/// One page of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Select<'t> {
    /// The table.
    pub table: &'t Table,
    /// Rows of this key and after it: of rows with equal keys a page may have ended between.
    pub after: Option<Vec<Cell>>,
    /// Rows whose key begins at this.
    pub from: Option<Cell>,
    /// Rows whose time is at this or later.
    pub since: Option<Cell>,
    /// Rows whose time is before this.
    pub until: Option<Cell>,
    /// At most so many.
    pub limit: usize,
}

impl Select<'_> {
    /// The statement, and its parameters in their order.
    pub fn sql(&self) -> (String, Vec<Cell>) {
        let mut values = Vec::new();
        let mut bind = |cell: &Cell| {
            values.push(cell.clone());
            format!("@P{}", values.len())
        };
        let keys: Vec<String> = self.table.keys.iter().map(|key| quoted(key)).collect();
        let mut wanted: Vec<String> = keys.iter().map(|key| format!("{key} IS NOT NULL")).collect();
        let when: Vec<String> = self.table.when().filter_map(|role| self.table.column_of(role)).map(quoted).collect();
        if let (Some(from), Some(key)) = (&self.from, keys.first()) {
            wanted.push(format!("{key} >= {}", bind(from)));
        }
        for (is, value) in [(">=", &self.since), ("<", &self.until)] {
            let Some(value) = value else { continue };
            let any = when.iter().map(|when| format!("{when} {is} {}", bind(value))).collect::<Vec<_>>();
            wanted.push(format!("({})", any.join(" OR ")));
        }
        if let Some(after) = &self.after {
            // (a > 1) OR (a = 1 AND b >= 2)
            let depths = keys.len().min(after.len());
            let deeper = (0..depths).map(|depth| {
                let mut parts = String::new();
                for (place, (key, value)) in keys.iter().zip(after).take(depth + 1).enumerate() {
                    let and = if place == 0 { "" } else { " AND " };
                    let is = match place {
                        _ if place < depth => "=",
                        _ if depth + 1 < depths => ">",
                        _ => ">=",
                    };
                    let _ = write!(parts, "{and}{key} {is} {}", bind(value));
                }
                format!("({parts})")
            });
            wanted.push(format!("({})", deeper.collect::<Vec<_>>().join(" OR ")));
        }
        let columns: Vec<String> = self.table.columns().map(quoted).collect();
        let sql = format!(
            "SELECT TOP ({}) {} FROM {} WHERE {} ORDER BY {}",
            self.limit,
            columns.join(", "),
            self.table.from,
            wanted.join(" AND "),
            keys.join(", ")
        );
        (sql, values)
    }
}

/// Checks a query of somebody's own: one SELECT that only reads; the objects that it reads.
///
/// # Errors
/// What is wrong with it, with the cure.
pub fn check_query(text: &str) -> Result<Vec<String>, String> {
    let parsed =
        Parser::parse_sql(&MsSqlDialect {}, text).map_err(|error| format!("the query can't be read: {error}"))?;
    let [Statement::Query(query)] = parsed.as_slice() else {
        return Err("the query must be one SELECT, and nothing else".to_owned());
    };
    if query.with.is_some() || query.order_by.is_some() || query.for_clause.is_some() || !query.locks.is_empty() {
        return Err("the query stands within another one: leave out WITH, ORDER BY and FOR".to_owned());
    }
    let tokens = Tokenizer::new(&MsSqlDialect {}, text.trim().trim_end_matches(';')).tokenize();
    if tokens.is_ok_and(|tokens| tokens.contains(&Token::SemiColon)) {
        return Err("the query stands within another one: leave out the semicolon before its last comment".to_owned());
    }
    let mut look = Look::default();
    let _ = query.visit(&mut look);
    match look.fault {
        Some(fault) => Err(fault),
        None => Ok(look.objects),
    }
}

/// What a query reads, and what it must not have.
#[derive(Default)]
struct Look {
    objects: Vec<String>,
    fault: Option<String>,
}

impl Look {
    fn call(&mut self, name: &ObjectName) {
        let name = name.to_string().to_lowercase();
        if REACHING.iter().any(|reaching| name.ends_with(reaching)) {
            self.fault = Some(format!("the query must not use {name}, which reaches other servers and files"));
        }
    }
}

impl Visitor for Look {
    type Break = ();

    fn pre_visit_query(&mut self, query: &sqlparser::ast::Query) -> ControlFlow<()> {
        fn look(body: &SetExpr) -> Option<&'static str> {
            match body {
                SetExpr::Select(select) if select.into.is_some() => {
                    Some("the query must not have INTO, which makes a table")
                }
                SetExpr::Select(_) | SetExpr::Values(_) | SetExpr::Query(_) | SetExpr::Table(_) => None,
                SetExpr::SetOperation { left, right, .. } => look(left).or_else(|| look(right)),
                _ => Some("the query must be one SELECT, and nothing else"),
            }
        }
        if let Some(fault) = look(&query.body) {
            self.fault = Some(fault.to_owned());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.call(relation);
        self.objects.push(relation.to_string());
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Function { name, .. } = factor {
            self.call(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            self.call(&function.name);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mssql::{KeyKind, PRESETS};

    fn is_one_select(sql: &str) -> bool {
        let parsed = Parser::parse_sql(&MsSqlDialect {}, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let selects =
            |query: &sqlparser::ast::Query| matches!(&*query.body, SetExpr::Select(select) if select.into.is_none());
        matches!(parsed.as_slice(), [Statement::Query(query)] if selects(query))
    }

    fn tables() -> Vec<Table> {
        let custom = ["key=n", "user=who", "time=at ti]me"].map(str::to_owned);
        let mut tables: Vec<Table> =
            PRESETS.iter().map(|preset| Table::new(preset.name, None, None, &[], (None, false)).unwrap()).collect();
        tables.push(
            Table::new("custom", None, Some("SELECT n, who, [at ti]]me] FROM hr.log;"), &custom, (None, true)).unwrap(),
        );
        tables.push(Table::new("commute-log", Some("x]; DROP TABLE y; --"), None, &[], (None, false)).unwrap());
        tables.push(shifts());
        tables
    }

    /// A row per shift, each with both of its times whole.
    fn shifts() -> Table {
        let columns = ["key=n", "user=who", "in=came", "out=went"].map(str::to_owned);
        Table::new("custom", None, Some("SELECT n, who, came, went FROM shift"), &columns, (None, false)).unwrap()
    }

    #[test]
    fn nothing_but_selects_is_ever_sent() {
        assert!(is_one_select(RIGHTS));
        for table in tables() {
            let cell = || Some(Cell::Number(1));
            let keys = vec![Cell::Number(1); table.keys.len()];
            for (after, from, since, until) in
                [(None, None, None, None), (Some(keys.clone()), cell(), None, None), (Some(keys), None, cell(), cell())]
            {
                let (sql, values) = Select { table: &table, after, from, since, until, limit: 1000 }.sql();
                assert!(is_one_select(&sql), "{sql}");
                assert_eq!(sql.matches("@P").count(), values.len(), "{sql}");
                assert!(sql.contains(&format!("@P{}", values.len())) || values.is_empty(), "{sql}");
            }
        }
        // No other text in the client reaches the server.
        let client = include_str!("tds.rs");
        assert!(!client.contains("simple_query(") && !client.contains(".execute(") && !client.contains("bulk_insert"));
        assert_eq!(client.matches("Query::new(").count(), 1, "pages, and the look at rights");
    }

    #[test]
    fn a_page_goes_on_at_the_last_key_and_begins_where_it_is_told() {
        let table = Table::new("day-per-row", None, None, &[], (None, false)).unwrap();
        let after = Some(vec![Cell::Text("20250303".into()), Cell::Text("7".into())]);
        let select = Select { table: &table, after, from: None, since: None, until: None, limit: 2 };
        assert_eq!(
            select.sql().0,
            "SELECT TOP (2) [work_date], [emp_no], [emp_no], [work_date], [in_time], [out_time] FROM [dbo].[old_log] WHERE \
             [work_date] IS NOT NULL AND [emp_no] IS NOT NULL AND (([work_date] > @P1) OR ([work_date] = @P2 AND [emp_no] >= @P3)) \
             ORDER BY [work_date], [emp_no]"
        );
    }

    #[test]
    fn a_range_is_asked_for_by_whatever_tells_the_date_of_a_row() {
        let day = |day: i8| Some(Cell::Civil(jiff::civil::date(2025, 3, day).at(0, 0, 0, 0)));
        let asked = |table: &Table| {
            let (sql, values) = Select { table, after: None, from: None, since: day(3), until: day(4), limit: 2 }.sql();
            let (_, wanted) = sql.split_once("IS NOT NULL AND ").unwrap();
            (wanted.replace(" ORDER BY [n]", "").replace(" ORDER BY [id]", ""), values)
        };
        let both = "([came] >= @P1 OR [went] >= @P2) AND ([came] < @P3 OR [went] < @P4)";
        let values = [day(3), day(3), day(4), day(4)].map(Option::unwrap);
        assert_eq!(asked(&shifts()), (both.to_owned(), values.to_vec()));
        // A time of day beside a date is in no range of dates.
        let apart = ["date=day", "time=clock"].map(str::to_owned);
        let apart = Table::new("biotime", None, None, &apart, (None, false)).unwrap();
        assert_eq!(asked(&apart).0, "([day] >= @P1) AND ([day] < @P2)");
    }

    #[test]
    fn a_query_of_ones_own_only_reads() {
        assert_eq!(check_query("SELECT a.x, b.y FROM dbo.a JOIN b ON a.i = b.i").unwrap(), ["dbo.a", "b"]);
        let converted = "SELECT n, CASE WHEN ISDATE(came) = 1 THEN CAST(came AS datetime) END AS came FROM dbo.shift";
        assert_eq!(check_query(converted).unwrap(), ["dbo.shift"]);
        let remarked = "SELECT n, 'a;b' AS who, came FROM shift; -- the doors";
        assert!(check_query(&remarked.replace("shift;", "shift")).is_ok());
        for (query, says) in [
            (remarked, "the semicolon"),
            ("DELETE FROM a", "one SELECT"),
            ("SELECT 1; DROP TABLE a", "one SELECT"),
            ("SELECT * INTO b FROM a", "INTO"),
            ("SELECT * FROM (SELECT * INTO b FROM a) AS x", "INTO"),
            ("SELECT * FROM a ORDER BY x", "leave out"),
            ("WITH q AS (SELECT 1 AS x) SELECT * FROM q", "leave out"),
            ("SELECT * FROM OPENROWSET('x', 'y', 'z')", "reaches"),
            ("EXEC xp_cmdshell 'dir'", "one SELECT"),
            ("UPDATE a SET x = 1", "one SELECT"),
            ("SELECT FROM WHERE", "can't be read"),
        ] {
            let error = check_query(query).unwrap_err();
            assert!(error.contains(says) || error.contains("can't be read"), "{query}: {error}");
        }
    }

    #[test]
    fn what_a_table_lacks_is_named() {
        let made = |preset: &str, query: Option<&str>, columns: &[&str]| {
            let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
            Table::new(preset, None, query, &columns, (Some(KeyKind::Number), false)).unwrap_err()
        };
        assert!(made("none", None, &[]).contains("commute-log, day-per-row, checkinout, biotime, custom"));
        assert!(made("custom", None, &[]).contains("--query-file"));
        assert!(made("custom", Some("SELECT 1 AS a"), &[]).contains("key=ID"));
        assert!(made("custom", Some("SELECT 1 AS a"), &["key=a"]).contains("who"));
        assert!(made("custom", Some("SELECT 1 AS a"), &["key=a", "user=a"]).contains("when"));
        assert!(made("biotime", None, &["hour=a"]).contains("nothing that is called hour"));
    }
}
