//! Makes the clients of sinks from what the hub knows of them.

use hub::{NewSink, Sink};
use roads::crm::{Crm, CrmConfig};
use roads::template::Template;

/// The client of a sink. Not within a runtime.
///
/// # Errors
/// What is wrong with its settings, with the cure.
pub(crate) fn open(access: &NewSink) -> Result<Box<dyn Sink>, String> {
    let settings = &access.settings;
    if settings.kind != "crm" {
        return Err(format!("sink {} is a {}, which this version can't talk to", access.name, settings.kind));
    }
    let template = settings.template.clone().map_or_else(|| Ok(Template::usual()), Template::new);
    let config = CrmConfig {
        url: settings.url.clone(),
        token: access.token.clone(),
        signing_secret: access.signing_secret.clone(),
        template: template.map_err(|error| format!("the template of sink {}: {error}", access.name))?,
        allow_private: settings.allow_private,
        per_second: settings.per_second,
        timeout: None,
    };
    Ok(Box::new(Crm::new(config).map_err(|why| format!("sink {}: {why}", access.name))?))
}
