//! The list of what a sink knows of days: filter, direction, parts. Its order is that of an index, so that a page costs what it shows.

use jiff::civil::Date;

use crate::engine::Param;
use crate::outbox::{Entry, entry};
use crate::{Error, Read};

/// Which records to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct RecordQuery {
    /// Name of the sink.
    pub sink: String,
    /// Word of a state.
    pub state: Option<String>,
    /// The employee's id.
    pub employee: Option<i64>,
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
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
        let mut sql = String::from(" FROM outbox o WHERE o.tenant = $1 AND o.sink = $2");
        let mut and = |condition: &str, value: Option<Box<dyn Param>>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        };
        let date = |date: Option<Date>| date.map(|date| Box::new(date.to_string()) as Box<dyn Param>);
        and("o.state =", self.state.clone().map(|state| Box::new(state) as _));
        and("o.employee =", self.employee.map(|employee| Box::new(employee) as _));
        and("o.date >=", date(self.from));
        and("o.date <=", date(self.to));
        (sql, values)
    }

    /// The list under conditions with so many values; limit and offset follow them. Of one state, an employee's records come in the order
    /// in which they changed: the index of states has them so.
    fn list(&self, conditions: &str, values: usize) -> String {
        let turn = if self.descending { " DESC" } else { "" };
        let order = match self.state {
            Some(_) => format!(" ORDER BY o.employee{turn}, o.seq{turn}, o.date{turn}"),
            None => format!(" ORDER BY o.employee{turn}, o.date{turn}"),
        };
        let (limit, offset) = (values + 1, values + 2);
        format!(
            "SELECT o.employee, o.date, o.revision, o.offered, o.sent, o.state, o.attempts, o.changed_us, o.tried_us, o.sent_us, o.digest, \
             o.receipt, o.event{conditions}{order} LIMIT ${limit} OFFSET ${offset}"
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
        let query = RecordQuery {
            state: text(0),
            employee: on(1).then_some(1),
            from: date(2),
            to: date(3),
            descending: on(4),
            ..RecordQuery::default()
        };
        let (conditions, values) = query.conditions(1);
        variants.push(("store::outbox_list::list", query.list(&conditions, values.len())));
    }
    variants
}

impl Read<'_> {
    /// The records that a query asks for, and how many there are without its offset and limit.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_records(&self, query: &RecordQuery) -> Result<(Vec<Entry>, u64), Error> {
        let (conditions, values) = query.conditions(self.tenant);
        let mut params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        let total = self.one(&format!("SELECT COUNT(*){conditions}"), &params, |row| row.get(0))?;
        let list = query.list(&conditions, values.len());
        let limit = if query.limit == 0 { i64::MAX } else { query.limit.into() };
        params.extend([&limit as &dyn Param, &query.offset]);
        Ok((self.all(&list, &params, entry)?, total.unwrap_or(0)))
    }
}
