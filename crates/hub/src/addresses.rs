//! Addresses of other systems that open a door by themselves: with a key in the query, say, or a token in the path.
//!
//! Such an address is sealed whole as all secrets are ([`crate::secrets`]); the row of whatever has it holds it as lists show it
//! ([`shown_url`]), and it is opened only where a request is made. An older version kept it plain in the row: that goes on working, and a
//! hub that starts with its key file seals it ([`Hub::seal_addresses`]).
//!
//! Invariants:
//! * An address is stored plain only where nothing of it is hidden.
//! * An address as it is shown stands for the one that is sealed, where it is the same one that is shown; else it is refused. So nothing
//!   that is hidden goes to another host, or to another path there.

use jiff::Timestamp;
use store::{Read, Write};

use crate::outbox::SinkSettings;
use crate::pay_targets::seal_target_addresses;
use crate::shown_url::{has_hidden, shown_url};
use crate::sources::seal_source_address;
use crate::{Actor, Error, Hub};

/// Place of the sealed address of a sink.
pub(crate) fn of_sink(name: &str) -> String {
    format!("address of sink {name}")
}

/// Place of the sealed address of a source.
pub(crate) fn of_source(name: &str) -> String {
    format!("address of source {name}")
}

/// Place of the sealed address of a payroll target.
pub(crate) fn of_target(name: &str) -> String {
    format!("address of payroll {name}")
}

impl Hub {
    /// What a row is to hold of an address that was given; `before` is what it held. What is hidden of it is sealed for its place, over what
    /// was there.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address as it is shown that is not the one before; [`Error::Key`] when it can't be sealed.
    pub(crate) fn keep_address(
        &self,
        write: &Write<'_>,
        place: &str,
        (before, given): (Option<&str>, &str),
        now: Timestamp,
    ) -> Result<String, Error> {
        let shown = shown_url(given);
        let whole = match before {
            _ if !has_hidden(given) => given.to_owned(),
            Some(before) if shown_url(before) == given => self.whole_address(write, place, before)?,
            _ => {
                let what =
                    "the address has *** in it, as lists show what they hide, and it is not the one that is known";
                return Err(Error::invalid(what, "give the whole address"));
            }
        };
        match shown == whole {
            true => drop(write.drop_secret(place)?),
            false => self.keep_secret(write, place, &whole, now)?,
        }
        Ok(shown)
    }

    /// The whole of an address of which a row holds this.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Key`], with the cure, when what is hidden of it can't be opened.
    pub(crate) fn whole_address(&self, read: &Read<'_>, place: &str, held: &str) -> Result<String, Error> {
        if !has_hidden(held) {
            return Ok(held.to_owned());
        }
        let missing =
            || Error::invalid(format!("the {place} is not sealed here"), "add it again with its whole address");
        self.secret(read, place)?.ok_or_else(missing)
    }

    /// Seals what an older version left plain in addresses; whose they are.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Key`], with the cure, when nothing can be sealed: they are used as before.
    pub fn seal_addresses(&self, actor: &Actor, now: Timestamp) -> Result<Vec<String>, Error> {
        self.store.write(|write| {
            let mut sealed = Vec::new();
            for sink in write.sinks()? {
                let mut settings = SinkSettings::read(&sink)?;
                if self.seal_plain(write, &of_sink(&sink.name), &mut settings.url, now)? {
                    write.put_sink_body(&sink.name, &settings.json()?)?;
                    sealed.push(("sink", sink.name));
                }
            }
            for source in write.sources()? {
                if seal_source_address(self, write, &source, now)? {
                    sealed.push(("source", source.name));
                }
            }
            let targets = seal_target_addresses(self, write, now)?;
            sealed.extend(targets.into_iter().map(|name| ("payroll.target", name)));
            for (kind, name) in &sealed {
                write.audit(&actor.entry(now, &format!("{kind}.address"), name, "what is hidden of it is sealed"))?;
            }
            Ok(sealed.into_iter().map(|(kind, name)| format!("{} {name}", kind.replace('.', " "))).collect())
        })
    }

