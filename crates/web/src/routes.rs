//! Every route with who may use it, in one table. The router is built from it and tests walk it, so that no route can be
//! without a gate.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, post, put};
use hub::Hub;
use tower_http::csrf::CsrfLayer;

use crate::access::{Access, gate};
use crate::app::App;
use crate::failure::Failure;
use crate::page::{
    board, commands, completeness, day, days, departments, edges, employees, held, held_group, import, imports, jobs,
    layouts, matching, payroll, payroll_list, punches, readings, setup, sheets, sign_in, sinks, sites, sources, sync,
    terminals,
};
use crate::{WebConfig, api, assets, feed, headers, health, idempotency, import_form, live, metrics, page};

/// Largest body of a form, bytes.
const FORM_BYTES: usize = 64 * 1024;

/// One line of the table.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    handler: MethodRouter<App>,
}

fn read<H: Handler<T, App>, T: 'static>(access: Access, path: &'static str, handler: H) -> Route {
    Route { method: Method::GET, path, access, handler: get(handler) }
}

/// What is sent may be larger than a form.
fn send<H: Handler<T, App>, T: 'static>(access: Access, path: &'static str, most_bytes: usize, handler: H) -> Route {
    Route { method: Method::POST, path, access, handler: post(handler).layer(DefaultBodyLimit::max(most_bytes)) }
}

fn change<H: Handler<T, App>, T: 'static>(access: Access, path: &'static str, handler: H) -> Route {
    Route { method: Method::POST, path, access, handler: post(handler) }
}

/// What a program puts at an address, over what is there.
fn place<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: Method::PUT, path, access: Access::Api, handler: put(handler) }
}

/// What a program takes away.
fn removal<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: Method::DELETE, path, access: Access::Api, handler: delete(handler) }
}

