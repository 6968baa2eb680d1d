//! A policy that changes from a date on: what was before it stays as it was (rules 3, "versioned by effective date").

use attendance::*;
use proptest::prelude::*;

use crate::company::{Company, DATES, company, config};
use crate::policies;

fn by(company: &Company, policies: Policies, from: i64, to: i64) -> Vec<DayRecord> {
    let range = DateRange { from: company.date(from), to: company.date(to) };
    company.ask_by(policies, |book, person| derive(book, person, range, company.moment))
}

proptest! {
    #![proptest_config(config())]

    /// A version that says what the one before said changes no record, and another one changes none before the date that
    /// shares a contested zone with its first.
    #[test]
    fn a_version_of_the_policy_leaves_what_was_before_it_alone(
        company in company(),
        other in policies::policy(),
        from in -2..DATES + 2,
    ) {
        // A correction may put a punch of a later civil date, and so of a later version, onto the date before.
        let company = Company { adjustments: Vec::new(), ..company };
        let version = |policy: &Policy| {
            let (from, policy) = (Some(company.date(from)), policy.clone());
            PolicyVersion { from, policy, ..PolicyVersion::default() }
        };
        let one = Policies::from(company.policy.clone());
        let same = one.clone().with(version(&company.policy));
        prop_assert_eq!(by(&company, one.clone(), -3, DATES + 3), by(&company, same, -3, DATES + 3));
        let two = one.clone().with(version(&other));
        prop_assert_eq!(by(&company, one, -3, from - 2), by(&company, two, -3, from - 2));
    }
}
