//! `terminal time`: a terminal's clock, beside this machine's. It is never set unless that is asked for.

use edge::{Face, Visit};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use zk::{CivilTime, InvalidTime};

use super::visit::{Target, note};
use crate::chance::now;
use crate::cli::terminal::Reach;
use crate::commands::Context;
use crate::show;

pub(super) fn run(context: &Context, reach: &Reach, set: bool) -> anyhow::Result<()> {
    let target = Target::of(context, reach)?;
    let zone = &target.zone;
    let (serial, before, after) = target.visit(async |visit: &mut Visit| {
        let before = Shown { face: visit.face().await?, zone };
        let mut after = None;
        if set {
            visit.client.set_time(face_of(now(), zone)).await.map_err(|error| visit.trouble(error))?;
            after = Some(Shown { face: visit.face().await?, zone });
        }
        Ok((visit.serial.clone(), before, after))
    })?;
    if let Some(after) = &after {
        let detail = format!("from {} to {}", before.shows(), after.shows());
        note(context, serial.as_deref(), "terminal.set_time", &detail)?;
    }
    if context.is_json {
        return show::json(&json!({ "before": before.json(), "after": after.map(|after| after.json()) }));
    }
    match after {
        Some(after) => show::line(format!("before: {}\nafter:  {}", before.words(), after.words()))?,
        None => show::line(before.words())?,
    }
    if !set && before.is_off() {
        show::line("it was left as it is; --set sets it")?;
    }
    Ok(())
}

/// What a terminal's clock showed.
pub(super) struct Shown<'a> {
    pub(super) face: Option<Face>,
    pub(super) zone: &'a TimeZone,
}

impl Shown<'_> {
    /// The time on it, as it prints it.
    fn shows(&self) -> String {
        match self.face {
            Some(face) => face.shows.civil().unwrap_or_else(InvalidTime::printed).to_string(),
            None => "unknown".to_owned(),
        }
    }

    fn clock(&self) -> Option<link::Clock> {
        self.face.and_then(|face| face.clock(self.zone))
    }

    fn is_off(&self) -> bool {
        self.clock().is_none_or(|clock| clock.is_off())
    }

    fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("this machine's zone")
    }

    /// The time, and how far it is off.
    pub(super) fn words(&self) -> String {
        match (self.face, self.clock()) {
            (None, _) => "the terminal does not tell its time".to_owned(),
            (_, None) => format!("{}, which is no date", self.shows()),
            (_, Some(clock)) => format!("{}, {clock} ({})", self.shows(), self.zone_name()),
        }
    }

    pub(super) fn json(&self) -> Value {
        let clock = self.clock();
        json!({
            "shows": self.face.map(|_| self.shows()),
            "zone": self.zone_name(),
            "offset_s": clock.map(|clock| clock.offset_s),
            "says": self.words(),
            "cure": clock.and_then(|clock| clock.cure()),
        })
    }
}

/// What a right clock of the zone shows.
fn face_of(at: Timestamp, zone: &TimeZone) -> CivilTime {
    let face = at.to_zoned(zone.clone());
    CivilTime {
        year: face.year().into(),
        month: face.month().unsigned_abs(),
        day: face.day().unsigned_abs(),
        hour: face.hour().unsigned_abs(),
        minute: face.minute().unsigned_abs(),
        second: face.second().unsigned_abs(),
    }
}
