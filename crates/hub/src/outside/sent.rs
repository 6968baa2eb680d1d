//! Punches that a program sends by a call.

use attendance::punch::Channel;
use jiff::Timestamp;
use serde_json::Value;

use super::{Outside, Taking, Told, Wanted};
use crate::company::zone;
use crate::intake::Counts;
use crate::{Actor, Error, Hub};

/// Whose punches they are that name neither a terminal nor a source.
pub const WEB_SOURCE: &str = "web";

/// How punches that a program sends are taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct SentPunches<'a> {
    /// Name of the system that sends them; [`WEB_SOURCE`] when it has none.
    pub source: Option<&'a str>,
    /// IANA zone of times on the wall; `None` for the company's.
    pub zone: Option<&'a str>,
    /// Which rows are wanted.
    pub wanted: Wanted<'a>,
    /// Make each unknown user number or code a provisional employee.
    pub create_employees: bool,
    /// Take it all back.
    pub is_dry_run: bool,
}

impl Hub {
    /// Takes punches that a program sends, each as the JSON of [`roads::punch_json`]. `told` is that of [`Hub::take_outside`]. What brings
    /// something new is audited.
    ///
    /// # Errors
    /// As [`Hub::take_outside`].
    pub fn take_sent(
        &self,
        actor: &Actor,
        how: &SentPunches<'_>,
        sent: &[Value],
        now: Timestamp,
        told: impl FnMut(&[Told<'_>], &Counts),
    ) -> Result<Counts, Error> {
        let company = self.company()?;
        let zone = how.zone.or(company.zone.as_deref()).map(zone).transpose()?;
        let source = how.source.unwrap_or(WEB_SOURCE);
        let outside = Outside {
            zone: how.zone,
            wanted: how.wanted,
            create_employees: how.create_employees,
            is_dry_run: how.is_dry_run,
            ..Outside::of_source(source, Channel::Api)
        };
        let rows = (1..).zip(sent).map(|(place, value)| roads::punch_json::row(place, value, zone.as_ref()));
        let mut taking = Taking::new(actor, &outside, now)?;
        let counts = self.take_more(&mut taking, rows, now, told)?;
        if !how.is_dry_run && counts.stored + counts.held > 0 {
            let entry = actor.entry(now, "import.sent", source, format!("{counts}; {}", taking.made_in_words()));
            self.store.write(|write| write.audit(&entry))?;
        }
        Ok(counts)
    }
}
