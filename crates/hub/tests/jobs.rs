//! Jobs: whatever crashes, is late, comes twice or at the same time, what was asked for is done once.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::atomic::AtomicBool;

use house::{House, clerk, house, now};
use hub::jobs::{
    Claimed, DERIVE, Ended, Finished, JobFilter, JobRow, JobSort, JobState, Kind, LEASE, Run, Schedule, Schedules,
    Work, Works, built_in,
};
use hub::{Company, Hub};
use jiff::{Timestamp, ToSpan as _};
use testkit::{Chance, how_many};

/// `PUNCHCLOCK_JOB_ORDERS=1000` plays that many made-up orders of events.
const ORDERS: usize = 12;
const TURNS: u64 = 60;

fn minutes(minutes: i64) -> Timestamp {
    now().checked_add(minutes.minutes()).unwrap()
}

fn hourly() -> Schedules {
    Schedules::from([(DERIVE.name, Schedule::parse(":05").unwrap())])
}

fn all(hub: &Hub) -> Vec<JobRow> {
    hub.jobs(&JobFilter::default()).unwrap().rows
}

/// A job that goes wrong as it is told.
struct Bad(fn() -> Result<(), String>);

impl Work for Bad {
    fn kind(&self) -> &'static Kind {
        &DERIVE
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn Error + Send + Sync>> {
        (self.0)()?;
        Ok(run.done("")?)
    }
}

fn perform(hub: &Hub, works: &Works, job: &Claimed, at: Timestamp) -> Ended {
    hub.perform(works, job, || at, 1.0, &AtomicBool::new(false)).unwrap()
}

/// Claims what there is and does it.
fn work_off(hub: &Hub, works: &Works, at: Timestamp) -> Vec<Ended> {
    let claimed = hub.claim_jobs(works, "one", 10, at).unwrap();
    claimed.iter().map(|job| perform(hub, works, job, at)).collect()
}

#[test]
fn every_hub_may_plan_and_each_due_time_is_there_once() {
    let house = house();
    let other = Hub::new(house.store.clone());
    for hub in [&house.hub, &other, &house.hub] {
        hub.plan_jobs(&hourly(), true, now()).unwrap();
    }
    // Noon in Manila: the time that was missed before the first start.
    let due = |hub: &Hub| all(hub).into_iter().map(|job| job.due.to_string()).collect::<Vec<_>>();
    assert_eq!(due(&other), ["2026-03-04T03:05:00Z"]);
    assert_eq!(work_off(&other, &built_in(), now()), [Ended::Done]);
    house.hub.plan_jobs(&hourly(), false, now()).unwrap();
    other.plan_jobs(&hourly(), false, now()).unwrap();
    assert_eq!(due(&house.hub), ["2026-03-04T03:05:00Z", "2026-03-04T04:05:00Z"]);
    // Nobody was there for hours: what waits is one run, and what comes next is in the future.
    other.plan_jobs(&hourly(), true, minutes(600)).unwrap();
    assert_eq!(due(&other), ["2026-03-04T03:05:00Z", "2026-03-04T13:05:00Z"], "the latest of those that were missed");
    assert_eq!(work_off(&other, &built_in(), minutes(600)), [Ended::Done]);
    other.plan_jobs(&hourly(), true, minutes(600)).unwrap();
    assert!(work_off(&other, &built_in(), minutes(600)).is_empty());
    assert_eq!(all(&other).last().unwrap().due, minutes(605));
}

#[test]
fn what_is_asked_for_while_it_waits_after_a_failure_waits_no_longer() {
    let house = house();
    let works = Works::default().with(Bad(|| Err("the disk is full".to_owned())));
    let id = house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    assert!(matches!(work_off(&house.hub, &works, now())[..], [Ended::Failed(..)]));
    assert!(work_off(&house.hub, &built_in(), now()).is_empty());
    assert_eq!(house.hub.ask_for_job(&clerk(), "derive", now()).unwrap(), id);
    assert_eq!(work_off(&house.hub, &built_in(), now()), [Ended::Done]);
    assert_eq!(house.hub.audit(1).unwrap()[0].detail, format!("job {id} at once"));
}

