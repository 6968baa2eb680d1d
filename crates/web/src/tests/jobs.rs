//! Jobs as the page, the file, REST and the metrics show them, and what is asked for there.

use std::error::Error;
use std::sync::atomic::AtomicBool;

use axum::http::StatusCode;
use hub::TokenKind;
use hub::jobs::{DERIVE, Finished, Kind, Run, Work, Works, built_in};
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use super::house::{House, Visitor, clerk, now};

/// A job that always fails, for a reason.
struct Bad(&'static str);

impl Work for Bad {
    fn kind(&self) -> &'static Kind {
        &DERIVE
    }

    fn run(&self, _: Run<'_>) -> Result<Finished, Box<dyn Error + Send + Sync>> {
        Err(self.0.into())
    }
}

fn perform(house: &House, works: &Works, at: Timestamp) {
    for job in house.hub.claim_jobs(works, "hub-a:7", 9, at).unwrap() {
        house.hub.perform(works, &job, || at, 1.0, &AtomicBool::new(false)).unwrap();
    }
}

/// A job that failed for good; its number.
pub(super) fn fail(house: &House, why: &'static str) -> i64 {
    let id = house.hub.ask_for_job(&clerk(), "derive", now()).unwrap();
    for attempt in 0..i64::from(DERIVE.tries) {
        perform(house, &Works::default().with(Bad(why)), now().checked_add(attempt.hours()).unwrap());
    }
    id
}

/// One that is dead, one that was done, one that a hub has taken and never told of since.
fn house() -> House {
    let house = House::with_accounts();
    let ask = |kind: &str| house.hub.ask_for_job(&clerk(), kind, now()).unwrap();
    assert_eq!(fail(&house, "the <disk> is full"), 1);
    assert_eq!(ask("derive"), 2);
    perform(&house, &built_in(), now());
    assert_eq!(ask("clean-up"), 3);
    assert_eq!(house.hub.claim_jobs(&built_in(), "hub-b:8", 1, now()).unwrap().len(), 1);
    house
}

fn actions(house: &House) -> Vec<(String, String)> {
    house.hub.audit(3).unwrap().into_iter().map(|entry| (entry.actor, entry.action)).collect()
}

