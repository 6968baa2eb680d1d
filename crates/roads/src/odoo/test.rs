//! Asks an Odoo whether it is there, lets us in, and lets us do what we have to.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Odoo;
use super::entry::text;
use super::look::employees;
use super::text::{seconds, utc};
use super::wire::{Call, Fault, Road, Session, Wire};
use crate::sink::KeyEnd;

/// The right to add and change attendances, and how it is given.
pub(super) const RIGHTS: &str =
    "give the user the group Attendances / Administrator (from 19 on, Attendances / User is enough)";
/// A code that nobody has, to see whether the field may be read.
const NOBODY: &str = "0";

impl Odoo {
    /// How it stands, in words: version, road, rights, and until when the key holds.
    pub(super) async fn ask(&self) -> Result<String, Fault> {
        let session = self.session().await?;
        may_create(&self.wire, &session).await?;
        employees(&self.wire, &session, &self.field, &[NOBODY]).await?;
        let road = match session.road {
            Road::JsonRpc => "JSON-RPC",
            Road::Json2 => "JSON-2",
        };
        Ok(format!(
            "Odoo {} by {road}: attendances may be added, `{}` of employees may be read; {}",
            session.version,
            self.field,
            self.expiry(&session).await
        ))
    }

    /// The user's keys that end; `None` when Odoo does not tell.
    pub(super) async fn ends(&self, session: &Session) -> Option<Vec<KeyEnd>> {
        let call = Call::new("res.users.apikeys", "search_read")
            .with("domain", json!([]))
            .with("fields", json!(["name", "expiration_date"]));
        let told = self.wire.call(session, call).await.ok()?;
        let end = |row: &Value| {
            let at = Timestamp::from_second(seconds(row.get("expiration_date")?.as_str()?)?).ok()?;
            Some(KeyEnd { name: text(row, "name"), at })
        };
        Some(told.as_array()?.iter().filter_map(end).collect())
    }

    /// Until when the user's keys hold. Which of several is ours, Odoo does not tell; the first that ends is named.
    pub(super) async fn expiry(&self, session: &Session) -> String {
        match self.ends(session).await.into_iter().flatten().min_by_key(|end| end.at) {
            Some(KeyEnd { name, at }) => {
                let at = utc(at.as_second());
                format!(
                    "of the user's API keys `{name}` ends first, at {at} UTC: give the same `add` command again with a new one before"
                )
            }
            None => "when the key ends is not told; those of ordinary users last 90 days at most".to_owned(),
        }
    }
}

/// Whether the user may add attendances, as far as the model is concerned: what a rule about single employees refuses is seen when it
/// does.
pub(super) async fn may_create(wire: &Wire, session: &Session) -> Result<(), Fault> {
    let asked = Call::new("hr.attendance", "has_access").of(&[]).with("operation", "create");
    let told = match wire.call(session, asked).await {
        // Before 18 the question had another name.
        Err(Fault::Refused { name, .. }) if name == "builtins.AttributeError" => {
            let asked = Call::new("hr.attendance", "check_access_rights")
                .with("operation", "create")
                .with("raise_exception", false);
            wire.call(session, asked).await
        }
        told => told,
    };
    match told {
        Ok(Value::Bool(true)) => Ok(()),
        Ok(_) => Err(Fault::Closed(format!("the user may not add attendances: {RIGHTS}"))),
        Err(Fault::Refused { why, .. }) => {
            Err(Fault::Closed(format!("{why}: is the Attendances app of Odoo installed?")))
        }
        Err(fault) => Err(fault),
    }
}
