//! Whose the users are that terminals list, and whom employees of other systems are: proposals for a person to judge, and what the person decided.
//!
//! Invariants:
//! * A proposal changes nothing. Nobody is added, and no number given or taken, but by a person's decision, which is audited.
//! * A number that is somebody's is never given away by a decision that does not say from which date.
//! * By number first, then by name. Where more than one employee could be meant, all are named and none is preferred.
//! * An employee of another system is a number of the group that has the source's name. Where nobody decided, it is the employee's whose
//!   code it is, and asked about only when the names differ.
//! * A dismissal holds for the name that was dismissed: when the terminal calls the number otherwise, it is asked again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use attendance::punch::PrintedTime;
use jiff::Timestamp;
use jiff::civil::Date;
use store::people::{Employee, UserNumber};
use store::users::DismissedUser;
use store::{Read, Write};

use crate::company::Company;
use crate::likeness::{Likeness, Name};
use crate::lists::groups;
use crate::numbers::{Number, assign, check_free};
use crate::registry::employee;
use crate::resolve::{ALWAYS, instant, provisional};
use crate::sources::listing;
use crate::view::HeldReason;
use crate::{Actor, Cured, Error, Hub};

/// Decisions of one transaction.
const DECISIONS_PER_WRITE: usize = 100;

/// What speaks for an employee, or against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaks {
    /// The number is the employee's code.
    Code,
    /// The number was, or will be, the employee's on these dates.
    Had(Date, Date),
    /// A terminal gives a name that is like the employee's.
    Named(Likeness, String),
    /// The terminals give other names: that speaks against it.
    Otherwise,
}

impl fmt::Display for Speaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => f.write_str("the number is the code"),
            Self::Had(from, to) if *from <= ALWAYS.0 => write!(f, "had the number until {to}"),
            Self::Had(from, to) if *to >= ALWAYS.1 => write!(f, "has the number from {from}"),
            Self::Had(from, to) => write!(f, "has the number from {from} to {to}"),
            Self::Named(Likeness::Same, _) => f.write_str("same name"),
            Self::Named(Likeness::Words, name) => write!(f, "same words: {name}"),
            Self::Named(Likeness::Close, name) => write!(f, "close name: {name}"),
            Self::Otherwise => f.write_str("but is called otherwise there"),
        }
    }
}

/// An employee whose the number could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Code.
    pub code: String,
    /// Name; empty when unknown.
    pub name: String,
    /// Why.
    pub speaks: Vec<Speaks>,
}

impl Candidate {
    /// What speaks for it and against, in words.
    pub fn says(&self) -> String {
        self.speaks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// Where the matching of a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchState {
    /// One employee could be meant.
    Proposed,
    /// Several could be.
    Ambiguous,
    /// Nobody resembles it.
    Unknown,
    /// It is somebody's whom the terminals call otherwise.
    Differs,
    /// A person said that it is none of the employees.
    Dismissed,
    /// It is somebody's.
    Matched,
}

impl MatchState {
    /// All of them, those that wait for a decision first.
    pub const ALL: [Self; 6] =
        [Self::Proposed, Self::Ambiguous, Self::Unknown, Self::Differs, Self::Dismissed, Self::Matched];

    /// The word in tables and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Ambiguous => "ambiguous",
            Self::Unknown => "unknown",
            Self::Differs => "differs",
            Self::Dismissed => "dismissed",
            Self::Matched => "matched",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether it waits for a decision.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Proposed | Self::Ambiguous | Self::Unknown | Self::Differs)
    }
}

/// A user number that terminals list or that punches carry, and whose it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRow {
    /// The number, with the group of terminals where that has a name.
    pub user: String,
    /// The names that terminals give for it, each once.
    pub names: Vec<String>,
    /// Serials of the terminals.
    pub terminals: Vec<String>,
    /// When a terminal listed it last.
    pub seen: Option<Timestamp>,
    /// Punches that wait for it.
    pub waiting: u64,
    /// The printed time of the first of them.
    pub first_waiting: Option<String>,
    /// Whose it is today: code and name.
    pub owner: Option<(String, String)>,
    /// Where it stands.
    pub state: MatchState,
    /// Whose it could be.
    pub candidates: Vec<Candidate>,
    /// Who dismissed it, and why.
    pub dismissed: Option<(String, String)>,
}

