//! Days to Odoo: looks, plans, does, and looks again at what failed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::look::{DayKey, Matched, attendances, employees};
use super::plan::{Owner, Plan, Row, Step, plan};
use super::test::{RIGHTS, may_create};
use super::text::utc;
use super::wire::{Call, Fault, Session, reason};
use super::{Odoo, wire::Wire};
use crate::sink::Answer;

/// Days of one look, and rows of one call, at most: far from Odoo's limits, and cheap to halve.
pub(super) const PER_CALL: usize = 100;

/// A day that is to be in Odoo.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) key: DayKey,
    pub(super) code: String,
    pub(super) wanted: Vec<Row>,
}

/// A day of an employee who is known in Odoo, with what is to be done.
struct Planned<'a> {
    /// Its place among the days.
    place: usize,
    employee: i64,
    day: &'a Day,
    plan: Plan,
}

/// How far a day has come.
#[derive(Debug, Default)]
struct Progress {
    /// Steps that are still to be done.
    left: usize,
    /// What Odoo has, in words.
    says: Vec<String>,
    fault: Option<Fault>,
}

impl Progress {
    fn refused(why: String) -> Self {
        Self { fault: Some(refusal(why)), ..Self::default() }
    }

    fn into_answer(self) -> Answer {
        match self.fault {
            Some(fault) => fault.into_answer(),
            None if self.says.is_empty() => Answer::Taken("Odoo has it: no attendance".to_owned()),
            None => Answer::Taken(format!("Odoo has it: {}", self.says.join(", "))),
        }
    }
}

/// By the day's place.
type Outcomes = BTreeMap<usize, Progress>;

impl Odoo {
    /// What becomes of days, in their order.
    pub(super) async fn deliver_days(&self, days: &[Option<Day>]) -> Vec<Answer> {
        let mut answers = vec![Answer::Refused("this is no record of a day".to_owned()); days.len()];
        let mut shut: Option<Fault> = None;
        for part in parts(days, self.per_look, true) {
            let outcomes = match &shut {
                Some(fault) => all_with(&part, fault),
                None => {
                    self.pace.wait(part.len()).await;
                    match self.session().await {
                        Ok(session) => self.deliver_part(&session, &part).await,
                        Err(fault) => all_with(&part, &fault),
                    }
                }
            };
            for (place, outcome) in outcomes {
                if let Some(fault @ (Fault::Away(_) | Fault::Closed(_))) = &outcome.fault {
                    shut.get_or_insert_with(|| fault.clone());
                }
                if let Some(answer) = answers.get_mut(place) {
                    *answer = outcome.into_answer();
                }
            }
        }
        if matches!(shut, Some(Fault::Closed(_))) {
            *self.session.lock().await = None;
        }
        answers
    }

    /// What would be done for days, in words, in their order.
    pub(super) async fn preview_days(&self, days: &[Option<Day>]) -> Result<Vec<Value>, Fault> {
        let session = self.session().await?;
        let mut shown = vec![Value::Null; days.len()];
        for part in parts(days, PER_CALL, false) {
            let (planned, refused) = self.look(&session, &part).await?;
            let plans = planned.iter().map(|one| (one.place, &one.day.code, Ok(&one.plan)));
            let refusals = refused.iter().map(|(place, day, why)| (*place, &day.code, Err(why)));
            for (place, code, plan) in plans.chain(refusals) {
                let show = match plan {
                    Ok(plan) => {
                        let steps: Vec<_> = plan.steps.iter().map(ToString::to_string).collect();
                        json!({"employee": code, "steps": steps, "in the way": in_the_way(plan)})
                    }
                    Err(why) => json!({"employee": code, "steps": [], "in the way": why}),
                };
                if let Some(slot) = shown.get_mut(place) {
                    *slot = show;
                }
            }
        }
        Ok(shown)
    }

