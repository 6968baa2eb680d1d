//! How far the days of a part have come.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::wire::Fault;
use crate::sink::Answer;

/// So many days in a row that Odoo broke at, each by itself, and it is the server that is broken: what is left is not sent.
pub(super) const MOST_STUMBLES: u32 = 5;

/// How far a day has come.
#[derive(Debug, Default)]
struct Progress {
    /// Steps that are still to be done.
    left: usize,
    /// What Odoo has, in words.
    says: Vec<String>,
    fault: Option<Fault>,
}

/// By the day's place.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    days: BTreeMap<usize, Progress>,
    /// Days in a row that Odoo stumbled over alone.
    stumbles: u32,
}

impl Outcomes {
    /// All days with one fault.
    pub(super) fn all(places: impl IntoIterator<Item = usize>, fault: &Fault) -> Self {
        let with = |place| (place, Progress { fault: Some(fault.clone()), ..Progress::default() });
        Self { days: places.into_iter().map(with).collect(), stumbles: 0 }
    }

    /// A day that was looked at, with what is to be done for it.
    pub(super) fn begin(&mut self, place: usize, plan: &Plan) {
        let begun = Progress { left: plan.steps.len(), says: kept(plan), fault: None };
        self.days.insert(place, begun);
    }

    /// A day that can't go, for what was seen.
    pub(super) fn refuse(&mut self, place: usize, why: String) {
        self.days.insert(place, Progress { fault: Some(refusal(why)), ..Progress::default() });
    }

    /// Notes steps of a day that were done, in words.
    pub(super) fn note(&mut self, place: usize, words: impl IntoIterator<Item = String>) {
        self.heard();
        if let Some(one) = self.days.get_mut(&place) {
            let before = one.says.len();
            one.says.extend(words);
            one.left = one.left.saturating_sub(one.says.len() - before);
        }
    }

    /// Notes that Odoo was asked, and did not break.
    pub(super) fn heard(&mut self) {
        self.stumbles = 0;
    }

    /// Notes that the call of some days failed.
    pub(super) fn fail(&mut self, places: impl IntoIterator<Item = usize>, fault: &Fault) {
        for place in places {
            self.days.entry(place).or_default().fault = Some(fault.clone());
        }
    }

    /// Notes that the call of one day failed: by Odoo's word that is the day's alone.
    ///
    /// # Errors
    /// [`Fault::Unsent`] for the others, when Odoo broke at too many in a row.
    pub(super) fn fail_alone(&mut self, place: usize, fault: &Fault) -> Result<(), Fault> {
        self.fail([place], fault);
        self.stumbles = if matches!(fault, Fault::Stumbled(_)) { self.stumbles + 1 } else { 0 };
        if self.stumbles < MOST_STUMBLES {
            return Ok(());
        }
        Err(Fault::Unsent(format!("{}; it was so with {} days in a row", fault.says(), self.stumbles)))
    }

    /// Notes why what is not done yet is not sent.
    pub(super) fn end(&mut self, fault: &Fault) {
        let fault = match fault {
            Fault::Closed(_) => fault.clone(),
            fault => Fault::Unsent(format!("not sent, as others before it failed: {}", fault.says())),
        };
        for one in self.days.values_mut().filter(|one| one.left > 0 && one.fault.is_none()) {
            one.fault = Some(fault.clone());
        }
    }

    pub(super) fn is_well(&self, place: usize) -> bool {
        self.days.get(&place).is_some_and(|one| one.fault.is_none())
    }

    /// Whether there is more to do for a day.
    pub(super) fn is_open(&self, place: usize) -> bool {
        self.days.get(&place).is_some_and(|one| one.fault.is_none() && one.left > 0)
    }

    /// Why a day failed.
    pub(super) fn fault(&self, place: usize) -> Option<&Fault> {
        self.days.get(&place)?.fault.as_ref()
    }

    /// What is to be done about the refusal of a day, by the name of the exception.
    pub(super) fn advise(&mut self, place: usize, cure: impl Fn(&str) -> String) {
        let fault = self.days.get_mut(&place).and_then(|one| one.fault.as_mut());
        if let Some(Fault::Refused { name, why }) = fault {
            *why = format!("{why}; {}", cure(name));
        }
    }

    /// Why nothing more can be sent at all, if that is so.
    pub(super) fn shut(&self) -> Option<Fault> {
        let is_it = |fault: &&Fault| matches!(fault, Fault::Away(_) | Fault::Closed(_));
        self.days.values().filter_map(|one| one.fault.as_ref()).find(is_it).cloned()
    }

    /// What became of each day.
    pub(super) fn into_answers(self) -> impl Iterator<Item = (usize, Answer)> {
        self.days.into_iter().map(|(place, one)| {
            let answer = match one.fault {
                Some(fault) => fault.into_answer(),
                None if one.says.is_empty() => Answer::Taken("Odoo has it: no attendance".to_owned()),
                None => Answer::Taken(format!("Odoo has it: {}", one.says.join(", "))),
            };
            (place, answer)
        })
    }
}

/// A refusal without an exception.
pub(super) fn refusal(why: String) -> Fault {
    Fault::Refused { name: String::new(), why }
}

/// What Odoo has already, in words.
fn kept(plan: &Plan) -> Vec<String> {
    let ours = plan.kept.iter().map(|id| format!("{id} as it is"));
    ours.chain(plan.theirs.iter().map(|id| format!("{id}, which somebody else entered"))).collect()
}
