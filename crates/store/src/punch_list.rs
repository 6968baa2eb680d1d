//! The list of punches, as pages and programs ask for it.

use attendance::punch::Fingerprint;

use crate::engine::Param;
use crate::punches::{StoredPunch, fingerprint, stored};
use crate::{Error, Read};

/// A row of the list of punches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPunch {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What the source said.
    pub stored: StoredPunch,
    /// Employee code, when resolved.
    pub employee: Option<String>,
    /// The instant, when resolved, microseconds UTC.
    pub at_us: Option<i64>,
    /// Reason word, when held.
    pub held: Option<String>,
    /// What the clock of its edge showed when it was received, where the edge did not believe it, microseconds UTC.
    pub doubted_us: Option<i64>,
}

/// Which punches to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct PunchQuery {
    /// First printed second since 1970.
    pub from_seconds: Option<i64>,
    /// Printed second after the last.
    pub to_seconds: Option<i64>,
    /// Employee code.
    pub employee: Option<String>,
    /// User number; with `held`, the one under which it is held.
    pub user: Option<String>,
    /// Serial.
    pub origin: Option<String>,
    /// Reason word of held ones.
    pub held: Option<String>,
    /// One punch.
    pub fingerprint: Option<Fingerprint>,
    /// The latest printed time comes first; otherwise the earliest.
    pub newest_first: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

const LIST_FROM: &str = " FROM punch p
    LEFT JOIN resolved_punch r ON r.tenant = p.tenant AND r.fingerprint = p.fingerprint
    LEFT JOIN employee e ON e.tenant = r.tenant AND e.id = r.employee
    LEFT JOIN held_punch h ON h.tenant = p.tenant AND h.fingerprint = p.fingerprint
    WHERE p.tenant = $1";
/// Of one employee: only what is resolved, so that both engines may begin with the employee.
const LIST_OF_EMPLOYEE: &str = " FROM employee e
    JOIN resolved_punch r ON r.tenant = e.tenant AND r.employee = e.id
    JOIN punch p ON p.tenant = r.tenant AND p.fingerprint = r.fingerprint
    LEFT JOIN held_punch h ON h.tenant = p.tenant AND h.fingerprint = p.fingerprint
    WHERE e.tenant = $1";
const LIST_COLUMNS: &str = "SELECT p.origin, p.user_number, p.printed_seconds, p.printed_raw, p.state, p.verify,
    p.work_code, p.original, p.channel, p.received_us, p.fingerprint, e.code, r.at_us, h.reason,
    (SELECT d.edge_us FROM doubted_receipt d WHERE d.tenant = p.tenant AND d.fingerprint = p.fingerprint)";
/// Texts that are no date come last in both orders.
const LIST_ORDER: &str =
    " ORDER BY p.printed_seconds IS NULL, p.printed_seconds, p.origin, p.user_number, p.fingerprint";
const LIST_ORDER_NEWEST: &str =
    " ORDER BY p.printed_seconds IS NULL, p.printed_seconds DESC, p.origin, p.user_number, p.fingerprint";

impl PunchQuery {
    const fn from(&self) -> &'static str {
        if self.employee.is_some() { LIST_OF_EMPLOYEE } else { LIST_FROM }
    }

    /// The list under conditions with so many values; limit and offset follow them.
    fn list(&self, conditions: &str, values: usize) -> String {
        let order = if self.newest_first { LIST_ORDER_NEWEST } else { LIST_ORDER };
        let (from, limit, offset) = (self.from(), values + 1, values + 2);
        format!("{LIST_COLUMNS}{from}{conditions}{order} LIMIT ${limit} OFFSET ${offset}")
    }

    /// The conditions as SQL, and their values in order; `$1` is the tenant.
    fn conditions(&self, tenant: i64) -> (String, Vec<Box<dyn Param>>) {
        let hour = |seconds: i64| Box::new(Fingerprint::first_of_hour(seconds).0) as Box<dyn Param>;
        let number = |seconds: i64| Box::new(seconds) as Box<dyn Param>;
        let text = |text: &String| Box::new(text.clone()) as Box<dyn Param>;
        let mut values: Vec<Box<dyn Param>> = vec![Box::new(tenant)];
        let mut sql = String::new();
        let mut and = |condition: &str, value: Option<Box<dyn Param>>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        };
        // The fingerprint is led by the hour: a range of times is a range of the key.
        and("p.fingerprint >=", self.from_seconds.map(hour));
        and("p.printed_seconds >=", self.from_seconds.map(number));
        and("p.fingerprint <", self.to_seconds.map(|s| hour(s + 3600)));
        and("p.printed_seconds <", self.to_seconds.map(number));
        and("e.code =", self.employee.as_ref().map(text));
        let user = if self.held.is_some() { "h.user_number =" } else { "p.user_number =" };
        and(user, self.user.as_ref().map(text));
        and("p.origin =", self.origin.as_ref().map(text));
        and("h.reason =", self.held.as_ref().map(text));
        and("p.fingerprint =", self.fingerprint.map(|of| Box::new(of.0) as Box<dyn Param>));
        (sql, values)
    }
}

/// Every form that the list of punches takes, for the catalogue test.
pub(crate) fn list_variants() -> Vec<(&'static str, String)> {
    let text = |on: bool| on.then(|| String::from("x"));
    (0..128u32)
        .map(|bits| {
            let on = |bit: u32| bits & (1 << bit) != 0;
            let query = PunchQuery {
                from_seconds: on(0).then_some(0),
                to_seconds: on(1).then_some(0),
                employee: text(on(2)),
                user: text(on(3)),
                origin: text(on(4)),
                held: text(on(5)),
                newest_first: on(6),
                ..PunchQuery::default()
            };
            let (conditions, values) = query.conditions(1);
            ("store::punch_list::list", query.list(&conditions, values.len()))
        })
        .collect()
}

impl Read<'_> {
    /// The punches that a query asks for, and how many there are without its offset and limit.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_punches(&self, query: &PunchQuery) -> Result<(Vec<ListedPunch>, u64), Error> {
        let (conditions, values) = query.conditions(self.tenant);
        let mut params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        let count = format!("SELECT COUNT(*){}{conditions}", query.from());
        let total = self.one(&count, &params, |row| row.get(0))?.unwrap_or(0);
        let list = query.list(&conditions, values.len());
        let limit = if query.limit == 0 { i64::MAX } else { query.limit.into() };
        params.extend([&limit as &dyn Param, &query.offset]);
        let rows = self.all(&list, &params, |row| {
            Ok(ListedPunch {
                fingerprint: fingerprint(row, 10)?,
                stored: stored(row)?,
                employee: row.get(11)?,
                at_us: row.get(12)?,
                held: row.get(13)?,
                doubted_us: row.get(14)?,
            })
        })?;
        Ok((rows, total))
    }
}
