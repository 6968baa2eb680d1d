//! Punches on PostgreSQL lie in partitions by the year that their terminals printed.
#![allow(missing_docs)]

use std::{fs, thread};

use anyhow::{Context as _, Result, ensure};
use attendance::punch::{Channel, PrintedTime, RawPunch};
use postgres::{Client, NoTls};
use store::Store;
use store::punches::NewPunch;
use testkit::Database;

/// The last script before punches had partitions.
const WHOLE: &str = "0023_";
/// The year by the server's clock.
const THIS: &str = "CAST(extract(year FROM now()) AS INTEGER)";

fn superuser(database: &Database) -> Result<Client> {
    Ok(Client::connect(&database.superuser_url(), NoTls)?)
}

fn said(time: &str) -> RawPunch {
    RawPunch {
        origin: String::from("A1"),
        user: String::from("12"),
        time: PrintedTime::parse(time),
        state: Some(0),
        verify: None,
        work_code: None,
        original: time.as_bytes().to_vec(),
    }
}

/// Whether each punch was new.
fn store_punches(store: &Store, times: &[&str]) -> Result<Vec<bool>> {
    let said: Vec<RawPunch> = times.iter().map(|time| said(time)).collect();
    let new: Vec<NewPunch<'_>> = said
        .iter()
        .map(|said| NewPunch { fingerprint: said.fingerprint(), said, channel: Channel::File, received_us: 1 })
        .collect();
    Ok(store.write(|write| write.insert_punches(&new))?)
}

/// The partition of each punch, by what was printed.
fn partitions(client: &mut Client) -> Result<Vec<(String, String)>> {
    let rows = client.query(
        "SELECT convert_from(original, 'UTF8'), tableoid::regclass::text FROM punch ORDER BY fingerprint",
        &[],
    )?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn year(client: &mut Client, after: i32) -> Result<i32> {
    Ok(client.query_one(&format!("SELECT {THIS} + $1"), &[&after])?.get(0))
}

fn is_there(client: &mut Client, year: i32) -> Result<bool> {
    Ok(client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&format!("punch_{year}")])?.get(0))
}

const TIMES: [&str; 8] = [
    "no date",
    "1999-12-31 23:59:59",
    "2000-01-01 00:00:00",
    "2019-12-31 23:59:59",
    "2020-01-01 00:00:00",
    "2026-07-01 08:00:00",
    "2026-12-31 23:59:59",
    "2123-01-01 00:00:00",
];
const WHERE: [&str; 8] = [
    "punch_other",
    "punch_other",
    "punch_other",
    "punch_2019",
    "punch_2020",
    "punch_2026",
    "punch_2026",
    "punch_other",
];

#[test]
fn the_punches_of_an_older_database_move_into_the_years_that_they_were_printed_in() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    let mut client = Client::connect(&database.url(), NoTls)?;
    let mut scripts = Vec::new();
    for script in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres"))? {
        scripts.push(script?.path());
    }
    scripts.sort();
    let last = scripts.iter().position(|path| path.display().to_string().contains(WHOLE)).context("the script")?;
    for path in &scripts[..=last] {
        client.batch_execute(&fs::read_to_string(path)?)?;
    }
    let version = i64::try_from(last + 1)?;
    client.batch_execute("CREATE TABLE schema_version (version BIGINT NOT NULL)")?;
    client.execute("INSERT INTO schema_version (version) VALUES ($1)", &[&version])?;
    for time in TIMES {
        let said = said(time);
        let seconds = said.time.seconds();
        client.execute(
            "INSERT INTO punch (tenant, fingerprint, origin, user_number, printed_seconds, channel, received_us, original)
             VALUES (1, $1, 'A1', '12', $2, 'file', 1, $3)",
            &[&said.fingerprint().0.as_slice(), &seconds, &said.original],
        )?;
    }
    let store = Store::connect(&database.url(), None)?;
    let mut client = superuser(&database)?;
    let expected: Vec<(String, String)> = TIMES.map(str::to_owned).into_iter().zip(WHERE.map(str::to_owned)).collect();
    assert_eq!(partitions(&mut client)?, expected);
    assert_eq!(store_punches(&store, &TIMES)?, [false; 8], "each is known");
    for attempt in [
        "UPDATE punch SET user_number = '13'",
        "DELETE FROM punch",
        "DELETE FROM punch_other",
        "UPDATE punch_2026 SET origin = ''",
        "TRUNCATE punch_other",
        "TRUNCATE punch_2026",
    ] {
        let refused = client.batch_execute(attempt).err().context(attempt)?;
        assert!(
            refused.as_db_error().is_some_and(|said| said.message().contains("insert only")),
            "{attempt}: {refused}"
        );
    }
    Ok(())
}

