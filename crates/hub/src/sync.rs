//! Whether terminals know those who should punch there: employees' numbers beside the users that each terminal listed last.
//!
//! Invariants:
//! * A state is computed from these two and nothing else, each time that it is looked at.
//! * Nothing is written to a terminal, and nobody deleted there, but by a person's word for that number and terminal.
//! * What a person asks for is asked of the terminal only if it is still so: a number that has become somebody's is not deleted.

use std::collections::{BTreeMap, HashMap};

use attendance::punch::is_source;
use jiff::Timestamp;
use jiff::civil::Date;
use link::TerminalCommand;
use link::command::TerminalPerson;
use store::people::{Employee, UserNumber};
use store::terminals::Terminal;
use store::users::TerminalUser;
use store::{Read, Write};

use crate::commands::{USUAL_EXPIRY, ask};
use crate::company::Company;
use crate::employment::Employments;
use crate::numbers::during;
use crate::zones::terminal_zones;
use crate::{Actor, Error, Hub};

/// Wishes of one transaction.
const WISHES_PER_WRITE: usize = 100;
/// Bytes at which a terminal may have cut a name, or later; the shortest field has so many.
const SHORTEST_FIELD: usize = 8;

/// How a terminal's user stands to the employees' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncState {
    /// The terminal lacks the number of somebody who is employed.
    ToSend,
    /// The terminal has it under another name.
    Differs,
    /// The terminal lists a number that is nobody's now.
    ToRemove,
    /// Both say the same.
    InStep,
}

impl SyncState {
    /// All of them, what is to be done first.
    pub const ALL: [Self; 4] = [Self::ToSend, Self::Differs, Self::ToRemove, Self::InStep];

    /// The word in tables and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ToSend => "to_send",
            Self::Differs => "differs",
            Self::ToRemove => "to_remove",
            Self::InStep => "in_step",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A number at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRow {
    /// Serial of the terminal.
    pub serial: String,
    /// Its name.
    pub terminal: String,
    /// The number.
    pub user: String,
    /// Whose it is today: code and name.
    pub employee: Option<(String, String)>,
    /// What the terminal calls it; `None` where it lacks it.
    pub name_there: Option<String>,
    /// How they stand.
    pub state: SyncState,
    /// Why, where the state alone does not tell.
    pub why: String,
    /// The command under way that is to change it.
    pub asked: Option<i64>,
}

/// What a person wants of a number at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncWish {
    /// Write it there: it lacks it.
    Send {
        /// Serial.
        serial: String,
        /// The number.
        user: String,
    },
    /// Call it there as the employee is called; card and rights stay.
    Rename {
        /// Serial.
        serial: String,
        /// The number.
        user: String,
    },
    /// Delete it there, with its fingerprints: it is nobody's.
    Remove {
        /// Serial.
        serial: String,
        /// The number.
        user: String,
    },
}

impl SyncWish {
    /// Terminal and number.
    fn of(&self) -> (&str, &str) {
        match self {
            Self::Send { serial, user } | Self::Rename { serial, user } | Self::Remove { serial, user } => {
                (serial, user)
            }
        }
    }
}

/// What became of wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Commands that were queued.
    pub queued: u64,
    /// Serial, number, and why it was not asked for.
    pub refused: Vec<(String, String, String)>,
}

/// Somebody who should be known at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    code: String,
    name: String,
}

/// How what is wanted stands to what a terminal lists, by number.
fn compare(wanted: &BTreeMap<String, Wanted>, there: &BTreeMap<String, String>) -> BTreeMap<String, SyncState> {
    let mut states: BTreeMap<String, SyncState> = BTreeMap::new();
    for (number, one) in wanted {
        let state = match there.get(number) {
            None => SyncState::ToSend,
            Some(name) if is_same(&one.name, name) => SyncState::InStep,
            Some(_) => SyncState::Differs,
        };
        states.insert(number.clone(), state);
    }
    for number in there.keys().filter(|number| !wanted.contains_key(*number)) {
        states.insert(number.clone(), SyncState::ToRemove);
    }
    states
}

/// Whether a terminal calls somebody as the list does. A name that the list lacks is no other name, and a terminal cuts what is longer
/// than its field.
fn is_same(here: &str, there: &str) -> bool {
    let (here, there) = (here.trim(), there.trim());
    let shortest = here.get(..here.floor_char_boundary(SHORTEST_FIELD)).unwrap_or(here).trim_end();
    here.is_empty() || here == there || there == shortest || (there.len() >= SHORTEST_FIELD && here.starts_with(there))
}