/// What a person decided about a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is this employee's.
    Assign {
        /// The number; `GROUP/NUMBER` at a group of terminals that has a name.
        user: String,
        /// Employee code.
        employee: String,
        /// From this date; always, when `None`.
        from: Option<Date>,
    },
    /// It is somebody's who is not on the list yet.
    Add {
        /// The number; `GROUP/NUMBER` at a group of terminals that has a name.
        user: String,
        /// Code of the new employee; the number, when `None`.
        code: Option<String>,
        /// From this date; always, when `None`.
        from: Option<Date>,
    },
    /// It is none of the employees.
    Dismiss {
        /// The number; `GROUP/NUMBER` at a group of terminals that has a name.
        user: String,
        /// Why.
        reason: String,
    },
    /// That was wrong: ask again.
    Recall {
        /// The number; `GROUP/NUMBER` at a group of terminals that has a name.
        user: String,
    },
}

impl Decision {
    /// The number that it is about.
    pub fn user(&self) -> &str {
        match self {
            Self::Assign { user, .. } | Self::Add { user, .. } | Self::Dismiss { user, .. } | Self::Recall { user } => {
                user
            }
        }
    }
}

/// What became of decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// How many were taken.
    pub done: u64,
    /// What that did to held punches.
    pub cured: Cured,
    /// Numbers whose decision could not be taken, and why.
    pub refused: Vec<(String, String)>,
}

/// A user number as terminals and held punches tell of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sighted {
    /// By terminal; empty where only punches tell of it.
    names: BTreeMap<String, String>,
    seen_us: Option<i64>,
    waiting: u64,
    first_waiting: Option<i64>,
    /// Whether it is an employee of another system, who is the one of that code where nobody said otherwise.
    is_by_code: bool,
}

impl Sighted {
    /// The names that terminals give, each once.
    fn named(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.names.values().filter(|name| Name::new(name).is_some()).collect();
        names.into_iter().cloned().collect()
    }
}

/// The employees, found by what a number and names can tell.
struct Roll<'a> {
    /// Those who count as another one are left out: their numbers are the other's.
    people: Vec<(&'a Employee, Option<Name>)>,
    by_code: HashMap<&'a str, usize>,
    by_words: HashMap<Vec<String>, Vec<usize>>,
    by_part: HashMap<String, Vec<usize>>,
    held: HashMap<Number, Vec<(usize, Date, Date)>>,
}

impl<'a> Roll<'a> {
    fn new(people: &'a [Employee], numbers: &'a [UserNumber]) -> Self {
        let into: HashMap<i64, i64> = people.iter().filter_map(|one| Some((one.id, one.merged_into?))).collect();
        let people: Vec<&Employee> = people.iter().filter(|one| one.merged_into.is_none()).collect();
        let mut roll = Self {
            people: people.iter().map(|one| (*one, Name::new(&one.name))).collect(),
            by_code: people.iter().enumerate().map(|(place, one)| (one.code.as_str(), place)).collect(),
            by_words: HashMap::new(),
            by_part: HashMap::new(),
            held: HashMap::new(),
        };
        for (place, (_, name)) in roll.people.iter().enumerate() {
            let Some(name) = name else { continue };
            roll.by_words.entry(name.same_words().to_vec()).or_default().push(place);
            for part in name.parts() {
                roll.by_part.entry(part).or_default().push(place);
            }
        }
        let by_id: HashMap<i64, usize> = people.iter().enumerate().map(|(place, one)| (one.id, place)).collect();
        for number in numbers {
            let owner = into.get(&number.employee).unwrap_or(&number.employee);
            if let Some(place) = by_id.get(owner) {
                let span = (*place, number.valid_from, number.valid_to);
                roll.held.entry(crate::numbers::of(number)).or_default().push(span);
            }
        }
        roll
    }

