//! Users of a terminal, written over port 4370 (zk 3, 7).
//!
//! Invariants:
//! * What is wanted is compared with the user table of this very session; what is so already is not written, so that it may be wanted
//!   twice.
//! * Of somebody who is there only what is given changes: password, group and time zones stay, and so do name, card and rights that are
//!   not given.
//! * Places in the table are found in this session too. Fingerprints stay with whoever has them; who is deleted loses theirs.

use link::TerminalCommand;
use link::command::TerminalPerson;
use zk::client::{Client, UserLimits};
use zk::{Error, Privilege, User};

use crate::names::name_of;
use crate::spool::visits::{Fate, VisitOrder};

/// The record that a terminal is to have of `person`, of whom it has `known`; `None` when that says it already. A name that is too long
/// for the terminal is cut.
///
/// # Errors
/// [`Error::Unfit`]: what the terminal has no place for, and what it would take.
pub fn record_of(known: Option<&User>, person: &TerminalPerson, limits: UserLimits) -> Result<Option<User>, Error> {
    let mut user = known.cloned().unwrap_or_else(|| User::new(&person.user, ""));
    let name = cut(person.name.trim(), limits.layout.name_bytes());
    if !name.is_empty() && name != name_of(&user) {
        user.name_raw = name.as_bytes().to_vec();
    }
    if let Some(card) = person.card {
        user.card = u32::try_from(card).map_err(|_| Error::Unfit {
            what: format!("the card number {card} does not fit; a terminal takes numbers up to {}", u32::MAX),
        })?;
    }
    if person.is_administrator && !user.privilege.is_administrator() {
        user.privilege = Privilege::SUPER_ADMIN;
    }
    if known == Some(&user) {
        return Ok(None);
    }
    limits.fits(&user)?;
    Ok(Some(user))
}

/// As much of a name as fits, in whole characters.
fn cut(name: &str, bytes: usize) -> &str {
    name.get(..name.floor_char_boundary(bytes)).unwrap_or(name).trim_end()
}

/// Does orders, in their order. What became of each that was come to goes into `fates`.
///
/// # Errors
/// When the connection fails; the orders that are not in `fates` were done in part or not at all.
pub(crate) async fn carry_out(
    client: &mut Client,
    orders: &[VisitOrder],
    fates: &mut Vec<(i64, Fate)>,
) -> Result<(), Error> {
    let deletes = |order: &VisitOrder| matches!(order.command, TerminalCommand::DeleteUser { .. });
    for group in orders.chunk_by(|a, b| deletes(a) == deletes(b)) {
        let done = match group.first().is_some_and(deletes) {
            true => delete(client, group, fates).await,
            false => write(client, group, fates).await,
        };
        // A terminal that will not have its table read or written does nothing of the group.
        if let Some(why) = refusal(done)? {
            let is_open = |order: &&VisitOrder| fates.iter().all(|(id, _)| *id != order.id);
            let refused: Vec<_> =
                group.iter().filter(is_open).map(|order| (order.id, Fate::Failed(why.clone()))).collect();
            fates.extend(refused);
        }
    }
    Ok(())
}

