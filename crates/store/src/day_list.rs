//! The list of derived days: filter, order, parts.
//!
//! Invariants:
//! * Which days a list shows is decided on keys and indexes; of the rows, which are wide, only those shown are read.
//! * How many days match is counted up to [`COUNTED`]. So few are collected and sorted. Of more, the index of the order is walked
//!   until enough are found, which is soon, as many match. Neither a rare filter nor a long list reads more than some ten
//!   thousand keys of ten million punches' days.
//! * Rows are told apart by date and employee code, the last terms of every order: a list that is read on from a [`Place`] has
//!   each row once.

use jiff::civil::Date;

use crate::days::{Day, day};
use crate::engine::Param;
use crate::{Error, Read};

/// Up to so many days that match are counted.
pub const COUNTED: u64 = 5_000;

/// A row of the list of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDay {
    /// Employee code.
    pub code: String,
    /// Employee name.
    pub name: String,
    /// IANA zone of the employee; the company's when `None`.
    pub zone: Option<String>,
    /// The day.
    pub day: Day,
}

/// The sort orders of the list of days. Ties are broken by date, which turns with the order, and by employee code, which does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By date.
    #[default]
    Date,
    /// By employee code, then date; the date does not turn.
    Employee,
    /// By worked minutes.
    Worked,
    /// By tardy minutes.
    Tardy,
}

/// Where a row stands in an order: the list goes on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Worked or tardy minutes, where the order is by these.
    pub minutes: i64,
    /// Work date.
    pub date: Date,
    /// Employee code.
    pub code: String,
}

/// Which days to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct DayQuery {
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// Employee code.
    pub employee: Option<String>,
    /// Exception code.
    pub exception: Option<String>,
    /// Only days that have an exception.
    pub has_exception: bool,
    /// Status word.
    pub status: Option<String>,
    /// Sort order.
    pub order: Order,
    /// The other way round.
    pub descending: bool,
    /// Only rows after this one.
    pub after: Option<Place>,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 for all of them.
    pub limit: u32,
}

const ROW: &str = "d.employee, d.date, d.status, d.exceptions, d.worked_minutes, d.tardy_minutes, d.left_early_minutes,
    d.is_outlier, d.record, d.inputs, d.engine, d.revision, d.derived_us, e.code, e.name, e.zone";

/// How the keys of the days are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// All that match, then sorted.
    Collect,
    /// By the index of the order, until there are enough.
    Walk,
}

/// A statement with its values.
#[derive(Default)]
struct Bound {
    sql: String,
    values: Vec<Box<dyn Param>>,
}

impl Bound {
    /// The place of a new value.
    fn value(&mut self, value: impl Param + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }
}

impl Order {
    const ALL: [Self; 4] = [Self::Date, Self::Employee, Self::Worked, Self::Tardy];

    /// The column of its minutes; where its index is not to be walked, a term that none serves.
    const fn minutes(self, way: Way) -> Option<&'static str> {
        match (self, way) {
            (Self::Date | Self::Employee, _) => None,
            (Self::Worked, Way::Walk) => Some("d.worked_minutes"),
            (Self::Worked, Way::Collect) => Some("(d.worked_minutes + 0)"),
            (Self::Tardy, Way::Walk) => Some("d.tardy_minutes"),
            (Self::Tardy, Way::Collect) => Some("(d.tardy_minutes + 0)"),
        }
    }

    /// The terms to order keys by; `day` is the alias of the table that has their date.
    fn terms(self, way: Way, day: &str, descending: bool) -> String {
        let turn = if descending { " DESC" } else { "" };
        match self.minutes(way) {
            Some(minutes) => format!("{minutes}{turn}, {day}.date{turn}, e.code"),
            None if self == Self::Employee => format!("e.code{turn}, {day}.date"),
            None => format!("{day}.date{turn}, e.code"),
        }
    }
}

