//! Days to Odoo: looks, plans, does, and looks again at what failed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::look::{DayKey, Matched, attendances, employees};
use super::outcomes::{Outcomes, refusal};
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
    /// Attempts that failed.
    pub(super) attempts: u32,
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

/// What was seen of days.
struct Looked<'a> {
    planned: Vec<Planned<'a>>,
    /// Days whose employee is not there, with the reason.
    refused: Vec<(usize, &'a Day, String)>,
}

impl<'a> Looked<'a> {
    /// Begins what can be done; that.
    fn begin(self, done: &mut Outcomes) -> Vec<Planned<'a>> {
        for (place, _, why) in self.refused {
            done.refuse(place, why);
        }
        let (blocked, free): (Vec<_>, Vec<_>) =
            self.planned.into_iter().partition(|one| !one.plan.conflicts.is_empty());
        blocked.iter().for_each(|one| done.refuse(one.place, in_the_way(&one.plan)));
        free.iter().for_each(|one| done.begin(one.place, &one.plan));
        free
    }
}

impl Odoo {
    /// What becomes of days, in their order.
    pub(super) async fn deliver_days(&self, days: &[Option<Day>]) -> Vec<Answer> {
        let mut answers = vec![Answer::Refused("this is no record of a day".to_owned()); days.len()];
        let mut shut: Option<Fault> = None;
        for part in parts(days, self.per_look, true) {
            let places = part.iter().map(|(place, _)| *place);
            let outcomes = match &shut {
                Some(Fault::Away(why)) => Outcomes::all(places, &Fault::Unsent(why.clone())),
                Some(fault) => Outcomes::all(places, fault),
                None => {
                    self.pace.wait(part.len()).await;
                    match self.session().await {
                        Ok(session) => self.deliver_part(&session, &part).await,
                        Err(fault) => Outcomes::all(places, &fault),
                    }
                }
            };
            shut = shut.or_else(|| outcomes.shut());
            for (place, outcome) in outcomes.into_answers() {
                if let Some(answer) = answers.get_mut(place) {
                    *answer = outcome;
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
            let Looked { planned, refused } = self.look(&session, &part).await?;
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
        let mut done = Outcomes::default();
        let free = self.look_at_all(session, part, &mut done).await;
        let sent: Vec<_> = free.iter().map(|one| (one.place, one.day)).collect();
        if let Err(fault) = self.work(session, free, &mut done).await {
            done.end(&fault);
        }
        self.settle(session, &sent, &mut done).await;
        done
    }

    /// Looks at days and begins what can be done; that. Where Odoo breaks at a look of several they are looked at in halves, until it is one
    /// day's fault or, after some, the server's.
    async fn look_at_all<'a>(
        &self,
        session: &Session,
        part: &[(usize, &'a Day)],
        done: &mut Outcomes,
    ) -> Vec<Planned<'a>> {
        let places = |days: &[(usize, &Day)]| days.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        let (mut free, mut waiting) = (Vec::new(), vec![part.to_vec()]);
        let mut ended: Option<Fault> = None;
        while let Some(days) = waiting.pop() {
            if let Some(fault) = &ended {
                done.fail(places(&days), fault);
                continue;
            }
            match (self.look(session, &days).await, days.as_slice()) {
                (Ok(looked), _) => {
                    free.extend(looked.begin(done));
                    done.heard();
                }
                (Err(fault @ Fault::Stumbled(_)), [(place, _)]) => ended = done.fail_alone(*place, &fault).err(),
                (Err(Fault::Stumbled(_)), _) => waiting.extend(halves(days)),
                (Err(fault), _) => {
                    done.fail(places(&days), &fault);
                    ended = Some(fault);
                }
            }
        }
        free
    }

    /// Does what is to be done for days: together, but for those that failed before. Where Odoo breaks at a call of several they are looked
    /// at, and go on in halves.
    async fn work<'a>(&self, session: &Session, days: Vec<Planned<'a>>, done: &mut Outcomes) -> Result<(), Fault> {
        let (mut tried, fresh): (Vec<_>, Vec<_>) = days.into_iter().partition(|one| one.day.attempts > 0);
        // Who failed most goes last, so that it ends the part for nobody.
        tried.sort_by_key(|one| one.day.attempts);
        let mut groups: Vec<Vec<Planned<'a>>> = tried.into_iter().rev().map(|one| vec![one]).collect();
        groups.push(fresh);
        let mut is_lost = false;
        while let Some(group) = groups.pop() {
            let Err(fault) = self.act(session, &group, done).await else { continue };
            let is_doubted = |place| matches!(done.fault(place), Some(Fault::Doubtful(_)));
            let days = || group.iter().map(|one| (one.place, one.day));
            let doubted: BTreeSet<usize> = days().map(|one| one.0).filter(|place| is_doubted(*place)).collect();
            let left: Vec<_> = days().filter(|one| done.is_open(one.0) || doubted.contains(&one.0)).collect();
            match &fault {
                Fault::Stumbled(_) => match self.look(session, &left).await {
                    Ok(looked) => groups.extend(halves(looked.begin(done))),
                    Err(other) => {
                        done.fail(left.iter().map(|(place, _)| *place), &fault);
                        return Err(other);
                    }
                },
                Fault::Doubtful(_) => {
                    // What was heard first stands when nothing is seen.
                    let Ok(mut looked) = self.look(session, &left).await else { return Err(fault) };
                    let is_there = |one: &Planned<'_>| one.plan.steps.is_empty() && one.plan.conflicts.is_empty();
                    let mut seen = looked.planned.iter().filter(|one| doubted.contains(&one.place));
                    // Odoo is there if it was but the reply that was lost; a second one is a bad line.
                    if is_lost || !seen.all(is_there) {
                        looked.planned.retain(|one| doubted.contains(&one.place));
                        settle(looked.planned, done);
                        return Err(fault);
                    }
                    is_lost = true;
                    groups.push(looked.begin(done));
                }
                _ => return Err(fault),
            }
        }
        Ok(())
    }

    /// Does the steps of days. A refusal is the day's alone, and so is a stumble over one; what else fails ends it. Where Odoo stumbled over
    /// several that is the error, and none of them has failed.
    async fn act(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) -> Result<(), Fault> {
        self.delete(session, days, done).await?;
        self.change(session, days, done).await?;
        self.create(session, days, done).await
    }

    /// What Odoo has of some days, and what is to be done for each.
    async fn look<'a>(&self, session: &Session, part: &[(usize, &'a Day)]) -> Result<Looked<'a>, Fault> {
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
            return Ok(Looked { planned: Vec::new(), refused });
        }
        let keys: Vec<_> = known.iter().map(|(_, employee, day)| (*employee, &day.key)).collect();
        let found = attendances(&self.wire, session, &keys).await?;
        let planned = known.into_iter().zip(found).map(|((place, employee, day), found)| Planned {
            place,
            employee,
            day,
            plan: plan(&day.wanted, &found),
        });
        Ok(Looked { planned: planned.collect(), refused })
    }

    async fn delete(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) -> Result<(), Fault> {
        let doomed = |step: &Step| if let Step::Delete { id } = step { Some(*id) } else { None };
        let all = days.iter().map(|one| (one.place, one.plan.steps.iter().filter_map(doomed).collect()));
        let mut waiting: Vec<OneCall<i64>> = calls(all);
        while let Some(part) = waiting.pop() {
            let ids: Vec<i64> = part.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
            match self.wire.call(session, Call::new("hr.attendance", "unlink").of(&ids)).await {
                Ok(_) => {
                    for (place, ids) in &part {
                        done.note(*place, ids.iter().map(|id| format!("{id} deleted")));
                    }
                }
                Err(fault) => waiting.extend(again(done, part, fault)?),
            }
        }
        Ok(())
    }

    async fn change(&self, session: &Session, days: &[Planned<'_>], done: &mut Outcomes) -> Result<(), Fault> {
        for one in days {
            for step in &one.plan.steps {
                let (Step::Close { id, row } | Step::Update { id, row }) = step else { continue };
                if !done.is_well(one.place) {
                    break;
                }
                let values = json!({"check_in": utc(row.check_in), "check_out": utc(row.check_out)});
                let call = Call::new("hr.attendance", "write").of(&[*id]).with("vals", values);
                match self.wire.call(session, call).await {
                    Ok(_) => done.note(one.place, [format!("{id} changed")]),
                    Err(fault) => _ = again(done, vec![(one.place, vec![id])], fault)?,
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
        let mut waiting = calls(days.iter().filter(|one| done.is_well(one.place)).map(|one| (one.place, new(one))));
        let mut is_allowed = false;
        while let Some(part) = waiting.pop() {
            let rows: Vec<Value> = part.iter().flat_map(|(_, rows)| rows.iter().cloned()).collect();
            match load(&self.wire, session, rows).await {
                Ok(ids) => {
                    let mut ids = ids.into_iter();
                    for (place, rows) in &part {
                        done.note(*place, ids.by_ref().take(rows.len()).map(|id| format!("{id} created")));
                    }
                }
                Err(fault) => {
                    // A refusal of `load` does not say whether it is one of rights.
                    if matches!(fault, Fault::Refused { .. }) && !is_allowed {
                        if let Err(fault) = may_create(&self.wire, session).await {
                            done.fail(part.iter().map(|(place, _)| *place), &fault);
                            return Err(fault);
                        }
                        is_allowed = true;
                    }
                    waiting.extend(again(done, part, fault)?);
                }
            }
        }
        Ok(())
    }

    /// Looks again at the days that Odoo refused or broke at; those in doubt were looked at.
    async fn settle(&self, session: &Session, sent: &[(usize, &Day)], done: &mut Outcomes) {
        let failed = |fault: Option<&Fault>| matches!(fault, Some(Fault::Stumbled(_) | Fault::Refused { .. }));
        let part: Vec<_> = sent.iter().filter(|(place, _)| failed(done.fault(*place))).copied().collect();
        if part.is_empty() {
            return;
        }
        // What was heard first stands when nothing is seen.
        let Ok(looked) = self.look(session, &part).await else { return };
        settle(looked.planned, done);
    }
}

/// Of days that failed, what is there after all is taken, what stands in the way now is named, and what else was refused is told with
/// what to do.
fn settle(seen: Vec<Planned<'_>>, done: &mut Outcomes) {
    for one in seen {
        if !one.plan.conflicts.is_empty() {
            done.refuse(one.place, in_the_way(&one.plan));
        } else if one.plan.steps.is_empty() {
            done.begin(one.place, &one.plan);
        } else {
            done.advise(one.place, cure);
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
fn calls<T>(days: impl Iterator<Item = (usize, Vec<T>)>) -> Vec<OneCall<T>> {
    let mut calls: Vec<OneCall<T>> = Vec::new();
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

/// What one call is to do, by the days' places.
type OneCall<T> = Vec<(usize, Vec<T>)>;

/// What is to be called again of a call that failed: its halves, until a day stands alone and has failed.
fn again<T>(done: &mut Outcomes, part: OneCall<T>, fault: Fault) -> Result<Vec<OneCall<T>>, Fault> {
    match (fault, part.as_slice()) {
        (fault @ (Fault::Refused { .. } | Fault::Stumbled(_)), [(place, _)]) => {
            done.fail_alone(*place, &fault)?;
            Ok(Vec::new())
        }
        (Fault::Refused { .. }, _) => Ok(halves(part).into()),
        // What is there of it is to be looked up first.
        (fault @ Fault::Stumbled(_), _) => Err(fault),
        (fault, part) => {
            done.fail(part.iter().map(|(place, _)| *place), &fault);
            Err(fault)
        }
    }
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