    async fn deliver_part(&self, session: &Session, part: &[(usize, &Day)]) -> Outcomes {
        let (planned, refused) = match self.look(session, part).await {
            Ok(looked) => looked,
            Err(fault) => return all_with(part, &fault),
        };
        let mut outcomes: Outcomes =
            refused.into_iter().map(|(place, _, why)| (place, Progress::refused(why))).collect();
        let (blocked, free): (Vec<_>, Vec<_>) = planned.into_iter().partition(|one| !one.plan.conflicts.is_empty());
        outcomes.extend(blocked.iter().map(|one| (one.place, Progress::refused(in_the_way(&one.plan)))));
        let begun = |one: &Planned<'_>| Progress { left: one.plan.steps.len(), says: kept(&one.plan), fault: None };
        let mut done: Outcomes = free.iter().map(|one| (one.place, begun(one))).collect();
        if let Err(fault) = self.act(session, &free, &mut done).await {
            for one in done.values_mut().filter(|one| one.left > 0 && one.fault.is_none()) {
                one.fault = Some(fault.clone());
            }
        }
        self.settle(session, &free, &mut done).await;
        outcomes.extend(done);
        outcomes
    }

    /// Does the steps of days. A refusal is the day's alone; what else fails ends it.
    async fn act(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) -> Result<(), Fault> {
        self.delete(session, days, done).await?;
        self.change(session, days, done).await?;
        self.create(session, days, done).await
    }

    /// What Odoo has of some days, and what is to be done for each. Those whose employee is not there come with the reason.
    async fn look<'a>(
        &self,
        session: &Session,
        part: &[(usize, &'a Day)],
    ) -> Result<(Vec<Planned<'a>>, Vec<(usize, &'a Day, String)>), Fault> {
        let codes: Vec<&str> = part.iter().map(|(_, day)| day.code.as_str()).collect();
        let people = employees(&self.wire, session, &self.field, &codes).await?;
        let (mut known, mut refused) = (Vec::new(), Vec::new());
        for (place, day) in part {
            match people.get(&day.code) {
                Some(Matched::One(id)) => known.push((*place, *id, *day)),
                Some(Matched::Several) => refused.push((
                    *place,
                    *day,
                    format!(
                        "several employees in Odoo have `{}` as their {}: make it differ there",
                        day.code, self.field
                    ),
                )),
                None => refused.push((
                    *place,
                    *day,
                    format!("no employee in Odoo has `{}` as their {}: enter it there", day.code, self.field),
                )),
            }
        }
        if known.is_empty() {
            return Ok((Vec::new(), refused));
        }
        let keys: Vec<_> = known.iter().map(|(_, employee, day)| (*employee, &day.key)).collect();
        let found = attendances(&self.wire, session, &keys).await?;
        let planned = known.into_iter().zip(found).map(|((place, employee, day), found)| Planned {
            place,
            employee,
            day,
            plan: plan(&day.wanted, &found),
        });
        Ok((planned.collect(), refused))
    }