/// Everybody's numbers, for the comparison with each terminal.
struct Numbers {
    people: HashMap<i64, Employee>,
    employed: HashMap<i64, Employments>,
    spans: Vec<UserNumber>,
}

impl Numbers {
    fn read(read: &Read<'_>) -> Result<Self, Error> {
        let people = read.employees()?.into_iter().map(|one| (one.id, one)).collect();
        Ok(Self { people, employed: Employments::of_all(read)?, spans: read.user_numbers()? })
    }

    /// Whose a span is: of one who is merged, whom they count as.
    fn owner(&self, span: &UserNumber) -> Option<&Employee> {
        let owner = self.people.get(&span.employee)?;
        owner.merged_into.map_or(Some(owner), |into| self.people.get(&into))
    }

    /// Those who should be known at a group of terminals on a date.
    fn wanted(&self, group: &str, on: Date) -> BTreeMap<String, Wanted> {
        let is_valid = |span: &&UserNumber| span.group == group && span.valid_from <= on && on <= span.valid_to;
        let named = |span: &UserNumber| {
            let owner = self.owner(span).filter(|owner| self.is_employed(owner, on))?;
            Some((span.number.clone(), Wanted { code: owner.code.clone(), name: owner.name.clone() }))
        };
        self.spans.iter().filter(is_valid).filter_map(named).collect()
    }

    /// Why a number is nobody's on a date.
    fn why_nobodys(&self, group: &str, number: &str, on: Date) -> String {
        let of_number = |span: &&UserNumber| span.group == group && span.number == number;
        let Some(span) = self.spans.iter().rfind(of_number) else { return "the number is nobody's".to_owned() };
        let Some(owner) = self.owner(span) else { return String::new() };
        let left = self.employed.get(&owner.id).and_then(|spans| spans.left_before(on));
        match (on <= span.valid_to && span.valid_from <= on, left) {
            (true, Some(to)) => format!("employee {} left on {to}", owner.code),
            (true, None) => format!("employee {} is not employed yet", owner.code),
            (false, _) => format!("employee {} had it {}", owner.code, during(span.valid_from, span.valid_to)),
        }
    }

    fn is_employed(&self, one: &Employee, on: Date) -> bool {
        self.employed.get(&one.id).is_none_or(|spans| spans.covers(on))
    }
}

/// The rows of one terminal.
fn rows(
    numbers: &Numbers,
    terminal: &Terminal,
    users: &[TerminalUser],
    asked: &HashMap<(String, String), i64>,
    today: Date,
) -> Vec<SyncRow> {
    let wanted = numbers.wanted(&terminal.number_group, today);
    let there: BTreeMap<String, String> = users.iter().map(|user| (user.user.clone(), user.name.clone())).collect();
    let row = |(user, state): (String, SyncState)| SyncRow {
        serial: terminal.serial.clone(),
        terminal: terminal.name.clone(),
        employee: wanted.get(&user).map(|one| (one.code.clone(), one.name.clone())),
        name_there: there.get(&user).cloned(),
        why: match state {
            SyncState::ToRemove => numbers.why_nobodys(&terminal.number_group, &user, today),
            _ => String::new(),
        },
        asked: asked.get(&(terminal.serial.clone(), user.clone())).copied(),
        state,
        user,
    };
    compare(&wanted, &there).into_iter().map(row).collect()
}

/// The commands under way that change users, by terminal and number.
fn asked(read: &Read<'_>, now: Timestamp) -> Result<HashMap<(String, String), i64>, Error> {
    let mut asked = HashMap::new();
    for command in read.commands_under_way(now.as_microsecond())? {
        let user = match serde_json::from_str(&command.command) {
            Ok(TerminalCommand::PutUser(person)) => person.user,
            Ok(TerminalCommand::RenameUser { user, .. } | TerminalCommand::DeleteUser { user }) => user,
            Ok(_) | Err(_) => continue,
        };
        asked.insert((command.serial, user), command.id);
    }
    Ok(asked)
}

/// Whether users can be written to it: an approved terminal. A source of punches that came otherwise has none.
fn has_users(terminal: &Terminal) -> bool {
    terminal.is_approved && !is_source(&terminal.serial)
}

/// Today at a terminal.
fn today(read: &Read<'_>, company: &Company, terminal: &Terminal, now: Timestamp) -> Result<Date, Error> {
    Ok(terminal_zones(read, company, terminal)?.date(now))
}

