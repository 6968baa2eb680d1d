//! `terminal users`: a terminal's user table listed, taken as matching material, or completed.
//!
//! Invariants: nobody is deleted but whom a person names, and no employee of today; a name that differs is replaced only when that is
//! asked for; passwords are neither shown nor taken.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, bail};
use edge::{Visit, name_of, record_of};
use hub::Hub;
use link::command::TerminalPerson;
use serde_json::{Value, json};
use zk::client::UserLimits;
use zk::{Privilege, User};

use super::visit::{Target, note};
use crate::chance::now;
use crate::cli::terminal::Users;
use crate::commands::Context;
use crate::show;

pub(super) fn run(context: &Context, args: &Users) -> anyhow::Result<()> {
    let target = Target::of(context, &args.reach)?;
    match (args.pull, args.push) {
        (true, _) => pull(context, &target),
        (_, true) => push(context, &target, args),
        _ if !args.remove.is_empty() => remove(context, &target, &args.remove),
        _ => list(context, &target),
    }
}

fn list(context: &Context, target: &Target) -> anyhow::Result<()> {
    let users = target.visit(async |visit: &mut Visit| users(visit).await)?;
    let row = |user: &User| {
        let card = (user.card != 0).then_some(user.card);
        vec![json!(user.number), json!(name_of(user)), json!(may(user.privilege)), json!(card), json!(user.slot)]
    };
    let rows: Vec<Vec<Value>> = users.iter().map(row).collect();
    Ok(show::rows(context.is_json, &["number", "name", "may", "card", "slot"], &rows)?)
}

async fn users(visit: &mut Visit) -> anyhow::Result<Vec<User>> {
    Ok(visit.client.users().await.map_err(|error| visit.trouble(error))?)
}

/// What somebody may do at the terminal, in a word.
fn may(privilege: Privilege) -> &'static str {
    match privilege {
        barred if barred.is_disabled() => "nothing: disabled",
        administrator if administrator.is_administrator() => "administer",
        Privilege::ENROLLER => "enrol",
        _ => "punch",
    }
}

fn pull(context: &Context, target: &Target) -> anyhow::Result<()> {
    let (serial, users) = target.visit(async |visit: &mut Visit| Ok((visit.serial.clone(), users(visit).await?)))?;
    let hub = context.hub()?;
    let registered = hub.terminals()?.into_iter().find(|row| row.approved && Some(&row.serial) == serial.as_ref());
    let Some(row) = registered else {
        let serial = serial.as_deref().unwrap_or("unknown");
        bail!(
            "terminal {serial} is not registered and approved; `punchclock terminal add NAME --serial {serial}` first"
        );
    };
    let named: Vec<(String, String)> = users.iter().map(|user| (user.number.clone(), name_of(user))).collect();
    hub.take_users(&row.serial, &named, now())?;
    let text = format!(
        "took {} users of terminal {}; `punchclock held list` shows numbers with their names",
        named.len(),
        row.name
    );
    Ok(show::line(text)?)
}

/// What becomes of an employee's number at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The terminal lacks it.
    Add(User),
    /// It is there with another name, which is replaced.
    Rename(User, String),
    /// It is there with another name, which stays.
    Differs(String),
    /// The terminal can't hold it.
    Unfit(String),
}

impl Step {
    /// The record that is written.
    fn user(&self) -> Option<&User> {
        match self {
            Self::Add(user) | Self::Rename(user, _) => Some(user),
            Self::Differs(_) | Self::Unfit(_) => None,
        }
    }

    fn words(&self, is_dry_run: bool) -> String {
        match (self, is_dry_run) {
            (Self::Add(_), false) => "added".to_owned(),
            (Self::Add(_), true) => "would be added".to_owned(),
            (Self::Rename(_, before), false) => format!("renamed from {before}"),
            (Self::Rename(_, before), true) => format!("would be renamed from {before}"),
            (Self::Differs(theirs), _) => format!("is called {theirs} there; --overwrite replaces that"),
            (Self::Unfit(why), _) => why.clone(),
        }
    }
}

