//! Which arguments methods take: what is missing or unknown is refused before anything is done (section 2).

use super::Call;
use super::service::Error;

/// A method: whether it is one of records, and the names of its arguments in their order, those first that must be given.
struct Method {
    name: &'static str,
    is_of_records: bool,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const fn method(
    name: &'static str,
    is_of_records: bool,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> Method {
    Method { name, is_of_records, required, optional }
}

const METHODS: [Method; 10] = [
    // Each has a usual value there; a client that leaves these two to it reads the whole table.
    method("search_read", false, &["domain", "fields"], &["offset", "limit", "order"]),
    method("create", false, &["vals_list"], &[]),
    method("load", false, &["fields", "data"], &[]),
    method("write", true, &["vals"], &[]),
    method("unlink", true, &[], &[]),
    method("get_external_id", true, &[], &[]),
    method("has_access", true, &["operation"], &[]),
    method("check_access_rights", false, &["operation"], &["raise_exception"]),
    method("has_group", true, &["group_ext_id"], &[]),
    method("context_get", false, &[], &[]),
];

/// Whether a call gives what its method takes; the context is everybody's.
pub(super) fn check(call: &Call) -> Result<(), Error> {
    let Some(method) = METHODS.iter().find(|method| method.name == call.method) else { return Ok(()) };
    let bad = |what: String| Err(Error::new("builtins.TypeError", &what));
    let names: Vec<&str> = method.required.iter().chain(method.optional).copied().collect();
    let by_place = call.args.len().saturating_sub(usize::from(method.is_of_records));
    if by_place > names.len() {
        return bad("too many positional arguments".to_owned());
    }
    let (placed, open) = names.split_at(by_place);
    if let Some(name) = call.named.keys().find(|name| *name != "context" && !open.contains(&name.as_str())) {
        let why = if placed.contains(&name.as_str()) { "multiple values for" } else { "an unexpected keyword" };
        return bad(format!("got {why} argument '{name}'"));
    }
    match method.required.iter().skip(by_place).find(|name| !call.named.contains_key(**name)) {
        Some(name) => bad(format!("missing a required argument: '{name}'")),
        None => Ok(()),
    }
}