#[test]
fn what_is_asked_for_does_not_wait_for_a_due_time_to_come_and_of_a_lane_one_runs_at_a_time() {
    let house = house();
    house.hub.plan_jobs(&hourly(), true, now()).unwrap();
    work_off(&house.hub, &built_in(), now());
    house.hub.plan_jobs(&hourly(), true, now()).unwrap();
    let asked = house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    let works = built_in();
    let claim = |at| house.hub.claim_jobs(&works, "one", 9, at).unwrap();
    let first = claim(now()).remove(0);
    assert_eq!(first.id, asked);
    // Its lease is renewed, and the due time, which was inserted before it, comes.
    house.hub.renew_job(&first, minutes(5)).unwrap();
    assert!(claim(minutes(5)).is_empty());
    assert_eq!(perform(&house.hub, &works, &first, minutes(5)), Ended::Done);
    assert_eq!(claim(minutes(5)).len(), 1);
    // Of two whose workers are gone, the earlier comes first.
    let later = house.hub.ask_for_job(&clerk(), "derive", minutes(6)).unwrap();
    let again = claim(minutes(7));
    assert!(again.len() == 1 && again[0].id < later, "{again:?}");
    assert_eq!(perform(&house.hub, &works, &again[0], minutes(7)), Ended::Done);
    assert_eq!(claim(minutes(7)).into_iter().map(|job| job.id).collect::<Vec<_>>(), [later]);
}

#[test]
fn the_last_of_a_kind_is_the_one_that_ended_last_whatever_its_number() {
    let house = house();
    house.hub.plan_jobs(&hourly(), true, now()).unwrap();
    work_off(&house.hub, &built_in(), now());
    house.hub.plan_jobs(&hourly(), true, now()).unwrap();
    // By hand before the due time of the one that was planned before it.
    house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    for at in [now(), minutes(5)] {
        assert_eq!(work_off(&house.hub, &built_in(), at), [Ended::Done]);
        let kinds = house.hub.job_kinds(at).unwrap();
        let derive = kinds.iter().find(|row| row.kind == DERIVE.name).unwrap();
        assert_eq!((derive.last_done, derive.last.as_ref().and_then(|job| job.ended)), (Some(at), Some(at)));
    }
    assert!(all(&house.hub).last().unwrap().ended < Some(minutes(5)), "the one of the highest number ended before");
}

#[test]
fn another_schedule_takes_the_place_of_what_waits_and_none_leaves_nothing() {
    let house = house();
    let company = Company { zone: Some("Asia/Manila".into()), ..Company::default() };
    house.hub.set_company(&clerk(), &company, now()).unwrap();
    house.hub.plan_jobs(&hourly(), true, now()).unwrap();
    work_off(&house.hub, &built_in(), now());
    house.hub.plan_jobs(&hourly(), true, now()).unwrap();
    let waiting = || {
        let filter = JobFilter { state: Some(JobState::Waiting), ..JobFilter::default() };
        house.hub.jobs(&filter).unwrap().rows.into_iter().map(|job| job.due).collect::<Vec<_>>()
    };
    assert_eq!(waiting(), [minutes(5)]);
    let daily = Schedules::from([(DERIVE.name, Schedule::parse("15:30").unwrap())]);
    house.hub.plan_jobs(&daily, true, now()).unwrap();
    assert_eq!(waiting(), [now().checked_add(210.minutes()).unwrap()]);
    house.hub.plan_jobs(&Schedules::from([(DERIVE.name, None)]), true, now()).unwrap();
    assert!(waiting().is_empty());
}

#[test]
fn a_panic_is_the_reason_of_a_failed_attempt_and_after_the_last_a_job_is_dead_until_it_is_tried_again() {
    let house = house();
    let id = house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    assert_eq!(house.hub.ask_for_job(&clerk(), "derive", now()).unwrap(), id, "it waits already");
    let broken = Works::default().with(Bad(|| panic!("no such row")));
    let mut at = now();
    for attempt in 1..=DERIVE.tries {
        let ended = work_off(&house.hub, &broken, at);
        let [Ended::Failed(why, due)] = ended.as_slice() else {
            assert_eq!((attempt, ended.len()), (DERIVE.tries, 1));
            break;
        };
        assert_eq!(why, "it broke off by a defect: no such row");
        at = *due;
    }
    let job = house.hub.job(id).unwrap();
    assert_eq!((job.state, job.outcome.as_str()), (JobState::Dead, "it broke off by a defect: no such row"));
    assert!(work_off(&house.hub, &broken, at.checked_add(1.hours()).unwrap()).is_empty());
    let derive = house.hub.job_kinds(at).unwrap().into_iter().find(|row| row.kind == "derive").unwrap();
    assert_eq!((derive.dead, derive.meter.runs, derive.meter.failures), (1, 5, 5));

    assert_eq!(house.hub.retry_all_jobs(&clerk(), at).unwrap(), 1);
    assert!(house.hub.retry_job(&clerk(), id, at).unwrap_err().to_string().contains("is waiting, not dead"));
    assert_eq!(work_off(&house.hub, &built_in(), at), [Ended::Done]);
    assert_eq!(house.hub.job(id).unwrap().state, JobState::Done);
    let told: Vec<String> = house.hub.audit(10).unwrap().into_iter().map(|entry| entry.action).collect();
    assert!(told.contains(&"job.run".to_owned()) && told.contains(&"job.retry".to_owned()), "{told:?}");
}

