//! One file per command: arguments in, hub called, result shown.

mod access;
mod backup;
mod bank;
mod by_hand;
mod certificate;
mod company;
mod compliance;
mod config;
mod correct;
mod demo;
mod derive;
mod doctor;
mod edge_alone;
mod edge_role;
mod employee;
mod enrolment;
mod export;
mod fact;
mod held;
mod import;
mod import_punches;
mod job;
mod moving;
mod payroll;
mod period;
mod person;
mod place;
mod plan;
mod retention;
mod row_report;
mod rules;
mod serve;
mod simulate;
mod sink;
mod source;
mod terminal;
mod verify;

use std::path::PathBuf;

use hub::{Actor, Hub};

use crate::cli::edge::EdgeCommand;
use crate::cli::{Cli, Command};
use crate::home::Home;
use crate::settings::Settings;

const DATA: &str = "punchclock-data";
/// Simulated people never mix with real ones.
const DEMO_DATA: &str = "punchclock-demo";

/// What every command gets.
pub(crate) struct Context {
    pub(crate) home: Home,
    pub(crate) settings: Settings,
    pub(crate) is_json: bool,
}

impl Context {
    /// The hub over an existing database.
    fn hub(&self) -> anyhow::Result<Hub> {
        self.home.existing_hub()
    }
}

/// Who changes things from the command line: the person at the console.
fn console() -> Actor {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    Actor::new(user.map_or_else(|| "console".to_owned(), |user| format!("console:{user}")))
}

pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    let default = if matches!(cli.command, Command::Demo(_)) { DEMO_DATA } else { DATA };
    let data = cli.data.unwrap_or_else(|| PathBuf::from(default));
    let mut settings = Settings::read(cli.config.as_deref(), &data)?;
    settings.flag("hub.database", cli.database.as_deref())?;
    let home = Home::new(data, &settings);
    let mut context = Context { home, settings, is_json: cli.json };
    match cli.command {
        Command::Serve(args) => serve::serve(&mut context, &args),
        Command::Demo(args) => demo::run(&mut context, &args),
        Command::Hub(args) => serve::hub_alone(&mut context, &args),
        Command::Edge(EdgeCommand::Run(args)) => edge_role::run(&mut context, &args),
        Command::Edge(EdgeCommand::Invite(args)) => enrolment::invite(&context, &args),
        Command::Edge(EdgeCommand::Enroll { code }) => enrolment::enroll(&context, &code),
        Command::Edge(EdgeCommand::Status(args)) => edge_alone::status(&mut context, &args),
        Command::Edge(EdgeCommand::List) => edge_alone::list(&context),
        Command::Edge(EdgeCommand::Forget { name, yes }) => enrolment::forget(&context, &name, yes),
        Command::Edge(EdgeCommand::Export(args)) => edge_alone::export(&context, &args),
        Command::Simulate(command) => simulate::run(&context, command),
        Command::Terminal(command) => terminal::run(&context, command),
        Command::Import(command) => import::run(&context, command),
        Command::Derive(args) => derive::run(&context, args),
        Command::Export(args) => export::run(&context, &args),
        Command::Held(command) => held::run(&context, command),
        Command::Employee(command) => employee::run(&context, &command),
        Command::Site(command) => place::site(&context, command),
        Command::Department(command) => place::department(&context, command),
        Command::Correct(command) => correct::run(&context, command),
        Command::Fact(command) => fact::run(&context, command),
        Command::Period(command) => period::run(&context, command),
        Command::Payroll(command) => payroll::run(&context, command),
        Command::Plan(command) => plan::run(&context, command),
        Command::Compliance(args) => compliance::run(&context, &args),
        Command::Bank(args) => bank::run(&context, &args),
        Command::Rules(command) => rules::run(&context, command),
        Command::Company(command) => company::run(&context, command),
        Command::User(command) => access::user(&context, command),
        Command::Token(command) => access::token(&context, command),
        Command::Person(command) => person::run(&context, command),
        Command::Audit(command) => access::audit(&context, &command),
        Command::Sink(command) => sink::run(&context, command),
        Command::Sync(command) => sink::sync(&context, command),
        Command::Source(command) => source::run(&context, command),
        Command::Job(command) => job::run(&context, command),
        Command::Retention => retention::run(&context),
        Command::Doctor => doctor::run(&context),
        Command::Backup(args) => backup::backup(&context, &args),
        Command::Restore(args) => backup::restore(&context, &args),
        Command::Move(args) => moving::run(&context, &args),
        Command::Config(command) => config::run(&context, &command),
    }
}