    /// Whose a number is on a date.
    fn owner(&self, number: &Number, on: Date) -> Option<&'a Employee> {
        let spans = self.held.get(number)?;
        let (place, ..) = spans.iter().find(|(_, from, to)| *from <= on && on <= *to)?;
        self.people.get(*place).map(|(employee, _)| *employee)
    }

    /// Whose a code is.
    fn of_code(&self, code: &str) -> Option<&'a Employee> {
        self.people.get(*self.by_code.get(code)?).map(|(employee, _)| *employee)
    }

    /// Whose a number could be that terminals call by these names: by number first, then by name.
    fn candidates(&self, number: &Number, names: &[String]) -> Vec<Candidate> {
        let mut found: BTreeMap<usize, Vec<Speaks>> = BTreeMap::new();
        if let Some(place) = self.by_code.get(number.number.as_str()) {
            found.entry(*place).or_default().push(Speaks::Code);
        }
        for (place, from, to) in self.held.get(number).into_iter().flatten() {
            found.entry(*place).or_default().push(Speaks::Had(*from, *to));
        }
        let by_number: HashSet<usize> = found.keys().copied().collect();
        let named = self.named(names, &by_number);
        let is_confirmed = named.keys().any(|place| by_number.contains(place));
        let nearest = named.values().map(|(likeness, _)| *likeness).min();
        for (place, (likeness, name)) in named {
            let is_wanted = by_number.contains(&place) || (!is_confirmed && Some(likeness) == nearest);
            if is_wanted {
                found.entry(place).or_default().push(Speaks::Named(likeness, name));
            }
        }
        let candidate = |(place, mut speaks): (usize, Vec<Speaks>)| {
            let (employee, name) = self.people.get(place)?;
            let is_named = speaks.iter().any(|speaks| matches!(speaks, Speaks::Named(..)));
            if !is_named && name.is_some() && !names.is_empty() {
                speaks.push(Speaks::Otherwise);
            }
            Some(Candidate { code: employee.code.clone(), name: employee.name.clone(), speaks })
        };
        found.into_iter().filter_map(candidate).collect()
    }

    /// Everybody whose name is like one of these: the nearest likeness, and the name that has it.
    fn named(&self, names: &[String], by_number: &HashSet<usize>) -> BTreeMap<usize, (Likeness, String)> {
        let mut found: BTreeMap<usize, (Likeness, String)> = BTreeMap::new();
        for text in names {
            let Some(name) = Name::new(text) else { continue };
            let same = self.by_words.get(name.same_words());
            let near: BTreeSet<usize> = match same {
                Some(same) => same.iter().chain(by_number).copied().collect(),
                None => {
                    let close = name.parts().into_iter().filter_map(|part| self.by_part.get(&part)).flatten();
                    close.chain(by_number).copied().collect()
                }
            };
            for place in near {
                let there = self.people.get(place).and_then(|(_, name)| name.as_ref());
                let Some(likeness) = there.and_then(|there| name.likeness(there)) else { continue };
                let nearer = found.get(&place).is_none_or(|(known, _)| likeness < *known);
                if nearer {
                    found.insert(place, (likeness, text.clone()));
                }
            }
        }
        found
    }
}

/// Every number that an approved terminal or another system lists, or that punches wait for.
fn sighted(read: &Read<'_>) -> Result<BTreeMap<Number, Sighted>, Error> {
    let terminals = read.terminals()?;
    let listing = listing(read)?;
    let mut groups = groups(read)?;
    groups.extend(listing.iter().map(|(origin, source)| (origin.clone(), source.clone())));
    let number = |origin: &str, user: &str| Number::at(groups.get(origin).map_or("", String::as_str), user);
    let approved = terminals.iter().filter(|(one, _)| one.is_approved).map(|(one, _)| one.serial.as_str());
    let ours: HashSet<&str> = approved.chain(listing.keys().map(String::as_str)).collect();
    let mut all: BTreeMap<Number, Sighted> = BTreeMap::new();
    for user in read.terminal_users()? {
        if ours.contains(user.origin.as_str()) && !user.user.is_empty() {
            let sighted = all.entry(number(&user.origin, &user.user)).or_default();
            sighted.seen_us = sighted.seen_us.max(Some(user.seen_us));
            sighted.is_by_code = listing.contains_key(&user.origin);
            sighted.names.insert(user.origin, user.name);
        }
    }
    for group in read.held_groups()? {
        if group.reason == HeldReason::UnknownUser.word() {
            let sighted = all.entry(number(&group.origin, &group.user)).or_default();
            sighted.names.entry(group.origin).or_default();
            sighted.waiting += group.count;
            let earlier = [sighted.first_waiting, group.first_seconds].into_iter().flatten().min();
            sighted.first_waiting = earlier;
        }
    }
    Ok(all)
}

