//! What is to be done so that Odoo has the rows of a day: a function of the rows that are wanted and of those that were found.
//!
//! Invariants:
//! * Only rows that carry an external id of this day are changed or deleted. What else is there is left alone: where it stands in the
//!   way the day is not sent, and the row is named.
//! * Done step by step, each step is one that Odoo takes: no row overlaps another one in between. At the end Odoo has the wanted rows,
//!   and a plan made then has no steps.
//! * Wanted rows neither overlap nor are open: an open row makes Odoo refuse every later open check-in of the employee. A punch without
//!   a partner is a row of no length, which says that somebody was there, counts no time and blocks nothing.

use std::collections::BTreeSet;
use std::fmt;

use super::text::utc;

/// An attendance as it is wanted. Seconds UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// When it begins.
    pub check_in: i64,
    /// When it ends; never before it begins.
    pub check_out: i64,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} UTC", utc(self.check_in), utc(self.check_out))
    }
}

/// Whose a row in Odoo is, by its external id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This day's, with its number.
    This(u32),
    /// Another day's of this hub: its external id.
    OtherDay(String),
    /// Somebody else's.
    Other,
}

/// An attendance in Odoo. Seconds UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id there.
    pub id: i64,
    /// When it begins.
    pub check_in: i64,
    /// When it ends; `None` while it is open.
    pub check_out: Option<i64>,
    /// Whose it is.
    pub owner: Owner,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attendance {} ({} to ", self.id, utc(self.check_in))?;
        match self.check_out {
            Some(end) => write!(f, "{} UTC)", utc(end)),
            None => f.write_str("open)"),
        }
    }
}

/// One change of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A row of this day that is wanted no more.
    Delete {
        /// The row.
        id: i64,
    },
    /// A row of this day that is open in Odoo gets its end.
    Close {
        /// The row.
        id: i64,
        /// What it becomes.
        row: Row,
    },
    /// A row of this day moves.
    Update {
        /// The row.
        id: i64,
        /// What it becomes.
        row: Row,
    },
    /// A row is added.
    Create {
        /// Its number, the last part of its external id.
        number: u32,
        /// What it is.
        row: Row,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delete { id } => write!(f, "delete attendance {id}"),
            Self::Close { id, row } => write!(f, "close attendance {id}: {row}"),
            Self::Update { id, row } => write!(f, "change attendance {id}: {row}"),
            Self::Create { row, .. } => write!(f, "create {row}"),
        }
    }
}

/// What is to be done for a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order: deletions, changes, additions.
    pub steps: Vec<Step>,
    /// Rows of this day that are as they are wanted.
    pub kept: Vec<i64>,
    /// Rows of somebody else that are as they are wanted.
    pub theirs: Vec<i64>,
    /// Wanted rows, and what stands in the way of each. With any of these no step is to be done.
    pub conflicts: Vec<(Row, Found)>,
}

/// The rows of a day: its pairs, and each punch without a partner, or with itself as one, as a row of no length. Overlapping pairs become
/// one.
pub fn rows(pairs: &[(i64, i64)], lone: &[i64]) -> Vec<Row> {
    let mut stretches: Vec<_> = pairs.iter().filter(|(from, to)| from < to).copied().collect();
    stretches.sort_unstable();
    let mut rows: Vec<Row> = Vec::with_capacity(pairs.len() + lone.len());
    for (check_in, check_out) in stretches {
        match rows.last_mut() {
            Some(last) if check_in < last.check_out => last.check_out = last.check_out.max(check_out),
            _ => rows.push(Row { check_in, check_out }),
        }
    }
    let is_free = |at: &i64| !rows.iter().any(|row| row.check_in <= *at && *at <= row.check_out);
    let points = pairs.iter().filter(|(from, to)| from == to).map(|(at, _)| at);
    let alone: BTreeSet<i64> = lone.iter().chain(points).copied().filter(is_free).collect();
    rows.extend(alone.into_iter().map(|at| Row { check_in: at, check_out: at }));
    rows.sort_unstable();
    rows
}

