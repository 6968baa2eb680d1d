//! Sums of lateness (invariant 9), as a store keeps them: by the contributions of records and nothing else.

use std::collections::BTreeMap;

use attendance::lateness::{Lateness, LogStep, SumChange, compare};
use jiff::civil::Date;
use proptest::prelude::*;

use crate::company::{DATES, company, config, midnight};

/// The logs and the sums of one person.
#[derive(Debug, Default)]
struct Logs {
    rows: BTreeMap<(Lateness, Date), i64>,
    sums: BTreeMap<Lateness, SumChange>,
}

proptest! {
    #![proptest_config(config())]

    /// Invariant 9: "Counters equal the sums over log rows after any sequence of uploads, corrections and leave changes."
    #[test]
    fn sums_are_those_of_the_logs(
        company in company(),
        uploads in prop::collection::vec((0..40usize, 0..6usize, any::<bool>(), 0..(DATES + 4) * 1440), 1..6),
    ) {
        let mut logs = Logs::default();
        for (punches, corrections, with_leave, now) in uploads {
            let mut known = company.clone();
            known.punches.truncate(punches);
            known.adjustments.truncate(corrections);
            if !with_leave {
                known.leaves.clear();
            }
            known.moment.as_of = midnight(company.zone, company.first) + now * 60;
            let records = known.all();
            for record in &records {
                for kind in Lateness::ALL {
                    let row = logs.rows.get(&(kind, record.date)).copied();
                    let (step, change) = compare(row, kind.of(Some(record)));
                    match step {
                        LogStep::Keep => {}
                        LogStep::Write { minutes } => drop(logs.rows.insert((kind, record.date), minutes)),
                        LogStep::Clear => drop(logs.rows.remove(&(kind, record.date))),
                    }
                    let sum = logs.sums.entry(kind).or_default();
                    *sum = SumChange { days: sum.days + change.days, minutes: sum.minutes + change.minutes };
                }
            }
            for kind in Lateness::ALL {
                let rows: Vec<i64> = logs.rows.iter().filter(|((of, _), _)| *of == kind).map(|(_, minutes)| *minutes).collect();
                let sum = SumChange { days: rows.len() as i64, minutes: rows.iter().sum() };
                prop_assert_eq!(logs.sums.get(&kind), Some(&sum));
                let figures = records.iter().map(|record| match kind {
                    Lateness::Tardy => record.tardy_minutes,
                    Lateness::LeftEarly => record.left_early_minutes,
                });
                let late: Vec<i64> = figures.filter(|minutes| *minutes > 0).collect();
                prop_assert_eq!(rows, late);
            }
        }
    }
}
