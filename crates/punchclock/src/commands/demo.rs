//! `demo`: a simulated company through the real path. Simulated terminals push months of history and then live punches to
//! the real listener; spool, hub, rules and pages do their ordinary work. Run again, it goes on where it was: the same
//! history is known by then.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use edge::{Edge, EdgeHandle};
use hub::view::{ANY, COUNTED_DAYS, DayFilter};
use hub::{Actor, Hub, NewTerminal, Role};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use simulator::people::{Company, Person, Punch, Shift};
use simulator::push::PushOptions;
use simulator::{RunOptions, Terminal, ZkServer};
use web::WebConfig;

use crate::chance::{bytes, code, now};
use crate::cli::Demo;
use crate::commands::serve::{Deriving, InProcess, bind, runtime};
use crate::commands::{Context, edge_role};
use crate::progress::Progress;
use crate::runner::Runner;
use crate::sealing::Sealing;
use crate::{log, show, signals};

const SEED: u64 = 20_260_105;
const HISTORY_DAYS: i64 = 90;
const ACCOUNT: &str = "admin";
const TERMINALS: [(&str, &str); 2] = [("DEMO0001", "Front door"), ("DEMO0002", "Yard gate")];
/// A terminal that nobody has approved yet.
const STRANGER: &str = "DEMO0003";
/// How often the waits look again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) fn run(context: &mut Context, args: &Demo) -> anyhow::Result<()> {
    if std::env::var_os("PUNCHCLOCK__LOG__LEVEL").is_none() {
        context.settings.flag("log.level", Some("warn"))?;
    }
    log::start(&context.settings)?;
    let _claim = context.home.claim()?;
    let hub = context.home.hub()?;
    let zone = TimeZone::system();
    let zone = if zone.iana_name().is_some() { zone } else { TimeZone::UTC };
    let company = Company::generate(SEED, args.people.into(), TERMINALS.len());
    let demo = Simulation { company, hub, zone };
    runtime()?.block_on(demo.run(context, args.listen))
}

/// The company at play.
struct Simulation {
    company: Company,
    hub: Hub,
    zone: TimeZone,
}

impl Simulation {
    async fn run(&self, context: &Context, listen: SocketAddr) -> anyhow::Result<()> {
        let password = self.account()?;
        let hint = format!("This is a demo. Sign in as {ACCOUNT} with the password on its console.");
        let config = WebConfig {
            listen,
            setup_code: None,
            tls: None,
            secure_cookie: false,
            trusted_proxies: Vec::new(),
            silent_after: context.settings.silent_after()?,
            demo_hint: Some(hint),
        };
        let web = bind(self.hub.clone(), config).await?;

        let mut config = edge_role::config(&context.settings, context.home.spool()?)?;
        config.terminals_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.poll_every = Duration::from_secs(60);
        let edge = Edge::start(config, InProcess(self.hub.clone())).await?;

        self.timetable()?;
        let today = now().to_zoned(self.zone.clone()).date();
        let terminals = self.terminals(today)?;
        let mut running = tokio::task::JoinSet::new();
        for ((terminal, address), (_, name)) in self.listen(&terminals, &edge).await?.into_iter().zip(TERMINALS) {
            self.register(&terminal.0, name, address)?;
            running.spawn(simulator::run(terminal.0, terminal.1, std::future::pending()));
        }
        self.employees(today)?;
        show::line(format!(
            "a simulated company: {} people, {} terminals, {HISTORY_DAYS} days of history",
            self.people().count(),
            terminals.len()
        ))?;
        let deriving = Deriving::start(self.hub.clone());
        let sealing = Sealing::start(self.hub.clone());
        let runner = Runner::start(self.hub.clone(), hub::jobs::built_in(), context.settings.schedules()?);
        self.wait_for_history(&terminals).await?;
        running.spawn(simulator::run(stranger(today), self.push(&edge)?, std::future::pending()));

        let days = self.hub.days(&DayFilter { limit: 1, ..DayFilter::default() })?.total;
        let exceptions = DayFilter { exception: Some(ANY.to_owned()), limit: 1, ..DayFilter::default() };
        let exceptions = self.hub.days(&exceptions)?.total;
        let count = |total: Option<u64>| total.map_or_else(|| format!("over {COUNTED_DAYS}"), |days| days.to_string());
        show::line(format!(
            "{} punches made {} days, {} of them with an exception",
            self.hub.punch_count()?,
            count(days),
            count(exceptions)
        ))?;
        show::line(format!(
            "\n  open      http://{}\n  sign in   {ACCOUNT}\n  password  {password}\n",
            web.local_addr
        ))?;
        show::line("people punch from now on; Ctrl-C ends the demo")?;
        tokio::select! {
            ended = web.run(signals::asked_to_end()) => ended?,
            () = self.punch_for_ever(&terminals) => {}
        }
        running.shutdown().await;
        runner.end();
        deriving.end();
        sealing.end();
        edge.shutdown().await;
        Ok(())
    }

    /// The administrator, with a new password each time.
    fn account(&self) -> anyhow::Result<String> {
        let password: String = code()?.chars().take(11).collect();
        let actor = Actor::new("demo");
        if self.hub.accounts()?.iter().any(|account| account.name == ACCOUNT) {
            self.hub.set_password(&actor, ACCOUNT, &password, bytes()?, now())?;
        } else {
            self.hub.account_add(&actor, ACCOUNT, &password, Role::Admin, bytes()?, now())?;
        }
        Ok(password)
    }

