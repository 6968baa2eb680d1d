//! The client of a CRM's webhook against a receiver on loopback that fails as it is told.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::time::Duration;

use roads::crm::{Crm, CrmConfig};
use roads::sink::{Answer, Letter, Sink as _};
use roads::template::Template;
use serde_json::{Value, json};
use testkit::{CrmFault, FakeCrm};

const TOKEN: &str = "t0ken";

fn config(url: &str) -> CrmConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    CrmConfig {
        url: url.to_owned(),
        token: TOKEN.to_owned(),
        signing_secret: None,
        template: Template::usual(),
        allow_private: true,
        per_second: 0,
        batch: 0,
        timeout: Some(Duration::from_millis(500)),
    }
}

fn crm(fake: &FakeCrm) -> Crm {
    Crm::new(config(&fake.url())).unwrap()
}

fn letter(number: i64, revision: i64) -> Letter {
    let fields =
        json!({"user_id": format!("E{number}"), "date": "2026-03-04", "clock_in": "2026-03-04T08:00:00+08:00"});
    Letter {
        tenant: 1,
        id: format!("crm/{number}/2026-03-04"),
        revision,
        attempts: 0,
        fields: fields.as_object().unwrap().clone(),
    }
}

fn one(crm: &Crm) -> Answer {
    crm.deliver(&[letter(1, 1)]).remove(0)
}

#[test]
fn a_record_arrives_as_the_predecessors_receivers_know_it_with_its_key_and_its_token() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    assert_eq!(one(&crm(&fake)), Answer::Taken("201 Created: {}".to_owned()));
    let taken = fake.taken();
    let (key, record) = taken.first_key_value().unwrap();
    assert_eq!(key, "crm/1/2026-03-04/1");
    assert_eq!(record.headers["authorization"], "Token t0ken");
    assert_eq!(record.headers["punchclock-revision"], "1");
    let body: Value = serde_json::from_str(&record.body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 8);
    assert_eq!((&body["user_id"], &body["clock_out"]), (&json!("E1"), &Value::Null));
}

#[test]
fn trouble_for_a_time_refusals_and_closed_doors_are_told_apart() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    let crm = crm(&fake);
    let with = |fault| {
        fake.will([fault]);
        one(&crm)
    };
    assert!(matches!(with(CrmFault::Status(500)), Answer::NotNow(_)));
    assert!(matches!(with(CrmFault::Status(422)), Answer::Refused(_)));
    assert!(matches!(with(CrmFault::Status(404)), Answer::Barred(_)), "this record, or all of them");
    assert!(matches!(with(CrmFault::Busy(3_600)), Answer::NotNow(_)), "so long a pause is for the next run");
    let Answer::NotNow(says) = with(CrmFault::Silent) else { panic!("it was silent") };
    assert_eq!(says, "no answer in time; the receiver may have taken it");
    assert!(fake.taken().is_empty());
    fake.want("another");
    let Answer::Closed(says) = one(&crm) else { panic!("the token is another") };
    assert!(says.contains("look at the token") && !says.contains(TOKEN), "{says}");
    assert!(crm.test().unwrap_err().contains("look at the token"));
    fake.want(TOKEN);
    assert_eq!(crm.test().unwrap(), "the receiver answers (405 Method Not Allowed)");
}

#[test]
fn a_record_whose_reply_was_lost_counts_once_when_it_is_sent_again() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    let crm = crm(&fake);
    fake.will([CrmFault::LosesReply]);
    assert!(matches!(one(&crm), Answer::NotNow(_)));
    assert_eq!(fake.taken().len(), 1);
    assert!(matches!(one(&crm), Answer::Taken(_)));
    assert_eq!(fake.taken().len(), 1);
    assert!(matches!(crm.deliver(&[letter(1, 2)]).remove(0), Answer::Taken(_)));
    assert_eq!(fake.taken().len(), 2, "another revision has another key");
}

#[test]
fn a_busy_receiver_is_waited_for_and_the_answers_come_in_the_order_of_the_records() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    fake.will([CrmFault::Busy(0), CrmFault::Busy(1)]);
    fake.refuse(Some("E3\""));
    let letters: Vec<_> = (1..=40).map(|number| letter(number, 1)).collect();
    let answers = crm(&fake).deliver(&letters);
    let refused: Vec<_> = answers.iter().map(|answer| !matches!(answer, Answer::Taken(_))).collect();
    let wanted: Vec<_> = (1..=40).map(|number| number == 3).collect();
    assert_eq!((refused, fake.taken().len()), (wanted, 39));
}

#[test]
fn what_a_receiver_repeats_of_its_address_and_the_token_is_told_by_no_answer() {
    const PATH: &str = "550e8400-e29b-41d4-a716-446655440000";
    let fake = FakeCrm::start(TOKEN).unwrap();
    fake.repeat();
    let url = format!("{}/{PATH}/in?key=5ecret", fake.url());
    for batch in [0, 10] {
        let crm = Crm::new(CrmConfig { batch, ..config(&url) }).unwrap();
        for status in [201, 301, 401, 404, 422, 429, 500] {
            fake.will((0..2).map(|_| CrmFault::Status(status)));
            let says = format!("{:?}", crm.deliver(&[letter(1, 1)]));
            assert!(says.contains("`Token ***` may not POST /attendance/***/in?key=***"), "{status}: {says}");
        }
    }
    // The words that are said of a record of a batch are no others.
    let fake = FakeCrm::start(TOKEN).unwrap();
    let crm = Crm::new(CrmConfig { batch: 10, ..config(&format!("{}?key=no%20such", fake.url())) }).unwrap();
    fake.answer_each();
    for status in [404, 422] {
        fake.refuse_with(status, "E1\"");
        let says = format!("{:?}", crm.deliver(&[letter(1, 1)]));
        assert!(says.contains("*** person"), "{status}: {says}");
    }
}

