//! `audit verify`.

use anyhow::{Context as _, bail};
use hub::{Erased, Head, Verification, Verified};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::chance::bytes;
use crate::commands::Context;
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, head: Option<[u8; 32]>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder can be made; name another place with TMPDIR")?;
    let hub = context.home.hub_to_read(folder.path())?;
    let progress = Progress::start("verifying");
    let found = hub.verify(&bytes()?, head, |so_far, last| {
        progress.say(format!("seal {} of {last}, {} rows hold", so_far.seals, so_far.rows));
    })?;
    drop(progress);
    if context.is_json {
        show::json(&as_json(&found))?;
    } else if found.fault.is_none() {
        tell(&found)?;
    }
    match found.fault {
        None => Ok(()),
        Some(fault) => bail!(
            "the chain does not hold: {fault}. Before that, {} rows in {} seals hold. Somebody has changed the database behind \
             the hub; compare it with a backup",
            found.verified.rows,
            found.verified.seals
        ),
    }
}

fn tell(found: &Verification) -> std::io::Result<()> {
    let Verified { seals, rows, erased, waiting, head, asked } = found.verified;
    show::line(format!(
        "verified: {rows} rows in {seals} seals are as they were sealed, {erased} were erased on record"
    ))?;
    if waiting > 0 {
        show::line(format!("not sealed yet: {waiting} rows; `punchclock serve` or `punchclock hub` seals them"))?;
    }
    for Erased { why, rows } in &found.erased {
        let at = instant(why.at_us);
        show::line(format!("erased: {at} by {}: {}, {rows} rows: {}", why.actor, why.object, why.reason))?;
    }
    if let Some(number) = asked {
        show::line(format!("the head that was given is that of seal {number}"))?;
    }
    match head {
        Some(head) => show::line(format!("head: {} (seal {} of {})", hex(&head), head.number, instant(head.sealed_us))),
        None => show::line("nothing is sealed yet"),
    }
}

fn as_json(found: &Verification) -> Value {
    let Verified { seals, rows, erased, waiting, head, asked } = found.verified;
    let head = head.map(|head| json!({"digest": hex(&head), "seal": head.number, "sealed": instant(head.sealed_us)}));
    let erasures = found.erased.iter().map(|Erased { why, rows }| {
        json!({"at": instant(why.at_us), "by": why.actor, "what": why.object, "reason": why.reason, "rows": rows})
    });
    json!({
        "holds": found.fault.is_none(),
        "fault": found.fault.as_ref().map(ToString::to_string),
        "rows": rows,
        "seals": seals,
        "erased": erased,
        "waiting": waiting,
        "head": head,
        "given_head_is_of_seal": asked,
        "erasures": erasures.collect::<Vec<_>>(),
    })
}

fn hex(head: &Head) -> String {
    head.digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn instant(us: i64) -> String {
    show::instant(Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH), &TimeZone::UTC)
}