#[test]
fn what_is_moved_into_an_empty_database_lies_in_the_years_that_it_was_printed_in() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let file = Store::open(&folder.path().join("hub.sqlite"))?;
    store_punches(&file, &TIMES)?;
    let server = Store::connect(&database.url(), None)?;
    store::moving::copy(&file, &server)?;
    let mut client = superuser(&database)?;
    let expected: Vec<(String, String)> = TIMES.map(str::to_owned).into_iter().zip(WHERE.map(str::to_owned)).collect();
    assert_eq!(partitions(&mut client)?, expected);
    let mut owner = Client::connect(&database.url(), NoTls)?;
    assert_eq!(owner.query_one("SELECT COUNT(*) FROM punch_2019", &[])?.get::<_, i64>(0), 0, "fenced");
    Ok(())
}

#[test]
fn a_year_that_gets_its_partition_later_takes_its_punches_along() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    let store = Store::connect(&database.url(), None)?;
    let mut client = superuser(&database)?;
    let next = year(&mut client, 1)?;
    client.batch_execute(&format!("DROP TABLE punch_{next}"))?;
    let times = [
        "no date".to_owned(),
        "2012-03-01 08:00:00".to_owned(),
        format!("{next}-01-01 00:00:00"),
        format!("{next}-12-31 23:59:59"),
        format!("{}-01-01 00:00:00", next + 1),
    ];
    let times = times.each_ref().map(String::as_str);
    assert_eq!(store_punches(&store, &times)?, [true; 5]);
    assert!(partitions(&mut client)?.iter().all(|(_, partition)| partition == "punch_other"));
    // The next start of a hub.
    let store = Store::connect(&database.url(), None)?;
    let in_next = format!("punch_{next}");
    let lie_in: Vec<String> = partitions(&mut client)?.into_iter().map(|(_, partition)| partition).collect();
    assert_eq!(lie_in, ["punch_other", "punch_2012", &in_next, &in_next, "punch_other"], "those of old files go along");
    assert_eq!(store_punches(&store, &times)?, [false; 5], "each is known");
    assert_eq!(store.read(|read| read.punch_count())?, 5);
    // What was made anew is fenced and guarded as what was there.
    let mut owner = Client::connect(&database.url(), NoTls)?;
    for table in ["punch", "punch_other", &in_next] {
        assert_eq!(owner.query_one(&format!("SELECT COUNT(*) FROM {table}"), &[])?.get::<_, i64>(0), 0, "{table}");
        for attempt in ["DELETE FROM", "TRUNCATE"] {
            let refused = client.batch_execute(&format!("{attempt} {table}")).err().context("taken away")?;
            let is_guard = refused.as_db_error().is_some_and(|said| said.message().contains("insert only"));
            assert!(is_guard, "{attempt} {table}: {refused}");
        }
    }
    Ok(())
}

#[test]
fn hubs_that_start_together_make_each_year_once() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    Store::connect(&database.url(), None)?;
    let mut client = superuser(&database)?;
    let years = [year(&mut client, 0)?, year(&mut client, 1)?];
    for year in years {
        client.batch_execute(&format!("DROP TABLE punch_{year}"))?;
    }
    thread::scope(|scope| {
        let hubs: Vec<_> = (0..4).map(|_| scope.spawn(|| Store::connect(&database.url(), None).map(drop))).collect();
        hubs.into_iter()
            .try_for_each(|hub| Ok::<_, anyhow::Error>(hub.join().map_err(|_| anyhow::anyhow!("a panic"))??))
    })?;
    ensure!(is_there(&mut client, years[0])? && is_there(&mut client, years[1])?, "a year has no partition");
    Ok(())
}

#[test]
fn while_somebody_reads_for_long_a_hub_starts_and_stores_without_the_partition() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    Store::connect(&database.url(), None)?;
    let mut client = superuser(&database)?;
    let next = year(&mut client, 1)?;
    client.batch_execute(&format!("DROP TABLE punch_{next}"))?;
    let mut reader = superuser(&database)?;
    reader.batch_execute("BEGIN; SELECT COUNT(*) FROM punch")?;
    // The reader goes on until after it.
    let store = Store::connect(&database.url(), None)?;
    assert_eq!(store_punches(&store, &[&format!("{next}-03-01 08:00:00")])?, [true]);
    ensure!(!is_there(&mut client, next)?, "the reader was not waited for");
    reader.batch_execute("COMMIT")?;
    Store::connect(&database.url(), None)?;
    assert_eq!(partitions(&mut client)?[0].1, format!("punch_{next}"));
    Ok(())
}

#[test]
fn a_look_up_opens_the_partition_of_its_year_only() -> Result<()> {
    let Some(database) = Database::create()? else { return Ok(()) };
    Store::connect(&database.url(), None)?;
    let mut client = superuser(&database)?;
    let this = year(&mut client, 0)?;
    let of = said(&format!("{this}-07-01 08:00:00")).fingerprint();
    let sql = format!("EXPLAIN SELECT origin FROM punch WHERE tenant = 1 AND fingerprint = '\\x{of}'");
    let plan: Vec<String> = client.query(&sql, &[])?.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains(&format!("punch_{this}")), "{plan}");
    assert!(!plan.contains("punch_other") && !plan.contains(&format!("punch_{}", this + 1)), "{plan}");
    Ok(())
}