    /// Seals what is hidden of an address that a row holds plain, and leaves what is shown of it; whether there was anything.
    pub(crate) fn seal_plain(
        &self,
        write: &Write<'_>,
        place: &str,
        held: &mut String,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let shown = shown_url(held);
        if shown == *held {
            return Ok(false);
        }
        self.keep_secret(write, place, held, now)?;
        *held = shown;
        Ok(true)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use roads::delivery::Verb;
    use store::Store;
    use store::sources::Page;
    use tempfile::TempDir;

    use super::*;
    use crate::{HolidaySettings, NewSink, PayTarget, PayWay, SourceSettings, layouts};

    const SECRET: &str = "5ecret5ecret5ecret";

    fn hub(folder: &TempDir) -> Hub {
        Hub::new(Store::open(&folder.path().join("hub.sqlite")).unwrap()).with_key_file(folder.path().join("hub.key"))
    }

    const fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn clerk() -> Actor {
        Actor::new("ann")
    }

    fn calendar(url: &str) -> SourceSettings {
        let (country, region) = (Some("PH".to_owned()), None);
        SourceSettings::Holidays(HolidaySettings {
            url: url.into(),
            country,
            region,
            from_year: 2026,
            allow_private: false,
        })
    }

    fn target(url: &str) -> PayTarget {
        let way = PayWay::Address { url: url.into(), verb: Verb::Post, allow_private: false };
        PayTarget { name: "bureau".into(), way, layout: layouts::preset("csv").unwrap(), since_us: 0 }
    }

    fn add_sink(hub: &Hub, url: &str) -> Result<(), Error> {
        let settings = SinkSettings::new("crm", url);
        let new = NewSink { name: "crm".into(), settings, token: "t0ken".into(), signing_secret: None };
        hub.add_sink(&clerk(), &new, now()).map(drop)
    }

    /// The whole addresses of a sink, a source and a target.
    fn whole(hub: &Hub) -> [String; 3] {
        let held = |url: Option<&mut String>| url.unwrap().clone();
        let (mut source, mut target) = (hub.source("days").unwrap().settings, hub.pay_targets().unwrap().remove(0));
        hub.store
            .read(|read| {
                Ok::<_, Error>([
                    hub.sink_access("crm")?.settings.url,
                    hub.whole_address(read, &of_source("days"), &held(source.url()))?,
                    hub.whole_address(read, &of_target("bureau"), &held(target.url()))?,
                ])
            })
            .unwrap()
    }

    /// What the rows hold, and the audit trail.
    fn rows(hub: &Hub) -> String {
        let of = |read: &Read<'_>| {
            let pages = read.source_pages("days")?;
            Ok::<_, Error>(format!("{:?} {:?} {pages:?}", read.sinks()?, read.sources()?))
        };
        format!("{} {:?} {:?}", hub.store.read(of).unwrap(), hub.pay_targets().unwrap(), hub.audit(100).unwrap())
    }

    fn urls() -> [String; 3] {
        [
            format!("https://crm.example/hooks/{SECRET}"),
            format!("https://days.example/{{country}}?of={{year}}&key={SECRET}"),
            format!("https://bureau.example/in?key={SECRET}#{SECRET}"),
        ]
    }

