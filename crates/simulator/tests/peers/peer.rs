//! Other people's clients, each in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A client that answers one request at a time. Its process ends with it.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Mutex<Process>>);

struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// pyzk 0.9 in the Python that `PUNCHCLOCK_PYTHON` names; `None`, and said, when there is none.
    pub(crate) fn pyzk() -> Option<Peer> {
        let Some(python) = std::env::var_os("PUNCHCLOCK_PYTHON") else {
            testkit::skipped("PUNCHCLOCK_PYTHON names no Python with pyzk 0.9; ./check sets it");
            return None;
        };
        Some(Peer::start(Command::new(python).arg(script("pyzk_peer.py"))))
    }

    /// zkteco-js in the folder that `PUNCHCLOCK_NODE_MODULES` names; `None`, and said, when there is none.
    pub(crate) fn zkteco_js() -> Option<Peer> {
        let Some(modules) = std::env::var_os("PUNCHCLOCK_NODE_MODULES") else {
            testkit::skipped(
                "PUNCHCLOCK_NODE_MODULES names no folder with zkteco-js; ./check sets it where there is Node.js",
            );
            return None;
        };
        Some(Peer::start(Command::new("node").arg(script("zkteco_peer.js")).env("NODE_PATH", modules)))
    }

    fn start(command: &mut Command) -> Peer {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the peer's program can be run");
        let (requests, answers) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Peer(Arc::new(Mutex::new(Process { child, requests, answers: BufReader::new(answers) })))
    }

    /// Asks for something and waits for what came of it.
    pub(crate) async fn ask(&self, request: Value) -> Result<Value, String> {
        let process = Arc::clone(&self.0);
        let asked = tokio::task::spawn_blocking(move || process.lock().expect("nobody panicked").ask(&request));
        let mut answer = asked.await.expect("the peer answers");
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }
}

impl Process {
    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").expect("the peer lives");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the peer answered {line:?}: {error}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers")).join(name)
}
