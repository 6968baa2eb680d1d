//! A PostgreSQL primary dies, and its standby takes over.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use store::{Error, Store};
use testkit::PostgresPair;

fn count_up(store: &Store) -> Result<u32, Error> {
    store.write(|write| {
        let count: u32 = write.setting("count")?.map_or(1, |count| count.parse::<u32>().unwrap() + 1);
        write.put_setting("count", &count.to_string())?;
        Ok(count)
    })
}

fn count(store: &Store) -> Result<Option<String>, Error> {
    store.read(|read| read.setting("count"))
}

#[test]
fn when_a_standby_is_promoted_the_store_goes_on_with_all_that_it_had_acknowledged() {
    let Some(mut pair) = PostgresPair::start().unwrap() else { return };
    let store = Store::connect(&pair.url(), None).unwrap();
    assert_eq!((count_up(&store).unwrap(), count_up(&store).unwrap()), (1, 2));
    pair.kill_primary().unwrap();
    let away = count_up(&store).unwrap_err();
    assert!(matches!(away, Error::Away(_)), "the standby takes no writes: {away}");
    assert!(count(&store).is_err(), "and it is not read from, because it may be behind");
    pair.promote().unwrap();
    assert_eq!(count_up(&store).unwrap(), 3);
    assert_eq!(count(&store).unwrap().as_deref(), Some("3"));
}

#[test]
fn a_store_that_knew_the_new_primary_never_turns_to_the_old_one_that_came_back() {
    let Some(mut pair) = PostgresPair::start().unwrap() else { return };
    let store = Store::connect(&pair.url(), None).unwrap();
    count_up(&store).unwrap();
    pair.kill_primary().unwrap();
    pair.promote().unwrap();
    count_up(&store).unwrap();
    // It is the first of the addresses and takes writes as well.
    pair.start_old_primary().unwrap();
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'punchclock'";
    for more in 3..8 {
        pair.connect().unwrap().batch_execute(end_all).unwrap();
        // A server that has just ended everybody may be slow to take the next.
        let counted = testkit::wait_for("the new one", Duration::from_secs(20), || count_up(&store).ok()).unwrap();
        assert_eq!(counted, more);
    }
    // The new one goes away: rather nothing than the past.
    pair.kill_primary().unwrap();
    let refused = count_up(&store).unwrap_err().to_string();
    assert!(refused.contains("was the primary before another was promoted"), "{refused}");
    assert!(count(&store).is_err());
}

#[test]
fn a_primary_that_an_operator_made_read_only_is_left_for_one_that_takes_writes() {
    let Some(pair) = PostgresPair::start().unwrap() else { return };
    let store = Store::connect(&pair.url(), None).unwrap();
    count_up(&store).unwrap();
    let set = |value: &str| {
        let mut client = pair.connect().unwrap();
        client.batch_execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}")).unwrap();
        client.batch_execute("SELECT pg_reload_conf()").unwrap();
    };
    set("on");
    let takes_none = || matches!(count_up(&store), Err(Error::Away(_) | Error::ReadOnly));
    testkit::wait_until("the setting", Duration::from_secs(20), takes_none).unwrap();
    set("off");
    testkit::wait_until("writes", Duration::from_secs(20), || count_up(&store).is_ok()).unwrap();
}