/// Whether Odoo refuses a closed row beside another one that is there: what overlaps, and what begins where one of no length is.
fn clash(row: Row, (from, to): (i64, Option<i64>)) -> bool {
    let is_within = row.check_in < from && from < row.check_out;
    let is_beneath = to.is_some_and(|to| from <= row.check_in && row.check_in < to);
    let has_no_length = row.check_in == row.check_out;
    is_within || is_beneath || (has_no_length && from == row.check_in)
}

/// A change that is still to be put into an order.
#[derive(Clone, Copy)]
struct Move {
    id: i64,
    number: u32,
    before: (i64, Option<i64>),
    row: Row,
}

/// What is to be done so that Odoo has the wanted rows, which are those of [`rows`]. `found` are the employee's rows on and around the day.
pub fn plan(wanted: &[Row], found: &[Found]) -> Plan {
    let mut plan = Plan::default();
    let mut open: Vec<Row> = wanted.to_vec();
    let mut mine: Vec<(u32, &Found)> = Vec::new();
    let mut numbers = BTreeSet::new();
    for one in found {
        if let Owner::This(number) = one.owner {
            mine.push((number, one));
        }
    }
    mine.sort_by_key(|(_, one)| one.check_in);
    let is = |row: &Row, one: &Found| row.check_in == one.check_in && Some(row.check_out) == one.check_out;
    mine.retain(|(number, one)| {
        let Some(place) = open.iter().position(|row| is(row, one)) else { return true };
        open.remove(place);
        plan.kept.push(one.id);
        numbers.insert(*number);
        false
    });
    for one in found.iter().filter(|one| one.owner == Owner::Other) {
        if let Some(place) = open.iter().position(|row| is(row, one)) {
            open.remove(place);
            plan.theirs.push(one.id);
        }
    }
    for row in &open {
        let others = found.iter().filter(|one| !matches!(one.owner, Owner::This(_)));
        let in_the_way = others.filter(|one| clash(*row, (one.check_in, one.check_out)));
        plan.conflicts.extend(in_the_way.map(|one| (*row, one.clone())));
    }
    let kept =
        found.iter().filter(|one| plan.kept.contains(&one.id)).map(|one| (one.check_in, one.check_out)).collect();
    let moves = pair(&mut open, &mut mine);
    numbers.extend(moves.iter().map(|one| one.number));
    let (ordered, stuck) = in_order(moves, kept);
    plan.steps.extend(mine.iter().map(|(_, one)| Step::Delete { id: one.id }));
    plan.steps.extend(stuck.iter().map(|one| Step::Delete { id: one.id }));
    plan.steps.extend(ordered.iter().map(|one| match one.before {
        (from, None) if from == one.row.check_in => Step::Close { id: one.id, row: one.row },
        _ => Step::Update { id: one.id, row: one.row },
    }));
    plan.steps.extend(stuck.iter().map(|one| Step::Create { number: one.number, row: one.row }));
    let free = (1..).filter(|number| !numbers.contains(number));
    plan.steps.extend(open.iter().zip(free).map(|(row, number)| Step::Create { number, row: *row }));
    plan
}

/// Which row becomes which: first those that begin at the same instant, then in the order of time. What has no partner stays.
fn pair(open: &mut Vec<Row>, mine: &mut Vec<(u32, &Found)>) -> Vec<Move> {
    let mut moves = Vec::new();
    let of =
        |(number, one): (u32, &Found), row| Move { id: one.id, number, before: (one.check_in, one.check_out), row };
    mine.retain(|(number, one)| {
        let Some(place) = open.iter().position(|row| row.check_in == one.check_in) else { return true };
        moves.push(of((*number, one), open.remove(place)));
        false
    });
    let both = open.len().min(mine.len());
    let (rows, ours) = (open.drain(..both), mine.drain(..both));
    moves.extend(ours.zip(rows).map(|(one, row)| of(one, row)));
    moves
}

