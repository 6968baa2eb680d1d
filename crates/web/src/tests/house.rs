//! A hub with its router, and a browser that keeps its cookie.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use hub::{Actor, FileImport, Hub, Role, Store, TokenKind};
use jiff::Timestamp;
use tempfile::TempDir;
use testkit::Database;
use tower::ServiceExt as _;

use crate::{Network, WebConfig, router};

pub(super) const CODE: &str = "4711-0815";
pub(super) const PASSWORD: &str = "a long enough password";

/// A hub on a store of its own, or beside another one.
pub(super) struct House {
    pub(super) hub: Hub,
    pub(super) store: Store,
    router: Router,
    _ground: Option<Ground>,
}

/// What a store stands on; gone with the value.
enum Ground {
    Sqlite { _folder: TempDir },
    Postgres { _database: Database },
}

/// A browser, or a program.
#[derive(Clone, Default)]
pub(super) struct Visitor {
    headers: HeaderMap,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl House {
    pub(super) fn new() -> Self {
        let (store, ground) = match Database::asked_for().unwrap() {
            Some(database) => {
                (Store::connect(&database.url(), None).unwrap(), Ground::Postgres { _database: database })
            }
            None => {
                let folder = tempfile::tempdir().unwrap();
                (Store::open(&folder.path().join("hub.db")).unwrap(), Ground::Sqlite { _folder: folder })
            }
        };
        Self { _ground: Some(ground), ..Self::on(store) }
    }

    fn on(store: Store) -> Self {
        let hub = Hub::new(store.clone());
        Self { router: router(hub.clone(), config()), hub, store, _ground: None }
    }

    /// The house of another tenant in the same database, with accounts.
    pub(super) fn beside(&self, tenant: u32) -> Self {
        Self::on(self.store.of_tenant(tenant.try_into().unwrap())).and_accounts()
    }

    /// Another hub on the same database.
    pub(super) fn again(&self) -> Self {
        Self::on(self.store.clone())
    }

    /// A house with an account of each role, called like it.
    pub(super) fn with_accounts() -> Self {
        Self::new().and_accounts()
    }

    fn and_accounts(self) -> Self {
        let house = self;
        for (name, role) in [("admin", Role::Admin), ("hr", Role::Hr), ("viewer", Role::Viewer)] {
            house.hub.account_add(&clerk(), name, PASSWORD, role, [3; 16], now()).unwrap();
        }
        house
    }

    /// Imports lines of a terminal's log and derives the days.
    pub(super) fn import(&self, serial: &str, lines: &str, create_employees: bool) {
        let how = FileImport {
            serial,
            name: "1_attlog.dat",
            zone: "Asia/Manila",
            groups: &[],
            create_employees,
            is_dry_run: false,
        };
        self.hub.import_attlog(&clerk(), lines.as_bytes(), &how, now(), |_, _| {}).unwrap();
        self.hub.derive_all(now(), |_| {}).unwrap();
    }

    pub(super) fn token(&self, kind: TokenKind) -> Visitor {
        let text = self.hub.token_create(&clerk(), kind.word(), kind, [kind.word().len() as u8; 32], now()).unwrap();
        Visitor::default().with("authorization", &format!("Bearer {text}"))
    }

    /// The value of the `Cookie` header of somebody who has signed in.
    pub(super) async fn cookie(&self, name: &str) -> String {
        self.sign_in(name).await.headers["cookie"].to_str().unwrap().to_owned()
    }

    pub(super) async fn sign_in(&self, name: &str) -> Visitor {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.post(&Visitor::default(), "/sign-in", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        Visitor::default().with("cookie", answer.cookie().unwrap().as_str())
    }

    pub(super) async fn get(&self, visitor: &Visitor, path: &str) -> Answer {
        self.ask(visitor, Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// What is asked for is refused with its cure.
    pub(super) async fn refuses(&self, visitor: &Visitor, path: &str, cure: &str) {
        let refused = self.get(visitor, path).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(refused.text.contains(cure), "{path}: {}", refused.text);
    }

    pub(super) async fn post(&self, visitor: &Visitor, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, kind).header("host", "hub.example");
        self.ask(visitor, request.body(Body::from(form.to_owned())).unwrap()).await
    }

    pub(super) async fn ask(&self, visitor: &Visitor, request: Request<Body>) -> Answer {
        let response = self.open(visitor, request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// The response with its body still to be read.
    pub(super) async fn open(&self, visitor: &Visitor, mut request: Request<Body>) -> Response<Body> {
        for (name, value) in &visitor.headers {
            request.headers_mut().insert(name, value.clone());
        }
        self.router.clone().oneshot(request).await.unwrap()
    }
}

impl Visitor {
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `name=value` that a browser would send back.
    pub(super) fn cookie(&self) -> Option<String> {
        self.header("set-cookie").split(';').next().filter(|pair| !pair.is_empty()).map(str::to_owned)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// A listener on a free port.
pub(super) fn config() -> WebConfig {
    let listen = "127.0.0.1:0".parse().unwrap();
    WebConfig {
        listen,
        setup_code: Some(CODE.to_owned()),
        tls: None,
        secure_cookie: false,
        trusted_proxies: Network::LOOPBACK.to_vec(),
        silent_after: std::time::Duration::from_secs(600),
        demo_hint: None,
    }
}

pub(super) fn clerk() -> Actor {
    Actor::new("console")
}

pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
