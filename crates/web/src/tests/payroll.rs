//! Payroll files and their layouts, as programs and pages ask for them.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hub::{Actor, TokenKind};
use serde_json::json;

use super::house::{Answer, House, Visitor, clerk, now};

const RANGE: &str = "from=2026-01-05&to=2026-01-09";
const OURS: &str = "title = \"Our bureau\"\nunmapped = \"keep\"\n[values]\nclient = \"\"\n[[columns]]\ntitle = \"Client\"\n\
    text = \"{client}\"\n[[columns]]\ntitle = \"Who\"\nfield = \"employee\"\n[[columns]]\ntitle = \"Hours\"\nfield = \"hours\"\n";

/// The columns of a layout that asks for nothing.
pub(super) const PLAIN: &str = "unmapped = \"keep\"\n[[columns]]\ntitle = \"H\"\nfield = \"hours\"\n";

/// One person with a day that is whole and one that is not.
fn house() -> House {
    let house = House::with_accounts();
    let lines =
        "7\t2026-01-05 08:00:00\t1\t0\t1\t0\n7\t2026-01-05 18:00:00\t1\t1\t1\t0\n7\t2026-01-06 08:00:00\t1\t0\t1\t0\n";
    house.import("A1", lines, true);
    house
}

async fn ask(house: &House, program: &Visitor, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
    house.ask(program, request).await
}

fn exports(house: &House) -> Vec<(String, String)> {
    let audit = house.hub.audit(50).unwrap().into_iter().filter(|entry| entry.action == "payroll.export");
    audit.map(|entry| (entry.actor, entry.detail)).collect()
}

