//! Where the file of a period goes by itself when the period is locked.
//!
//! Invariants:
//! * Locking asks for a delivery to each target in its own transaction: neither is without the other.
//! * A delivery is of one lock. When the period was unlocked meanwhile, nothing is sent. Once the receiver may have its file, all further
//!   attempts hand on the same bytes under one key ([`pay_parcels`]).
//! * What a receiver said is kept with the digest of what was sent, for as long as there are receipts ([`MOST_OF_ONE`]), and in the audit
//!   trail for good. A file whose receipt was dropped does not count as missing.

use std::error::Error as StdError;
use std::path::PathBuf;

use jiff::Timestamp;
use roads::delivery::{
    NotTaken, Parcel, SftpPlace, SftpSecret, Verb, check_address, fingerprint, into_folder, to_address, to_sftp,
};
use roads::payroll::Layout;
use serde::{Deserialize, Serialize};
use store::periods::Lock;
use store::{Read, Write};

use crate::addresses;
use crate::jobs::{Finished, Kind, PAYROLL, Run, Work, enqueue};
use crate::resolve::instant;
use crate::saved::checked_name;
use crate::shown_url::shown_url;
use crate::{Actor, Dates, Error, Hub, LockedPeriod, PayrollAsk, pay_parcels};

const TARGETS: &str = "payroll_targets";
const RECEIPTS: &str = "payroll_receipts";
/// Receipts of a target that are kept, those of the newest locks: of more than seven years of weekly periods.
const MOST_OF_ONE: usize = 400;

/// A target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayTarget {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub way: PayWay,
    /// What the file looks like.
    pub layout: Layout,
    /// Since when it gets files, microseconds UTC; set when it is added.
    #[serde(default)]
    pub since_us: i64,
}

impl PayTarget {
    /// The locked periods whose file it is to get and does not have yet. Where receipts were dropped, no lock that is as old is asked about.
    pub fn awaits(&self, locked: &[LockedPeriod], receipts: &[PayReceipt]) -> Vec<Dates> {
        let has = |period: &LockedPeriod| {
            let locked_us = period.at.as_microsecond();
            receipts.iter().any(|one| (&one.target, one.dates, one.locked_us) == (&self.name, period.dates, locked_us))
        };
        let own = || receipts.iter().filter(|one| one.target == self.name).map(|one| one.locked_us);
        let known_us = if own().count() < MOST_OF_ONE { None } else { own().min() };
        let is_due =
            |locked_us: i64| locked_us >= self.since_us && known_us.is_none_or(|known_us| locked_us > known_us);
        let due = locked.iter().filter(|period| is_due(period.at.as_microsecond()) && !has(period));
        due.map(|period| period.dates).collect()
    }

    /// The address, where one takes the file.
    pub(crate) fn url(&mut self) -> Option<&mut String> {
        match &mut self.way {
            PayWay::Address { url, .. } => Some(url),
            PayWay::Folder(_) | PayWay::Sftp { .. } => None,
        }
    }
}

/// How a target is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayWay {
    /// A folder of the machine that the hub runs on.
    Folder(PathBuf),
    /// An address that takes files by PUT or POST.
    Address {
        /// The address; by PUT the file's name comes after it. As lists show it, but for who gives it.
        url: String,
        /// How it takes them.
        #[serde(default)]
        verb: Verb,
        /// Whether plain HTTP and addresses that are not public are allowed.
        allow_private: bool,
    },
    /// A folder of an SFTP server.
    Sftp {
        /// Where.
        place: SftpPlace,
        /// The only host key that is trusted.
        host_key: String,
        /// Whether the secret is a password; a private key otherwise.
        has_password: bool,
    },
}

impl PayWay {
    /// In words, without what may open a door.
    pub fn words(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Address { url, .. } => shown_url(url),
            Self::Sftp { place, host_key, .. } => {
                let key = fingerprint(host_key).unwrap_or_default();
                format!("{}, host key {key}", place.words())
            }
        }
    }
}

/// What a target got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayReceipt {
    /// The target.
    pub target: String,
    /// The period.
    pub dates: Dates,
    /// When the period was locked, microseconds UTC.
    pub locked_us: i64,
    /// When it was taken, microseconds UTC.
    pub at_us: i64,
    /// Name of the file.
    pub file: String,
    /// Its rows.
    pub rows: usize,
    /// BLAKE3 of its bytes, in hex.
    pub digest: String,
    /// What the receiver said.
    pub says: String,
}