fn push(context: &Context, target: &Target, args: &Users) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let wanted = hub.numbers_on(&target.number_group, now().to_zoned(target.zone.clone()).date())?;
    if wanted.is_empty() {
        bail!("no employee has a user number; `punchclock import csv FILE --kind employees` gives some");
    }
    let (serial, steps, listed) =
        target.visit(async |visit: &mut Visit| {
            let known = visit.client.users_and_limits().await;
            let (users, limits) = known.map_err(|error| visit.trouble(error))?;
            let steps = plan(&users, &wanted, limits, args.overwrite);
            let written: Vec<User> = steps.iter().filter_map(|(_, _, step)| step.user().cloned()).collect();
            if !written.is_empty() && !args.dry_run {
                visit.client.set_users(&written).await.map_err(|error| visit.trouble(error)).context(
                    "the users were written in part or not at all; the same command goes on where it stopped",
                )?;
            }
            Ok((visit.serial.clone(), steps, listed(&users, &written)))
        })?;
    if !args.dry_run {
        note_listed(&hub, serial.as_deref(), &listed)?;
    }
    let count = |is: fn(&Step) -> bool| steps.iter().filter(|(_, _, step)| is(step)).count();
    let added = count(|step| matches!(step, Step::Add(_)));
    let renamed = count(|step| matches!(step, Step::Rename(..)));
    if added + renamed > 0 && !args.dry_run {
        note(context, serial.as_deref(), "terminal.users", &format!("{added} users added, {renamed} renamed"))?;
    }
    let rows =
        steps.iter().map(|(number, name, step)| vec![json!(number), json!(name), json!(step.words(args.dry_run))]);
    let rows: Vec<Vec<Value>> = rows.collect();
    if context.is_json || !rows.is_empty() {
        show::rows(context.is_json, &["number", "name", "what"], &rows)?;
    }
    if !context.is_json {
        let (same, would) = (wanted.len() - steps.len(), if args.dry_run { "would be " } else { "" });
        let left = steps.len() - added - renamed;
        show::line(format!(
            "{added} {would}added, {renamed} {would}renamed, {left} left as they are, {same} the same"
        ))?;
    }
    Ok(())
}

/// Number and name of everybody whom a terminal lists after some were written.
fn listed(users: &[User], written: &[User]) -> Vec<(String, String)> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for user in users.iter().chain(written) {
        names.insert(user.number.clone(), name_of(user));
    }
    names.into_iter().collect()
}

/// Tells the hub whom a registered terminal lists.
fn note_listed(hub: &Hub, serial: Option<&str>, listed: &[(String, String)]) -> anyhow::Result<()> {
    let Some(serial) = serial else { return Ok(()) };
    if hub.terminals()?.iter().any(|row| row.approved && row.serial == serial) {
        hub.take_users(serial, listed, now())?;
    }
    Ok(())
}

/// Deletes users by number, with their fingerprints. Whoever should punch there stays.
fn remove(context: &Context, target: &Target, numbers: &[String]) -> anyhow::Result<()> {
    let hub = context.hub()?;
    let wanted = hub.numbers_on(&target.number_group, now().to_zoned(target.zone.clone()).date())?;
    if let Some((number, name)) = wanted.iter().find(|(number, _)| numbers.contains(number)) {
        bail!("user {number} is an employee of today ({name}); nobody was removed");
    }
    let (serial, removed, left) =
        target.visit(async |visit: &mut Visit| {
            let users = users(visit).await?;
            let (gone, left): (Vec<User>, Vec<User>) =
                users.into_iter().partition(|user| numbers.contains(&user.number));
            for user in &gone {
                visit.client.delete_user(user.slot).await.map_err(|error| visit.trouble(error)).context(
                    "the users were removed in part or not at all; the same command goes on where it stopped",
                )?;
            }
            Ok((visit.serial.clone(), gone, left))
        })?;
    note_listed(&hub, serial.as_deref(), &listed(&left, &[]))?;
    for user in &removed {
        note(context, serial.as_deref(), "terminal.users", &format!("user {} removed", user.number))?;
    }
    let missing: Vec<&String> =
        numbers.iter().filter(|number| !removed.iter().any(|user| user.number == **number)).collect();
    show::line(format!("{} removed", removed.len()))?;
    if !missing.is_empty() {
        let told: Vec<&str> = missing.into_iter().map(String::as_str).collect();
        bail!("the terminal does not list {}; `punchclock terminal users` shows whom it does", told.join(", "));
    }
    Ok(())
}

