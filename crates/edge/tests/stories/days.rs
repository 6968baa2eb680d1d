//! Terminals that only push tell how many punches they have of each day, and send what did not come.

use std::net::SocketAddr;
use std::time::Duration;

use edge::{Edge, EdgeConfig, EdgeHandle};
use jiff::ToSpan as _;
use jiff::civil::Date;
use link::Closeout;

use crate::fake_hub::{FakeHub, Held, terminal};
use crate::http::{get, post};
use crate::workplace::Workplace;

/// The log of a terminal that does as it is told.
struct Device {
    address: SocketAddr,
    date: Date,
    /// Lines of that date.
    log: Vec<String>,
    can_count: bool,
    /// Lines that it never sends again.
    withheld: usize,
}

impl Device {
    fn line(date: Date, user: &str, time: &str) -> String {
        format!("{user}\t{date} {time}\t0\t1\t0\n")
    }

    async fn upload(&self, lines: &[String]) {
        let answer = post(self.address, "/iclock/cdata?SN=A1&table=ATTLOG&Stamp=9", lines.concat().as_bytes()).await;
        assert_eq!((answer.status, answer.body), (200, format!("OK:{}", lines.len())));
    }

    /// Fetches commands and does them, until the hub was told what is awaited.
    async fn work_until(&self, hub: &FakeHub, what: &str, is_told: impl Fn(&Held) -> bool) {
        let work = async {
            while !hub.with(|held| is_told(held)) {
                let commands = get(self.address, "/iclock/getrequest?SN=A1").await.body;
                for command in commands.lines().filter_map(|line| line.strip_prefix("C:")) {
                    self.obey(command).await;
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), work).await.is_err() {
            panic!("waited in vain for {what}: {:?}", hub.with(|held| held.reading("A1").cloned()));
        }
    }

    async fn obey(&self, command: &str) {
        let (id, command) = command.split_once(':').unwrap();
        let is_of_date = command.contains(&format!("StartTime={} 00:00:00", self.date));
        let log: &[String] = if is_of_date { &self.log } else { &[] };
        let result = match command.split(' ').collect::<Vec<_>>()[..] {
            ["VERIFY", "SUM", ..] if !self.can_count => format!("ID={id}&Return=-1002&CMD=VERIFY"),
            ["VERIFY", "SUM", ..] => format!("ID={id}&Return=0&CMD=VERIFY SUM&AttlogSum={}", log.len()),
            ["DATA", "QUERY", "ATTLOG", ..] => {
                let sent = log.get(self.withheld..).unwrap_or_default();
                if !sent.is_empty() {
                    self.upload(sent).await;
                }
                format!("ID={id}&Return={}&CMD=DATA", if sent.is_empty() { -1 } else { 0 })
            }
            _ => format!("ID={id}&Return=0&CMD=DATA"),
        };
        assert_eq!(post(self.address, "/iclock/devicecmd?SN=A1", result.as_bytes()).await.status, 200);
    }
}

/// What was told last of a date: the set, and what the spool holds.
fn told(held: &Held, date: Date) -> Option<(Closeout, Option<u64>)> {
    let day = held.reading("A1")?.days.iter().find(|day| day.date == date)?;
    Some((day.closeout, day.in_spool))
}

fn punches(held: &Held, date: Date) -> Option<u64> {
    told(held, date).map(|(set, _)| set.punches)
}

/// A terminal with three punches of yesterday, of which two were uploaded.
async fn workplace(place: &Workplace, hub: &FakeHub) -> (EdgeHandle, Device) {
    hub.with(|held| held.terminals = vec![link::Terminal { zone: Some("UTC".into()), ..terminal("A1") }]);
    let config = EdgeConfig { poll_every: Duration::from_millis(100), ..place.config() };
    let edge = Edge::start(config, hub.clone()).await.unwrap();
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().yesterday().unwrap();
    let log = vec![
        Device::line(date, "7", "08:00:00"),
        Device::line(date, "12", "08:00:00"),
        Device::line(date, "7", "17:00:00"),
    ];
    let device = Device { address: edge.terminals_addr(), date, log, can_count: true, withheld: 0 };
    hub.is_followed().await;
    get(device.address, "/iclock/cdata?SN=A1&options=all&pushver=2.4.1").await;
    device.upload(&device.log[..2]).await;
    (edge, device)
}

#[tokio::test]
async fn what_a_terminal_has_beyond_what_came_is_sent_and_the_day_is_told() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let (edge, device) = workplace(&place, &hub).await;
    device.work_until(&hub, "the day", |held| punches(held, device.date) == Some(3)).await;
    hub.with(|held| {
        assert_eq!(held.punches.len(), 3);
        let reading = held.reading("A1").unwrap();
        assert!(reading.only_days, "nothing is said of other dates");
        assert_eq!(reading.days.first().map(|day| day.date), device.date.checked_sub(6.days()).ok());
        assert_eq!(reading.days.get(6).map(|day| day.date), Some(device.date), "no date is left out");
        assert_eq!(told(held, device.date).unwrap().1, Some(3));
        assert!(held.doubts_about(held.heartbeats.last().unwrap()).is_empty());
    });
    edge.shutdown().await;
}

#[tokio::test]
async fn a_punch_that_comes_late_has_its_day_counted_again() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let (edge, mut device) = workplace(&place, &hub).await;
    device.work_until(&hub, "the day", |held| punches(held, device.date) == Some(3)).await;
    let late = Device::line(device.date, "12", "18:00:00");
    device.log.push(late.clone());
    device.upload(&[late]).await;
    device.work_until(&hub, "the day again", |held| punches(held, device.date) == Some(4)).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn two_lines_of_one_second_are_no_gap() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let (edge, mut device) = workplace(&place, &hub).await;
    device.log.push(device.log[0].clone());
    device.work_until(&hub, "the day", |held| punches(held, device.date) == Some(3)).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_terminal_that_cant_count_is_asked_for_the_day_itself() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let (edge, mut device) = workplace(&place, &hub).await;
    device.can_count = false;
    device.work_until(&hub, "the day", |held| punches(held, device.date) == Some(3)).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn what_a_terminal_does_not_send_stays_a_gap_until_it_does() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let (edge, mut device) = workplace(&place, &hub).await;
    device.withheld = 3;
    let gap = |held: &Held| told(held, device.date).is_some_and(|told| (told.0.punches, told.1) == (3, Some(2)));
    device.work_until(&hub, "the gap", gap).await;
    device.withheld = 0;
    let date = device.date;
    device.work_until(&hub, "the day", |held| told(held, date).is_some_and(|told| told.1 == Some(3))).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn what_the_hub_has_lost_of_a_day_is_listed_and_sent_once_more() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let (edge, device) = workplace(&place, &hub).await;
    hub.until("the punches", |held| held.punches.len() == 2).await;
    hub.with(|held| held.punches.clear());
    device.work_until(&hub, "all of them", |held| held.punches.len() == 3).await;
    edge.shutdown().await;
}