#[test]
fn no_redirect_is_followed() {
    let (fake, other) = (FakeCrm::start(TOKEN).unwrap(), FakeCrm::start(TOKEN).unwrap());
    fake.will([CrmFault::Moved(other.url())]);
    assert!(matches!(one(&crm(&fake)), Answer::Closed(_)));
    assert_eq!(other.calls(), 0);
}

#[test]
fn a_name_that_leads_to_the_own_network_is_not_connected_to_without_a_word() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    let by_name = fake.url().replace("127.0.0.1", "localhost");
    let public = CrmConfig { allow_private: false, ..config(&by_name.replace("http:", "https:")) };
    let Answer::NotNow(says) = one(&Crm::new(public).unwrap()) else { panic!("it is within") };
    assert!(says.contains("--allow-private"), "{says}");
    assert_eq!(fake.calls(), 0);
    assert!(matches!(one(&Crm::new(config(&by_name)).unwrap()), Answer::Taken(_)), "with it, the name is used");
}

#[test]
fn records_are_signed_when_there_is_a_secret() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    let signing_secret = Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    assert!(matches!(one(&Crm::new(CrmConfig { signing_secret, ..config(&fake.url()) }).unwrap()), Answer::Taken(_)));
    let record = fake.taken().into_values().next().unwrap();
    assert_eq!(record.headers["webhook-id"], "crm/1/2026-03-04/1");
    assert!(record.headers["webhook-timestamp"].parse::<i64>().unwrap() > 1_700_000_000);
    assert!(record.headers["webhook-signature"].starts_with("v1,"));
}

#[test]
fn a_rate_is_kept() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    let crm = Crm::new(CrmConfig { per_second: 50, ..config(&fake.url()) }).unwrap();
    let letters: Vec<_> = (1..=26).map(|number| letter(number, 1)).collect();
    let began = std::time::Instant::now();
    crm.deliver(&letters);
    assert!(began.elapsed() >= Duration::from_millis(490), "{:?}", began.elapsed());
    assert_eq!(fake.taken().len(), 26);
}

fn in_batches(fake: &FakeCrm) -> Crm {
    Crm::new(CrmConfig { batch: 10, ..config(&fake.url()) }).unwrap()
}

fn refused(answers: &[Answer]) -> Vec<usize> {
    let is_refused = |(place, answer): (usize, &Answer)| matches!(answer, Answer::Refused(_)).then_some(place);
    answers.iter().enumerate().filter_map(is_refused).collect()
}

#[test]
fn records_go_in_batches_each_with_its_own_key_and_a_refused_one_is_found_and_holds_up_no_other() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    let letters: Vec<_> = (1..=25).map(|number| letter(number, 1)).collect();
    let answers = in_batches(&fake).deliver(&letters);
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Taken(_))), "{answers:?}");
    assert_eq!((fake.calls(), fake.taken().len()), (3, 25));
    assert!(letters.iter().all(|letter| fake.taken().contains_key(&letter.key())));
    // Refused as a whole, the batch is halved until it is known which; of ten, that is eight more requests at most.
    let fake = FakeCrm::start(TOKEN).unwrap();
    fake.refuse(Some("E3\""));
    let answers = in_batches(&fake).deliver(&letters);
    assert_eq!((refused(&answers), fake.taken().len()), (vec![2], 24));
    assert!(fake.calls() <= 3 + 8, "{}", fake.calls());
    // Also where it does not find whom the record is about.
    let fake = FakeCrm::start(TOKEN).unwrap();
    fake.refuse_with(404, "E3\"");
    let answers = in_batches(&fake).deliver(&letters);
    assert!(matches!(answers[2], Answer::Barred(_)) && fake.taken().len() == 24, "{answers:?}");
    // A receiver that answers for each is asked once.
    let fake = FakeCrm::start(TOKEN).unwrap();
    fake.refuse(Some("E3\""));
    fake.answer_each();
    let answers = in_batches(&fake).deliver(&letters);
    assert_eq!((refused(&answers), fake.taken().len(), fake.calls()), (vec![2], 24, 3));
    assert_eq!(answers[2], Answer::Refused("refused: 422 Unprocessable Entity: no such person".to_owned()));
}

#[test]
fn a_batch_whose_reply_was_lost_goes_again_under_the_same_key_with_the_same_content() {
    let fake = FakeCrm::start(TOKEN).unwrap();
    let letters: Vec<_> = (1..=10).map(|number| letter(number, 1)).collect();
    fake.will([CrmFault::LosesReply]);
    let crm = in_batches(&fake);
    let answers = crm.deliver(&letters);
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Taken(_))), "{answers:?}");
    fake.will([CrmFault::Status(500)]);
    assert!(crm.deliver(&letters).iter().all(|answer| matches!(answer, Answer::NotNow(_))));
    assert!(crm.deliver(&letters).iter().all(|answer| matches!(answer, Answer::Taken(_))));
    let batches = fake.batches();
    assert_eq!((batches.len(), fake.taken().len()), (3, 10));
    assert!(batches.iter().all(|batch| *batch == batches[0]), "{batches:?}");
    // A door that is closed is closed for all.
    fake.want("another");
    assert!(crm.deliver(&letters).iter().all(|answer| matches!(answer, Answer::Closed(_))));
    let text = CrmConfig { batch: 10, template: Template::new(json!("{user_id}")).unwrap(), ..config(&fake.url()) };
    assert!(Crm::new(text).err().unwrap().contains("must be an object"));
}
