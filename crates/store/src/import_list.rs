//! The list of imports: filter, order, parts. Its orders are those of indexes, so that a page costs what it shows.

use crate::engine::Param;
use crate::imports::{Import, columns, import};
use crate::{Error, Read};

/// Which imports to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct ImportQuery {
    /// Name of the source, or serial of the terminal.
    pub source: Option<String>,
    /// Of the same bytes.
    pub digest: Option<String>,
    /// Dry runs only, or none of them.
    pub is_trial: Option<bool>,
    /// From this instant on, microseconds UTC.
    pub from_us: Option<i64>,
    /// Before this instant.
    pub before_us: Option<i64>,
    /// By source, and then by time; else by time. Those of the same bytes always come by time.
    pub by_source: bool,
    /// The last ones first.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

impl ImportQuery {
    fn conditions(&self, tenant: i64) -> (String, Vec<Box<dyn Param>>) {
        let mut values: Vec<Box<dyn Param>> = vec![Box::new(tenant)];
        let mut sql = String::from(" FROM punch_import i WHERE i.tenant = $1");
        let mut and = |condition: &str, value: Option<Box<dyn Param>>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        };
        let text = |text: &Option<String>| text.clone().map(|text| Box::new(text) as Box<dyn Param>);
        let number = |number: Option<i64>| number.map(|number| Box::new(number) as Box<dyn Param>);
        and("i.source =", text(&self.source));
        and("i.digest =", text(&self.digest));
        and("i.is_trial =", number(self.is_trial.map(i64::from)));
        and("i.at_us >=", number(self.from_us));
        and("i.at_us <", number(self.before_us));
        (sql, values)
    }

    /// The list under conditions with so many values; limit and offset follow them. Numbers are given in the order of time.
    fn list(&self, conditions: &str, values: usize) -> String {
        let turn = if self.descending { " DESC" } else { "" };
        // What all rows have in common leads the order, too: the index that finds them then has it.
        let first = match (&self.digest, &self.source) {
            (Some(_), _) => format!("i.digest{turn}, "),
            (None, None) if !self.by_source => String::new(),
            (None, _) => format!("i.source{turn}, "),
        };
        let (limit, offset) = (values + 1, values + 2);
        format!("SELECT {}{conditions} ORDER BY {first}i.id{turn} LIMIT ${limit} OFFSET ${offset}", columns!())
    }
}

/// Every form that the list of imports takes, for the catalogue test.
pub(crate) fn variants() -> Vec<(&'static str, String)> {
    let mut variants = Vec::new();
    for bits in 0..128u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let text = |bit: u32| on(bit).then(|| String::from("x"));
        let query = ImportQuery {
            source: text(0),
            digest: text(1),
            is_trial: on(2).then_some(true),
            from_us: on(3).then_some(1),
            before_us: on(4).then_some(1),
            by_source: on(5),
            descending: on(6),
            ..ImportQuery::default()
        };
        let (conditions, values) = query.conditions(1);
        variants.push(("store::import_list::list", query.list(&conditions, values.len())));
    }
    variants
}

impl Read<'_> {
    /// The imports that a query asks for, and how many there are without its offset and limit.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_imports(&self, query: &ImportQuery) -> Result<(Vec<Import>, u64), Error> {
        let (conditions, values) = query.conditions(self.tenant);
        let mut params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        let total = self.one(&format!("SELECT COUNT(*){conditions}"), &params, |row| row.get(0))?;
        let list = query.list(&conditions, values.len());
        let limit = if query.limit == 0 { i64::MAX } else { query.limit.into() };
        params.extend([&limit as &dyn Param, &query.offset]);
        Ok((self.all(&list, &params, import)?, total.unwrap_or(0)))
    }
}