impl Hub {
    /// Every user number that terminals list or punches carry, and whose it is or could be, by number.
    ///
    /// # Errors
    /// Of the store.
    pub fn matches(&self, now: Timestamp) -> Result<Vec<MatchRow>, Error> {
        let (sighted, dismissed, people, numbers, company) = self.store.read(|read| {
            let (people, numbers) = (read.employees()?, read.user_numbers()?);
            Ok::<_, Error>((sighted(read)?, read.dismissed_users()?, people, numbers, Company::load(read)?))
        })?;
        let today = now.to_zoned(company.time_zone()?).date();
        let roll = Roll::new(&people, &numbers);
        let mut no_longer: HashMap<(&str, &str), &DismissedUser> = HashMap::new();
        for user in &dismissed {
            no_longer.insert((&user.user, &user.origin), user);
        }
        let row = |(user, sighted): (Number, Sighted)| {
            let said = |(origin, name): (&String, &String)| {
                no_longer.get(&(user.number.as_str(), origin.as_str())).copied().filter(|said| said.name == *name)
            };
            let said: Option<Vec<&DismissedUser>> = sighted.names.iter().map(said).collect();
            let dismissed = said.and_then(|said| Some((said.first()?.actor.clone(), said.first()?.reason.clone())));
            row(&roll, &user, &sighted, dismissed, today)
        };
        Ok(sighted.into_iter().map(row).collect())
    }