#[test]
fn a_worker_that_never_tells_uses_up_the_attempts_as_one_that_fails() {
    let house = house();
    let id = house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    let mut at = now();
    for _ in 0..DERIVE.tries {
        assert_eq!(house.hub.claim_jobs(&built_in(), "doomed", 1, at).unwrap().len(), 1);
        at = at.checked_add(LEASE).unwrap();
    }
    assert!(house.hub.claim_jobs(&built_in(), "next", 1, at).unwrap().is_empty());
    let job = house.hub.job(id).unwrap();
    assert_eq!((job.state, job.outcome.as_str()), (JobState::Dead, "its worker ended in the middle of it 5 times"));
}

#[test]
fn a_worker_whose_lease_has_ended_changes_nothing_any_more() {
    let house = house();
    let id = house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    let works = built_in();
    let slow = house.hub.claim_jobs(&works, "slow", 1, now()).unwrap().remove(0);
    let later = now().checked_add(LEASE).unwrap();
    // A word in time, and it is held for longer.
    assert!(house.hub.renew_job(&slow, now().checked_add(20.seconds()).unwrap()).unwrap());
    assert!(house.hub.claim_jobs(&works, "quick", 1, later).unwrap().is_empty());
    let later = later.checked_add(20.seconds()).unwrap();
    let quick = house.hub.claim_jobs(&works, "quick", 1, later).unwrap().remove(0);
    assert!(!house.hub.renew_job(&slow, later).unwrap());
    assert_eq!(perform(&house.hub, &works, &slow, later), Ended::TakenOver);
    let failing = Works::default().with(Bad(|| Err("late".into())));
    assert_eq!(perform(&house.hub, &failing, &slow, later), Ended::TakenOver, "nor does its failure");
    assert_eq!(house.hub.job(id).unwrap().state, JobState::Running);
    assert_eq!(perform(&house.hub, &works, &quick, later), Ended::Done);
    assert_eq!(house.hub.job(id).unwrap().worker, "quick");
}

#[test]
fn a_job_of_a_kind_that_this_version_does_not_know_is_left_to_others() {
    let house = house();
    house.hub.ask_for_job(&clerk(), "clean-up", now()).unwrap();
    assert!(house.hub.claim_jobs(&Works::default().with(Bad(|| Ok(()))), "older", 9, now()).unwrap().is_empty());
    let refused = house.hub.ask_for_job(&clerk(), "dance", now()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "there is no kind of job dance that can be asked for; there is derive, clean-up, backup, seal, send, retry, pull"
    );
}

#[test]
fn history_is_kept_for_a_month_and_what_is_dead_for_a_year() {
    let house = house();
    let fail = |at| {
        let id = house.hub.ask_for_job(&clerk(), "derive", at).unwrap();
        let mut at = at;
        while house.hub.job(id).unwrap().state != JobState::Dead {
            work_off(&house.hub, &Works::default().with(Bad(|| Err("no".into()))), at);
            at = at.checked_add(1.hours()).unwrap();
        }
    };
    fail(now());
    house.hub.ask_for_job(&clerk(), "derive", minutes(600)).unwrap();
    work_off(&house.hub, &built_in(), minutes(600));
    let left = |days: i64| {
        let at = minutes(days * 24 * 60);
        house.hub.ask_for_job(&clerk(), "clean-up", at).unwrap();
        assert_eq!(work_off(&house.hub, &built_in(), at), [Ended::Done]);
        all(&house.hub).into_iter().filter(|job| job.kind == "derive").map(|job| job.state).collect::<Vec<_>>()
    };
    assert_eq!(left(30), [JobState::Dead, JobState::Done]);
    assert_eq!(left(31), [JobState::Dead]);
    assert_eq!(left(366), []);
}