/// The code of the employee whose number it is today at a terminal, if it is somebody's who works there.
pub(crate) fn owner_today(read: &Read<'_>, serial: &str, user: &str, now: Timestamp) -> Result<Option<String>, Error> {
    let Some(terminal) = read.terminal(serial)? else { return Ok(None) };
    let today = today(read, &Company::load(read)?, &terminal, now)?;
    let spans = read.validities(&terminal.number_group, user)?;
    let Some(span) = spans.iter().find(|span| span.valid_from <= today && today <= span.valid_to) else {
        return Ok(None);
    };
    let owner = read.employee(span.employee)?;
    let counts_as = owner.as_ref().and_then(|owner| owner.merged_into);
    let Some(owner) = counts_as.map_or(Ok(owner), |into| read.employee(into))? else { return Ok(None) };
    Ok(Employments::of(read, owner.id)?.covers(today).then_some(owner.code))
}

impl Hub {
    /// How each approved terminal's users stand to the employees' numbers, by terminal and number.
    ///
    /// # Errors
    /// Of the store.
    pub fn terminal_sync(&self, now: Timestamp) -> Result<Vec<SyncRow>, Error> {
        self.store.read(|read| {
            let (company, numbers, asked) = (Company::load(read)?, Numbers::read(read)?, asked(read, now)?);
            let mut users: HashMap<String, Vec<TerminalUser>> = HashMap::new();
            for user in read.terminal_users()? {
                users.entry(user.origin.clone()).or_default().push(user);
            }
            let mut all = Vec::new();
            for (terminal, _) in read.terminals()?.iter().filter(|(terminal, _)| has_users(terminal)) {
                let there = users.get(&terminal.serial).map_or(&[][..], Vec::as_slice);
                all.extend(rows(&numbers, terminal, there, &asked, today(read, &company, terminal, now)?));
            }
            Ok(all)
        })
    }