    /// Takes decisions about numbers, each by itself, and replays the punches that waited for them. What is refused leaves its
    /// neighbours alone.
    ///
    /// # Errors
    /// Of the store.
    pub fn decide_matches(&self, actor: &Actor, decisions: &[Decision], now: Timestamp) -> Result<Decided, Error> {
        let known = self.store.read(sighted)?;
        let mut decided = Decided::default();
        for chunk in decisions.chunks(DECISIONS_PER_WRITE) {
            let (done, refused) = self.store.write(|write| {
                let (mut done, mut refused) = (0, Vec::new());
                for decision in chunk {
                    let sighted = known.get(&Number::parse(decision.user()));
                    match write.step(|| decide(write, actor, decision, sighted, now)) {
                        Ok(()) => done += 1,
                        Err(error @ (Error::NotFound(_) | Error::Invalid { .. })) => {
                            refused.push((decision.user().to_owned(), error.to_string()));
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok((done, refused))
            })?;
            decided.done += done;
            decided.refused.extend(refused);
        }
        decided.cured = self.resume_replays(now)?;
        Ok(decided)
    }
}

fn row(
    roll: &Roll<'_>,
    user: &Number,
    sighted: &Sighted,
    dismissed: Option<(String, String)>,
    today: Date,
) -> MatchRow {
    let names = sighted.named();
    let by_code = || roll.of_code(&user.number).filter(|_| sighted.is_by_code);
    let owner = roll.owner(user, today).or_else(by_code);
    let mut candidates = match (&owner, &dismissed) {
        (None, None) => roll.candidates(user, &names),
        _ => Vec::new(),
    };
    let is_otherwise = owner.is_some_and(|owner| {
        let own = Name::new(&owner.name);
        own.is_some_and(|own| {
            let alike = |name: &String| Name::new(name).and_then(|name| own.likeness(&name)).is_some();
            !names.is_empty() && !names.iter().any(alike)
        })
    });
    if let (true, Some(owner)) = (is_otherwise && dismissed.is_none(), owner) {
        candidates = roll.candidates(user, &names);
        candidates.retain(|candidate| candidate.code != owner.code);
    }
    let state = match (owner, candidates.len()) {
        _ if dismissed.is_some() => MatchState::Dismissed,
        (Some(_), _) if is_otherwise => MatchState::Differs,
        (Some(_), _) => MatchState::Matched,
        (None, 0) => MatchState::Unknown,
        (None, 1) => MatchState::Proposed,
        (None, _) => MatchState::Ambiguous,
    };
    MatchRow {
        names,
        terminals: sighted.names.keys().cloned().collect(),
        seen: sighted.seen_us.map(instant),
        waiting: sighted.waiting,
        first_waiting: sighted.first_waiting.map(|seconds| PrintedTime::Seconds(seconds).to_string()),
        owner: owner.map(|owner| (owner.code.clone(), owner.name.clone())),
        state,
        candidates,
        dismissed,
        user: user.to_string(),
    }
}

/// Takes one decision.
fn decide(
    write: &Write<'_>,
    actor: &Actor,
    decision: &Decision,
    sighted: Option<&Sighted>,
    now: Timestamp,
) -> Result<(), Error> {
    let user = &Number::parse(decision.user());
    let missing = || Error::NotFound(format!("user number {user} that a terminal lists or a held punch carries"));
    let sighted = sighted.ok_or_else(missing)?;
    match decision {
        Decision::Assign { employee: code, from, .. } => {
            let owner = employee(write, code.trim())?;
            give(write, actor, user, &owner, *from, sighted, now)
        }
        Decision::Add { code, from, .. } => {
            let usual = if sighted.is_by_code { user.number.clone() } else { user.to_string() };
            let code = code.clone().unwrap_or(usual);
            let code = code.trim();
            if code.is_empty() {
                return Err(Error::invalid("a new employee needs a code", "give one"));
            }
            if write.employee_by_code(code)?.is_some() {
                let cure = "give the number to that employee, or choose another code";
                return Err(Error::invalid(format!("there is an employee with code {code} already"), cure));
            }
            let name = sighted.named().into_iter().next().unwrap_or_default();
            let mut new = Employee { is_confirmed: true, name, ..provisional(code) };
            new.id = write.add_employee(&new)?;
            let detail = format!("name {}, for user number {user}", new.name);
            write.audit(&actor.entry(now, "employee.add", code, detail))?;
            give(write, actor, user, &new, *from, sighted, now)
        }
        Decision::Dismiss { reason, .. } => {
            if reason.trim().is_empty() {
                return Err(Error::invalid("a number is dismissed with a reason", "say who or what it is"));
            }
            for (origin, name) in &sighted.names {
                write.dismiss_user(&DismissedUser {
                    origin: origin.clone(),
                    user: user.number.clone(),
                    name: name.clone(),
                    at_us: now.as_microsecond(),
                    actor: actor.name.clone(),
                    reason: reason.trim().to_owned(),
                })?;
            }
            Ok(write.audit(&actor.entry(now, "match.dismiss", &user.to_string(), reason.trim()))?)
        }
        Decision::Recall { .. } => {
            if !recall(write, user, sighted)? {
                return Err(Error::NotFound(format!("dismissal of user number {user}")));
            }
            Ok(write.audit(&actor.entry(now, "match.recall", &user.to_string(), "it is asked again"))?)
        }
    }
}

/// Gives a number to an employee, if nobody loses it whom the decision does not name by its date.
fn give(
    write: &Write<'_>,
    actor: &Actor,
    user: &Number,
    to: &Employee,
    from: Option<Date>,
    sighted: &Sighted,
    now: Timestamp,
) -> Result<(), Error> {
    check_free(write, user, to.id, (from, None))?;
    assign(write, user, to.id, (from, None))?;
    recall(write, user, sighted)?;
    let named = sighted.named().join(", ");
    let since = from.map_or_else(|| "the beginning".to_owned(), |from| from.to_string());
    let called = if named.is_empty() { String::new() } else { format!("; terminals call it {named}") };
    let detail = format!("employee {}, from {since}, matched{called}", to.code);
    Ok(write.audit(&actor.entry(now, "number.assign", &user.to_string(), detail))?)
}

/// Takes a dismissal back; whether there was one.
fn recall(write: &Write<'_>, user: &Number, sighted: &Sighted) -> Result<bool, Error> {
    let mut was_any = false;
    for origin in sighted.names.keys() {
        was_any |= write.recall_user(origin, &user.number)?;
    }
    Ok(was_any)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn people(list: &[(&str, &str)]) -> Vec<Employee> {
        let one =
            |((code, name), id): (&(&str, &str), i64)| Employee { id, name: (*name).to_owned(), ..provisional(code) };
        list.iter().zip(1..).map(one).collect()
    }

    fn number(number: &str, employee: i64, from: &str, to: &str) -> UserNumber {
        let date = |text: &str| text.parse().unwrap();
        UserNumber {
            group: String::new(),
            number: number.to_owned(),
            valid_from: date(from),
            valid_to: date(to),
            employee,
        }
    }

    fn told(people: &[Employee], numbers: &[UserNumber], user: &str, names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let found = Roll::new(people, numbers).candidates(&Number::parse(user), &names);
        found.iter().map(|one| format!("{}: {}", one.code, one.says())).collect()
    }

    #[test]
    fn the_number_comes_first_and_the_name_confirms_it() {
        let people = people(&[("7", "Ann Reyes"), ("8", "Ben Cruz"), ("9", "Ann Reyes")]);
        assert_eq!(told(&people, &[], "7", &["Reyes, Ann"]), ["7: the number is the code, same words: Reyes, Ann"]);
        assert_eq!(told(&people, &[], "7", &[]), ["7: the number is the code"]);
        let had = [number("12", 2, "2024-01-01", "2025-01-31")];
        assert_eq!(
            told(&people, &had, "12", &["B. Cruz"])[0],
            "8: has the number from 2024-01-01 to 2025-01-31, close name: B. Cruz"
        );
    }

    #[test]
    fn a_number_that_says_one_and_a_name_that_says_another_is_ambiguous() {
        let people = people(&[("7", "Ann Reyes"), ("8", "Ben Cruz")]);
        assert_eq!(
            told(&people, &[], "7", &["Ben Cruz"]),
            ["7: the number is the code, but is called otherwise there", "8: same name"]
        );
        assert_eq!(told(&people, &[], "7", &["Zoe"]), ["7: the number is the code, but is called otherwise there"]);
    }

    #[test]
    fn the_nearest_likeness_counts_and_two_of_it_stay_two() {
        let people = people(&[("1", "Ann Reyes"), ("2", "Reyes Ann"), ("3", "Ann Reyez"), ("4", "Ann Reyes")]);
        assert_eq!(told(&people, &[], "77", &["ANN REYES"]), ["1: same name", "4: same name"]);
        assert_eq!(told(&people, &[], "77", &["Ann Rayez"]), ["3: close name: Ann Rayez"].map(str::to_owned));
        assert!(told(&people, &[], "77", &["Somebody Else"]).is_empty());
        assert!(told(&people, &[], "007", &[]).is_empty(), "a leading zero makes another number");
    }

    proptest! {
        /// Who else is on the list, and in which order, does not matter to who is meant.
        #[test]
        fn the_order_of_the_list_does_not_matter(
            order in Just(vec![("7", "Ann Reyes"), ("8", "Ben Cruz"), ("9", "Reyes Ann"), ("10", "A Reyes"), ("11", "")]).prop_shuffle(),
            user in prop::sample::select(vec!["7", "8", "11", "99"]),
            name in prop::sample::select(vec!["Ann Reyes", "ben cruz", "Reyes", "Ann Reyse", ""]),
        ) {
            let mut here = told(&people(&order), &[], user, &[name]);
            here.sort();
            let straight = people(&[("7", "Ann Reyes"), ("8", "Ben Cruz"), ("9", "Reyes Ann"), ("10", "A Reyes"), ("11", "")]);
            let mut there = told(&straight, &[], user, &[name]);
            there.sort();
            prop_assert_eq!(here, there);
        }

        /// Whoever is proposed has a reason, and a number or a name is the first of them.
        #[test]
        fn whoever_is_proposed_has_a_reason(user in "[0-9]{1,2}", name in "[A-C][a-c]{0,3} [A-C][a-c]{0,6}") {
            let list: Vec<(String, String)> =
                (0..40).map(|n| (n.to_string(), format!("{}{} Cab{}", ["Aa", "Bb", "Ca"][n % 3], "abc".repeat(n % 4), n % 5))).collect();
            let list: Vec<(&str, &str)> = list.iter().map(|(code, name)| (code.as_str(), name.as_str())).collect();
            let people = people(&list);
            for candidate in Roll::new(&people, &[]).candidates(&Number::parse(&user), &[name]) {
                let first = candidate.speaks.first();
                prop_assert!(matches!(first, Some(Speaks::Code | Speaks::Had(..) | Speaks::Named(..))), "{first:?}");
            }
        }
    }
}
