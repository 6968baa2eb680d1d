//! The list of days shows what a plain filter and sort of all days would, whichever way its keys are found, and reads no row that it
//! does not show.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cmp::Ordering;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use store::Store;
use store::day_list::{ANY, DayQuery, ListedDay, OUTLIER, Order, Place};
use store::days::{Day, DayChanges};
use store::people::Employee;
use testkit::{Chance, Database};

const FIRST: Date = date(2026, 1, 1);
const STATUSES: [&str; 3] = ["present", "absent", "incomplete"];
const EXCEPTIONS: [&str; 3] = ["tardy", "tardy_long", "away"];

/// A store, and what it stands on.
fn store() -> (Store, Option<Database>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    match Database::asked_for().unwrap() {
        Some(database) => (Store::connect(&database.url(), None).unwrap(), Some(database), folder),
        None => (Store::open(&folder.path().join("hub.sqlite")).unwrap(), None, folder),
    }
}

fn employee(code: &str) -> Employee {
    Employee { code: code.to_owned(), is_confirmed: true, ..Employee::default() }
}

fn some_day(employee: i64, date: Date, chance: &mut Chance) -> Day {
    let exceptions: Vec<&str> = EXCEPTIONS.into_iter().filter(|_| chance.below(3) == 0).collect();
    Day {
        employee,
        date,
        status: STATUSES[usize::try_from(chance.below(3)).unwrap()].to_owned(),
        exceptions: if exceptions.is_empty() { String::new() } else { format!(",{},", exceptions.join(",")) },
        worked_minutes: i64::try_from(chance.below(4)).unwrap() * 60,
        tardy_minutes: i64::try_from(chance.below(3)).unwrap(),
        left_early_minutes: 0,
        is_outlier: chance.below(4) == 0,
        record: String::from("{}"),
        inputs: Vec::new(),
        engine: String::from("1"),
        revision: 1,
        derived_us: 7,
    }
}

/// Days of a few people, whose codes do not follow their ids; some were changed, some taken back.
fn filled(store: &Store, chance: &mut Chance) -> Vec<ListedDay> {
    let codes = ["9", "a", "10", "Z", "2"];
    store
        .write(|write| {
            let (mut firsts, mut becomes) = (Vec::new(), Vec::new());
            for code in codes {
                let id = write.add_employee(&employee(code))?;
                for date in FIRST.series(1.day()).take(12) {
                    if chance.below(4) == 0 {
                        continue;
                    }
                    let first = some_day(id, date, chance);
                    becomes.push(match chance.below(3) {
                        0 => None,
                        1 => Some(Day { revision: 2, ..some_day(id, date, chance) }),
                        _ => Some(first.clone()),
                    });
                    firsts.push(first);
                }
            }
            let mut stored = DayChanges::default();
            firsts.iter().for_each(|first| stored.put(first, None));
            write.change_days(stored)?;
            let mut changes = DayChanges::default();
            for (first, becomes) in
                firsts.iter().zip(&becomes).filter(|(first, becomes)| Some(*first) != becomes.as_ref())
            {
                match becomes {
                    Some(changed) => changes.put(changed, Some(first)),
                    None => changes.drop(first),
                }
            }
            write.change_days(changes)?;
            let listed: Vec<Day> = becomes.into_iter().flatten().collect();
            let code = |day: &Day| codes[usize::try_from(day.employee).unwrap() - 1].to_owned();
            let row = |day: Day| ListedDay { code: code(&day), name: String::new(), zone: None, day };
            Ok::<_, store::Error>(listed.into_iter().map(row).collect())
        })
        .unwrap()
}

fn some_query(chance: &mut Chance) -> DayQuery {
    let mut maybe = |most: u64| chance.below(2 * most).checked_sub(most).map(|value| usize::try_from(value).unwrap());
    let near = |days: usize| FIRST + i32::try_from(days).unwrap().days();
    DayQuery {
        from: maybe(8).map(near),
        to: maybe(12).map(near),
        employee: maybe(3).map(|place| ["9", "Z", "nobody"][place].to_owned()),
        exception: maybe(6).map(|place| ["tardy", "tardy_long", "away", "TARDY", ANY, OUTLIER][place].to_owned()),
        status: maybe(3).map(|place| STATUSES[place].to_owned()),
        order: [Order::Date, Order::Employee, Order::Worked, Order::Tardy][usize::try_from(chance.below(4)).unwrap()],
        descending: chance.below(2) == 0,
        ..DayQuery::default()
    }
}

