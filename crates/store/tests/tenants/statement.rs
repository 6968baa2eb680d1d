//! What a statement says of tenants: which tables it touches, what holds each of them to one tenant, and what its parameters are
//! compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use anyhow::{Context as _, Result};
use sqlparser::ast::{
    AssignmentTarget, BinaryOperator, ConflictTarget, Expr, FromTable, FunctionArg, FunctionArgExpr, FunctionArguments,
    InTarget, Insert, JoinConstraint, JoinOperator, LimitClause, OnConflict, OnInsert, Query, Select, SelectItem,
    SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Value as Literal, Visit as _, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use crate::value::Value;

/// A column of a table.
pub(crate) type Column = (String, String);

/// What a statement says.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The tables that it touches.
    pub(crate) tables: BTreeSet<String>,
    /// Those of them that nothing holds to the tenant of a parameter.
    pub(crate) free: Vec<String>,
    /// The parameters that are the tenant, from 1.
    pub(crate) tenants: BTreeSet<usize>,
    /// What other parameters are compared with or written to.
    pub(crate) uses: BTreeMap<usize, Use>,
    /// What a row must hold for the statement to reach it; the other columns hold whatever.
    pub(crate) wanted: BTreeMap<Column, Value>,
}

/// What a parameter is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is a value of this column.
    Equals(Column),
    /// It is written to this column, which is none that a row is found by.
    Written(Column),
    /// Something below all values of this column.
    Below(Column),
    /// Something above all values of this column.
    Above(Column),
    /// Most rows.
    Limit,
    /// Rows left out.
    Offset,
}

/// Reads a statement.
pub(crate) fn read(sql: &str) -> Result<Said> {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).with_context(|| sql.to_owned())?;
    let mut reader = Reader::default();
    let _: ControlFlow<()> = parsed.visit(&mut reader);
    Ok(reader.conclude())
}

/// A table in a statement, by its place among all of them.
type Place = usize;

/// What can hold a table to a tenant.
enum Holder {
    Parameter,
    Table(Place),
}

#[derive(Default)]
struct Reader {
    said: Said,
    /// Every table that is named, once per mention.
    mentions: Vec<String>,
    /// Per query or change that is being read, inner ones last: its tables under their names in it.
    scopes: Vec<Vec<(String, Place)>>,
    /// Names of subqueries before the statement; they are read where they stand.
    named_queries: BTreeSet<String>,
    /// Who holds whom.
    holders: Vec<(Place, Holder)>,
}

impl Reader {
    fn conclude(self) -> Said {
        let mut held = BTreeSet::new();
        let is_held = |holder: &Holder, held: &BTreeSet<Place>| match holder {
            Holder::Parameter => true,
            Holder::Table(other) => held.contains(other),
        };
        loop {
            let before = held.len();
            for (place, holder) in &self.holders {
                if is_held(holder, &held) {
                    held.insert(*place);
                }
            }
            if held.len() == before {
                break;
            }
        }
        let free = self.mentions.iter().enumerate().filter(|(place, _)| !held.contains(place));
        let free = free.map(|(_, table)| table.clone()).collect();
        Said { free, tables: self.mentions.into_iter().collect(), ..self.said }
    }