#[test]
fn jobs_are_listed_by_state_and_kind_in_any_order() {
    let house = house();
    house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    work_off(&house.hub, &built_in(), now());
    house.hub.ask_for_job(&clerk(), "clean-up", now()).unwrap();
    let kinds =
        |filter: JobFilter| house.hub.jobs(&filter).unwrap().rows.into_iter().map(|job| job.kind).collect::<Vec<_>>();
    let sorted = |sort, descending| kinds(JobFilter { sort, descending, ..JobFilter::default() });
    assert_eq!(sorted(JobSort::Number, true), ["clean-up", "derive"]);
    assert_eq!(sorted(JobSort::Kind, false), ["clean-up", "derive"]);
    assert_eq!(sorted(JobSort::Duration, true), ["derive", "clean-up"]);
    assert_eq!(kinds(JobFilter { state: Some(JobState::Waiting), ..JobFilter::default() }), ["clean-up"]);
    assert_eq!(kinds(JobFilter { kind: Some("derive".into()), ..JobFilter::default() }), ["derive"]);
}

/// What leaves the house, once what is dirty was derived.
fn days(house: &House) -> String {
    house.files().concat()
}

#[test]
fn any_order_of_crashes_retries_and_workers_comes_to_the_state_of_the_straight_run() {
    for order in 0..how_many("PUNCHCLOCK_JOB_ORDERS", ORDERS) {
        let mut chance = Chance::new(order as u64);
        let house = house();
        house.import(&house::log(), true);
        let straight = self::house();
        straight.import(&house::log(), true);

        let (works, failing) = (built_in(), Works::default().with(Bad(|| Err("by chance".into()))));
        let hubs = [house.hub.clone(), Hub::new(house.store.clone()), Hub::new(house.store.clone())];
        let mut at = now();
        let (mut asked, mut done) = (BTreeSet::new(), Vec::new());
        // Of workers that are slow: they come too late, or never.
        let mut held: Vec<Claimed> = Vec::new();
        let mut turn = |chance: &mut Chance, at: &mut Timestamp, is_quiet: bool| {
            let hub = &hubs[usize::try_from(chance.below(3)).unwrap()];
            match if is_quiet { 5 + chance.below(2) } else { chance.below(9) } {
                0 => hub.plan_jobs(&hourly(), chance.below(4) == 0, *at).unwrap(),
                1 => *at = at.checked_add(i64::try_from(chance.below(90)).unwrap().minutes()).unwrap(),
                2 => drop(asked.insert(hub.ask_for_job(&clerk(), "derive", *at).unwrap())),
                3 => held.extend(hub.claim_jobs(&works, "slow", 2, *at).unwrap()),
                4 if !held.is_empty() => {
                    // A late writer, or one that is in time.
                    let job = held.swap_remove(usize::try_from(chance.below(held.len() as u64)).unwrap());
                    if perform(hub, &works, &job, *at) == Ended::Done {
                        done.push(job.id);
                    }
                }
                5 => {
                    let claimed = hub.claim_jobs(&works, "quick", 3, *at).unwrap();
                    for job in claimed {
                        match perform(hub, &works, &job, *at) {
                            Ended::Done => done.push(job.id),
                            ended => panic!("{ended:?}"),
                        }
                    }
                }
                6 => *at = at.checked_add(LEASE).unwrap(),
                7 => {
                    for job in hub.claim_jobs(&works, "unlucky", 1, *at).unwrap() {
                        assert!(matches!(perform(hub, &failing, &job, *at), Ended::Failed(..) | Ended::Dead(_)));
                    }
                }
                8 => drop(hub.retry_all_jobs(&clerk(), *at).unwrap()),
                _ => {}
            }
        };
        for _ in 0..TURNS {
            turn(&mut chance, &mut at, false);
        }
        for _ in 0..60 {
            turn(&mut chance, &mut at, true);
            house.hub.retry_all_jobs(&clerk(), at).unwrap();
        }

        // Each ended once, by one worker, however many held it.
        let ids: BTreeSet<i64> = done.iter().copied().collect();
        assert_eq!(ids.len(), done.len(), "order {order}: done twice: {done:?}");
        let rows = all(&house.hub);
        let ended = |job: &&JobRow| job.state == JobState::Done;
        assert_eq!(rows.iter().filter(ended).map(|job| job.id).collect::<BTreeSet<_>>(), ids, "order {order}");
        assert!(asked.is_subset(&ids), "order {order}: {asked:?} {ids:?}");
        assert!(rows.iter().all(|job| job.state == JobState::Done || job.next > Some(at)), "order {order}: {rows:?}");
        let slots: Vec<_> = rows.iter().filter(|job| !asked.contains(&job.id)).map(|job| job.due).collect();
        assert_eq!(slots.iter().collect::<BTreeSet<_>>().len(), slots.len(), "order {order}: {slots:?}");

        straight.hub.mark_due(at).unwrap();
        assert_eq!(days(&house), days(&straight), "order {order}");
        // Once more: nothing is left to be done.
        assert_eq!(house.derive(), 0);
    }
}
