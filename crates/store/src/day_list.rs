//! The list of derived days: filter, order, parts.
//!
//! Invariants:
//! * Which days a list shows is decided on the keys alone, in indexes that have all that is asked for; of the rows, which are wide,
//!   only those shown are read.
//! * How many days match is counted up to [`COUNTED`]. Of few, all keys are collected by their filter and sorted. Of more, the index
//!   of the order is walked until there are enough: from employee to employee, or from minutes to minutes, of which there are not
//!   many, and with each the dates that are asked for are found at once. Each filter has an index of each order: who wants the least
//!   worked of those who came must not pass by all who did not.
//! * Rows are told apart by date and employee code, the last terms of every order: a list that is read on from a [`Place`] has
//!   each row once.

use jiff::civil::Date;

pub use crate::days::{ANY, OUTLIER};
use crate::days::{Day, day};
use crate::engine::{Param, Row};
use crate::{Error, Read};

/// Up to so many days that match are counted.
pub const COUNTED: u64 = 20_000;

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
    /// Exception code, [`ANY`] or [`OUTLIER`].
    pub exception: Option<String>,
    /// Status word.
    pub status: Option<String>,
    /// `true`: only what sinks have taken and no sink waits for; `false`: only what a sink is still to take. No index serves it: dates
    /// should.
    pub synced: Option<bool>,
    /// Sort order.
    pub order: Order,
    /// The other way round.
    pub descending: bool,
    /// Only rows after this one.
    pub after: Option<Place>,
    /// Rows left out at the start of a list that does not go on after a row.
    pub offset: u32,
    /// Most rows; 0 for all of them.
    pub limit: u32,
}

/// Whether sinks that there are have taken a day, or are still to.
macro_rules! told {
    ($states:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM sink s CROSS JOIN outbox o WHERE s.tenant = $1 AND o.tenant = $1 AND o.sink = s.name
             AND o.employee = k.employee AND o.date = k.date AND o.state ",
            $states,
            ")"
        )
    };
}
const TAKEN: &str = told!("= 'sent'");
const OWED: &str = told!("IN ('waiting', 'failed')");
const NOT_OWED: &str = concat!("NOT ", told!("IN ('waiting', 'failed')"));

/// What a list shows of the row of a day; its table's name goes before each.
const ROW: [&str; 13] = [
    "employee",
    "date",
    "status",
    "exceptions",
    "worked_minutes",
    "tardy_minutes",
    "left_early_minutes",
    "is_outlier",
    "record",
    "inputs",
    "engine",
    "revision",
    "derived_us",
];

fn listed(row: &Row<'_>) -> Result<ListedDay, Error> {
    Ok(ListedDay { code: row.get(13)?, name: row.get(14)?, zone: row.get(15)?, day: day(row)? })
}

fn row(table: &str) -> String {
    ROW.map(|column| format!("{table}.{column}, ")).concat() + "e.code, e.name, e.zone"
}

/// How the keys of the days are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// All that match, then sorted.
    Collect,
    /// From employee to employee, in the order of their codes.
    People,
    /// Those of so many minutes, by date.
    Minutes(i64),
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

    /// The column of its minutes.
    const fn minutes(self) -> Option<&'static str> {
        match self {
            Self::Date | Self::Employee => None,
            Self::Worked => Some("worked_minutes"),
            Self::Tardy => Some("tardy_minutes"),
        }
    }

    /// The terms to order keys by.
    fn terms(self, way: Way, descending: bool) -> String {
        let turn = if descending { " DESC" } else { "" };
        match (self.minutes(), way) {
            // No index of minutes is to serve where others lead to the keys.
            (Some(minutes), Way::Collect | Way::People) => format!("(k.{minutes} + 0){turn}, k.date{turn}, e.code"),
            (None, _) if self == Self::Employee => format!("e.code{turn}, k.date"),
            _ => format!("k.date{turn}, e.code"),
        }
    }
}