#[tokio::test]
async fn a_program_saves_a_layout_uses_it_and_takes_it_away() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let at = "/api/v1/payroll/layouts/bureau";
    assert_eq!(ask(&house, &program, "GET", at, "").await.status, StatusCode::NOT_FOUND);
    let saved = ask(&house, &program, "PUT", at, &json!({ "toml": OURS }).to_string()).await;
    assert_eq!((saved.status, &saved.json()["title"]), (StatusCode::OK, &json!("Our bureau")), "{}", saved.text);
    assert_eq!(saved.json()["by"], json!("token api"));
    let listed = house.get(&program, "/api/v1/payroll/layouts").await.json();
    assert_eq!(listed["items"], json!([ask(&house, &program, "GET", at, "").await.json()]));

    let empty = house.get(&program, &format!("/api/v1/payroll?{RANGE}&layout=bureau")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.text.contains("client") && empty.text.contains("is empty"), "{}", empty.text);
    let file = house.get(&program, &format!("/api/v1/payroll?{RANGE}&layout=bureau&value.client=C9")).await;
    assert_eq!(file.text.lines().next(), Some("Client,Who,Hours"));
    assert!(file.text.contains("\r\nC9,7,"), "{}", file.text);
    assert!(file.header("content-disposition").contains("payroll_2026-01-05_2026-01-09.csv"));
    let digest = blake3_of(&file);
    assert_eq!(file.header("etag"), format!("\"{digest}\""));
    assert_eq!(exports(&house), [("token api".to_owned(), format!("bureau, 1 rows, blake3 {digest}"))]);

    assert_eq!(ask(&house, &program, "DELETE", at, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(ask(&house, &program, "DELETE", at, "").await.status, StatusCode::NOT_FOUND);
    let gone = house.get(&program, &format!("/api/v1/payroll?{RANGE}&layout=bureau")).await;
    assert!(gone.text.contains("no layout `bureau`") && gone.text.contains("adp"), "{}", gone.text);
}

fn blake3_of(file: &Answer) -> String {
    let mut digesting = hub::Digesting::new(std::io::sink());
    std::io::Write::write_all(&mut digesting, file.text.as_bytes()).unwrap();
    digesting.digest()
}

#[tokio::test]
async fn presets_are_listed_copied_and_never_written_over() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let presets = house.get(&program, "/api/v1/payroll/presets").await.json();
    assert_eq!(presets["total"], json!(hub::layouts::PRESETS.len()));
    assert!(presets["items"][1]["source"].as_str().unwrap().contains("ADP"));
    let copy = ask(&house, &program, "PUT", "/api/v1/payroll/layouts/our-adp", r#"{"from": "adp"}"#).await;
    assert_eq!(copy.json()["toml"], presets["items"][1]["toml"]);
    for (path, body, says) in [
        ("/api/v1/payroll/layouts/adp", r#"{"from": "csv"}"#, "comes along"),
        ("/api/v1/payroll/layouts/a", r#"{"from": "none"}"#, "no layout `none`"),
        ("/api/v1/payroll/layouts/a", r#"{"toml": "colour = 1"}"#, "colour"),
        ("/api/v1/payroll/layouts/a", "{}", "Send it like"),
    ] {
        let refused = ask(&house, &program, "PUT", path, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_file_is_taken_in_each_format_by_whoever_may_read_and_the_audit_trail_names_them() {
    let house = house();
    let (program, hr) = (house.token(TokenKind::Api), house.sign_in("hr").await);
    let rows = house.get(&program, &format!("/api/v1/payroll?{RANGE}&format=json")).await.json();
    assert!(rows[0]["minutes"].is_number(), "{rows}");
    let csv = house.get(&hr, &format!("/api/v1/payroll?{RANGE}&format=csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let told: Vec<_> = exports(&house).into_iter().map(|(who, what)| (who, what[..11].to_owned())).collect();
    assert_eq!(told, [("hr".to_owned(), "csv as csv,".to_owned()), ("token api".to_owned(), "csv as json".to_owned())]);
    for (query, says) in [
        ("from=2026-01-05", "`to` is missing"),
        ("from=2026-01-09&to=2026-01-05", "before it starts"),
        (&format!("{RANGE}&format=pdf"), "Use csv, xlsx or json"),
        (&format!("{RANGE}&value.colour=red"), "no value `colour`"),
    ] {
        let refused = house.get(&program, &format!("/api/v1/payroll?{query}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
    house.hub.save_layout(&clerk(), "bureau", OURS, now()).unwrap();
    let by_cookie = ask(&house, &hr, "DELETE", "/api/v1/payroll/layouts/bureau", "").await;
    assert_eq!(by_cookie.status, StatusCode::UNAUTHORIZED, "the cookie alone changes nothing");
}

/// The form with a provider's sample.
pub(super) fn sample_form(layout: &str, sample: &str) -> Request<Body> {
    let part = |name: &str, more: &str, body: &str| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{body}\r\n")
    };
    let file = if sample.is_empty() { "" } else { "s.csv" };
    let body = part("layout", "", layout) + &part("sample", &format!("; filename=\"{file}\""), sample) + "--edge--\r\n";
    let request = Request::post("/payroll/check").header("content-type", "multipart/form-data; boundary=edge");
    request.header("host", "hub.example").body(Body::from(body)).unwrap()
}

/// What a form sends.
fn form(pairs: &[(&str, &str)]) -> String {
    crate::forms::query(pairs)
}

#[tokio::test]
async fn the_page_shows_the_file_before_it_is_taken_says_what_is_doubtful_and_lists_who_took_it() {
    let house = house();
    let (viewer, hr) = (house.sign_in("viewer").await, house.sign_in("hr").await);
    let page = house.get(&viewer, &format!("/payroll?{RANGE}&layout=csv")).await.text;
    for words in [
        "payroll_2026-01-05_2026-01-09.csv",
        "<td>REG</td>",
        "employee,name,department,date,corrects,code,hours,minutes",
        "These dates are not locked",
        "not judged or incomplete: 7 on",
        "Nobody has taken a payroll file out yet",
        "payroll target add NAME --folder",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    assert!(house.get(&viewer, "/").await.text.contains("href=\"/payroll\""), "the navigation leads there");
    let digest = {
        let file = house.get(&hr, &format!("/payroll/file?{RANGE}&layout=csv")).await;
        assert!(file.header("content-disposition").contains("payroll_2026-01-05_2026-01-09.csv"));
        blake3_of(&file)
    };
    let page = house.get(&viewer, "/payroll").await.text;
    assert!(page.contains(&digest) && page.contains("<strong>hr</strong>"), "{page}");
    assert_eq!(exports(&house)[0].0, "hr");

    // A code without a place is named, and a value that is asked for has a field.
    house.hub.save_layout(&clerk(), "bureau", OURS, now()).unwrap();
    let page = house.get(&viewer, &format!("/payroll?{RANGE}&layout=bureau")).await.text;
    assert!(page.contains("value `client` is empty") && page.contains("name=\"value.client\""), "{page}");
    let page = house.get(&viewer, &format!("/payroll?{RANGE}&layout=bureau&value.client=C%3C9")).await.text;
    assert!(page.contains("<td>C&#60;9</td>") && page.contains("value.client=C%3C9"), "{page}");
    let page = house.get(&viewer, "/payroll?from=2026-01-09&to=2026-01-05").await.text;
    assert!(page.contains("before it starts") && !page.contains("/payroll/file?"), "{page}");
    assert!(house.get(&viewer, &format!("/payroll?{RANGE}&format=pdf")).await.status.is_client_error());
}

#[tokio::test]
async fn a_target_that_lacks_a_locked_periods_file_is_shown_until_it_has_it() {
    let house = house();
    let folder = tempfile::tempdir().unwrap();
    let target = hub::PayTarget {
        name: "bureau".to_owned(),
        way: hub::PayWay::Folder(folder.path().to_owned()),
        layout: hub::layouts::preset("csv").unwrap(),
        since_us: 0,
    };
    house.hub.add_pay_target(&clerk(), &target, None, now()).unwrap();
    let viewer = house.sign_in("viewer").await;
    assert!(house.get(&viewer, "/payroll").await.text.contains("Has every file"));
    let week = (jiff::civil::date(2026, 1, 5), jiff::civil::date(2026, 1, 9));
    house.hub.lock(&clerk(), week, Some("as it is"), now()).unwrap();
    let page = house.get(&viewer, "/payroll").await.text;
    assert!(page.contains("1 to go") && page.contains("from=2026-01-05&#38;to=2026-01-09"), "{page}");
    assert!(!page.contains("These dates are not locked"), "the locked period is what is shown first");

    let works = hub::jobs::built_in().only("payroll");
    let claimed = house.hub.claim_jobs(&works, "worker", 1, now()).unwrap();
    house.hub.perform(&works, &claimed[0], now, 1.0, &std::sync::atomic::AtomicBool::new(false)).unwrap();
    let page = house.get(&viewer, "/payroll").await.text;
    assert!(
        page.contains("Has every file") && page.contains("payroll_2026-01-05_2026-01-09.csv was written."),
        "{page}"
    );
    assert!(page.contains("/payroll/records?deed=delivered"), "{page}");
}

#[tokio::test]
async fn what_became_of_periods_is_one_list_filtered_sorted_paged_and_taken_as_a_file() {
    let house = house();
    let week = |number: i8| (jiff::civil::date(2025, 1, number), jiff::civil::date(2025, 1, number + 1));
    for number in 1..30 {
        let at = now() + jiff::SignedDuration::from_mins(number.into());
        house.hub.note_export(&clerk(), week(number), &format!("csv {number}"), number as usize, "d1gest", at).unwrap();
        house.hub.note_export(&Actor::new("bob"), week(number), "adp", 1, "d2gest", at).unwrap();
    }
    let range = (jiff::civil::date(2026, 1, 5), jiff::civil::date(2026, 1, 9));
    house.hub.lock(&clerk(), range, Some("as it is"), now()).unwrap();
    let (viewer, program) = (house.sign_in("viewer").await, house.token(TokenKind::Api));
    let page = async |query: &str| house.get(&viewer, &format!("/payroll/records?{query}")).await.text;
    let csv = async |query: &str| {
        let text = house.get(&viewer, &format!("/payroll/records.csv?{query}")).await.text;
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let first = page("").await;
    assert!(first.contains("1\u{2013}50 of 59") && first.contains("Page 1 of 2"), "{first}");
    assert!(page("page=2").await.contains("as it is"), "the lock is the oldest");
    let locked = csv("deed=locked").await;
    assert_eq!(locked.len(), 1);
    assert!(locked[0].starts_with("locked,") && locked[0].contains(",2026-01-05,2026-01-09,"), "{locked:?}");
    assert_eq!(csv("text=bob").await.len(), 29);
    assert_eq!(csv("text=csv&from=2025-01-10&to=2025-01-11").await.len(), 3);
    let most = csv("sort=rows&order=desc&deed=taken_out").await;
    assert!(most[0].contains(",csv 29,29,d1gest,"), "{}", most[0]);
    assert!(csv("sort=period").await[0].contains(",2025-01-01,2025-01-02,"));
    assert!(first.contains("/payroll/records.csv?"), "{first}");
    let refused = house.get(&viewer, "/payroll/records?deed=eaten").await;
    assert!(refused.status.is_client_error() && refused.text.contains("Use locked, delivered"), "{}", refused.text);

    let list = house.get(&program, "/api/v1/payroll/records?sort=rows&limit=1").await.json();
    assert_eq!((&list["total"], &list["items"][0]["deed"]), (&json!(59), &json!("locked")));
    assert_eq!((&list["items"][0]["rows"], &list["items"][0]["what"]), (&json!(null), &json!("as it is")));
}

#[tokio::test]
async fn a_sample_is_compared_and_each_difference_is_told() {
    let house = house();
    let (viewer, hr) = (house.sign_in("viewer").await, house.sign_in("hr").await);
    let compare = async |who: &Visitor, sample: &str| house.ask(who, sample_form("csv", sample)).await;
    let same = house.get(&hr, &format!("/payroll/file?{RANGE}")).await.text;
    assert!(compare(&hr, &same).await.text.contains("s.csv is as csv writes it"));
    let other = compare(&hr, &same.replace(',', ";").replace("minutes", "Min")).await.text;
    for words in
        ["the layout writes commas, the sample has semicolons.", "`minutes` of the layout is not in the sample."]
    {
        assert!(other.contains(words), "{words}: {other}");
    }
    assert!(compare(&hr, "").await.text.contains("There is no sample in the form"));
    assert_eq!(compare(&viewer, &same).await.status, StatusCode::FORBIDDEN);
}

/// The fields of a form as a browser would send them back.
fn fields(page: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        let named = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
        named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(plain(rest.split_once('"')?.0))
    };
    let start = page.find("class=\"layout\"").unwrap();
    let form = &page[start..start + page[start..].find("</form>").unwrap()];
    let mut fields = Vec::new();
    for piece in form.split('<').skip(1) {
        let (tag, after) = piece.split_once('>').unwrap_or((piece, ""));
        let name = attribute(tag, "name");
        match (tag.split(' ').next(), name) {
            (Some("input"), Some(name)) if tag.contains(" checked") => fields.push((name, "on".to_owned())),
            (Some("input"), Some(_)) if tag.contains("type=\"checkbox\"") => {}
            (Some("input"), Some(name)) => fields.push((name, attribute(tag, "value").unwrap_or_default())),
            (Some("textarea"), Some(name)) => fields.push((name, plain(after))),
            (Some("select"), Some(name)) => fields.push((name, String::new())),
            (Some("option"), _) if tag.contains(" selected") => {
                fields.last_mut().unwrap().1 = attribute(tag, "value").unwrap();
            }
            _ => {}
        }
    }
    fields
}

fn send(fields: &[(String, String)], changes: &[(&str, &str)]) -> String {
    let kept = fields.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let mut pairs: Vec<(&str, &str)> = kept.map(|(name, text)| (name.as_str(), text.as_str())).collect();
    pairs.extend(changes);
    let pairs =
        pairs.iter().map(|(name, text)| format!("{}={}", crate::forms::encode(name), crate::forms::encode(text)));
    pairs.collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn what_the_designer_shows_of_each_preset_is_saved_as_that_preset() {
    let house = house();
    let hr = house.sign_in("hr").await;
    for (name, _) in hub::layouts::PRESETS {
        let page = house.get(&hr, &format!("/payroll/layout?start={name}")).await;
        assert_eq!(page.status, StatusCode::OK, "{name}");
        let saved = house.post(&hr, "/payroll/layout", &send(&fields(&page.text), &[("what", "save")])).await;
        assert_eq!(saved.header("location"), format!("/payroll/layout?start=our-{name}&saved=true"), "{}", saved.text);
        // What is left out has no order.
        let sorted = |mut layout: hub::layouts::Layout| {
            layout.drop.sort();
            layout
        };
        let (ours, preset) = (house.hub.pay_layout(&format!("our-{name}")), hub::layouts::preset(name));
        assert_eq!(sorted(ours.unwrap()), sorted(preset.unwrap()), "{name}");
    }
}

#[tokio::test]
async fn a_layout_is_designed_tried_and_saved_and_what_cannot_be_names_the_field_and_the_cure() {
    let house = house();
    let hr = house.sign_in("hr").await;
    let start = fields(&house.get(&hr, "/payroll/layout?start=csv").await.text);
    let dates = [("from", "2026-01-05"), ("to", "2026-01-09"), ("name", "bureau")];
    let post = async |changes: &[(&str, &str)]| {
        let sent = send(&start, &[&dates[..], changes].concat());
        house.post(&hr, "/payroll/layout", &sent).await
    };
    let changes = [
        ("what", "preview"),
        ("separator", ";"),
        ("hours", "clock"),
        ("theirs.1", "100"),
        ("place.1", "99"),
        ("heading.6", "Wage type"),
    ];
    let tried = post(&changes).await.text;
    for words in ["<td>100</td>", ";Wage type;", ";employee\n", "<td>9:00</td>"] {
        assert!(tried.contains(words), "{words} is missing in {tried}");
    }
    assert!(house.hub.saved_layouts().unwrap().is_empty(), "a preview saves nothing");
    for (change, says) in [
        (("places", "x"), "Decimal places: `x` is no number. Use 0 to 4."),
        (("separator", "x"), "Separator: there is no choice x."),
        (("by", ""), "column `date`: rows are not of a day"),
        (("values", "nothing"), "Values: `nothing` has no name."),
        (("place.2", "two"), "Column 2: `two` is no place."),
        (("date", "%Q!"), "`%Q!` is no form of a date"),
        (("name", "our bureau"), "use letters, digits and -"),
        (("name", "adp"), "comes along"),
    ] {
        let refused = post(&[("what", "save"), change]).await;
        assert_eq!(refused.status, StatusCode::OK, "the form comes back");
        let problem = refused.text.split("role=\"alert\">").nth(1).unwrap_or_default().to_lowercase();
        let says = says.to_lowercase();
        assert!(
            problem.starts_with(&says) || problem.split("</p>").next().unwrap().contains(&says),
            "{says}: {problem}"
        );
        assert!(refused.text.contains("value=\"employee\" selected"), "what was filled in stays");
    }
    let changes = changes.map(|(name, text)| if name == "what" { (name, "save") } else { (name, text) });
    assert_eq!(post(&changes).await.header("location"), "/payroll/layout?start=bureau&saved=true");
    let layout = house.hub.pay_layout("bureau").unwrap();
    assert_eq!(layout.codes.get("REG").map(String::as_str), Some("100"));
    assert_eq!(layout.columns.last().unwrap().title, "employee");
    let listed = house.get(&hr, "/payroll/layouts").await.text;
    assert!(listed.contains("start=bureau") && listed.contains("start=adp"), "{listed}");

    // The expert's way: the text as it is.
    let text = format!("# ours\ntitle = \"Plain\"\n{PLAIN}");
    let as_text = |what: &str, text: &str| form(&[("as", "text"), ("what", what), ("name", "plain"), ("toml", text)]);
    let refused = house.post(&hr, "/payroll/layout", &as_text("preview", "colour = 1")).await.text;
    assert!(refused.contains("colour") && refused.contains("<details open>"), "{refused}");
    house.post(&hr, "/payroll/layout", &as_text("save", &text.replace('\n', "\r\n"))).await;
    assert_eq!(house.hub.saved_layout("plain").unwrap().text, text, "with its remarks");
    house.post(&hr, "/payroll/layouts/remove", "name=plain").await;
    assert!(house.hub.saved_layout("plain").is_err());
}
