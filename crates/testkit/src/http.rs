use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context as _, Result};

/// A request that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    /// What it shows of who asks for what.
    pub(crate) fn in_words(&self) -> String {
        let key = self.headers.get("authorization").map_or("", String::as_str);
        format!("`{key}` may not {} {}", self.method, self.path)
    }

    /// The next one of a connection; `None` at its end.
    pub(crate) fn read(from: &mut impl BufRead) -> Result<Option<Self>> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().context("a method")?, words.next().context("a path")?);
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            if from.read_line(&mut line)? <= 2 {
                break;
            }
            let (name, value) = line.split_once(':').context("a header")?;
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(Ok(0), |length| length.parse())?;
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        Ok(Some(Self { method, path, headers, body: String::from_utf8(body)? }))
    }
}