/// The list without any index.
fn plainly(query: &DayQuery, all: &[ListedDay]) -> Vec<ListedDay> {
    let fits = |row: &&ListedDay| {
        query.from.is_none_or(|from| from <= row.day.date)
            && query.to.is_none_or(|to| row.day.date <= to)
            && query.employee.as_ref().is_none_or(|code| *code == row.code)
            && query.exception.as_deref().is_none_or(|code| match code {
                ANY => !row.day.exceptions.is_empty(),
                OUTLIER => row.day.is_outlier,
                code => row.day.exceptions.contains(&format!(",{code},")),
            })
            && query.status.as_ref().is_none_or(|status| *status == row.day.status)
    };
    let mut rows: Vec<ListedDay> = all.iter().filter(fits).cloned().collect();
    let turned = |order: Ordering| if query.descending { order.reverse() } else { order };
    rows.sort_by(|a, b| {
        let (dates, codes) = (a.day.date.cmp(&b.day.date), a.code.cmp(&b.code));
        match query.order {
            Order::Date => turned(dates).then(codes),
            Order::Employee => turned(codes).then(dates),
            Order::Worked => turned(a.day.worked_minutes.cmp(&b.day.worked_minutes).then(dates)).then(codes),
            Order::Tardy => turned(a.day.tardy_minutes.cmp(&b.day.tardy_minutes).then(dates)).then(codes),
        }
    });
    rows
}

fn place(row: &ListedDay, order: Order) -> Place {
    let minutes = if order == Order::Worked { row.day.worked_minutes } else { row.day.tardy_minutes };
    Place { minutes, date: row.day.date, code: row.code.clone() }
}

#[test]
fn every_list_is_what_a_plain_filter_and_sort_of_all_days_gives() {
    let (store, _database, _folder) = store();
    let chance = &mut Chance::new(6);
    let all = filled(&store, chance);
    for _ in 0..testkit::how_many("PUNCHCLOCK_DAY_LISTS", 400) {
        let query = some_query(chance);
        let wanted = plainly(&query, &all);
        let (some, none) = (Some(wanted.len() as u64), None);
        let size = u32::try_from(1 + chance.below(9)).unwrap();
        store
            .read(|read| {
                assert_eq!(read.count_days(&query)?, some, "{query:?}");
                for matching in [some, none] {
                    assert_eq!(read.list_days(&query, matching)?, wanted, "{matching:?} {query:?}");
                    let mut parts = Vec::new();
                    loop {
                        let after = parts.last().map(|row| place(row, query.order));
                        let part = read.list_days(&DayQuery { after, limit: size, ..query.clone() }, matching)?;
                        let offset = u32::try_from(parts.len()).unwrap();
                        let same = read.list_days(&DayQuery { offset, limit: size, ..query.clone() }, matching)?;
                        assert_eq!(part, same, "{matching:?} {query:?}");
                        if part.is_empty() {
                            break;
                        }
                        parts.extend(part);
                    }
                    assert_eq!(parts, wanted, "in parts of {size}: {matching:?} {query:?}");
                }
                Ok::<_, store::Error>(())
            })
            .unwrap();
    }
}

#[test]
fn each_list_finds_its_keys_by_the_index_of_its_leading_filter_or_of_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.sqlite");
    Store::open(&path).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let lists = store::statements()
        .into_iter()
        .filter_map(|(name, sql)| name.strip_prefix("list of days by ").map(|index| (index, sql)));
    let mut looked_at = 0;
    for (index, sql) in lists {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let values = vec![rusqlite::types::Null; explain.parameter_count()];
        let plan = explain.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = plan.map(Result::unwrap).collect();
        let first = plan.iter().find(|step| step.starts_with("SEARCH") || step.starts_with("SCAN")).unwrap();
        let keys = plan.iter().find(|step| step.starts_with("SEARCH k") || step.starts_with("SCAN")).unwrap();
        let has_date = ["AND k.date >", "AND k.date <", "ORDER BY k.date"].into_iter().any(|part| sql.contains(part));
        let leads_by = |columns: &str| keys.contains(&format!(" ({columns}"));
        let is_served = match index {
            // Where neither dates nor their order are asked for, any index that leads with the rest does as well.
            "day_by_date" if !has_date => leads_by("tenant=?)"),
            "day_by_status" if !has_date => leads_by("tenant=? AND status=?)"),
            "day_exception" if !has_date => leads_by("tenant=? AND exception=?)"),
            "day_exception_by_status" if !has_date => leads_by("tenant=? AND exception=? AND status=?)"),
            // A table without rowids is its own index.
            "day" => keys.contains("USING PRIMARY KEY") && leads_by("tenant=? AND employee=?"),
            "day_exception" => keys.contains("USING PRIMARY KEY") && leads_by("tenant=? AND exception=?"),
            index => keys.contains(&format!("INDEX {index} (")),
        };
        // Where all rows of days are read, their keys need not be known before.
        let is_narrow = keys.contains("COVERING INDEX") || index == "day_exception" || sql.starts_with("SELECT k.");
        assert!(keys.starts_with("SEARCH k") && is_served && is_narrow, "not by {index}: {plan:#?}\n{sql}");
        let is_of_people = index == "day" || index.ends_with("employee");
        assert_eq!(first.starts_with("SEARCH e"), is_of_people, "{plan:#?}\n{sql}");
        looked_at += 1;
    }
    assert!(looked_at > 1_000, "{looked_at}");
}