    #[test]
    fn what_an_older_version_left_plain_in_an_address_goes_on_working_and_is_sealed_once() {
        let folder = TempDir::new().unwrap();
        let (hub, urls) = (hub(&folder), urls());
        let [crm, days, bureau] = urls.each_ref();
        hub.add_pay_target(&clerk(), &target("https://bureau.example/in"), Some("t0ken"), now()).unwrap();
        add_sink(&hub, "https://crm.example").unwrap();
        let page = |year: &str| (days.replace("{country}", "PH").replace("{year}", year), year.as_bytes().to_vec());
        hub.store
            .write(|write| {
                write.put_sink_body("crm", &SinkSettings::new("crm", crm).json()?)?;
                write.pause_sink("crm", Some("by hand"))?;
                write.put_setting("payroll_targets", &serde_json::to_string(&[target(bureau)]).unwrap())?;
                write.put_source("days", &serde_json::to_string(&calendar(days)).unwrap())?;
                for (address, body) in [page("2026"), page("2027")] {
                    write.put_source_page("days", &address, &Page { mark: None, body }, 0)?;
                }
                Ok::<_, Error>(write.source_is_well("days", "2026 known", 7)?)
            })
            .unwrap();
        assert_eq!(whole(&hub), urls, "as they are");
        assert!(rows(&hub).contains(SECRET));

        assert_eq!(hub.seal_addresses(&clerk(), now()).unwrap(), ["sink crm", "source days", "payroll target bureau"]);
        assert_eq!(whole(&hub), urls);
        let rows = rows(&hub);
        assert!(!rows.contains(SECRET) && rows.contains("https://crm.example/hooks/***"), "{rows}");
        assert!(hub.seal_addresses(&clerk(), now()).unwrap().is_empty());
        // All else is as it was.
        assert_eq!(hub.sinks().unwrap()[0].paused.as_deref(), Some("by hand"));
        assert_eq!(hub.source("days").unwrap().says, "2026 known");
        for year in ["2026", "2027"] {
            let name = format!("https://days.example/PH?of={year}&key=***");
            let page = hub.store.read(|read| read.source_page("days", &name)).unwrap();
            assert_eq!(page.unwrap().body, year.as_bytes());
        }
        // Removed, nothing of them stays.
        hub.remove_sink(&clerk(), "crm", now()).unwrap();
        hub.remove_source(&clerk(), "days", now()).unwrap();
        hub.remove_pay_target(&clerk(), "bureau", now()).unwrap();
        assert_eq!(hub.check_secrets().unwrap(), 0);
    }

    #[test]
    fn without_the_key_file_plain_addresses_stay_as_they_are() {
        let folder = TempDir::new().unwrap();
        let hub = hub(&folder);
        add_sink(&hub, "https://crm.example").unwrap();
        let [crm, ..] = urls();
        hub.store
            .write(|write| Ok::<_, Error>(write.put_sink_body("crm", &SinkSettings::new("crm", &crm).json()?)?))
            .unwrap();
        let without = hub.clone().with_key_file(folder.path().join("gone.key"));
        let told = without.seal_addresses(&clerk(), now()).unwrap_err().to_string();
        assert!(told.contains("gone.key is not there"), "{told}");
        assert_eq!(hub.sink_access("crm").unwrap().settings.url, crm);
    }

    #[test]
    fn an_address_as_it_is_shown_stands_for_the_one_that_is_sealed_and_for_no_other() {
        let folder = TempDir::new().unwrap();
        let (hub, urls) = (hub(&folder), urls());
        let add = |[crm, days, bureau]: [&str; 3]| {
            [
                add_sink(&hub, crm),
                hub.add_source(&clerk(), "days", &calendar(days), None, now()),
                hub.add_pay_target(&clerk(), &target(bureau), Some("t0ken"), now()),
            ]
        };
        let shown = urls.each_ref().map(|url| shown_url(url));
        let shown = shown.each_ref().map(String::as_str);
        for refused in add(shown) {
            let told = refused.unwrap_err().to_string();
            assert!(told.contains("***") && told.contains("the whole address"), "{told}");
        }
        assert!(add(urls.each_ref().map(String::as_str)).iter().all(Result::is_ok));
        assert!(!rows(&hub).contains(SECRET));
        assert!(add(shown).iter().all(Result::is_ok), "whatever else of them changes");
        assert_eq!(whole(&hub), urls);

        let elsewhere = shown.map(|url| url.replace(".example/", ".elsewhere.example/"));
        assert!(add(elsewhere.each_ref().map(String::as_str)).iter().all(Result::is_err));
        assert_eq!(whole(&hub), urls, "nothing that is hidden goes to another host");
        let plain = ["https://crm.example/a", "https://days.example/{year}", "https://bureau.example/in"];
        assert!(add(plain).iter().all(Result::is_ok));
        assert_eq!(whole(&hub), plain);
        assert_eq!(hub.check_secrets().unwrap(), 2, "the tokens");
        assert!(add(shown).iter().all(Result::is_err), "what was replaced is forgotten");
    }
}
