//! The pages of sites and departments.

use axum::http::StatusCode;

use super::house::{House, Visitor, clerk, now};

const DAY: &str = "7\t2026-01-05 08:00:00\t1\t0\t1\t0\n8\t2026-01-05 08:00:00\t1\t0\t1\t0\n";

/// Cebu with 7, who is employed, 8, who has left, and a terminal; and Tokyo, where nobody is.
async fn house() -> (House, Visitor) {
    let house = House::with_accounts();
    house.import("A1", DAY, true);
    let sites = b"code,name,zones,terminals\nCEBU,Cebu City,Asia/Manila UTC@2099-01-01,A1\nTYO,,Asia/Tokyo,\n";
    house.hub.import_sites(&clerk(), sites, false, now()).unwrap();
    house.hub.import_departments(&clerk(), b"code,name,parent\nHR,People,\nPAY,Payroll,HR\n", false, now()).unwrap();
    let list = b"code,name,to,places\n7,Ann,,CEBU:PAY\n8,Ben,2026-01-05,CEBU:PAY\n";
    let report = house.hub.import_employees(&clerk(), list, false, now()).unwrap();
    assert_eq!(report.counts.refused, 0, "{:?}", report.refusals);
    let admin = house.sign_in("admin").await;
    (house, admin)
}

/// The cells of a table's rows, without their marks.
fn cells(page: &str) -> Vec<String> {
    let body = page.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).unwrap_or_default();
    let text = |row: &str| {
        let parts = row.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
        parts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | ")
    };
    body.split("<tr>").skip(1).map(text).collect()
}

#[tokio::test]
async fn sites_show_their_zones_by_date_and_who_is_there_today() {
    let (house, admin) = house().await;
    let page = house.get(&admin, "/sites").await.text;
    assert_eq!(
        cells(&page),
        [
            "CEBU | Cebu City | Asia/Manila | By date | Asia/Manila always | UTC from 2099-01-01 on | 1 | 1 | Change | Remove",
            "TYO | no name | Asia/Tokyo | 0 | 0 | Change | Remove",
        ]
    );
    // A number leads to just those who were counted.
    let link = page.split('"').find(|part| part.starts_with("/employees?show")).unwrap().replace("&#38;", "&");
    let there = cells(&house.get(&admin, &link).await.text);
    assert!(there.len() == 1 && there[0].starts_with("7 | Ann"), "{there:?}");
    let there = cells(&house.get(&admin, "/terminals?site=CEBU").await.text);
    assert!(there.len() == 1 && there[0].contains("at CEBU"), "{there:?}");
    assert!(cells(&house.get(&admin, "/terminals?site=TYO").await.text).is_empty());

    let sorted = cells(&house.get(&admin, "/sites?sort=employees").await.text);
    assert!(sorted[0].starts_with("TYO"), "{sorted:?}");
    let csv = house.get(&admin, "/sites.csv?text=tokyo").await.text;
    assert_eq!(csv, "code,name,zone,zones,employees,terminals\nTYO,,Asia/Tokyo,Asia/Tokyo always,0,0\n");
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/sites").await.text;
    assert!(page.contains("Cebu City") && !page.contains("/sites/remove") && !page.contains("/sites/change"), "{page}");
}

#[tokio::test]
async fn an_administrator_adds_renames_and_removes_a_site_and_gives_it_a_zone_from_a_date_on() {
    let (house, admin) = house().await;
    let change = async |form: &str| house.post(&admin, "/sites/change", form).await;
    assert_eq!(change("code=DVO&name=Davao&zone=&from=").await.header("location"), "/sites?done=changed");
    change("code=CEBU&name=Cebu&zone=Asia%2FTokyo&from=2026-03-16").await;
    change("code=CEBU&name=&zone=Asia%2FSeoul&from=2026-03-16").await;
    let page = house.get(&admin, "/sites?done=changed&change=CEBU").await.text;
    assert!(page.contains("Done: the site is as you said"), "{page}");
    assert!(page.contains("name=\"code\" value=\"CEBU\"") && page.contains("name=\"name\" value=\"Cebu\""), "{page}");
    let sites = house.hub.sites().unwrap();
    let dated = |zone: &str, from: &str| (zone.to_owned(), from.parse().ok());
    let zones = [("Asia/Manila".to_owned(), None), dated("Asia/Seoul", "2026-03-16"), dated("UTC", "2099-01-01")];
    assert_eq!((sites[0].name.as_str(), &sites[0].zones[..]), ("Cebu", &zones[..]));
    assert_eq!((sites[1].code.as_str(), sites[1].name.as_str()), ("DVO", "Davao"));

    // What is in the way is told on the page, which keeps what was sent.
    for (form, says) in [
        ("code=CEBU&zone=Mars%2FNorth", "`Mars/North` is no time zone"),
        ("code=a+b&name=Kept", "`a b` can&#39;t be a code"),
        ("code=CEBU&zone=UTC&from=soon", "The date in `From` can&#39;t be read"),
    ] {
        let refused = change(form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains(says), "{}", refused.text);
        assert!(!form.contains("Kept") || refused.text.contains("value=\"Kept\""));
    }
    let refused = house.post(&admin, "/sites/remove", "code=CEBU").await;
    assert!(refused.text.contains("From today on site CEBU has employees 7, and terminals A1"), "{}", refused.text);
    let removed = house.post(&admin, "/sites/remove", "code=TYO").await;
    assert_eq!(removed.header("location"), "/sites?done=removed");
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((entry.actor.as_str(), entry.action.as_str(), entry.object.as_str()), ("admin", "site.remove", "TYO"));
}

#[tokio::test]
async fn departments_are_listed_changed_and_removed() {
    let (house, admin) = house().await;
    let listed = async || cells(&house.get(&admin, "/departments").await.text);
    assert_eq!(listed().await, ["HR | People | 0 | Change | Remove", "PAY | Payroll | HR | 1 | Change | Remove"]);
    let there = cells(&house.get(&admin, "/employees?show=employed&department=PAY").await.text);
    assert!(there.len() == 1 && there[0].starts_with("7 | Ann"), "{there:?}");
    let refused = house.post(&admin, "/departments/remove", "code=HR").await;
    assert!(refused.text.contains("Departments are a part of department HR: PAY"), "{}", refused.text);
    let form = house.get(&admin, "/departments?change=PAY").await.text;
    assert!(form.contains("<option value=\"HR\" selected>HR People</option>"), "{form}");
    house.post(&admin, "/departments/change", "code=PAY&name=Wages&parent=").await;
    house.post(&admin, "/departments/change", "code=IT&name=Machines&parent=PAY").await;
    let removed = house.post(&admin, "/departments/remove", "code=HR").await;
    assert_eq!(removed.header("location"), "/departments?done=removed");
    assert_eq!(listed().await, ["IT | Machines | PAY | 0 | Change | Remove", "PAY | Wages | 1 | Change | Remove"]);
    let csv = house.get(&admin, "/departments.csv?sort=employees&order=desc").await.text;
    assert_eq!(csv, "code,name,parent,employees\nPAY,Wages,,1\nIT,Machines,PAY,0\n");
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("admin", "department.remove"));
}

#[tokio::test]
async fn without_any_the_pages_say_how_to_begin() {
    let house = House::with_accounts();
    let viewer = house.sign_in("viewer").await;
    assert!(house.get(&viewer, "/sites").await.text.contains("No sites yet"));
    assert!(house.get(&viewer, "/departments").await.text.contains("No departments yet"));
    assert!(house.get(&viewer, "/employees").await.text.contains("<a href=\"/sites\">Sites</a>"));
}