/// The table.
pub(crate) fn table() -> Vec<Route> {
    use Access::{Admin, Api, Calendar, Invited, Link, Metrics, Open, Review, Viewer};
    vec![
        read(Open, "/setup", setup::page),
        change(Open, "/setup", setup::create),
        read(Open, "/sign-in", sign_in::page),
        change(Open, "/sign-in", sign_in::enter),
        read(Open, "/static/{file}", assets::serve),
        read(Open, "/healthz", health::alive),
        read(Open, "/readyz", health::ready),
        read(Metrics, "/metrics", metrics::serve),
        change(Viewer, "/sign-out", sign_in::leave),
        read(Viewer, "/", board::page),
        read(Viewer, "/live", live::serve),
        read(Viewer, "/days", days::page),
        read(Viewer, "/days.csv", days::csv),
        read(Viewer, "/days/{code}/{date}", day::page),
        read(Viewer, "/punches", punches::page),
        read(Viewer, "/punches.csv", punches::csv),
        read(Viewer, "/employees", employees::page),
        read(Viewer, "/employees.csv", employees::csv),
        read(Viewer, "/employees/{code}/sheet", sheets::one),
        read(Viewer, "/sheets", sheets::several),
        read(Calendar, "/calendar/{token}", feed::serve),
        change(Review, "/employees/calendar", sheets::calendar),
        change(Review, "/employees/merge", employees::merge),
        change(Review, "/employees/unmerge", employees::unmerge),
        read(Viewer, "/sites", sites::page),
        read(Viewer, "/sites.csv", sites::csv),
        change(Admin, "/sites/change", sites::change),
        change(Admin, "/sites/remove", sites::remove),
        read(Viewer, "/departments", departments::page),
        read(Viewer, "/departments.csv", departments::csv),
        change(Admin, "/departments/change", departments::change),
        change(Admin, "/departments/remove", departments::remove),
        read(Viewer, "/people/match", matching::page),
        read(Viewer, "/people/match.csv", matching::csv),
        change(Review, "/people/match", matching::decide),
        read(Viewer, "/payroll", payroll::page),
        read(Viewer, "/payroll/file", payroll::file),
        read(Viewer, "/payroll/records", payroll_list::page),
        read(Viewer, "/payroll/records.csv", payroll_list::csv),
        send(Review, "/payroll/check", payroll::MOST_SAMPLE_BYTES, payroll::check),
        read(Review, "/payroll/layouts", layouts::page),
        change(Review, "/payroll/layouts/remove", layouts::remove),
        read(Review, "/payroll/layout", layouts::designer),
        change(Review, "/payroll/layout", layouts::decide),
        read(Viewer, "/terminals", terminals::page),
        read(Viewer, "/terminals.csv", terminals::csv),
        change(Admin, "/terminals/approve", terminals::approve),
        read(Viewer, "/terminals/users", sync::page),
        read(Viewer, "/terminals/users.csv", sync::csv),
        change(Admin, "/terminals/users", sync::ask),
        read(Viewer, "/terminals/commands", commands::page),
        read(Viewer, "/terminals/commands.csv", commands::csv),
        change(Admin, "/terminals/commands", commands::ask),
        read(Viewer, "/terminals/readings", readings::page),
        read(Viewer, "/terminals/readings.csv", readings::csv),
        read(Viewer, "/terminals/completeness", completeness::page),
        read(Viewer, "/terminals/completeness.csv", completeness::csv),
        read(Viewer, "/edges", edges::page),
        read(Viewer, "/edges.csv", edges::csv),
        read(Viewer, "/jobs", jobs::page),
        read(Viewer, "/jobs.csv", jobs::csv),
        change(Admin, "/jobs/run", jobs::run),
        change(Admin, "/jobs/retry", jobs::retry),
        read(Viewer, "/sources", sources::page),
        read(Viewer, "/sources.csv", sources::csv),
        change(Admin, "/sources/pull", sources::pull),
        change(Admin, "/sources/pause", sources::pause),
        read(Viewer, "/sinks", sinks::page),
        read(Viewer, "/sinks.csv", sinks::csv),
        change(Admin, "/sinks/pause", sinks::pause),
        change(Admin, "/sinks/requeue", sinks::requeue),
        read(Viewer, "/imports", imports::page),
        read(Viewer, "/imports.csv", imports::csv),
        send(Review, "/imports", import_form::MOST_BYTES, imports::bring),
        read(Viewer, "/imports/{id}", import::page),
        read(Viewer, "/imports/{id}/report.csv", import::report),
        read(Viewer, "/imports/{id}/file", import::file),
        change(Review, "/imports/{id}/take", import::take),
        read(Viewer, "/held", held::page),
        read(Viewer, "/held.csv", held::csv),
        read(Viewer, "/held/punches", held_group::page),
        read(Viewer, "/held/punches.csv", held_group::csv),
        change(Review, "/held/assign", held::assign),
        change(Review, "/held/state", held::state),
        change(Review, "/held/dismiss", held::dismiss),
        read(Open, "/api/v1/openapi.json", api::openapi::serve),
        read(Api, "/api/v1/terminals", api::terminals::list),
        read(Api, "/api/v1/terminals/{serial}/readings", api::readings::list),
        change(Api, "/api/v1/terminals", api::terminal_work::add),
        change(Api, "/api/v1/terminals/poll", api::terminal_work::poll_all),
        read(Api, "/api/v1/terminals/{serial}/info", api::terminal_work::info),
        change(Api, "/api/v1/terminals/{serial}/poll", api::terminal_work::poll),
        read(Api, "/api/v1/edges", api::edges::list),
        read(Api, "/api/v1/completeness", api::completeness::list),
        read(Api, "/api/v1/punches", api::punches::list),
        send(Api, "/api/v1/punches", api::sent::MOST_BYTES, api::sent::take),
        read(Api, "/api/v1/days", api::days::list),
        read(Api, "/api/v1/days/stats", api::day_work::stats),
        change(Api, "/api/v1/days/derive", api::day_work::derive),
        read(Api, "/api/v1/held", api::held::list),
        read(Api, "/api/v1/employees", api::employees::list),
        read(Api, "/api/v1/employees/{code}/sheets/{month}", api::sheets::one),
        change(Api, "/api/v1/employees/{code}/hire", api::hiring::hire),
        change(Api, "/api/v1/employees/{code}/leave", api::hiring::leave),
        change(Api, "/api/v1/employees/{code}/place", api::hiring::place),
        change(Api, "/api/v1/employees/{code}/numbers", api::hiring::give_number),
        change(Api, "/api/v1/employees/{code}/numbers/end", api::hiring::end_number),
        read(Api, "/api/v1/sites", api::places::sites),
        change(Api, "/api/v1/sites", api::places::change_site),
        removal("/api/v1/sites/{code}", api::places::remove_site),
        change(Api, "/api/v1/terminals/{serial}/leave", api::places::leave_site),
        read(Api, "/api/v1/departments", api::places::departments),
        change(Api, "/api/v1/departments", api::places::change_department),
        removal("/api/v1/departments/{code}", api::places::remove_department),
        read(Api, "/api/v1/matches", api::matches::list),
        read(Api, "/api/v1/terminal-users", api::sync::list),
        read(Api, "/api/v1/jobs", api::jobs::list),
        change(Api, "/api/v1/jobs", api::jobs::run),
        read(Api, "/api/v1/jobs/{id}", api::jobs::one),
        change(Api, "/api/v1/jobs/{id}/retry", api::jobs::retry),
        read(Api, "/api/v1/sources", api::sources::list),
        read(Api, "/api/v1/imports", api::imports::list),
        send(Api, "/api/v1/imports", import_form::MOST_BYTES, api::imports::take),
        read(Api, "/api/v1/imports/mappings", api::mappings::list),
        read(Api, "/api/v1/imports/mappings/{name}", api::mappings::one),
        place("/api/v1/imports/mappings/{name}", api::mappings::save),
        removal("/api/v1/imports/mappings/{name}", api::mappings::remove),
        read(Api, "/api/v1/imports/{id}", api::imports::one),
        read(Api, "/api/v1/imports/{id}/file", api::imports::file),
        read(Api, "/api/v1/sinks", api::sinks::list),
        read(Api, "/api/v1/sinks/{name}/records", api::sinks::records),
        change(Api, "/api/v1/sinks/{name}/pause", api::sinks::pause),
        change(Api, "/api/v1/sinks/{name}/resume", api::sinks::resume),
        change(Api, "/api/v1/sinks/{name}/requeue", api::sinks::requeue),
        change(Api, "/api/v1/days/sync", api::sinks::sync),
        read(Api, "/api/v1/payroll", api::payroll::file),
        read(Api, "/api/v1/payroll/records", api::payroll::records),
        read(Api, "/api/v1/payroll/presets", api::payroll::presets),
        read(Api, "/api/v1/payroll/layouts", api::payroll::layouts),
        read(Api, "/api/v1/payroll/layouts/{name}", api::payroll::layout),
        place("/api/v1/payroll/layouts/{name}", api::payroll::save),
        removal("/api/v1/payroll/layouts/{name}", api::payroll::remove),
        send(Link, link::path::PUNCHES, api::link::MOST_BYTES, api::link::punches),
        send(Link, link::path::HEARTBEAT, api::link::MOST_BYTES, api::link::heartbeat),
        change(Link, link::path::TOKEN, api::link::token),
        change(Invited, link::path::ENROLL, api::link::enroll),
    ]
}