#[tokio::test]
async fn the_page_tells_what_is_due_runs_and_failed_and_an_administrator_lets_it_be_tried_again() {
    let house = house();
    let (viewer, admin) = (house.sign_in("viewer").await, house.sign_in("admin").await);
    let page = house.get(&viewer, "/jobs").await.text;
    for words in [
        "marks yesterday and today to be derived",
        "when there is one",
        "UTC+",
        "href=\"/jobs?state=dead&amp;kind=derive\"",
        "The &#60;disk&#62; is full.",
        "attempt 5",
        "hub-b:8<span class=\"sub\">lease until ",
        ">Done<",
        ">Running<",
        "0 weeks wait to be derived",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert!(!page.contains("Try again") && !page.contains("Run now"), "a viewer only looks");
    let narrowed = house.get(&viewer, "/jobs?state=done&kind=derive").await.text;
    assert!(narrowed.contains("0 weeks wait") && !narrowed.contains("attempt 5"), "{narrowed}");
    assert!(house.get(&viewer, "/jobs?kind=notice").await.text.contains("No job matches"));
    let refused = house.get(&viewer, "/jobs?state=asleep").await;
    assert!(refused.status.is_client_error() && refused.text.contains("Use waiting, running, done or dead"));
    let sorted = house.get(&viewer, "/jobs?sort=kind").await.text;
    assert!(
        sorted.contains("aria-sort=\"ascending\"><a href=\"/jobs?sort=kind&amp;order=desc\"")
            || sorted.contains("&#38;order=desc")
    );
    let csv = house.get(&viewer, "/jobs.csv?sort=number").await.text;
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].starts_with("job,kind,state,due,next,lease_until,attempts,worker,started,ended,duration"), "{csv}");
    assert!(rows[1].starts_with("1,derive,dead,") && rows[1].ends_with(",the <disk> is full"), "{csv}");
    assert_eq!(rows.len(), 4);

    let page = house.get(&admin, "/jobs").await.text;
    assert!(page.contains("Try job 1 again") && page.contains("Run clean-up now") && !page.contains("Run notice"));
    let answer = house.post(&admin, "/jobs/retry", "id=1").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/jobs?retried=1"));
    assert!(house.get(&admin, "/jobs?retried=1").await.text.contains("Job 1 is tried again."));
    assert_eq!(actions(&house)[0], ("admin".to_owned(), "job.retry".to_owned()));
    assert_eq!(house.post(&admin, "/jobs/retry", "id=2").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.post(&admin, "/jobs/retry", "").await.header("location"), "/jobs?all=0");
    assert_eq!(house.post(&admin, "/jobs/run", "kind=clean-up").await.header("location"), "/jobs?asked=4");
    assert_eq!(house.post(&admin, "/jobs/run", "kind=dance").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_metrics_of_jobs_have_units_and_count_what_was_taken_from_a_hub_that_is_gone() {
    let house = house();
    let later = now().checked_add(2.minutes()).unwrap();
    perform(&house, &built_in(), later);
    let metrics = house.get(&house.token(TokenKind::Api), "/metrics").await.text;
    for line in [
        "punchclock_job_runs_total{kind=\"derive\"} 6",
        "punchclock_job_failures_total{kind=\"derive\"} 5",
        "punchclock_job_run_seconds_total{kind=\"derive\"} 0",
        "punchclock_job_runs_total{kind=\"clean-up\"} 1",
        "punchclock_job_takeovers_total{kind=\"clean-up\"} 1",
        "punchclock_job_takeovers_total{kind=\"derive\"} 0",
        &format!("punchclock_job_last_success_timestamp_seconds{{kind=\"clean-up\"}} {}", later.as_second()),
        "punchclock_job_queue_depth{kind=\"derive\"} 0",
        "punchclock_job_running{kind=\"clean-up\"} 0",
        "punchclock_job_dead{kind=\"derive\"} 1",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
    assert!(!metrics.contains("last_success_timestamp_seconds{kind=\"notice\"}"), "there was none");
}

#[tokio::test]
async fn a_program_reads_jobs_asks_for_one_and_lets_a_dead_one_be_tried_again_and_an_account_only_reads_there() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let list = house.get(&program, "/api/v1/jobs?sort=number&limit=2").await.json();
    assert_eq!((&list["total"], &list["next_cursor"]), (&json!(3), &json!("at-2")));
    let dead = &list["items"][0];
    assert_eq!((&dead["id"], &dead["state"], &dead["attempts"]), (&json!(1), &json!("dead"), &json!(5)));
    assert_eq!((&dead["outcome"], &dead["duration_seconds"]), (&json!("the <disk> is full"), &json!(0.0)));
    let running = house.get(&program, "/api/v1/jobs/3").await.json();
    assert!(running["lease_until"].as_str().unwrap().ends_with("+00:00"), "{running}");
    assert_eq!((&running["worker"], &running["ended"]), (&json!("hub-b:8"), &json!(null)));
    for path in ["/api/v1/jobs/77", "/api/v1/jobs/x"] {
        assert_eq!(house.get(&program, path).await.status, StatusCode::NOT_FOUND);
    }

    let retried = house.post(&program, "/api/v1/jobs/1/retry", "").await;
    assert_eq!((retried.status, &retried.json()["state"]), (StatusCode::OK, &json!("waiting")));
    assert_eq!(actions(&house)[0], ("token api".to_owned(), "job.retry".to_owned()));
    let asked = house.post(&program, "/api/v1/jobs", r#"{"kind":"clean-up"}"#).await;
    assert_eq!((asked.status, &asked.json()["id"]), (StatusCode::ACCEPTED, &json!(4)));
    assert_eq!(actions(&house)[0], ("token api".to_owned(), "job.run".to_owned()));
    for (body, status) in [("{}", 422), ("kind=derive", 422), (r#"{"kind":"dance"}"#, 404)] {
        let refused = house.post(&program, "/api/v1/jobs", body).await;
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (status, "application/problem+json"));
    }

    let admin = house.sign_in("admin").await;
    assert_eq!(house.get(&admin, "/api/v1/jobs").await.status, StatusCode::OK);
    for visitor in [admin, house.token(TokenKind::Edge), Visitor::default()] {
        for path in ["/api/v1/jobs", "/api/v1/jobs/1/retry"] {
            let refused = house.post(&visitor, path, r#"{"kind":"derive"}"#).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
}
