//! The list of what a sink knows of days: filter, order, parts.

use jiff::civil::Date;

use crate::engine::Param;
use crate::outbox::{Entry, entry};
use crate::{Error, Read};

/// The sort orders of the list of records. Ties are broken by employee code and date, which do not turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordOrder {
    /// By employee code, then date.
    #[default]
    Employee,
    /// By date.
    Date,
    /// By the time at which the day changed.
    Changed,
}

impl RecordOrder {
    const ALL: [Self; 3] = [Self::Employee, Self::Date, Self::Changed];

    fn sql(self, descending: bool) -> String {
        let turn = if descending { " DESC" } else { "" };
        match self {
            Self::Employee => format!(" ORDER BY e.code{turn}, o.date"),
            Self::Date => format!(" ORDER BY o.date{turn}, e.code"),
            Self::Changed => format!(" ORDER BY o.changed_us{turn}, e.code, o.date"),
        }
    }
}

/// Which records to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct RecordQuery {
    /// Name of the sink.
    pub sink: String,
    /// Word of a state.
    pub state: Option<String>,
    /// Employee code.
    pub employee: Option<String>,
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// Sort order.
    pub order: RecordOrder,
    /// The other way round.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

impl RecordQuery {
    fn conditions(&self, tenant: i64) -> (String, Vec<Box<dyn Param>>) {
        let mut values: Vec<Box<dyn Param>> = vec![Box::new(tenant), Box::new(self.sink.clone())];
        let mut sql = String::from(
            " FROM outbox o JOIN employee e ON e.tenant = o.tenant AND e.id = o.employee WHERE o.tenant = $1 AND o.sink = $2",
        );
        let dates = [self.from, self.to].map(|date| date.map(|date| date.to_string()));
        let [from, to] = dates;
        let conditions = [
            ("o.state =", self.state.clone()),
            ("e.code =", self.employee.clone()),
            ("o.date >=", from),
            ("o.date <=", to),
        ];
        for (condition, value) in conditions {
            if let Some(value) = value {
                values.push(Box::new(value));
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        }
        (sql, values)
    }

    /// The list under conditions with so many values; limit and offset follow them.
    fn list(&self, conditions: &str, values: usize) -> String {
        let (order, limit, offset) = (self.order.sql(self.descending), values + 1, values + 2);
        format!(
            "SELECT o.employee, o.date, o.revision, o.offered, o.sent, o.state, o.attempts, o.changed_us, o.tried_us, o.sent_us, o.digest, \
             o.receipt, e.code{conditions}{order} LIMIT CAST(${limit} AS BIGINT) OFFSET CAST(${offset} AS BIGINT)"
        )
    }
}

/// Every form that the list of records takes, for the catalogue test.
pub(crate) fn variants() -> Vec<(&'static str, String)> {
    let mut variants = Vec::new();
    for bits in 0..32u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let text = |bit: u32| on(bit).then(|| String::from("x"));
        let date = |bit: u32| on(bit).then_some(Date::ZERO);
        for order in RecordOrder::ALL {
            let query = RecordQuery {
                state: text(0),
                employee: text(1),
                from: date(2),
                to: date(3),
                descending: on(4),
                order,
                ..RecordQuery::default()
            };
            let (conditions, values) = query.conditions(1);
            variants.push(("store::outbox_list::list", query.list(&conditions, values.len())));
        }
    }
    variants
}

impl Read<'_> {
    /// The records that a query asks for, each with the employee's code, and how many there are without its offset and limit.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_records(&self, query: &RecordQuery) -> Result<(Vec<(Entry, String)>, u64), Error> {
        let (conditions, values) = query.conditions(self.tenant);
        let mut params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        let total = self.one(&format!("SELECT COUNT(*){conditions}"), &params, |row| row.get(0))?;
        let list = query.list(&conditions, values.len());
        let limit = if query.limit == 0 { i64::MAX } else { query.limit.into() };
        params.extend([&limit as &dyn Param, &query.offset]);
        Ok((self.all(&list, &params, |row| Ok((entry(row)?, row.get(12)?)))?, total.unwrap_or(0)))
    }
}