/// Moves in an order in which none meets a row that is still where it was; those that have no such order are left over.
fn in_order(mut moves: Vec<Move>, mut standing: Vec<(i64, Option<i64>)>) -> (Vec<Move>, Vec<Move>) {
    let mut ordered = Vec::with_capacity(moves.len());
    let mut stuck = Vec::new();
    while !moves.is_empty() {
        let is_free = |one: &Move| {
            let waiting = moves.iter().filter(|other| other.id != one.id).map(|other| other.before);
            !standing.iter().copied().chain(waiting).any(|other| clash(one.row, other))
        };
        match moves.iter().position(is_free) {
            Some(place) => {
                let next = moves.remove(place);
                standing.push((next.row.check_in, Some(next.row.check_out)));
                ordered.push(next);
            }
            // Two that stand in each other's way: one makes room, and is added anew.
            None => stuck.push(moves.remove(0)),
        }
    }
    (ordered, stuck)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(check_in: i64, check_out: i64) -> Row {
        Row { check_in, check_out }
    }

    fn found(id: i64, check_in: i64, check_out: impl Into<Option<i64>>, owner: Owner) -> Found {
        Found { id, check_in, check_out: check_out.into(), owner }
    }

    #[test]
    fn pairs_that_overlap_are_one_row_and_a_lone_punch_is_one_of_no_length() {
        assert_eq!(
            rows(&[(13, 17), (8, 12), (11, 12), (5, 5)], &[20, 9, 17]),
            [row(5, 5), row(8, 12), row(13, 17), row(20, 20)]
        );
        assert_eq!(rows(&[(8, 12), (12, 17)], &[]), [row(8, 12), row(12, 17)], "what only touches stays apart");
    }

    #[test]
    fn what_is_there_stays_what_is_open_is_closed_and_only_what_differs_changes() {
        let there =
            [found(1, 8, 12, Owner::This(1)), found(2, 13, None, Owner::This(2)), found(3, 20, 21, Owner::This(3))];
        let made = plan(&[row(8, 12), row(13, 17)], &there);
        assert_eq!(made.steps, [Step::Delete { id: 3 }, Step::Close { id: 2, row: row(13, 17) }]);
        assert_eq!(made.kept, [1]);
        assert_eq!(plan(&[], &[]), Plan::default());
    }

    #[test]
    fn a_row_that_comes_before_the_others_moves_none_of_them() {
        let there = [found(1, 8, 12, Owner::This(1))];
        let made = plan(&[row(5, 7), row(8, 12)], &there);
        assert_eq!(made.steps, [Step::Create { number: 2, row: row(5, 7) }]);
    }

    #[test]
    fn rows_that_shift_change_in_an_order_in_which_none_meets_another() {
        let there = [found(1, 8, 12, Owner::This(1)), found(2, 12, 16, Owner::This(2))];
        let made = plan(&[row(9, 13), row(13, 17)], &there);
        let of = |id, row| Step::Update { id, row };
        assert_eq!(made.steps, [of(2, row(13, 17)), of(1, row(9, 13))]);
    }

    #[test]
    fn what_is_somebody_elses_is_named_and_what_is_as_wanted_is_enough() {
        let there = [found(7, 8, 12, Owner::Other), found(8, 16, 18, Owner::OtherDay("x".into()))];
        let made = plan(&[row(8, 12), row(13, 17)], &there);
        assert_eq!((made.theirs, made.conflicts), (vec![7], vec![(row(13, 17), there[1].clone())]));
    }

    /// The employee's rows in Odoo, which takes a row or not as its own check says.
    struct Attendances(Vec<Found>);

    impl Attendances {
        fn takes(&self, id: i64, row: Row) -> bool {
            let others = || self.0.iter().filter(|one| one.id != id);
            let before_in = others().filter(|one| one.check_in <= row.check_in).max_by_key(|one| one.check_in);
            let before_out = others().filter(|one| one.check_in < row.check_out).max_by_key(|one| one.check_in);
            let is_taken = before_in.and_then(|one| one.check_out).is_some_and(|end| end > row.check_in);
            let differs = before_out.is_some() && before_in.map(|one| one.id) != before_out.map(|one| one.id);
            row.check_in <= row.check_out && !is_taken && !differs
        }

        fn applies(&mut self, step: &Step) -> Result<(), TestCaseError> {
            match step {
                Step::Delete { id } => self.0.retain(|one| one.id != *id),
                Step::Close { id, row } | Step::Update { id, row } => {
                    prop_assert!(self.takes(*id, *row), "{step} among {:?}", self.0);
                    let one = self.0.iter_mut().find(|one| one.id == *id).unwrap();
                    (one.check_in, one.check_out) = (row.check_in, Some(row.check_out));
                }
                Step::Create { number, row } => {
                    let id = 1_000 + self.0.len() as i64;
                    prop_assert!(self.takes(id, *row), "{step} among {:?}", self.0);
                    let is_new = !self.0.iter().any(|one| one.owner == Owner::This(*number));
                    prop_assert!(is_new, "number {number} is there already");
                    self.0.push(found(id, row.check_in, row.check_out, Owner::This(*number)));
                }
            }
            Ok(())
        }
    }

    /// Rows that Odoo would have taken one after another, of this day, of another one and of others.
    fn any_state() -> impl Strategy<Value = Vec<Found>> {
        let one = (0_i64..40, 0_i64..9, 0..10, any::<prop::sample::Index>());
        proptest::collection::vec(one, 0..7).prop_map(|rows| {
            let mut there = Attendances(Vec::new());
            let mut numbers: Vec<u32> = (1..=7).collect();
            for (place, (from, length, whose, number)) in rows.into_iter().enumerate() {
                let id = place as i64 + 1;
                if !there.takes(id, row(from, from + length)) {
                    continue;
                }
                let owner = match whose {
                    0 => Owner::Other,
                    1 => Owner::OtherDay("punchclock.1_1_20260305_1".into()),
                    _ => Owner::This(numbers.remove(number.index(numbers.len()))),
                };
                let is_open = whose == 9 && !there.0.iter().any(|one| one.check_out.is_none());
                there.0.push(found(id, from, (!is_open).then_some(from + length), owner));
            }
            there.0
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3_000, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_there_the_plan_is_taken_step_by_step_and_yields_what_is_wanted_and_a_second_one_does_nothing(
            there in any_state(),
            pairs in proptest::collection::vec((0_i64..40, 0_i64..9), 0..5),
            lone in proptest::collection::vec(0_i64..48, 0..3),
        ) {
            let pairs: Vec<_> = pairs.into_iter().map(|(from, length)| (from, from + length)).collect();
            let wanted = rows(&pairs, &lone);
            let made = plan(&wanted, &there);
            prop_assume!(made.conflicts.is_empty());
            let others = |rows: &[Found]| -> Vec<Found> {
                rows.iter().filter(|one| !matches!(one.owner, Owner::This(_))).cloned().collect()
            };
            let mut after = Attendances(there.clone());
            for step in &made.steps {
                after.applies(step)?;
            }
            prop_assert_eq!(others(&after.0), others(&there));
            let mut has: Vec<Row> = after.0.iter().filter(|one| matches!(one.owner, Owner::This(_)) || made.theirs.contains(&one.id))
                .map(|one| row(one.check_in, one.check_out.unwrap())).collect();
            has.sort_unstable();
            prop_assert_eq!(has, wanted.clone());
            let again = plan(&wanted, &after.0);
            prop_assert!(again.steps.is_empty() && again.conflicts.is_empty(), "{:?}", again);
        }
    }
}