/// All pages, REST and the calls of edges. Needs a Tokio runtime to answer.
pub fn router(hub: Hub, config: WebConfig) -> Router {
    build(&App::new(hub, config))
}

/// The router over a state.
pub(crate) fn build(app: &App) -> Router {
    let guarded = |route: Route| {
        let gate = from_fn_with_state((app.clone(), route.access), gate);
        let handler = match route.access {
            // What programs write may be named by a key, and is done once.
            Access::Api if !route.method.is_safe() => {
                route.handler.route_layer(from_fn_with_state(app.clone(), idempotency::once))
            }
            _ => route.handler,
        };
        (route.path, handler.route_layer(gate))
    };
    let routes =
        table().into_iter().map(guarded).fold(Router::new(), |router, (path, handler)| router.route(path, handler));
    routes
        .fallback(page::error::not_found)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(CsrfLayer::new().with_rejection_response(|_| refuse_other_site()))
        .layer(from_fn(headers::harden))
        .layer(from_fn_with_state(app.clone(), metrics::count))
        .with_state(app.clone())
}

fn refuse_other_site() -> axum::response::Response {
    let refused = Failure::new(
        axum::http::StatusCode::FORBIDDEN,
        "The request came from the page of another site.",
        "Open Punchclock itself and try again from there.",
    );
    axum::response::IntoResponse::into_response(refused)
}