/// What is to be done so that the terminal knows the wanted numbers; those that it knows as they are wanted are left out.
fn plan(
    users: &[User],
    wanted: &[(String, String)],
    limits: UserLimits,
    overwrite: bool,
) -> Vec<(String, String, Step)> {
    let known: HashMap<&str, &User> = users.iter().map(|user| (user.number.as_str(), user)).collect();
    let step = |number: &str, name: &str| {
        let person = TerminalPerson { user: number.to_owned(), name: name.to_owned(), ..TerminalPerson::default() };
        let known = known.get(number).copied();
        Some(match (record_of(known, &person, limits), known.map(name_of)) {
            (Ok(None), _) => return None,
            (Ok(Some(_)), Some(before)) if !overwrite => Step::Differs(before),
            (Ok(Some(user)), Some(before)) => Step::Rename(user, before),
            (Ok(Some(user)), None) => Step::Add(user),
            (Err(unfit), _) => Step::Unfit(unfit.to_string()),
        })
    };
    wanted.iter().filter_map(|(number, name)| Some((number.clone(), name.clone(), step(number, name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zk::UserLayout;

    const LONG: UserLimits = UserLimits { layout: UserLayout::Long, longest_number: Some(9) };

    fn wanted(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        rows.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect()
    }

    fn words(users: &[User], rows: &[(&str, &str)], limits: UserLimits, overwrite: bool) -> Vec<(String, String)> {
        let steps = plan(users, &wanted(rows), limits, overwrite);
        steps.into_iter().map(|(number, _, step)| (number, step.words(false))).collect()
    }

    fn said(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        wanted(rows)
    }

    #[test]
    fn who_is_missing_is_added_and_who_is_there_stays() {
        let users = [User::new("12", "Ann Reyes"), User::new("0012", "Somebody Else")];
        let people = [("12", "Ann Reyes"), ("13", "Ben Cruz"), ("0012", "Cora Diaz"), ("14", "")];
        let plain = words(&users, &people, LONG, false);
        let differs = ("0012", "is called Somebody Else there; --overwrite replaces that");
        assert_eq!(plain, said(&[("13", "added"), differs, ("14", "added")]));
        let overwritten = words(&users, &people, LONG, true);
        assert_eq!(overwritten, said(&[("13", "added"), ("0012", "renamed from Somebody Else"), ("14", "added")]));
        assert!(words(&users, &[("12", "")], LONG, true).is_empty(), "no name is no other name");
    }

    #[test]
    fn whoever_is_renamed_keeps_all_the_rest() {
        let user = User { card: 77, privilege: Privilege::MANAGER, slot: 3, ..User::new("12", "A. Reyes") };
        let steps = plan(std::slice::from_ref(&user), &wanted(&[("12", "Ann Reyes")]), LONG, true);
        let expected = User { name_raw: b"Ann Reyes".to_vec(), ..user };
        assert_eq!(steps[0].2, Step::Rename(expected, "A. Reyes".to_owned()));
    }

    #[test]
    fn a_name_that_is_cut_is_the_same() {
        let name = "Maria Clara de los Santos";
        assert!(words(&[User::new("12", "Maria Clara de los Santo")], &[("12", name)], LONG, false).is_empty());
    }

    #[test]
    fn a_number_that_the_terminal_can_not_hold_is_told_and_the_others_are_written() {
        let short = UserLimits { layout: UserLayout::Short, longest_number: Some(5) };
        let told = words(&[], &[("0012", "Ann"), ("123456", "Ben"), ("7", "Cora")], short, false);
        assert!(told[0].1.contains("without leading zeros") && told[1].1.contains("too long"), "{told:?}");
        assert_eq!(told[2], ("7".to_owned(), "added".to_owned()));
    }
}