impl DayQuery {
    /// The table of the keys.
    const fn keys(&self) -> &'static str {
        if self.exception.is_some() { "day_exception" } else { "day" }
    }

    const fn left_out(&self) -> u32 {
        if self.after.is_some() || self.limit == 0 { 0 } else { self.offset }
    }

    /// Whether the keys come from one employee, or from one after another.
    fn is_of_people(&self, way: Way) -> bool {
        self.employee.is_some() || way == Way::People
    }

    /// Every way to the keys of what matches: tables, then conditions, without those of the place. `$1` is the tenant.
    fn found(&self, tenant: i64, way: Way, rows: &str) -> Bound {
        let mut bound = Bound::default();
        bound.value(tenant);
        let keys = self.keys();
        let tables = if self.is_of_people(way) {
            format!("employee e CROSS JOIN {keys} k")
        } else {
            format!("{keys} k CROSS JOIN employee e")
        };
        bound.sql = format!("{tables}{rows} WHERE k.tenant = $1 AND e.tenant = $1 AND e.id = k.employee");
        self.conditions(way, &mut bound);
        bound
    }

    fn conditions(&self, way: Way, bound: &mut Bound) {
        if let (Way::Minutes(minutes), Some(column)) = (way, self.order.minutes()) {
            let minutes = bound.value(minutes);
            bound.and(&format!("k.{column} = {minutes}"));
        }
        let dates = [(">=", self.from), ("<=", self.to)];
        let dates = dates.into_iter().filter_map(|(is, end)| Some(("k.date", is, end?.to_string())));
        let words = [("e.code", &self.employee), ("k.exception", &self.exception), ("k.status", &self.status)];
        let words = words.into_iter().filter_map(|(column, word)| Some((column, "=", word.clone()?)));
        for (column, is, word) in dates.chain(words) {
            let word = bound.value(word);
            bound.and(&format!("{column} {is} {word}"));
        }
        for condition in self.synced.map_or(&[][..], |synced| if synced { &[NOT_OWED, TAKEN] } else { &[OWED] }) {
            bound.and(condition);
        }
    }

    /// How many days match, up to so many.
    fn count(&self, tenant: i64, way: Way, most: u64) -> Bound {
        // Neither the order nor the rows matter; who they are only when it is asked for.
        let mut bound = if self.employee.is_some() {
            self.found(tenant, way, "")
        } else {
            let mut bound = Bound::default();
            bound.value(tenant);
            bound.sql = format!("{} k WHERE k.tenant = $1", self.keys());
            self.conditions(way, &mut bound);
            bound
        };
        let most = bound.value(most);
        bound.sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT {most}) AS matching", bound.sql);
        bound
    }

    /// The next minutes in the order, after those or from the start.
    fn next_minutes(&self, tenant: i64, column: &str, after: Option<i64>) -> Bound {
        let mut bound = Bound::default();
        bound.value(tenant);
        bound.sql = format!("SELECT k.{column} FROM {} k WHERE k.tenant = $1", self.keys());
        let status = self.status.as_ref().filter(|_| self.exception.is_none());
        for (column, word) in [("exception", self.exception.as_ref()), ("status", status)] {
            if let Some(word) = word {
                let word = bound.value(word.clone());
                bound.and(&format!("k.{column} = {word}"));
            }
        }
        let (beyond, turn) = if self.descending { ("<", " DESC") } else { (">", "") };
        if let Some(minutes) = after {
            let minutes = bound.value(minutes);
            bound.and(&format!("k.{column} {beyond} {minutes}"));
        }
        bound.sql.push_str(&format!(" ORDER BY k.{column}{turn} LIMIT 1"));
        bound
    }

    /// The rows of the list.
    fn list(&self, tenant: i64, way: Way) -> Bound {
        let order = self.order.terms(way, self.descending);
        if self.limit == 0 {
            return self.list_all(tenant, way, &order);
        }
        let mut bound = self.found(tenant, way, "");
        self.go_on(way, &mut bound);
        let (limit, offset) = (bound.value(self.limit), bound.value(self.left_out()));
        bound.sql = format!(
            "WITH shown AS (SELECT k.employee, k.date, e.code, e.name, e.zone FROM {}
             ORDER BY {order} LIMIT {limit} OFFSET {offset})
             SELECT {} FROM shown e CROSS JOIN day k WHERE k.tenant = $1 AND k.employee = e.employee AND k.date = e.date
             ORDER BY {order}",
            bound.sql,
            row("k"),
        );
        bound
    }

    /// Every row, as there is no need to know the keys before.
    fn list_all(&self, tenant: i64, way: Way, order: &str) -> Bound {
        let (table, rows) = if self.exception.is_some() {
            ("d", " JOIN day d ON d.tenant = k.tenant AND d.employee = k.employee AND d.date = k.date")
        } else {
            ("k", "")
        };
        let mut bound = self.found(tenant, way, rows);
        self.go_on(way, &mut bound);
        bound.sql = format!("SELECT {} FROM {} ORDER BY {order}", row(table), bound.sql);
        bound
    }

    /// Only what comes after the place.
    fn go_on(&self, way: Way, bound: &mut Bound) {
        let Some(place) = &self.after else { return };
        let beyond = if self.descending { "<" } else { ">" };
        let (minutes, date, code) = (place.minutes, place.date.to_string(), place.code.clone());
        // Values in the order in which they appear.
        match (self.order.minutes(), way) {
            (Some(column), Way::Collect | Way::People) => {
                let (minutes, date, code) = (bound.value(minutes), bound.value(date), bound.value(code));
                let (mine, places) = (format!("((k.{column} + 0), k.date)"), format!("({minutes}, {date})"));
                bound.and(&format!("{mine} {beyond}= {places} AND ({mine} {beyond} {places} OR e.code > {code})"));
            }
            (None, _) if self.order == Order::Employee => {
                let (code, date) = (bound.value(code), bound.value(date));
                bound.and(&format!("e.code {beyond}= {code} AND (e.code {beyond} {code} OR k.date > {date})"));
            }
            // Those of other minutes are all on this side of it.
            (Some(_), Way::Minutes(walked)) if walked != minutes => {}
            _ => {
                let (date, code) = (bound.value(date), bound.value(code));
                bound.and(&format!("k.date {beyond}= {date} AND (k.date {beyond} {date} OR e.code > {code})"));
            }
        }
    }

    /// The index that leads to the keys.
    fn leading_index(&self, way: Way) -> &'static str {
        let (is_of_exception, is_of_status) = (self.exception.is_some(), self.status.is_some());
        if self.is_of_people(way) {
            return match (is_of_exception, self.limit) {
                (true, _) => "list of days by day_exception_by_employee",
                // Rows are read as a whole, and their table is in this order.
                (false, 0) => "list of days by day",
                (false, _) => "list of days by day_by_employee",
            };
        }
        match (way, self.order) {
            (Way::Minutes(_), Order::Worked) if is_of_exception => "list of days by day_exception_by_worked",
            (Way::Minutes(_), Order::Worked) if is_of_status => "list of days by day_by_status_worked",
            (Way::Minutes(_), Order::Worked) => "list of days by day_by_worked",
            (Way::Minutes(_), Order::Tardy) if is_of_exception => "list of days by day_exception_by_tardy",
            (Way::Minutes(_), Order::Tardy) if is_of_status => "list of days by day_by_status_tardy",
            (Way::Minutes(_), Order::Tardy) => "list of days by day_by_tardy",
            _ if is_of_exception && is_of_status => "list of days by day_exception_by_status",
            _ if is_of_exception => "list of days by day_exception",
            _ if is_of_status => "list of days by day_by_status",
            _ => "list of days by day_by_date",
        }
    }

    /// How the keys are found when so many match, `None` for many: one way, or from minutes to minutes.
    fn way(&self, matching: Option<u64>) -> Option<Way> {
        let is_few = matching.is_some();
        match self.order {
            // One has not worked for many days.
            _ if self.employee.is_some() => Some(Way::Collect),
            // Every index of keys is in this order.
            Order::Date => Some(Way::Collect),
            Order::Employee if is_few && self.limit > 0 => Some(Way::Collect),
            // The table of the rows is in this order.
            Order::Employee => Some(Way::People),
            Order::Worked | Order::Tardy => is_few.then_some(Way::Collect),
        }
    }
}

