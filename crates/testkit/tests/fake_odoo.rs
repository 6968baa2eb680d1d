//! The stand-in of Odoo refuses what the reference saw real ones refuse, so that a client which gives it goes wrong here, too.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use testkit::{FakeOdoo, OdooVersion};

const KEY: &str = "api-key";

/// Posts a body; the status and what is answered.
fn post(fake: &FakeOdoo, path: &str, body: &Value) -> (u16, Value) {
    let (url, body) = (fake.url(), body.to_string());
    let mut line = TcpStream::connect(url.trim_start_matches("http://").trim_end_matches('/')).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: odoo\r\nContent-Type: application/json\r\nAuthorization: bearer {KEY}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    line.write_all(format!("{head}{body}").as_bytes()).unwrap();
    line.shutdown(std::net::Shutdown::Write).unwrap();
    let mut text = String::new();
    line.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

/// Calls a method by both roads: what JSON-2 answers, and what JSON-RPC says.
fn call(model: &str, method: &str, arguments: &Value) -> [(u16, String); 2] {
    let name = |told: &Value| told["name"].as_str().unwrap_or("well").to_owned();
    let fake = FakeOdoo::start(OdooVersion::V19, KEY).unwrap();
    fake.has(fake.employs("7"), "2026-03-04 08:00:00", "").unwrap();
    let (status, told) = post(&fake, &format!("/json/2/{model}/{method}"), arguments);
    let mut named = arguments.as_object().unwrap().clone();
    let args = named.remove("ids").map_or_else(|| json!([]), |ids| json!([ids]));
    let args = json!(["db", 10, KEY, model, method, args, named]);
    let params = json!({"service": "object", "method": "execute_kw", "args": args});
    let (rpc, answer) =
        post(&fake, "/jsonrpc", &json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}));
    [(status, name(&told)), (rpc, name(&answer["error"]["data"]))]
}

#[test]
fn what_is_missing_or_unknown_among_arguments_and_fields_is_refused_on_both_roads() {
    const TYPE: [(u16, &str); 2] = [(422, "werkzeug.exceptions.UnprocessableEntity"), (200, "builtins.TypeError")];
    const VALUE: [(u16, &str); 2] = [(500, "builtins.ValueError"), (200, "builtins.ValueError")];
    const WELL: [(u16, &str); 2] = [(200, "well"), (200, "well")];
    let read = json!({"domain": [], "fields": ["check_in"]});
    let with = |name: &str, value: Value| {
        let mut arguments = read.clone();
        arguments[name] = value;
        arguments
    };
    for (model, method, arguments, wanted) in [
        ("hr.attendance", "search_read", read.clone(), WELL),
        ("hr.attendance", "search_read", with("context", json!({"tz": "UTC"})), WELL),
        ("hr.attendance", "search_read", with("limits", json!(1)), TYPE),
        ("hr.attendance", "search_read", json!({"domain": []}), TYPE),
        ("hr.attendance", "search_read", with("fields", json!(["worked"])), VALUE),
        ("hr.attendance", "search_read", with("domain", json!([["worked", "=", 1]])), VALUE),
        ("hr.employee", "search_read", with("fields", json!(["badge"])), VALUE),
        ("hr.attendance", "write", json!({"ids": [2], "vals": {}, "values": {}}), TYPE),
        ("hr.attendance", "write", json!({"ids": [2], "values": {}}), TYPE),
        ("hr.attendance", "unlink", json!({"ids": [2], "force": true}), TYPE),
        ("hr.attendance", "unlink", json!({"ids": [2]}), [(200, "well"), (200, "odoo.exceptions.MissingError")]),
        ("hr.attendance", "load", json!({"fields": [], "data": [], "mode": "update"}), TYPE),
        ("hr.attendance", "load", json!({"fields": []}), TYPE),
        ("hr.attendance", "create", json!({"vals": []}), TYPE),
        ("hr.attendance", "has_access", json!({"ids": [], "operation": "create"}), WELL),
        ("hr.attendance", "has_access", json!({"ids": [], "operation": "create", "raise_exception": false}), TYPE),
        ("res.users", "context_get", json!({"lang": "en_US"}), TYPE),
    ] {
        let told = call(model, method, &arguments);
        assert_eq!(told.each_ref().map(|(status, name)| (*status, name.as_str())), wanted, "{method} {arguments}");
    }
}

#[test]
fn a_badge_is_one_employees_archived_or_not_and_a_pin_may_be_shared() {
    let fake = FakeOdoo::start(OdooVersion::V18, KEY).unwrap();
    let (ann, bea) = (fake.employs("7"), fake.employs("8"));
    fake.archives(ann);
    assert!(fake.badges(bea, "7").is_err());
    assert!(fake.badges(bea, "8").is_ok() && fake.badges(ann, "").is_ok() && fake.badges(bea, "7").is_ok());
    assert!(fake.badges(ann, "").is_ok() && fake.badges(bea, "").is_ok());
    [ann, bea].into_iter().for_each(|id| fake.pins(id, "1"));
}