/// Writes those who are not as they are wanted, together: the terminal is disabled once.
async fn write(client: &mut Client, orders: &[VisitOrder], fates: &mut Vec<(i64, Fate)>) -> Result<(), Error> {
    let (mut table, limits) = client.users_and_limits().await?;
    let mut changed = Vec::new();
    for VisitOrder { id, command } in orders {
        let (person, must_be_there) = match command {
            TerminalCommand::PutUser(person) => (person.clone(), false),
            TerminalCommand::RenameUser { user, name } => {
                (TerminalPerson { user: user.clone(), name: name.clone(), ..TerminalPerson::default() }, true)
            }
            other => {
                fates.push((*id, Fate::Failed(format!("an edge can't do this on a visit: {other}"))));
                continue;
            }
        };
        let place = table.iter().position(|user| user.number == person.user);
        if must_be_there && place.is_none() {
            fates.push((*id, Fate::Failed(format!("the terminal has no user {}; send them instead", person.user))));
            continue;
        }
        match record_of(place.and_then(|place| table.get(place)), &person, limits) {
            Ok(None) => fates.push((*id, Fate::Done("the terminal had it so already"))),
            Ok(Some(user)) => {
                match place.and_then(|place| table.get_mut(place)) {
                    Some(known) => *known = user.clone(),
                    None => table.push(user.clone()),
                }
                changed.push((*id, user));
            }
            Err(unfit) => fates.push((*id, Fate::Failed(unfit.to_string()))),
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let users: Vec<User> = changed.iter().map(|(_, user)| user.clone()).collect();
    if refusal(client.set_users(&users).await)?.is_none() {
        fates.extend(changed.into_iter().map(|(id, _)| (id, Fate::Done("done"))));
        return Ok(());
    }
    // One of them is in the way: each by itself tells which.
    for (id, user) in changed {
        let fate = refusal(client.set_user(&user).await)?.map_or(Fate::Done("done"), Fate::Failed);
        fates.push((id, fate));
    }
    Ok(())
}

/// Deletes users, with their fingerprints.
async fn delete(client: &mut Client, orders: &[VisitOrder], fates: &mut Vec<(i64, Fate)>) -> Result<(), Error> {
    let mut table = client.users().await?;
    for VisitOrder { id, command } in orders {
        let TerminalCommand::DeleteUser { user: number } = command else { continue };
        let mut fate = Fate::Done("the terminal did not list it any more");
        for user in table.extract_if(.., |user| user.number == *number) {
            fate = refusal(client.delete_user(user.slot).await)?.map_or(Fate::Done("done"), Fate::Failed);
        }
        fates.push((*id, fate));
    }
    Ok(())
}

/// What the terminal, or this program, says against a request on a connection that goes on; `None` when it was done.
fn refusal<T>(outcome: Result<T, Error>) -> Result<Option<String>, Error> {
    match outcome {
        Ok(_) => Ok(None),
        Err(error) if error.ends_connection() => Err(error),
        Err(refused) => Ok(Some(refused.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use zk::UserLayout;

    use super::*;

    const LONG: UserLimits = UserLimits { layout: UserLayout::Long, longest_number: Some(9) };

    fn person(user: &str, name: &str) -> TerminalPerson {
        TerminalPerson { user: user.to_owned(), name: name.to_owned(), ..TerminalPerson::default() }
    }

    #[test]
    fn of_whoever_is_there_only_what_is_given_changes() {
        let known = User { card: 77, privilege: Privilege::MANAGER, slot: 3, group: 5, ..User::new("12", "A. Reyes") };
        let known = User { password: "4321".into(), ..known };
        let renamed = record_of(Some(&known), &person("12", "Ann Reyes"), LONG).unwrap().unwrap();
        assert_eq!(renamed, User { name_raw: b"Ann Reyes".to_vec(), ..known.clone() });
        let given = TerminalPerson { card: Some(78), is_administrator: true, ..person("12", "") };
        assert_eq!(record_of(Some(&known), &given, LONG).unwrap(), Some(User { card: 78, ..known.clone() }));
        for same in [person("12", "A. Reyes"), person("12", ""), TerminalPerson { card: Some(77), ..person("12", "") }]
        {
            assert_eq!(record_of(Some(&known), &same, LONG).unwrap(), None, "{same:?}");
        }
    }

    #[test]
    fn a_name_is_cut_at_a_whole_character_and_then_is_the_same() {
        let name = "Maria Clara de los Santos";
        let user = record_of(None, &person("12", name), LONG).unwrap().unwrap();
        assert_eq!(user.name(), "Maria Clara de los Santo");
        assert_eq!(cut("Peña Ñuñez", 3), "Pe");
        assert_eq!(record_of(Some(&user), &person("12", name), LONG).unwrap(), None);
    }

    #[test]
    fn what_the_terminal_has_no_place_for_is_told() {
        let short = UserLimits { layout: UserLayout::Short, longest_number: Some(5) };
        let says = |person: &TerminalPerson| record_of(None, person, short).unwrap_err().to_string();
        assert!(says(&person("0012", "Ann")).contains("without leading zeros"));
        assert!(says(&person("123456", "Ben")).contains("too long"));
        let card = TerminalPerson { card: Some(1 << 32), ..person("7", "Cora") };
        assert!(says(&card).contains("up to 4294967295"));
    }
}
