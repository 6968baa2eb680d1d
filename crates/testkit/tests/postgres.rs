//! The temporary PostgreSQL, as other tests rely on it.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // a shell's test

use std::{path::Path, time::Duration};

use testkit::{Postgres, wait_until};

#[test]
fn two_clusters_live_side_by_side_and_know_nothing_of_each_other() {
    let (Some(one), Some(two)) = (Postgres::start().unwrap(), Postgres::start().unwrap()) else { return };
    one.connect().unwrap().batch_execute("CREATE TABLE punch (id bigint)").unwrap();
    let exists = |postgres: &Postgres| -> bool {
        let row = postgres.connect().unwrap().query_one("SELECT to_regclass('punch') IS NOT NULL", &[]).unwrap();
        row.get(0)
    };
    assert!(exists(&one));
    assert!(!exists(&two));
}

#[test]
fn text_is_utf8_and_compares_by_byte_order() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let row = postgres.connect().unwrap().query_one("SELECT 'B' < 'a', length('Å')", &[]).unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, i32>(1), 1);
}

#[test]
fn nothing_is_left_when_the_cluster_is_dropped() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let url = postgres.url();
    let folder = url.split_once("host=").unwrap().1.to_owned();
    let pid = std::fs::read_to_string(Path::new(&folder).join("data/postmaster.pid")).unwrap();
    let proc = Path::new("/proc").join(pid.lines().next().unwrap());
    assert!(proc.exists());

    drop(postgres);

    wait_until("the server's end", Duration::from_secs(10), || !proc.exists()).unwrap();
    assert!(!Path::new(&folder).exists());
}