impl PayReceipt {
    /// When it was taken.
    pub fn at(&self) -> Timestamp {
        instant(self.at_us)
    }
}

/// What a job is asked for with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub(crate) target: String,
    pub(crate) dates: Dates,
    pub(crate) locked_us: i64,
}

impl Errand {
    /// What its attempts have in common and no other errand has.
    pub(crate) fn key(&self) -> String {
        let Self { target, dates: (from, to), locked_us } = self;
        blake3::hash(format!("{target} {from} {to} {locked_us}").as_bytes()).to_hex().to_string()
    }
}

fn read_list<T: for<'de> Deserialize<'de>>(read: &Read<'_>, setting: &str) -> Result<Vec<T>, Error> {
    let Some(text) = read.setting(setting)? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|error| Error::Damaged { what: "payroll target", detail: error.to_string() })
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Damaged { what: "payroll target", detail: error.to_string() })
}

fn token_place(name: &str) -> String {
    format!("payroll {name}")
}

/// Asks for a delivery to each target, in the transaction that locks.
pub(crate) fn ask(write: &Write<'_>, lock: &Lock, now: Timestamp) -> Result<(), Error> {
    for target in read_list::<PayTarget>(write, TARGETS)? {
        let dates = (lock.first, lock.last);
        let lane = token_place(&target.name);
        let errand = Errand { target: target.name, dates, locked_us: lock.locked_us };
        enqueue(write, &PAYROLL, Some(&lane), &json(&errand)?, now)?;
    }
    Ok(())
}

impl Hub {
    /// The targets, by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn pay_targets(&self) -> Result<Vec<PayTarget>, Error> {
        self.store.read(|read| read_list(read, TARGETS))
    }

    /// What targets got, the latest last.
    ///
    /// # Errors
    /// Of the store.
    pub fn pay_receipts(&self) -> Result<Vec<PayReceipt>, Error> {
        self.store.read(|read| read_list(read, RECEIPTS))
    }

    /// Adds a target, or changes the one of that name. It gets the files of periods that are locked from now on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name of other characters than letters, digits and `-`, an address that may not be one, or is as lists show
    /// it and not the one before, an address without a token, or a layout that lacks something; [`Error::Key`] when the token can't be
    /// sealed.
    pub fn add_pay_target(
        &self,
        actor: &Actor,
        target: &PayTarget,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let name = target.name.as_str();
        checked_name(name, "target")?;
        target.layout.check()?;
        if let Some((value, _)) = target.layout.values.iter().find(|(_, text)| text.is_empty()) {
            let what = format!("the layout's value `{value}` is empty");
            return Err(Error::invalid(what, format!("say it with --set {value}=...")));
        }
        match &target.way {
            PayWay::Folder(folder) if !folder.is_absolute() => {
                let what = format!("the folder {} is not named from the root", folder.display());
                return Err(Error::invalid(what, "write the whole path: a job has no place of its own"));
            }
            PayWay::Address { url, allow_private, .. } => {
                check_address(url, *allow_private).map_err(|why| Error::invalid(why, "see docs/payroll.md"))?;
                if token.is_none() {
                    return Err(Error::invalid("an address needs a token", "name its file: --token-file F"));
                }
            }
            PayWay::Sftp { host_key, .. } => {
                fingerprint(host_key).map_err(|why| Error::invalid(why, "take the one that the server shows"))?;
                if token.is_none() {
                    let cure = "name its file: --key-file F or --password-file F";
                    return Err(Error::invalid("an SFTP server needs a key or a password", cure));
                }
            }
            PayWay::Folder(_) => {}
        }
        self.store.write(|write| {
            let mut targets: Vec<PayTarget> = read_list(write, TARGETS)?;
            let mut before = targets.extract_if(.., |known| known.name == name).next();
            let mut target = PayTarget { since_us: now.as_microsecond(), ..target.clone() };
            let place = addresses::of_target(name);
            match target.url() {
                Some(url) => {
                    let before = before.as_mut().and_then(PayTarget::url).map(|url| url.as_str());
                    *url = self.keep_address(write, &place, (before, url.as_str()), now)?;
                }
                None => drop(write.drop_secret(&place)?),
            }
            if before.is_some_and(|before| before.layout != target.layout) {
                pay_parcels::withdraw(write, Some(name))?;
            }
            let detail = json(&target)?;
            targets.push(target);
            targets.sort_by(|a, b| a.name.cmp(&b.name));
            write.put_setting(TARGETS, &json(&targets)?)?;
            match token {
                Some(token) => self.keep_secret(write, &token_place(name), token, now)?,
                None => drop(write.drop_secret(&token_place(name))?),
            }
            Ok(write.audit(&actor.entry(now, "payroll.target.add", name, detail))?)
        })
    }

    /// Removes a target with its token. What it got stays on record.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove_pay_target(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let mut targets: Vec<PayTarget> = read_list(write, TARGETS)?;
            let before = targets.len();
            targets.retain(|known| known.name != name);
            if targets.len() == before {
                return Err(Error::NotFound(format!("payroll target {name}")));
            }
            write.put_setting(TARGETS, &json(&targets)?)?;
            write.drop_secret(&token_place(name))?;
            write.drop_secret(&addresses::of_target(name))?;
            pay_parcels::forget_target(write, name)?;
            Ok(write.audit(&actor.entry(now, "payroll.target.remove", name, ""))?)
        })
    }

    /// The target of an errand, with its whole address, and its token; `None` when nothing is to be done any more, with the reason.
    fn errand(&self, errand: &Errand) -> Result<Result<(PayTarget, Option<String>), &'static str>, Error> {
        self.store.read(|read| {
            let is_this = |lock: &Lock| (lock.first, lock.last) == errand.dates && lock.locked_us == errand.locked_us;
            if !read.locks()?.iter().any(is_this) {
                return Ok(Err("the period was unlocked meanwhile; nothing was sent"));
            }
            let targets: Vec<PayTarget> = read_list(read, TARGETS)?;
            let Some(mut target) = targets.into_iter().find(|target| target.name == errand.target) else {
                return Ok(Err("the target was removed meanwhile; nothing was sent"));
            };
            if let Some(url) = target.url() {
                *url = self.whole_address(read, &addresses::of_target(&errand.target), url)?;
            }
            let token = self.secret(read, &token_place(&target.name))?;
            Ok(Ok((target, token)))
        })
    }
}