    fn mention(&mut self, table: &str, alias: Option<&str>) -> Place {
        let place = self.mentions.len();
        self.mentions.push(table.to_owned());
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((alias.unwrap_or(table).to_owned(), place));
        }
        place
    }

    fn mention_factor(&mut self, factor: &TableFactor) -> Option<Place> {
        // Subqueries in its place are read by themselves.
        let TableFactor::Table { name, alias, .. } = factor else { return None };
        let name = name.to_string();
        let alias = alias.as_ref().map(|alias| alias.name.value.clone());
        (!self.named_queries.contains(&name)).then(|| self.mention(&name, alias.as_deref()))
    }

    /// Tables with their joins.
    fn enter(&mut self, from: &[TableWithJoins]) {
        for table in from {
            self.mention_factor(&table.relation);
            for join in &table.joins {
                let joined = self.mention_factor(&join.relation);
                match &join.join_operator {
                    JoinOperator::Join(JoinConstraint::On(on)) | JoinOperator::Inner(JoinConstraint::On(on)) => {
                        self.require(on, None);
                    }
                    // What does not match leaves the other table's row there: it holds the joined table only.
                    JoinOperator::Left(JoinConstraint::On(on)) | JoinOperator::LeftOuter(JoinConstraint::On(on)) => {
                        self.require(on, joined);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Notes a condition that every row fulfils, or every row of one table that is there.
    fn require(&mut self, condition: &Expr, only: Option<Place>) {
        match condition {
            Expr::Nested(inner) => self.require(inner, only),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.require(left, only);
                self.require(right, only);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                self.hold(left, right, only);
                self.hold(right, left, only);
                if let (Some(column), Some(value)) = (self.column(left), literal(right)) {
                    self.said.wanted.insert(column, value);
                }
            }
            Expr::IsNull(of) => {
                if let Some(column) = self.column(of) {
                    self.said.wanted.insert(column, Value::Null);
                }
            }
            Expr::In { expr, target: InTarget::List(list), negated: false, .. } => {
                if let (Some(column), Some(value)) = (self.column(expr), list.first().and_then(literal)) {
                    self.said.wanted.insert(column, value);
                }
            }
            _ => {}
        }
    }

    /// Notes that one side is the tenant of a table, and the other one holds it.
    fn hold(&mut self, side: &Expr, other: &Expr, only: Option<Place>) {
        let Some((place, column)) = self.place(side) else { return };
        if column != "tenant" || only.is_some_and(|only| only != place) {
            return;
        }
        if let Some(number) = parameter(other) {
            self.said.tenants.insert(number);
            self.holders.push((place, Holder::Parameter));
        } else if let Some((by, column)) = self.place(other)
            && column == "tenant"
        {
            self.holders.push((place, Holder::Table(by)));
        }
    }

    /// The table of a column, in the innermost query that has it.
    fn place(&self, of: &Expr) -> Option<(Place, String)> {
        match of {
            // Without a name before it, it is that of the only table.
            Expr::Identifier(column) => match self.scopes.last()?.as_slice() {
                [(_, place)] => Some((*place, column.value.clone())),
                _ => None,
            },
            Expr::CompoundIdentifier(parts) => {
                let [table, column] = parts.as_slice() else { return None };
                let is_it = |(name, _): &&(String, Place)| *name == table.value;
                let (_, place) = self.scopes.iter().rev().find_map(|scope| scope.iter().find(is_it))?;
                Some((*place, column.value.clone()))
            }
            _ => None,
        }
    }

    fn column(&self, of: &Expr) -> Option<Column> {
        match of {
            Expr::Nested(inner) => self.column(inner),
            // An expression that keeps a column out of an index.
            Expr::BinaryOp { left, op: BinaryOperator::StringConcat | BinaryOperator::Plus, .. } => self.column(left),
            _ => self.place(of).map(|(place, column)| (self.mentions[place].clone(), column)),
        }
    }

    /// Notes what a parameter is compared with.
    fn compare(&mut self, side: &Expr, op: &BinaryOperator, other: &Expr) {
        if let (Expr::Tuple(sides), Expr::Tuple(others)) = (side, other) {
            return sides.iter().zip(others).for_each(|(side, other)| self.compare(side, op, other));
        }
        let (Some(column), Some(number)) = (self.column(side), parameter(other)) else { return };
        let is = match op {
            BinaryOperator::Eq => Use::Equals(column),
            BinaryOperator::Gt | BinaryOperator::GtEq => Use::Below(column),
            BinaryOperator::Lt | BinaryOperator::LtEq => Use::Above(column),
            _ => return,
        };
        self.said.uses.entry(number).or_insert(is);
    }

    fn rows(&mut self, of: &Expr, is: Use) {
        let of = if let Expr::Cast { expr, .. } = of { expr } else { of };
        if let Some(number) = parameter(of) {
            self.said.uses.insert(number, is);
        }
    }

    fn insert(&mut self, insert: &Insert) {
        let TableObject::TableName(table) = &insert.table else { return };
        let table = table.to_string();
        let place = self.mention(&table, None);
        let values: Vec<&Expr> = match insert.source.as_ref().map(|source| source.body.as_ref()) {
            Some(SetExpr::Values(values)) => values.rows.iter().flat_map(|row| &row.content).collect(),
            Some(SetExpr::Select(select)) => select.projection.iter().filter_map(expression).collect(),
            _ => return,
        };
        let key: Vec<String> = match &insert.on {
            Some(OnInsert::OnConflict(OnConflict {
                conflict_target: Some(ConflictTarget::Columns { columns: key, .. }),
                ..
            })) => key.iter().map(|column| column.value.clone()).collect(),
            _ => insert.columns.iter().map(ToString::to_string).collect(),
        };
        for (column, value) in insert.columns.iter().map(ToString::to_string).zip(values) {
            let Some(number) = parameter(value) else { continue };
            if column == "tenant" {
                self.said.tenants.insert(number);
                self.holders.push((place, Holder::Parameter));
                continue;
            }
            let is = if key.contains(&column) { Use::Equals } else { Use::Written };
            self.said.uses.entry(number).or_insert_with(|| is((table.clone(), column)));
        }
    }
}

impl Visitor for Reader {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.scopes.push(Vec::new());
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => {
                self.enter(std::slice::from_ref(&update.table));
                for assignment in &update.assignments {
                    if let (AssignmentTarget::ColumnName(column), Some(number)) =
                        (&assignment.target, parameter(&assignment.value))
                    {
                        let column = (update.table.relation.to_string(), column.to_string());
                        self.said.uses.insert(number, Use::Written(column));
                    }
                }
                if let Some(condition) = &update.selection {
                    self.require(condition, None);
                }
            }
            Statement::Delete(delete) => {
                if let FromTable::WithFromKeyword(from) = &delete.from {
                    self.enter(from);
                }
                if let Some(condition) = &delete.selection {
                    self.require(condition, None);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let named = query.with.iter().flat_map(|with| &with.cte_tables).map(|query| query.alias.name.value.clone());
        self.named_queries.extend(named);
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            limit.iter().for_each(|limit| self.rows(limit, Use::Limit));
            offset.iter().for_each(|offset| self.rows(&offset.value, Use::Offset));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.scopes.push(Vec::new());
        self.enter(&select.from);
        if let Some(condition) = &select.selection {
            self.require(condition, None);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, of: &Expr) -> ControlFlow<()> {
        match of {
            Expr::BinaryOp { left, op, right } => self.compare(left, op, right),
            Expr::In { expr, target: InTarget::List(list), .. } => {
                list.iter().for_each(|value| self.compare(expr, &BinaryOperator::Eq, value));
            }
            // What is looked for within a column.
            Expr::Function(call) if call.name.to_string() == "replace" => {
                if let FunctionArguments::List(list) = &call.args
                    && let [
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(within)),
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(of)),
                        ..,
                    ] = list.args.as_slice()
                {
                    self.compare(within, &BinaryOperator::Eq, of);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn expression(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(of) | SelectItem::ExprWithAlias { expr: of, .. } => Some(of),
        _ => None,
    }
}

/// The number of a parameter.
fn parameter(of: &Expr) -> Option<usize> {
    let Expr::Value(value) = of else { return None };
    let Literal::Placeholder(name) = &value.value else { return None };
    name.strip_prefix('$')?.parse().ok()
}

fn literal(of: &Expr) -> Option<Value> {
    let Expr::Value(value) = of else { return None };
    match &value.value {
        Literal::Number(number, _) => number.parse().ok().map(Value::Number),
        Literal::SingleQuotedString(text) => Some(Value::Text(text.clone())),
        _ => None,
    }
}
