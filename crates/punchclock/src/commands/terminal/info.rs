//! `terminal info`: what a terminal says of itself.

use edge::Visit;
use serde_json::{Value, json};

use super::clock::Shown;
use super::visit::Target;
use crate::cli::terminal::Reach;
use crate::commands::Context;
use crate::show;

/// From here on it is time to make room.
const NEARLY_FULL_PERCENT: u64 = 90;

/// How much of something a terminal has, and room for how much.
#[derive(Clone, Copy)]
struct Fill {
    used: Option<u32>,
    capacity: Option<u32>,
}

impl Fill {
    fn percent(self) -> Option<u64> {
        let capacity = self.capacity.filter(|capacity| *capacity > 0)?;
        Some(u64::from(self.used?) * 100 / u64::from(capacity))
    }

    fn words(self) -> String {
        let number = |value: Option<u32>| value.map_or_else(|| "unknown".to_owned(), |value| value.to_string());
        let percent = self.percent().map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        format!("{} of {}{percent}", number(self.used), number(self.capacity))
    }

    fn json(self) -> Value {
        json!({ "used": self.used, "capacity": self.capacity, "percent": self.percent() })
    }
}

pub(super) fn run(context: &Context, reach: &Reach) -> anyhow::Result<()> {
    let target = Target::of(context, reach)?;
    let (info, sizes, face) = target.visit(async |visit: &mut Visit| {
        let info = visit.client.info().await.map_err(|error| visit.trouble(error))?;
        let sizes = match visit.client.sizes().await {
            Err(zk::Error::Refused { .. }) => zk::Sizes::default(),
            sizes => sizes.map_err(|error| visit.trouble(error))?,
        };
        Ok((info, sizes, visit.face().await?))
    })?;
    let clock = Shown { face, zone: &target.zone };
    let fill = |used, capacity| Fill { used, capacity };
    let fills = [
        ("records", fill(sizes.attendance, sizes.attendance_capacity)),
        ("users", fill(sizes.users, sizes.user_capacity)),
        ("fingers", fill(sizes.fingers, sizes.finger_capacity)),
        ("faces", fill(sizes.faces, sizes.face_capacity)),
    ];
    let facts = [
        ("serial", &info.serial),
        ("model", &info.name),
        ("platform", &info.platform),
        ("firmware", &info.firmware),
        ("mac", &info.mac),
    ];
    if context.is_json {
        let facts = facts.into_iter().map(|(name, fact)| (name.to_owned(), json!(fact)));
        let fills = fills.into_iter().map(|(name, fill)| (name.to_owned(), fill.json()));
        let clock = [("address".to_owned(), json!(target.address)), ("clock".to_owned(), clock.json())];
        return show::json(&facts.chain(clock).chain(fills).collect::<serde_json::Map<_, _>>());
    }
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(facts.map(|(name, fact)| (name, fact.clone().unwrap_or_else(|| "unknown".to_owned()))));
    rows.push(("clock", clock.words()));
    rows.extend(fills.map(|(name, fill)| (name, fill.words())));
    let rows: Vec<Vec<Value>> = rows.into_iter().map(|(name, value)| vec![json!(name), json!(value)]).collect();
    show::rows(false, &["what", "value"], &rows)?;
    let [(_, records), ..] = fills;
    if records.percent().is_some_and(|percent| percent >= NEARLY_FULL_PERCENT) {
        show::line("its log is nearly full; `punchclock terminal clear-log` makes room when all of it is stored here")?;
    }
    Ok(())
}