/// Seals what an older version left plain in the addresses of targets; whose they are.
pub(crate) fn seal_target_addresses(hub: &Hub, write: &Write<'_>, now: Timestamp) -> Result<Vec<String>, Error> {
    let (mut targets, mut sealed): (Vec<PayTarget>, _) = (read_list(write, TARGETS)?, Vec::new());
    for target in &mut targets {
        let (name, place) = (target.name.clone(), addresses::of_target(&target.name));
        if let Some(url) = target.url()
            && hub.seal_plain(write, &place, url, now)?
        {
            sealed.push(name);
        }
    }
    if !sealed.is_empty() {
        write.put_setting(TARGETS, &json(&targets)?)?;
    }
    Ok(sealed)
}

/// Adds a receipt; the one of that target's oldest lock is dropped where there are too many.
fn keep(receipts: &mut Vec<PayReceipt>, new: PayReceipt) {
    let target = new.target.clone();
    receipts.push(new);
    let own = || receipts.iter().enumerate().filter(|(_, one)| one.target == target);
    if own().count() > MOST_OF_ONE
        && let Some((oldest, _)) = own().min_by_key(|(_, one)| one.locked_us)
    {
        receipts.remove(oldest);
    }
}

/// Hands the file of a locked period to a target.
#[derive(Debug)]
pub(crate) struct DeliverPayroll;

