//! `company show|set|withdraw-policy`.

use anyhow::{Context as _, bail};
use attendance::PolicyVersion;
use attendance::bank::Preset;
use hub::Company;

use crate::chance::now;
use crate::cli::{CompanyCommand, Since};
use crate::commands::derive::derive_with_progress;
use crate::commands::rules::policy_file;
use crate::commands::{Context, console};
use crate::show;

pub(super) fn run(context: &Context, command: CompanyCommand) -> anyhow::Result<()> {
    match command {
        CompanyCommand::Show => show::json(&context.hub()?.company()?),
        CompanyCommand::Set { file: Some(file), from: Some(from), .. } => {
            let hub = context.home.hub()?;
            let (from, told) = match from {
                Since::Beginning => (None, "the beginning".to_owned()),
                Since::Date(from) => (Some(from), from.to_string()),
            };
            let version = PolicyVersion::of_file(policy_file(&file)?, from);
            hub.set_policy(&console(), &version, now())?;
            let derived = derive_with_progress(&hub, now())?;
            Ok(show::line(format!("the policy holds from {told}; {} days changed with it", derived.written))?)
        }
        CompanyCommand::WithdrawPolicy { from } => {
            let hub = context.hub()?;
            hub.withdraw_policy(&console(), from, now())?;
            let derived = derive_with_progress(&hub, now())?;
            Ok(show::line(format!("the policy from {from} is withdrawn; {} days changed with it", derived.written))?)
        }
        CompanyCommand::Set { file, zone, bank, wait_for_terminals, .. } => {
            let hub = context.home.hub()?;
            let company = match file {
                None if zone.is_none() && bank.is_none() && wait_for_terminals.is_none() => {
                    bail!("say what to set: a file, --zone, --bank or --wait-for-terminals")
                }
                None => {
                    let known = hub.company()?;
                    let preset = bank.as_deref().map(Preset::named).transpose()?;
                    let bank = preset.map(|preset| preset.policy).or(known.bank);
                    let wait_for_terminals_days = wait_for_terminals.unwrap_or(known.wait_for_terminals_days);
                    Company { zone: zone.or(known.zone), bank, wait_for_terminals_days, ..hub.company()? }
                }
                Some(file) => {
                    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
                        bail!("{} is a policy: say from when it holds, --from D or --from beginning", file.display());
                    }
                    let text = std::fs::read_to_string(&file);
                    let text = text.with_context(|| format!("{} can't be read", file.display()))?;
                    let wrong = || {
                        format!("{} is no company; begin with what `punchclock company show` prints", file.display())
                    };
                    serde_json::from_str(&text).with_context(wrong)?
                }
            };
            hub.set_company(&console(), &company, now())?;
            let derived = derive_with_progress(&hub, now())?;
            Ok(show::line(format!("the company is changed; {} days changed with it", derived.written))?)
        }
    }
}
