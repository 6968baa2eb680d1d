//! Corrections: what a person states because a terminal could not (rules 17.1).

use attendance::{Adjustment, Change};
use jiff::Timestamp;
use store::facts::Subject;

use crate::resolve::ALWAYS;
use crate::stated::{Stated, Whom};
use crate::stating::state;
use crate::{Actor, Error, Hub, registry};

/// A correction in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Employee code.
    pub employee: String,
    /// Its key, to revoke it by.
    pub key: String,
    /// What is corrected.
    pub change: Change,
    /// Who stated it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Whether a later one cancelled it.
    pub is_revoked: bool,
}

impl Hub {
    /// States a correction of an employee's input, with a reason; its key. The same again is another correction: two approvals of
    /// overtime add up.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason, or when the rules can't use it; [`Error::NotFound`] for an unknown employee, punch or
    /// correction. Nothing changes then.
    pub fn correct(
        &self,
        actor: &Actor,
        employee: &str,
        change: &Change,
        reason: &str,
        now: Timestamp,
    ) -> Result<String, Error> {
        if reason.trim().is_empty() {
            return Err(Error::invalid("a correction needs a reason", "say why: it stands in the audit trail"));
        }
        self.store.write(|write| {
            let whom = Whom::Employee(employee.to_owned());
            let subject = Subject::Employee(registry::employee(write, employee)?.id);
            let mut number = now.as_microsecond();
            let key = loop {
                let key = format!("c{number}");
                if write.fact_in_force(&subject, "adjustment", &key)?.is_none() {
                    break key;
                }
                number += 1;
            };
            let stated = Stated::Adjustment(Adjustment {
                id: key.clone(),
                change: change.clone(),
                by: None,
                reason: None,
                recorded_at: None,
            });
            state(write, actor, &whom, &stated, reason, now)?;
            Ok(key)
        })
    }

    /// The corrections of an employee, or of everybody, by date.
    ///
    /// # Errors
    /// Of the store.
    pub fn corrections(&self, employee: Option<&str>) -> Result<Vec<Correction>, Error> {
        let facts = self.in_force("adjustment", ALWAYS.0, ALWAYS.1)?;
        let mut corrections = Vec::new();
        for fact in facts {
            let (Whom::Employee(code), Stated::Adjustment(adjustment)) = (fact.whom, fact.stated) else { continue };
            if employee.is_some_and(|wanted| wanted != code) {
                continue;
            }
            corrections.push(Correction {
                employee: code,
                key: adjustment.id,
                change: adjustment.change,
                actor: fact.actor,
                reason: fact.reason,
                at: fact.at,
                is_revoked: false,
            });
        }
        let revoked: Vec<(String, String)> = corrections
            .iter()
            .filter_map(|one| match &one.change {
                Change::Revoke { target } => Some((one.employee.clone(), target.clone())),
                _ => None,
            })
            .collect();
        for one in &mut corrections {
            one.is_revoked = revoked.iter().any(|(employee, target)| *employee == one.employee && *target == one.key);
        }
        Ok(corrections)
    }
}