    /// Asks terminals for what a person wants, each by itself; what is refused leaves its neighbours alone.
    ///
    /// # Errors
    /// Of the store.
    pub fn sync_terminals(&self, actor: &Actor, wishes: &[SyncWish], now: Timestamp) -> Result<Asked, Error> {
        let mut done = Asked::default();
        for chunk in wishes.chunks(WISHES_PER_WRITE) {
            let (queued, refused) = self.store.write(|write| {
                let mut tables = Tables::new(write, now)?;
                let (mut queued, mut refused) = (0, Vec::new());
                for wish in chunk {
                    let (serial, user) = wish.of();
                    match write.step(|| take(write, actor, wish, &mut tables, now)) {
                        Ok(()) => queued += 1,
                        Err(error @ (Error::NotFound(_) | Error::Invalid { .. })) => {
                            refused.push((serial.to_owned(), user.to_owned(), error.to_string()));
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok((queued, refused))
            })?;
            done.queued += queued;
            done.refused.extend(refused);
        }
        Ok(done)
    }
}

/// The rows of terminals as they are in one transaction, each terminal's computed once.
struct Tables {
    company: Company,
    numbers: Numbers,
    under_way: HashMap<(String, String), i64>,
    of: HashMap<String, BTreeMap<String, SyncRow>>,
}

impl Tables {
    fn new(read: &Read<'_>, now: Timestamp) -> Result<Self, Error> {
        let (company, numbers, under_way) = (Company::load(read)?, Numbers::read(read)?, asked(read, now)?);
        Ok(Self { company, numbers, under_way, of: HashMap::new() })
    }

    fn row(&mut self, read: &Read<'_>, (serial, user): (&str, &str), now: Timestamp) -> Result<&mut SyncRow, Error> {
        if !self.of.contains_key(serial) {
            let terminal = read.terminal(serial)?.filter(|terminal| !is_source(&terminal.serial));
            let terminal = terminal.ok_or_else(|| Error::NotFound(format!("terminal {serial}")))?;
            let today = today(read, &self.company, &terminal, now)?;
            let rows = rows(&self.numbers, &terminal, &read.users_of(serial)?, &self.under_way, today);
            self.of.insert(serial.to_owned(), rows.into_iter().map(|row| (row.user.clone(), row)).collect());
        }
        let row = self.of.get_mut(serial).and_then(|rows| rows.get_mut(user));
        row.ok_or_else(|| Error::NotFound(format!("user number {user} at terminal {serial}")))
    }
}

/// Asks for one wish, if it is still so.
fn take(write: &Write<'_>, actor: &Actor, wish: &SyncWish, tables: &mut Tables, now: Timestamp) -> Result<(), Error> {
    let (serial, user) = wish.of();
    let row = tables.row(write, (serial, user), now)?;
    if let Some(id) = row.asked {
        let what = format!("terminal {serial} was asked about user {user} already: command {id}");
        return Err(Error::invalid(what, "wait for its result"));
    }
    let name = row.employee.as_ref().map(|(_, name)| name.clone()).unwrap_or_default();
    let command = match (wish, row.state) {
        (SyncWish::Send { .. }, SyncState::ToSend) => {
            TerminalCommand::PutUser(TerminalPerson { user: user.to_owned(), name, ..TerminalPerson::default() })
        }
        (SyncWish::Rename { .. }, SyncState::Differs) => TerminalCommand::RenameUser { user: user.to_owned(), name },
        (SyncWish::Remove { .. }, SyncState::ToRemove) => TerminalCommand::DeleteUser { user: user.to_owned() },
        _ => return Err(no_longer(row)),
    };
    row.asked = Some(ask(write, actor, serial, &command, USUAL_EXPIRY, now)?);
    Ok(())
}

/// Why a wish does not fit to how things stand.
fn no_longer(row: &SyncRow) -> Error {
    let SyncRow { serial, terminal: name, user, .. } = row;
    let (what, cure) = match row.state {
        SyncState::InStep => ("is in step", "nothing is to be done".to_owned()),
        SyncState::Differs => {
            let cure =
                format!("`punchclock terminal sync {name} --rename {user}` renames it and keeps card and rights");
            ("is called otherwise there", cure)
        }
        SyncState::ToRemove => ("is nobody's", "it can only be removed".to_owned()),
        SyncState::ToSend => ("is not on the terminal", "it can only be sent".to_owned()),
    };
    Error::invalid(format!("user {user} of terminal {serial} {what}"), cure)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(list: &[(&str, &str)]) -> BTreeMap<String, Wanted> {
        let one = |(number, name): &(&str, &str)| {
            ((*number).to_owned(), Wanted { code: format!("E{number}"), name: (*name).to_owned() })
        };
        list.iter().map(one).collect()
    }

    fn there(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect()
    }

    #[test]
    fn a_number_is_in_step_to_send_to_remove_or_differs() {
        let wanted = wanted(&[("1", "Ann Reyes"), ("2", "Ben Cruz"), ("3", ""), ("4", "Maria Clara Santos")]);
        let there = there(&[("1", "Ann Reyes"), ("3", "Cora"), ("4", "Maria Cl"), ("5", "Gone"), ("02", "Ben Cruz")]);
        let states = compare(&wanted, &there);
        let told: Vec<String> = states.iter().map(|(number, state)| format!("{number} {}", state.word())).collect();
        assert_eq!(told, ["02 to_remove", "1 in_step", "2 to_send", "3 in_step", "4 in_step", "5 to_remove"]);
        assert!(is_same("Ann May Cruz", "Ann May"), "a blank at the end of the field is nothing");
        assert!(!is_same("Ann Reyes", "Ann") && !is_same("Ann", "Ann Reyes") && !is_same("Ann Reyes", ""));
    }

    fn table() -> impl Strategy<Value = BTreeMap<String, String>> {
        proptest::collection::btree_map(
            "[1-6]",
            prop::sample::select(vec!["Ann", "Ben", ""]).prop_map(str::to_owned),
            0..6,
        )
    }

    proptest! {
        /// Each number of either side has one state, and doing what it says brings the terminal in step.
        #[test]
        fn what_the_states_ask_for_brings_the_terminal_in_step(here in table(), before in table()) {
            let wanted: BTreeMap<String, Wanted> = here.iter()
                .map(|(number, name)| (number.clone(), Wanted { code: String::new(), name: name.clone() })).collect();
            let mut after = before.clone();
            for (number, state) in compare(&wanted, &before) {
                match state {
                    SyncState::ToSend | SyncState::Differs => {
                        after.insert(number.clone(), here[&number].clone());
                    }
                    SyncState::ToRemove => {
                        after.remove(&number);
                    }
                    SyncState::InStep => {}
                }
            }
            prop_assert!(compare(&wanted, &after).values().all(|state| *state == SyncState::InStep));
            prop_assert_eq!(after.keys().collect::<Vec<_>>(), here.keys().collect::<Vec<_>>());
        }
    }
}