/// Every form that the list of days takes, under the name of the index that its keys come by, for the tests of the statements.
pub(crate) fn variants() -> Vec<(&'static str, String)> {
    let text = |on: bool| on.then(|| String::from("x"));
    let day = |on: bool| on.then_some(Date::constant(2026, 1, 1));
    let mut variants = Vec::new();
    // Whether they are synced is asked of the days of some dates.
    let is_asked = |(bits, synced): &(u32, Option<bool>)| synced.is_none() || bits & 3 == 3;
    let asked = (0..32_u32).flat_map(|bits| [None, Some(true), Some(false)].map(|synced| (bits, synced)));
    for (bits, synced) in asked.filter(is_asked) {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let filter = DayQuery {
            from: day(on(0)),
            to: day(on(1)),
            employee: text(on(2)),
            exception: text(on(3)),
            status: text(on(4)),
            synced,
            ..DayQuery::default()
        };
        let counted = DayQuery { limit: 1, ..filter.clone() };
        variants.push((counted.leading_index(Way::Collect), counted.count(1, Way::Collect, COUNTED).sql));
        for (order, descending) in Order::ALL.into_iter().flat_map(|order| [(order, false), (order, true)]) {
            for matching in [Some(1), None] {
                let place = Place { minutes: 1, date: Date::constant(2026, 1, 1), code: "x".to_owned() };
                for (after, limit) in [(None, 0), (None, 50), (Some(place), 50)] {
                    let query = DayQuery { order, descending, after, limit, ..filter.clone() };
                    let walked = [Way::Minutes(1), Way::Minutes(2)];
                    let ways = query.way(matching).map_or(walked.to_vec(), |way| vec![way]);
                    for way in ways {
                        let index = query.leading_index(way);
                        variants.push((index, query.list(1, way).sql));
                        if let (Way::Minutes(minutes), Some(column)) = (way, order.minutes()) {
                            variants.push((index, query.count(1, way, 1).sql));
                            variants.push((index, query.next_minutes(1, column, Some(minutes)).sql));
                            variants.push((index, query.next_minutes(1, column, None).sql));
                        }
                    }
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
        let count = self.days_counted(query, Way::Collect, COUNTED + 1)?;
        Ok((count <= COUNTED).then_some(count))
    }

    fn days_counted(&self, query: &DayQuery, way: Way, most: u64) -> Result<u64, Error> {
        let counted = self.first_of(&query.count(self.tenant, way, most))?;
        Ok(counted.unwrap_or(0).unsigned_abs())
    }

    /// The figure in the first row.
    fn first_of(&self, Bound { sql, values }: &Bound) -> Result<Option<i64>, Error> {
        let params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        self.one(sql, &params, |row| row.get(0))
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
        match (query.way(matching), query.order.minutes()) {
            (None, Some(column)) => self.walk_minutes(query, column, take),
            (way, _) => self.each_day_of(query, way.unwrap_or(Way::Collect), &mut take),
        }
    }

    fn each_day_of<E: From<Error>>(
        &self,
        query: &DayQuery,
        way: Way,
        take: &mut impl FnMut(ListedDay) -> Result<(), E>,
    ) -> Result<(), E> {
        let Bound { sql, values } = query.list(self.tenant, way);
        let params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        if query.limit > 0 {
            // Few: not worth the journeys of a cursor.
            return self.all(&sql, &params, listed)?.into_iter().try_for_each(take);
        }
        self.session.each(&sql, &params, |row| take(listed(row)?))
    }

    /// From minutes to minutes in the order, until there are enough.
    fn walk_minutes<E: From<Error>>(
        &self,
        query: &DayQuery,
        column: &str,
        mut take: impl FnMut(ListedDay) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut query = query.clone();
        let next = |query: &DayQuery, after| self.first_of(&query.next_minutes(self.tenant, column, after));
        let is_limited = query.limit > 0;
        let mut walked = match &query.after {
            Some(place) => Some(place.minutes),
            None => next(&query, None)?,
        };
        while let Some(minutes) = walked {
            let way = Way::Minutes(minutes);
            // Minutes that are left out as a whole need not be put in order.
            let left_out = query.left_out();
            let passed = if left_out > 0 { self.days_counted(&query, way, u64::from(left_out))? } else { 0 };
            let passed = u32::try_from(passed).unwrap_or(left_out);
            let mut shown = 0;
            if passed == left_out {
                self.each_day_of(&query, way, &mut |day| {
                    shown += 1;
                    take(day)
                })?;
            }
            query.offset -= passed;
            if is_limited {
                query.limit = query.limit.saturating_sub(shown);
                if query.limit == 0 {
                    break;
                }
            }
            walked = next(&query, Some(minutes))?;
        }
        Ok(())
    }
}