/// A year of a few hundred people, a third of their days with an exception.
const MADE_DAYS: &str = "
    INSERT INTO employee (tenant, id, code, name, is_confirmed) SELECT 1, n, 'E' || n, '', 1 FROM generate_series(1, 300) n;
    INSERT INTO day (tenant, employee, date, status, exceptions, worked_minutes, tardy_minutes, left_early_minutes, is_outlier, record,
        inputs, engine, revision, derived_us)
      SELECT 1, e, CAST(DATE '2026-01-01' + d AS TEXT), CASE (e + d) % 50 WHEN 0 THEN 'absent' ELSE 'present' END,
        CASE (e * d) % 3 WHEN 0 THEN ',tardy,' ELSE '' END, (e * d) % 600, (e * d) % 90, 0, 0, repeat('r', 700), '', '1', 1, 1
      FROM generate_series(1, 300) e CROSS JOIN generate_series(0, 299) d;
    INSERT INTO day_exception (tenant, exception, date, employee, status, worked_minutes, tardy_minutes)
      SELECT tenant, code, date, employee, status, worked_minutes, tardy_minutes FROM day CROSS JOIN UNNEST(ARRAY['any', 'tardy']) code
      WHERE exceptions <> '';
    ANALYZE";

/// The statement with a value for each parameter, by the text before it.
fn with_values(sql: &str) -> String {
    // A week, or what comes before or after.
    let is_range = sql.contains("date >= ") && sql.contains("date <= ");
    let (from, to) = if is_range { ("'2026-05-01'", "'2026-05-07'") } else { ("'2026-10-20'", "'2026-01-07'") };
    let mut parts = sql.split('$');
    let mut said = parts.next().unwrap().to_owned();
    for part in parts {
        let date = match (said.ends_with("date >= "), said.ends_with("date <= ")) {
            (true, _) => from,
            (_, true) => to,
            _ => "'2026-05-03'",
        };
        let values = [
            ("tenant", "1"),
            ("exception", "'tardy'"),
            ("status", "'absent'"),
            ("date", date),
            ("code", "'E7'"),
            ("minutes", "480"),
            // Of a place: its minutes, then its date.
            ("date)", "480"),
            ("480,", "'2026-05-01'"),
            ("LIMIT", "50"),
            ("OFFSET", "0"),
        ];
        let column = said.trim_end_matches(['(', ' ', '<', '>', '=']).to_owned();
        let value = values.into_iter().find(|(before, _)| column.ends_with(before));
        let (_, value) = value.unwrap_or(("", "no value"));
        said = said + value + part.trim_start_matches(|digit: char| digit.is_ascii_digit());
    }
    said
}

#[test]
fn postgres_reads_a_table_from_its_first_row_to_its_last_only_where_all_are_asked_for() {
    let Some(database) = Database::create().unwrap() else { return };
    Store::connect(&database.url(), None).unwrap();
    let mut client = postgres::Client::connect(&database.superuser_url(), postgres::NoTls).unwrap();
    client.batch_execute(MADE_DAYS).unwrap();
    // As a hub asks, behind row-level security.
    let mut client = postgres::Client::connect(&database.url(), postgres::NoTls).unwrap();
    client.batch_execute("SET punchclock.tenant = '1'").unwrap();
    let (mut looked_at, mut whole) = (0, 0);
    for (name, sql) in store::statements() {
        let Some(index) = name.strip_prefix("list of days by ") else { continue };
        let rows = client.query(&format!("EXPLAIN {}", with_values(&sql)), &[]).unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        // What all rows are read for is read as it comes.
        let is_export = sql.starts_with("SELECT k.employee") || sql.starts_with("SELECT d.employee");
        let is_narrowed = sql.contains("date >") || sql.contains("date <") || index.contains("status");
        let is_all = ["day", "day_by_date", "day_exception"].contains(&index) && !is_narrowed;
        let reads_whole = plan.iter().any(|step| step.contains("Seq Scan on day"));
        assert!(is_all || is_export || !reads_whole, "{index}: {}\n{sql}", plan.join("\n"));
        looked_at += 1;
        whole += usize::from(reads_whole);
    }
    assert!(looked_at > 1_000 && whole > 0, "{looked_at}, {whole}");
}
