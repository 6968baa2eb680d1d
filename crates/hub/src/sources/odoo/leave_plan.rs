//! What is stated and withdrawn when approved leave was read. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use attendance::{Leave, Offsite};
use jiff::civil::Date;
use roads::odoo::{ApprovedLeave, Covered};
use serde::{Deserialize, Serialize};

use crate::stated::Stated;

/// What a type of leave of another system is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveKind {
    /// Paid leave.
    Paid,
    /// Unpaid leave.
    Unpaid,
    /// Work elsewhere, which counts as worked.
    Offsite,
    /// Nothing that is taken over.
    Ignored,
}

impl LeaveKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Paid, Self::Unpaid, Self::Offsite, Self::Ignored];

    /// The word in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Unpaid => "unpaid",
            Self::Offsite => "offsite",
            Self::Ignored => "ignored",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What leave of this kind states of one date.
    fn states(self, (date, part, hours): Covered, reason: &str, request: &str) -> Option<Stated> {
        let (from, to) = hours.unzip();
        let (reason, id, recorded_at) = (Some(reason.to_owned()), Some(request.to_owned()), None);
        match self {
            Self::Paid | Self::Unpaid => {
                let paid = self == Self::Paid;
                Some(Stated::Leave(Leave { date, part, from, to, paid, reason, id, recorded_at }))
            }
            Self::Offsite => Some(Stated::Offsite(Offsite { date, part, from, to, reason, id, recorded_at })),
            Self::Ignored => None,
        }
    }
}

/// A statement in force of this source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ours {
    pub(super) number: i64,
    /// The employee's internal id.
    pub(super) employee: i64,
    pub(super) stated: Stated,
}

impl Ours {
    /// Its date; only absences are stated by this source.
    pub(super) fn date(&self) -> Date {
        match &self.stated {
            Stated::Leave(Leave { date, .. }) | Stated::Offsite(Offsite { date, .. }) => *date,
            _ => Date::MIN,
        }
    }
}

/// Whom an employee of Odoo is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The internal id and the code.
    Employee(i64, String),
    /// Nobody who is known, and why.
    Unknown(String),
    /// None of the employees, as a person said.
    Dismissed(String),
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// Statements that are withdrawn, by number.
    pub(super) withdrawn: Vec<i64>,
    /// What is stated, by internal id and code of the employee.
    pub(super) stated: Vec<(i64, String, Stated)>,
    /// Leave that is of nobody known or can't be read, and why.
    pub(super) untaken: Vec<String>,
    /// How many leaves are of a type without a kind, by its name.
    pub(super) unmapped: BTreeMap<String, usize>,
    /// How many statements stay of leave that is approved still, and can't be taken any more.
    pub(super) kept: usize,
}

/// What brings the statements of source `name` in step with the approved leave that ends at `since` or later, and that of `straddling`
/// requests, which began before. What is of other requests before `since` was not looked at, and stays; so does what was stated of leave that
/// is approved still, when its type has lost its kind, or its employee the badge: that takes nobody's leave away.
pub(super) fn steps(
    name: &str,
    (ours, since): (&[Ours], Date),
    approved: &[ApprovedLeave],
    kinds: &BTreeMap<String, LeaveKind>,
    who: &HashMap<i64, Who>,
) -> Steps {
    let mut steps = Steps::default();
    let mut wanted = BTreeMap::new();
    let mut unclear = BTreeSet::new();
    for leave in approved {
        let request = request(name, leave.id);
        let Some(kind) = kinds.get(&leave.kind).copied() else {
            *steps.unmapped.entry(leave.kind.clone()).or_default() += 1;
            unclear.insert(request);
            continue;
        };
        if kind == LeaveKind::Ignored {
            continue;
        }
        let told = |why: &str| format!("leave {} ({why})", leave.id);
        let whose = match leave.employee.map(|id| who.get(&id)) {
            Some(Some(Who::Employee(id, code))) => Ok((*id, code)),
            Some(Some(Who::Dismissed(why))) => {
                steps.untaken.push(told(why));
                continue;
            }
            Some(Some(Who::Unknown(why))) => Err(told(why)),
            Some(None) => Err(told("the user may not see its employee")),
            None => Err(told("it is of no single employee")),
        };
        let ((employee, code), days) = match whose.and_then(|whose| Ok((whose, leave.days()?))) {
            Ok(taken) => taken,
            Err(why) => {
                steps.untaken.push(why);
                unclear.insert(request);
                continue;
            }
        };
        for stated in days.into_iter().filter_map(|day| kind.states(day, &leave.kind, &request)) {
            wanted.insert((employee, stated.kind(), stated.key()), (code, stated));
        }
    }
    let current = current_requests(ours, since);
    for known in ours {
        let is_wanted = wanted.get(&(known.employee, known.stated.kind(), known.stated.key()));
        match is_wanted {
            Some((_, stated)) if *stated == known.stated => {
                wanted.remove(&(known.employee, known.stated.kind(), known.stated.key()));
            }
            Some(_) => {}
            None if known.stated.request().is_some_and(|request| unclear.contains(request)) => steps.kept += 1,
            None if known.stated.request().is_some_and(|request| current.contains(request)) => {
                steps.withdrawn.push(known.number);
            }
            None => {}
        }
    }
    let stated = wanted.into_iter().map(|((employee, ..), (code, stated))| (employee, code.clone(), stated));
    steps.stated.extend(stated);
    steps
}

/// The key of a leave among the requests of a source.
fn request(name: &str, id: i64) -> String {
    format!("{name} {id}")
}

/// Requests that have a date since then.
fn current_requests(ours: &[Ours], since: Date) -> BTreeSet<&str> {
    ours.iter().filter(|one| one.date() >= since).filter_map(|one| one.stated.request()).collect()
}

/// The ids of requests that have dates before and since then: Odoo may have cut them short.
pub(super) fn straddling(name: &str, ours: &[Ours], since: Date) -> Vec<i64> {
    let current = current_requests(ours, since);
    let before = ours.iter().filter(|one| one.date() < since).filter_map(|one| one.stated.request());
    let ids = before.filter(|request| current.contains(request));
    let ids = ids.filter_map(|request| request.strip_prefix(name)?.trim_start().parse().ok());
    ids.collect::<BTreeSet<i64>>().into_iter().collect()
}
