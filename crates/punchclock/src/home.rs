//! Where the data is: the data folder with the hub's database and the edge's spool.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use hub::{Hub, Store};

/// The data folder, and the hub's database in it or elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) data: PathBuf,
    database: PathBuf,
}

impl Home {
    /// From `--data` and `--database`.
    pub(crate) fn new(data: PathBuf, database: Option<&str>) -> anyhow::Result<Self> {
        let database = match database {
            None => data.join("hub.sqlite"),
            Some(url) => sqlite_path(url)?,
        };
        Ok(Self { data, database })
    }

    /// The hub over its database, which is made when it is missing.
    pub(crate) fn hub(&self) -> anyhow::Result<Hub> {
        if let Some(folder) = self.database.parent() {
            make_private(folder)?;
        }
        Ok(Hub::new(Store::open(&self.database)?))
    }

    /// The hub over a database that must exist: reading commands do not make empty ones.
    pub(crate) fn existing_hub(&self) -> anyhow::Result<Hub> {
        if !self.database.exists() {
            bail!(
                "there is no database {}; name its folder with --data, or fill it with `punchclock serve` or `punchclock import`",
                self.database.display()
            );
        }
        self.hub()
    }

    /// Claims the folder for one server. The claim ends with the process, however that ends.
    pub(crate) fn claim(&self) -> anyhow::Result<File> {
        make_private(&self.data)?;
        let path = self.data.join("server.lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("{} can't be written", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(_) => bail!(
                "another punchclock serves the folder {}; end it first, or name another folder with --data",
                self.data.display()
            ),
        }
    }

    /// The data folder, which is made when it is missing.
    pub(crate) fn folder(&self) -> anyhow::Result<&Path> {
        make_private(&self.data)?;
        Ok(&self.data)
    }

    /// The file of the edge's spool.
    pub(crate) fn spool(&self) -> anyhow::Result<PathBuf> {
        make_private(&self.data)?;
        Ok(self.data.join("edge.sqlite"))
    }
}

fn sqlite_path(url: &str) -> anyhow::Result<PathBuf> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Ok(PathBuf::from(path));
    }
    if url.starts_with("postgres") {
        bail!("PostgreSQL is not served yet; use sqlite:PATH");
    }
    bail!("`{url}` is no database; write sqlite:PATH")
}

/// Makes a folder that only its owner may enter: it holds personal data.
fn make_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if folder.as_os_str().is_empty() || folder.exists() {
        return Ok(());
    }
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("the data folder {} can't be made; name another with --data", folder.display()))
}
