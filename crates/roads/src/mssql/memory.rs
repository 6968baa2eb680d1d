//! A table in memory that is read as one of a server is, for tests.

use std::cmp::Ordering;

use super::{Cell, LegacyTable, Select, Table, Trouble};

/// Rows, and how the next readings go.
#[derive(Clone, Debug, Default)]
pub struct MemoryTable {
    /// Each with the columns of [`Table::columns`], in any order.
    pub rows: Vec<Vec<Cell>>,
    /// The line breaks after so many pages.
    pub fails_after: Option<usize>,
    /// What the login may do beside reading.
    pub rights: Vec<String>,
}

impl LegacyTable for MemoryTable {
    fn page(&mut self, select: &Select<'_>) -> Result<Vec<Vec<Cell>>, Trouble> {
        match &mut self.fails_after {
            Some(0) => return Err(Trouble::Read("the line broke".to_owned())),
            Some(left) => *left -= 1,
            None => {}
        }
        let table = select.table;
        let when = |row: &[Cell]| table.when().filter_map(|role| table.cell(row, role).cloned()).collect::<Vec<_>>();
        let is = |cells: Vec<Cell>, wanted: &Option<Cell>, orders: &[Ordering]| match wanted {
            None => true,
            Some(wanted) => cells.iter().any(|cell| cell.order(wanted).is_some_and(|order| orders.contains(&order))),
        };
        let keys = table.keys.len();
        let by_key = |a: &[Cell], b: &[Cell]| {
            let orders = a.iter().zip(b).take(keys).map(|(a, b)| a.order(b).unwrap_or(Ordering::Equal));
            orders.fold(Ordering::Equal, Ordering::then)
        };
        let mut page: Vec<Vec<Cell>> = self.rows.clone();
        page.retain(|row| {
            is(row.first().cloned().into_iter().collect(), &select.from, &[Ordering::Equal, Ordering::Greater])
                && is(when(row), &select.since, &[Ordering::Equal, Ordering::Greater])
                && is(when(row), &select.until, &[Ordering::Less])
                && select.after.as_ref().is_none_or(|after| by_key(row, after) != Ordering::Less)
        });
        page.sort_by(|a, b| by_key(a, b));
        page.truncate(select.limit);
        Ok(page)
    }

    fn may_write(&mut self, _: &Table) -> Result<Vec<String>, Trouble> {
        Ok(self.rights.clone())
    }
}