    async fn delete(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) -> Result<(), Fault> {
        let doomed = |step: &Step| if let Step::Delete { id } = step { Some(*id) } else { None };
        let all = days.iter().map(|one| (one.place, one.plan.steps.iter().filter_map(doomed).collect()));
        let mut waiting: Vec<Vec<(usize, Vec<i64>)>> = calls(all);
        while let Some(part) = waiting.pop() {
            let ids: Vec<i64> = part.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
            match self.wire.call(session, Call::new("hr.attendance", "unlink").of(&ids)).await {
                Ok(_) => {
                    for (place, ids) in &part {
                        note(done, *place, ids.iter().map(|id| format!("{id} deleted")));
                    }
                }
                Err(Fault::Refused { .. }) if part.len() > 1 => waiting.extend(halves(part)),
                Err(fault @ Fault::Refused { .. }) => fail(done, &part, &fault),
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    async fn change(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) -> Result<(), Fault> {
        for one in days {
            for step in &one.plan.steps {
                let (Step::Close { id, row } | Step::Update { id, row }) = step else { continue };
                if !is_well(done, one.place) {
                    break;
                }
                let values = json!({"check_in": utc(row.check_in), "check_out": utc(row.check_out)});
                let call = Call::new("hr.attendance", "write").of(&[*id]).with("vals", values);
                match self.wire.call(session, call).await {
                    Ok(_) => note(done, one.place, [format!("{id} changed")]),
                    Err(fault @ Fault::Refused { .. }) => fail(done, &[(one.place, Vec::<i64>::new())], &fault),
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(())
    }

    async fn create(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) -> Result<(), Fault> {
        let new = |one: &Planned<'_>| -> Vec<Value> {
            let row = |step: &Step| match step {
                Step::Create { number, row } => Some(json!([
                    one.day.key.external_id(*number),
                    one.employee.to_string(),
                    utc(row.check_in),
                    utc(row.check_out),
                ])),
                _ => None,
            };
            one.plan.steps.iter().filter_map(row).collect()
        };
        let mut waiting = calls(days.iter().filter(|one| is_well(done, one.place)).map(|one| (one.place, new(one))));
        let mut is_allowed = false;
        while let Some(part) = waiting.pop() {
            let rows: Vec<Value> = part.iter().flat_map(|(_, rows)| rows.iter().cloned()).collect();
            match load(&self.wire, session, rows).await {
                Ok(ids) => {
                    let mut ids = ids.into_iter();
                    for (place, rows) in &part {
                        note(done, *place, ids.by_ref().take(rows.len()).map(|id| format!("{id} created")));
                    }
                }
                Err(fault @ Fault::Refused { .. }) => {
                    // A refusal of `load` does not say whether it is one of rights.
                    if !is_allowed {
                        may_create(&self.wire, session).await?;
                        is_allowed = true;
                    }
                    match part.len() {
                        0 | 1 => fail(done, &part, &fault),
                        _ => waiting.extend(halves(part)),
                    }
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Looks again at the days that failed: what is there after all is taken, what stands in the way now is named, and what else was
    /// refused is told with what to do.
    async fn settle(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) {
        let is_open = |one: &&Planned<'_>| {
            let fault = done.get(&one.place).and_then(|one| one.fault.as_ref());
            matches!(fault, Some(Fault::Doubtful(_) | Fault::Refused { .. }))
        };
        let part: Vec<_> = days.iter().filter(is_open).map(|one| (one.place, one.day)).collect();
        if part.is_empty() {
            return;
        }
        // What was heard first stands when nothing is seen.
        let Ok((planned, _)) = self.look(session, &part).await else { return };
        for one in planned {
            if !one.plan.conflicts.is_empty() {
                done.insert(one.place, Progress::refused(in_the_way(&one.plan)));
            } else if one.plan.steps.is_empty() {
                done.insert(one.place, Progress { says: kept(&one.plan), ..Progress::default() });
            } else if let Some(Progress { fault: Some(Fault::Refused { name, why }), .. }) = done.get_mut(&one.place) {
                *why = format!("{why}; {}", cure(name));
            }
        }
    }
}

/// Loads new rows; their ids.
async fn load(wire: &Wire, session: &Session, rows: Vec<Value>) -> Result<Vec<i64>, Fault> {
    let count = rows.len();
    let call = Call::new("hr.attendance", "load")
        .with("fields", json!(["id", "employee_id/.id", "check_in", "check_out"]))
        .with("data", rows)
        .with("context", json!({"tz": "UTC"}));
    let answer = wire.call(session, call).await?;
    if let Some(ids) = answer.get("ids").and_then(Value::as_array) {
        let ids: Vec<i64> = ids.iter().filter_map(Value::as_i64).collect();
        return match ids.len() == count {
            true => Ok(ids),
            false => Err(Fault::Doubtful("Odoo tells of fewer rows than it was given".to_owned())),
        };
    }
    let message = answer.get("messages").and_then(|all| all.get(0)?.get("message")?.as_str());
    Err(refusal(format!("Odoo refuses it: {}", reason(message.unwrap_or("it says no reason")))))
}

/// Parts of so many days at most; when they are to be sent, with one day of an employee in each at most.
fn parts(days: &[Option<Day>], most: usize, are_sent: bool) -> Vec<Vec<(usize, &Day)>> {
    let mut parts: Vec<Vec<(usize, &Day)>> = Vec::new();
    let mut codes = BTreeSet::new();
    for (place, day) in days.iter().enumerate() {
        let Some(day) = day else { continue };
        let is_new = codes.insert(day.code.as_str()) || !are_sent;
        match parts.last_mut() {
            Some(part) if is_new && part.len() < most => part.push((place, day)),
            _ => {
                codes = BTreeSet::from([day.code.as_str()]);
                parts.push(vec![(place, day)]);
            }
        }
    }
    parts
}

/// What is to be done for days, in calls of so many rows at most; the rows of a day stay together.
fn calls<T>(days: impl Iterator<Item = (usize, Vec<T>)>) -> Vec<Vec<(usize, Vec<T>)>> {
    let mut calls: Vec<Vec<(usize, Vec<T>)>> = Vec::new();
    let mut room = 0_usize;
    for day in days.filter(|(_, rows)| !rows.is_empty()) {
        let count = day.1.len();
        match calls.last_mut() {
            Some(call) if count <= room => call.push(day),
            _ => {
                room = PER_CALL;
                calls.push(vec![day]);
            }
        }
        room = room.saturating_sub(count);
    }
    calls
}

fn halves<T>(mut part: Vec<T>) -> [Vec<T>; 2] {
    let second = part.split_off(part.len() / 2);
    [part, second]
}

fn all_with(part: &[(usize, &Day)], fault: &Fault) -> Outcomes {
    part.iter().map(|(place, _)| (*place, Progress { fault: Some(fault.clone()), ..Progress::default() })).collect()
}

fn is_well(done: &Outcomes, place: usize) -> bool {
    done.get(&place).is_some_and(|one| one.fault.is_none())
}

fn note(done: &mut Outcomes, place: usize, words: impl IntoIterator<Item = String>) {
    if let Some(one) = done.get_mut(&place) {
        let before = one.says.len();
        one.says.extend(words);
        one.left = one.left.saturating_sub(one.says.len() - before);
    }
}

fn fail<T>(done: &mut Outcomes, part: &[(usize, Vec<T>)], fault: &Fault) {
    for (place, _) in part {
        if let Some(one) = done.get_mut(place) {
            one.fault = Some(fault.clone());
        }
    }
}

fn refusal(why: String) -> Fault {
    Fault::Refused { name: String::new(), why }
}

/// What to do about a refusal with no attendance in the way, by the name of its exception; `load` names none.
fn cure(exception: &str) -> String {
    match exception {
        "odoo.exceptions.MissingError" => {
            "somebody deleted it there meanwhile: what is missing is entered with the next attempt".to_owned()
        }
        "odoo.exceptions.AccessError" => RIGHTS.to_owned(),
        _ => format!("mend that in Odoo, or correct the day here; if it is about rights, {RIGHTS}"),
    }
}

/// What Odoo has already, in words.
fn kept(plan: &Plan) -> Vec<String> {
    let ours = plan.kept.iter().map(|id| format!("{id} as it is"));
    ours.chain(plan.theirs.iter().map(|id| format!("{id}, which somebody else entered"))).collect()
}

/// What stands in the way, in words with the cure; empty when nothing does.
fn in_the_way(plan: &Plan) -> String {
    let words = plan.conflicts.iter().map(|(row, other)| match &other.owner {
        Owner::OtherDay(name) => {
            format!("{row}: {other} of another day ({name}) is still there; it goes once that day has changed in Odoo")
        }
        _ => format!("{row}: {other} is not ours; correct or delete it in Odoo, or correct the day here"),
    });
    words.collect::<Vec<_>>().join("; ")
}