impl DayQuery {
    /// Every way to the keys of what matches: tables, then conditions, without those of the place. `$1` is the tenant.
    fn found(&self, tenant: i64, way: Way) -> Bound {
        let mut bound = Bound::default();
        bound.value(tenant);
        let walks_people = self.employee.is_some() || (way == Way::Walk && self.order == Order::Employee);
        let by_exception = !walks_people && way == Way::Collect && self.exception.is_some();
        let needs_row = self.status.is_some() || self.order.minutes(way).is_some() || self.limit == 0;
        bound.sql = match (walks_people, by_exception) {
            (true, _) => "employee e CROSS JOIN day d WHERE e.tenant = $1 AND d.tenant = $1 AND d.employee = e.id",
            (false, false) => "day d CROSS JOIN employee e WHERE d.tenant = $1 AND e.tenant = $1 AND e.id = d.employee",
            (false, true) if needs_row => {
                "day_exception x CROSS JOIN day d CROSS JOIN employee e WHERE x.tenant = $1 AND d.tenant = $1
                 AND d.employee = x.employee AND d.date = x.date AND e.tenant = $1 AND e.id = x.employee"
            }
            (false, true) => {
                "day_exception x CROSS JOIN employee e WHERE x.tenant = $1 AND e.tenant = $1 AND e.id = x.employee"
            }
        }
        .to_owned();
        let key = if by_exception { "x" } else { "d" };
        let is_any = self.has_exception && self.exception.is_none();
        // What must not lead to another index than that of the order or of the leading filter stands in an expression.
        let date = if way == Way::Walk && !walks_people { "(d.date || '')".to_owned() } else { format!("{key}.date") };
        if let Some(from) = self.from {
            let from = bound.value(from.to_string());
            bound.and(&format!("{date} >= {from}"));
        }
        if let Some(to) = self.to {
            let to = bound.value(to.to_string());
            bound.and(&format!("{date} <= {to}"));
        }
        if let Some(code) = &self.employee {
            let code = bound.value(code.clone());
            bound.and(&format!("e.code = {code}"));
        }
        if let Some(code) = &self.exception {
            self.has_code(code, key, way, &mut bound);
        }
        if let Some(status) = &self.status {
            let column = if walks_people || way == Way::Walk || is_any { "(d.status || '')" } else { "d.status" };
            let status = bound.value(status.clone());
            bound.and(&format!("{column} = {status}"));
        }
        if is_any {
            bound.and(if way == Way::Walk { "(d.exceptions || '') <> ''" } else { "d.exceptions <> ''" });
        }
        bound
    }

    fn has_code(&self, code: &str, key: &str, way: Way, bound: &mut Bound) {
        if key == "x" {
            let code = bound.value(code.to_owned());
            bound.and(&format!("x.exception = {code}"));
        } else if way == Way::Walk {
            // In the index itself, where those without the code are many.
            let code = bound.value(format!(",{code},"));
            bound.and(&format!("replace(d.exceptions, {code}, '') <> d.exceptions"));
        } else {
            let code = bound.value(code.to_owned());
            bound.and(&format!(
                "EXISTS (SELECT 1 FROM day_exception x WHERE x.tenant = $1 AND x.exception = {code} AND x.date = d.date AND x.employee = d.employee)"
            ));
        }
    }

    /// How many days match, up to one more than [`COUNTED`].
    fn count(&self, tenant: i64) -> Bound {
        // Neither the order nor the rows matter.
        let any_order = Self { order: Order::Date, ..self.clone() };
        let mut bound = any_order.found(tenant, Way::Collect);
        let most = bound.value(COUNTED + 1);
        bound.sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT {most}) AS matching", bound.sql);
        bound
    }

    /// The rows of the list.
    fn list(&self, tenant: i64, way: Way) -> Bound {
        let mut bound = self.found(tenant, way);
        // Under the same table as in the conditions, by whose index the keys come.
        let key = if bound.sql.starts_with("day_exception") { "x" } else { "d" };
        if let Some(place) = &self.after {
            self.go_on(place, key, way, &mut bound);
        }
        let order = self.order.terms(way, key, self.descending);
        if self.limit == 0 {
            bound.sql = format!("SELECT {ROW} FROM {} ORDER BY {order}", bound.sql);
            return bound;
        }
        let (limit, offset) = (bound.value(self.limit), bound.value(self.offset));
        bound.sql = format!(
            "WITH shown AS (SELECT {key}.employee, {key}.date, e.code, e.name, e.zone FROM {}
             ORDER BY {order} LIMIT {limit} OFFSET {offset})
             SELECT {ROW} FROM shown e CROSS JOIN day d WHERE d.tenant = $1 AND d.employee = e.employee AND d.date = e.date
             ORDER BY {}",
            bound.sql,
            self.order.terms(way, "d", self.descending),
        );
        bound
    }

    /// Only what comes after a place.
    fn go_on(&self, place: &Place, key: &str, way: Way, bound: &mut Bound) {
        let (beyond, up_to) = if self.descending { ("<", "<=") } else { (">", ">=") };
        let (date, code) = (place.date.to_string(), place.code.clone());
        // Values in the order in which they appear.
        if let Some(column) = self.order.minutes(way) {
            let (minutes, date, code) = (bound.value(place.minutes), bound.value(date), bound.value(code));
            bound.and(&format!("{column} {up_to} {minutes}"));
            bound.and(&format!(
                "({column} {beyond} {minutes} OR {key}.date {beyond} {date} OR ({key}.date = {date} AND e.code > {code}))"
            ));
        } else if self.order == Order::Employee {
            let (code, date) = (bound.value(code), bound.value(date));
            bound.and(&format!("e.code {up_to} {code} AND (e.code {beyond} {code} OR {key}.date > {date})"));
        } else {
            let (date, code) = (bound.value(date), bound.value(code));
            bound.and(&format!("{key}.date {up_to} {date} AND ({key}.date {beyond} {date} OR e.code > {code})"));
        }
    }

    /// The index that leads to the keys.
    fn leading_index(&self, way: Way) -> &'static str {
        match (way, self.order) {
            _ if self.employee.is_some() => "list of days by employee_code",
            (Way::Walk, Order::Employee) => "list of days by employee_code",
            (Way::Walk, Order::Worked) => "list of days by day_by_worked",
            (Way::Walk, Order::Tardy) => "list of days by day_by_tardy",
            _ if self.exception.is_some() => "list of days by day_exception",
            _ if self.has_exception => "list of days by day_with_exception",
            _ if self.status.is_some() => "list of days by day_by_status",
            _ => "list of days by day_by_date",
        }
    }

    /// How the keys are found when so many match; `None` for many.
    fn way(&self, matching: Option<u64>) -> Way {
        // By date every index of keys is in order already, and nobody has worked for so many days.
        let is_in_order = self.order == Order::Date;
        if matching.is_some() || is_in_order || self.employee.is_some() { Way::Collect } else { Way::Walk }
    }
}

