//! `person export|erase`.

use serde_json::json;

use crate::chance::{bytes, now};
use crate::cli::person::Person;
use crate::commands::export::write_out;
use crate::commands::{Context, console};
use crate::progress::Progress;
use crate::show;

pub(super) fn run(context: &Context, command: Person) -> anyhow::Result<()> {
    let hub = context.hub()?;
    match command {
        Person::Export { code, out } => {
            let stored = hub.person_json(&console(), &code, now())?;
            write_out(out.as_deref(), |out| {
                serde_json::to_writer_pretty(&mut *out, &stored)?;
                Ok(out.write_all(b"\n")?)
            })
        }
        Person::Erase { code, yes: false, .. } => {
            let stored = hub.person_parts(&code)?;
            let rows = stored.iter().filter(|(_, count)| *count > 0);
            let rows: Vec<_> = rows.map(|(table, count)| vec![json!(table), json!(count)]).collect();
            show::rows(context.is_json, &["stored in", "rows"], &rows)?;
            eprintln!(
                "nothing was erased; with --yes all of it goes for good, but for days of locked periods, which lose the name"
            );
            Ok(())
        }
        Person::Erase { code, reason, yes: true } => {
            let progress = Progress::start("erasing");
            let done = hub.erase_person(&console(), &code, &reason, now(), &bytes()?, |rows, of| {
                progress.say(format!("{rows} of {of} rows erased"));
            })?;
            drop(progress);
            if context.is_json {
                return show::json(&json!({
                    "erased_rows": done.rows, "days_kept": done.days_kept, "code_now": done.object, "told": done.told,
                }));
            }
            show::line(format!(
                "{} rows are erased; {} days of locked periods stay under the code {}",
                done.rows, done.days_kept, done.object
            ))?;
            for (sink, days) in &done.told {
                show::line(format!("sink {sink} was told of {days} days of them: ask for these to be erased there"))?;
            }
            Ok(())
        }
    }
}
