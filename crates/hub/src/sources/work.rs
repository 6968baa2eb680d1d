//! The jobs of sources: at its times `pull` asks for each source that is due to be read, which is a job of the source's lane.

use std::error::Error as StdError;

use jiff::{SignedDuration, Timestamp};
use store::Write;
use store::sources::Source;

use super::desk::{instant, known_source};
use super::{OpenTable, SourceSettings, TableReading};
use crate::jobs::{Finished, Kind, PULL, READ, Run, Work, enqueue};
use crate::{Error, Hub};

type Outcome = Result<Finished, Box<dyn StdError + Send + Sync>>;

/// A calendar that answered is asked again after a day, less what a schedule may be early.
const CALENDAR_EVERY: SignedDuration = SignedDuration::from_mins(24 * 60 - 10);
/// One that did not is asked again after an hour, likewise.
const CALENDAR_AGAIN: SignedDuration = SignedDuration::from_mins(50);

/// Asks for each source that is due to be read.
#[derive(Debug)]
pub(crate) struct Pull;

impl Work for Pull {
    fn kind(&self) -> &'static Kind {
        &PULL
    }

    fn run(&self, run: Run<'_>) -> Outcome {
        let now = run.now();
        let asked = |write: &Write<'_>| {
            let mut asked = 0;
            for source in write.sources()? {
                if is_due(&source, &SourceSettings::of(&source)?, now) {
                    ask(write, &source.name, now)?;
                    asked += 1;
                }
            }
            Ok(format!("asked for {asked} sources"))
        };
        Ok(run.finish(asked)?)
    }
}

/// Whether a source is to be read by itself now.
fn is_due(source: &Source, settings: &SourceSettings, now: Timestamp) -> bool {
    let is_over = |since: Option<i64>, wait| since.is_none_or(|since| now.duration_since(instant(since)) >= wait);
    match settings {
        _ if source.is_paused => false,
        SourceSettings::Holidays(_) if source.down_us.is_some() => is_over(source.tried_us, CALENDAR_AGAIN),
        SourceSettings::Holidays(_) => is_over(source.tried_us, CALENDAR_EVERY),
        SourceSettings::Mssql(_) | SourceSettings::Odoo(_) => true,
    }
}

/// Asks for a source to be read, unless it is about to be; the number of the job.
pub(super) fn ask(write: &Write<'_>, name: &str, now: Timestamp) -> Result<i64, Error> {
    match write.waiting_jobs(READ.name)?.into_iter().find(|job| job.body == name) {
        Some(job) => Ok(job.id),
        None => enqueue(write, &READ, Some(&format!("source {name}")), name, now),
    }
}

/// Reads one source; a table by the reader that this makes.
#[derive(Debug)]
pub struct ReadSource(pub OpenTable);

impl Work for ReadSource {
    fn kind(&self) -> &'static Kind {
        &READ
    }

    fn run(&self, run: Run<'_>) -> Outcome {
        let name = run.body().to_owned();
        let source = match run.hub().store.read(|read| known_source(read, &name)) {
            // It was removed since.
            Err(Error::NotFound(_)) => return Ok(run.done(format!("there is no source {name} any more"))?),
            source => source?,
        };
        if source.is_paused {
            return Ok(run.done(format!("{name}: it is paused"))?);
        }
        let words = run.hub().read_source(&name, self.0, &|| run.now(), &|| run.is_over())?;
        Ok(run.done(format!("{name}: {words}"))?)
    }
}

impl Hub {
    /// Asks a source whether it is there and can be understood; in words. Nothing is stored.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] with what is in the way.
    pub fn test_source(&self, name: &str, open: OpenTable, now: Timestamp) -> Result<String, Error> {
        match self.source(name)?.settings {
            SourceSettings::Holidays(_) => self.test_calendar(name, now),
            SourceSettings::Mssql(_) => self.test_table(name, open),
            SourceSettings::Odoo(_) => self.test_odoo(name),
        }
    }

    /// Reads a source now, whatever its schedule; what came of it, in words. That it does not answer is told, and no error.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Invalid`] when its settings are of no use.
    pub fn read_source(
        &self,
        name: &str,
        open: OpenTable,
        clock: &dyn Fn() -> Timestamp,
        is_over: &dyn Fn() -> bool,
    ) -> Result<String, Error> {
        match self.source(name)?.settings {
            SourceSettings::Holidays(_) => Ok(self.read_holidays(name, None, clock)?.words()),
            SourceSettings::Mssql(_) => {
                let mut table = self.open_table(name, open)?;
                let how = TableReading { clock, is_over, told: &mut |_, _| {}, is_dry_run: false };
                Ok(self.read_table(name, table.as_mut(), how)?.words())
            }
            SourceSettings::Odoo(_) => Ok(self.read_odoo(name, None, clock)?.words()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HolidaySettings;

    #[test]
    fn a_calendar_is_read_daily_and_hourly_while_it_is_down() {
        let now: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        let ago = |minutes: i64| Some((now - SignedDuration::from_mins(minutes)).as_microsecond());
        let settings = SourceSettings::Holidays(HolidaySettings {
            url: "https://x.example/{year}".into(),
            country: None,
            region: None,
            from_year: 2026,
            allow_private: false,
        });
        let source = |is_paused, tried_us, down_us| Source {
            name: "holidays".into(),
            body: String::new(),
            is_paused,
            position: String::new(),
            tried_us,
            read_us: None,
            down_us,
            says: String::new(),
            notes: String::new(),
        };
        for (is_paused, tried_us, down_us, wanted) in [
            (false, None, None, true),
            (false, ago(60), None, false),
            (false, ago(24 * 60), None, true),
            (false, ago(15), ago(600), false),
            (false, ago(60), ago(600), true),
            (true, None, None, false),
        ] {
            assert_eq!(
                is_due(&source(is_paused, tried_us, down_us), &settings, now),
                wanted,
                "{tried_us:?} {down_us:?}"
            );
        }
    }
}
