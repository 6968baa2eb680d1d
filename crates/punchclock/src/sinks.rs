//! Makes the clients of sinks from what the hub knows of them.

use hub::{Mode, NewSink, ODOO, Sink};
use roads::crm::{Crm, CrmConfig};
use roads::odoo::{Odoo, OdooConfig};
use roads::template::Template;

/// The client of a sink. Not within a runtime.
///
/// # Errors
/// What is wrong with its settings, with the cure.
pub(crate) fn open(access: &NewSink) -> Result<Box<dyn Sink>, String> {
    let opened = match access.settings.kind.as_str() {
        "crm" => crm(access),
        ODOO => odoo(access),
        kind => Err(format!("it is a {kind}, which this version can't talk to")),
    };
    opened.map_err(|why| format!("sink {}: {why}", access.name))
}

fn crm(access: &NewSink) -> Result<Box<dyn Sink>, String> {
    let settings = &access.settings;
    let usual = || match settings.mode {
        Mode::State => Template::usual(),
        Mode::Event => Template::of_events(),
    };
    let template = settings.template.clone().map_or_else(|| Ok(usual()), Template::new);
    let config = CrmConfig {
        url: settings.url.clone(),
        token: access.token.clone(),
        signing_secret: access.signing_secret.clone(),
        template: template.map_err(|error| format!("its template: {error}"))?,
        allow_private: settings.allow_private,
        per_second: settings.per_second,
        batch: settings.batch,
        timeout: None,
    };
    Ok(Box::new(Crm::new(config)?))
}

fn odoo(access: &NewSink) -> Result<Box<dyn Sink>, String> {
    let settings = &access.settings;
    let odoo = settings.odoo.clone().ok_or("its database and user are not known; add it again")?;
    let config = OdooConfig {
        url: settings.url.clone(),
        database: odoo.database,
        user: odoo.user,
        key: access.token.clone(),
        employee_field: odoo.employee_field,
        allow_private: settings.allow_private,
        per_second: settings.per_second,
        timeout: None,
    };
    Ok(Box::new(Odoo::new(config)?))
}