impl Work for DeliverPayroll {
    fn kind(&self) -> &'static Kind {
        &PAYROLL
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn StdError + Send + Sync>> {
        let errand: Errand = serde_json::from_str(run.body())?;
        let (target, token) = match run.hub().errand(&errand)? {
            Ok(found) => found,
            Err(why) => {
                return Ok(run.finish(|write| {
                    pay_parcels::forget(write, &errand)?;
                    Ok(why.to_owned())
                })?);
            }
        };
        let file = match run.hub().store.read(|read| pay_parcels::on_its_way(read, &errand))? {
            Some(file) => file,
            None => {
                let ask = PayrollAsk { dates: errand.dates, layout: target.layout, deltas: false };
                let file = run.hub().payroll_file(&ask, None)?;
                run.step(|write| pay_parcels::keep(write, &errand, file))?
            }
        };
        let parcel = Parcel { name: &file.name, bytes: &file.bytes, key: &file.key };
        let taken = match &target.way {
            PayWay::Folder(folder) => into_folder(folder, parcel).map_err(NotTaken::Perhaps),
            PayWay::Address { url, verb, allow_private } => {
                to_address((*verb, url), token.as_deref().unwrap_or_default(), *allow_private, parcel)
            }
            PayWay::Sftp { place, host_key, has_password } => {
                let secret = token.as_deref().unwrap_or_default();
                let secret = if *has_password { SftpSecret::Password(secret) } else { SftpSecret::Key(secret) };
                to_sftp(place, host_key, secret, parcel).map_err(NotTaken::Perhaps)
            }
        };
        if let Err(NotTaken::Certainly(_)) = &taken {
            run.step(|write| pay_parcels::is_refused(write, &errand, &file))?;
        }
        let says = taken.map_err(|why| format!("{}: {why}", target.name))?;
        let now = run.now();
        let receipt = PayReceipt {
            target: target.name,
            dates: errand.dates,
            locked_us: errand.locked_us,
            at_us: now.as_microsecond(),
            rows: file.rows,
            digest: file.digest,
            file: file.name,
            says,
        };
        let finished = run.finish(|write| {
            pay_parcels::forget(write, &errand)?;
            let mut receipts: Vec<PayReceipt> = read_list(write, RECEIPTS)?;
            keep(&mut receipts, receipt.clone());
            write.put_setting(RECEIPTS, &json(&receipts)?)?;
            let PayReceipt { target, dates: (from, to), file, rows, digest, says, .. } = &receipt;
            let detail = format!("{target}: {file}, {rows} rows, blake3 {digest}; {says}");
            let entry = Actor::new("job payroll").entry(now, "payroll.deliver", &format!("{from} to {to}"), detail);
            write.audit(&entry)?;
            Ok(format!("{target} has {file}, {rows} rows: {says}"))
        })?;
        Ok(finished)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn target(name: &str) -> PayTarget {
        let layout = crate::layouts::preset("csv").unwrap();
        PayTarget { name: name.to_owned(), way: PayWay::Folder("/pay".into()), layout, since_us: 0 }
    }

    /// The week that was locked as the so many-th.
    fn week(number: i64) -> LockedPeriod {
        let first = jiff::civil::date(2020, 1, 6).saturating_add(jiff::Span::new().weeks(number));
        let dates = (first, first.saturating_add(jiff::Span::new().days(6)));
        LockedPeriod { dates, at: instant(number), actor: "hr".to_owned(), reason: String::new() }
    }

    fn receipt(target: &str, week: &LockedPeriod) -> PayReceipt {
        let (locked_us, at_us) = (week.at.as_microsecond(), week.at.as_microsecond());
        let (file, digest, says) = Default::default();
        PayReceipt { target: target.to_owned(), dates: week.dates, locked_us, at_us, file, rows: 1, digest, says }
    }

    #[test]
    fn what_several_targets_got_over_years_is_never_missing_and_what_one_lacks_is() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let (mut locked, mut receipts) = (Vec::new(), Vec::new());
        for number in 0..450 {
            let week = week(number);
            // One was away once.
            let at = if number == 300 { &names[1..] } else { &names[..] };
            at.iter().for_each(|name| keep(&mut receipts, receipt(name, &week)));
            locked.push(week);
            if [0, 60, 399, 400, 449].contains(&number) {
                for name in names {
                    let lacks = if name == "a" && number >= 300 { vec![locked[300].dates] } else { Vec::new() };
                    assert_eq!(target(name).awaits(&locked, &receipts), lacks, "{name} after {number}");
                }
            }
        }
        assert_eq!(receipts.len(), names.len() * MOST_OF_ONE);
        assert_eq!(target("new").awaits(&locked, &receipts).len(), 450, "who got nothing lacks all");
        // What is old and comes late is not asked about again, either.
        keep(&mut receipts, receipt("a", &week(2)));
        assert_eq!(target("a").awaits(&locked, &receipts), [locked[300].dates]);
    }
}