/// Every form that the list of days takes, under the name of the index that its keys come by, for the tests of the statements.
pub(crate) fn variants() -> Vec<(&'static str, String)> {
    let text = |on: bool| on.then(|| String::from("x"));
    let day = |on: bool| on.then_some(Date::constant(2026, 1, 1));
    let mut variants = Vec::new();
    for bits in 0..64_u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let filter = DayQuery {
            from: day(on(0)),
            to: day(on(1)),
            employee: text(on(2)),
            exception: text(on(3)),
            status: text(on(4)),
            has_exception: on(5),
            ..DayQuery::default()
        };
        variants.push((filter.leading_index(Way::Collect), filter.count(1).sql));
        for (order, descending) in Order::ALL.into_iter().flat_map(|order| [(order, false), (order, true)]) {
            for matching in [Some(1), None] {
                let place = Place { minutes: 1, date: Date::constant(2026, 1, 1), code: "x".to_owned() };
                for (after, limit) in [(None, 0), (None, 50), (Some(place), 50)] {
                    let query = DayQuery { order, descending, after, limit, ..filter.clone() };
                    let way = query.way(matching);
                    variants.push((query.leading_index(way), query.list(1, way).sql));
                }
            }
        }
    }
    variants
}

impl Read<'_> {
    /// How many days match, whatever part of them is asked for; `None` for more than [`COUNTED`].
    ///
    /// # Errors
    /// Of the store.
    pub fn count_days(&self, query: &DayQuery) -> Result<Option<u64>, Error> {
        let Bound { sql, values } = query.count(self.tenant);
        let params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        let count: u64 = self.one(&sql, &params, |row| row.get(0))?.unwrap_or(0);
        Ok((count <= COUNTED).then_some(count))
    }

    /// The days that a query asks for, of which so many match in all ([`Read::count_days`]).
    ///
    /// # Errors
    /// Of the store.
    pub fn list_days(&self, query: &DayQuery, matching: Option<u64>) -> Result<Vec<ListedDay>, Error> {
        let mut rows = Vec::new();
        self.each_day(query, matching, |row| {
            rows.push(row);
            Ok::<_, Error>(())
        })?;
        Ok(rows)
    }

    /// Hands on the days that a query asks for, of which so many match in all, one after another.
    ///
    /// # Errors
    /// Of the store, or the first of `take`.
    pub fn each_day<E: From<Error>>(
        &self,
        query: &DayQuery,
        matching: Option<u64>,
        mut take: impl FnMut(ListedDay) -> Result<(), E>,
    ) -> Result<(), E> {
        let Bound { sql, values } = query.list(self.tenant, query.way(matching));
        let params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        self.session.each(&sql, &params, |row| {
            let (code, name, zone) = (row.get(13)?, row.get(14)?, row.get(15)?);
            take(ListedDay { code, name, zone, day: day(row)? })
        })
    }
}