    /// The people of the simulation start between seven and nine and stay nine hours, lunch included.
    fn timetable(&self) -> anyhow::Result<()> {
        let flex = r#"{"DEFAULT": {"type": "flex", "earliest": "07:00", "latest": "09:05", "net_minutes": 480,
            "breaks": [{"from": "12:00", "to": "13:00"}]}}"#;
        let timetables = serde_json::from_str(flex).context("the demo's timetable")?;
        let company =
            hub::Company { timetables, zone: self.zone.iana_name().map(str::to_owned), ..hub::Company::default() };
        if self.hub.company()? != company {
            self.hub.set_company(&Actor::new("demo"), &company, now())?;
        }
        Ok(())
    }

    /// Those who work by day: one timetable serves all of them.
    fn people(&self) -> impl Iterator<Item = &Person> {
        self.company.people().iter().filter(|person| matches!(person.shift, Shift::Day { .. }))
    }

    /// One terminal per door, its log full of the past.
    fn terminals(&self, today: Date) -> anyhow::Result<Vec<Terminal>> {
        let from = today.checked_sub(HISTORY_DAYS.days())?;
        let is_day = |punch: &Punch| self.people().any(|person| person.number == punch.user);
        let past: Vec<Punch> = self.company.punches(from, today.yesterday()?).into_iter().filter(is_day).collect();
        let users = || self.people().map(|person| zk::User::new(&person.number, &person.name));
        let terminals = TERMINALS.iter().enumerate().map(|(door, (serial, _))| {
            let log = past.iter().filter(|punch| punch.terminal == door).filter_map(Punch::record);
            Terminal::builder(*serial).zone(self.zone.clone()).users(users()).log(log).build()
        });
        Ok(terminals.collect())
    }

    /// Opens the terminals' ports for polling; each with its options and its address.
    async fn listen(
        &self,
        terminals: &[Terminal],
        edge: &EdgeHandle,
    ) -> anyhow::Result<Vec<((Terminal, RunOptions), SocketAddr)>> {
        let mut listening = Vec::new();
        for terminal in terminals {
            let server = ZkServer::bind(terminal.clone(), (Ipv4Addr::LOCALHOST, 0)).await?;
            let address = server.local_addr()?;
            let options = RunOptions { zk: Some(server), ..self.push(edge)? };
            listening.push(((terminal.clone(), options), address));
        }
        Ok(listening)
    }

    fn push(&self, edge: &EdgeHandle) -> anyhow::Result<RunOptions> {
        let server = format!("http://{}", edge.terminals_addr()).parse()?;
        let seconds = |n| Some(Duration::from_secs(n));
        let push = PushOptions { error_delay: seconds(1), poll_delay: seconds(2), ..PushOptions::new(server) };
        Ok(RunOptions { push: Some(push), ..RunOptions::default() })
    }

    fn register(&self, terminal: &Terminal, name: &str, address: SocketAddr) -> anyhow::Result<()> {
        let new = NewTerminal {
            serial: terminal.serial().to_string(),
            name: Some(name.to_owned()),
            address: Some(address.to_string()),
            zone: self.zone.iana_name().map(str::to_owned),
            via: Some(link::Via::Both),
            ..NewTerminal::default()
        };
        self.hub.add_terminal(&Actor::new("demo"), &new, now())?;
        Ok(())
    }

    /// Everybody is on the list of employees, but for the last: their number shows what is held, and its cure.
    fn employees(&self, today: Date) -> anyhow::Result<()> {
        let from = today.checked_sub(HISTORY_DAYS.days())?;
        let mut list = String::from("code,name,numbers,from\n");
        let listed = self.people().count().saturating_sub(1);
        for (person, place) in self.people().take(listed).zip(1001..) {
            list.push_str(&format!("{place},{},{},{from}\n", person.name, person.number));
        }
        self.hub.import_employees(&Actor::new("demo"), list.as_bytes(), false, now())?;
        Ok(())
    }

    /// Until the terminals' logs have gone all the way and their days are derived.
    async fn wait_for_history(&self, terminals: &[Terminal]) -> anyhow::Result<()> {
        let progress = Progress::start("the terminals push their history");
        let expected = terminals.iter().map(|terminal| terminal.log_len() as u64).sum::<u64>();
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let stored = self.hub.punch_count()?;
            progress.say(format!("the terminals push their history: {stored} of {expected} punches"));
            if stored >= expected {
                break;
            }
        }
        loop {
            let left = self.hub.derive_marked(now())?.left;
            progress.say(format!("deriving days: {left} weeks left"));
            if left == 0 {
                return Ok(());
            }
        }
    }

    /// People come and go.
    async fn punch_for_ever(&self, terminals: &[Terminal]) {
        for live in self.company.live(now().as_second().unsigned_abs()) {
            tokio::time::sleep(live.after).await;
            let is_day = matches!(live.person.shift, Shift::Day { .. });
            if let Some(terminal) = terminals.get(live.person.terminal).filter(|_| is_day) {
                terminal.punch_now(&live.person.number, live.state, live.verify);
            }
        }
    }
}

/// A terminal that pushes although nobody has approved it.
fn stranger(today: Date) -> Terminal {
    let terminal = Terminal::builder(STRANGER).build();
    for minute in 0..3 {
        terminal.punch("7", today.at(8, minute, 0, 0), 0, 1);
    }
    terminal
}
