//! Where the data is: the data folder with the hub's database and the edge's spool.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use hub::{Hub, Store};

use crate::settings::Settings;

/// The data folder, and the hub's database in it or elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) data: PathBuf,
    database: Database,
    /// Where the key lies that seals the hub's secrets.
    key_file: PathBuf,
}

/// Where a hub's data is.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, and the file of its password.
    Server { url: String, password: Option<PathBuf> },
}

impl Home {
    /// From `--data` and the settings.
    pub(crate) fn new(data: PathBuf, settings: &Settings) -> Self {
        let database = match settings.text("hub.database") {
            "" => Database::File(data.join("hub.sqlite")),
            url => Database::named(url, settings),
        };
        let key_file = settings.file("hub.key_file").unwrap_or_else(|| data.join("hub.key"));
        Self { data, database, key_file }
    }

    /// Where the hub's data is.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The hub over its database, which is made when it is missing.
    pub(crate) fn hub(&self) -> anyhow::Result<Hub> {
        Ok(Hub::new(self.database.open()?).with_key_file(self.key_file.clone()))
    }

    /// The hub over a database that must exist: reading commands do not make empty ones.
    pub(crate) fn existing_hub(&self) -> anyhow::Result<Hub> {
        Ok(Hub::new(self.database.open_existing()?).with_key_file(self.key_file.clone()))
    }

    /// As [`Home::existing_hub`], only to be read: a file, like a backup, stays as it is to the byte. What an older version wrote is
    /// copied into `folder`, and the copy brought up to date.
    pub(crate) fn hub_to_read(&self, folder: &Path) -> anyhow::Result<Hub> {
        match &self.database {
            Database::File(path) if path.exists() => Ok(Hub::new(Store::open_to_read(path, folder)?)),
            _ => self.existing_hub(),
        }
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

impl Database {
    /// From `sqlite:PATH` or `postgres://user@host/name`, as the setting `hub.database` has been checked.
    pub(crate) fn named(url: &str, settings: &Settings) -> Self {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::File(PathBuf::from(path)),
            None => Self::Server { url: url.to_owned(), password: settings.file("hub.database_password_file") },
        }
    }

    /// Opens it; its tables are made when they are missing, and so is the file.
    pub(crate) fn open(&self) -> anyhow::Result<Store> {
        match self {
            Self::File(path) => {
                if let Some(folder) = path.parent() {
                    make_private(folder)?;
                }
                Ok(Store::open(path)?)
            }
            Self::Server { url, password } => {
                let password = password_in(password.as_deref())?;
                Ok(Store::connect(url, password.as_deref()).map_err(hub::Error::from)?)
            }
        }
    }

    /// As [`Database::open`], where the file must exist.
    pub(crate) fn open_existing(&self) -> anyhow::Result<Store> {
        match self {
            Self::File(path) if !path.exists() => bail!(
                "there is no database {}; name its folder with --data, or fill it with `punchclock serve` or `punchclock import`",
                path.display()
            ),
            _ => self.open(),
        }
    }
}

impl Database {
    /// Where a backup is restored to: the folder of a file is made, a server is connected to.
    pub(crate) fn target(&self, unpacked_in: &Path) -> anyhow::Result<hub::backup::Target> {
        match self {
            Self::File(path) => {
                path.parent().map(make_private).transpose()?;
                Ok(hub::backup::Target::File(path.clone()))
            }
            Self::Server { .. } => {
                Ok(hub::backup::Target::Server { store: self.open()?, folder: unpacked_in.to_owned() })
            }
        }
    }
}

/// The password of the file, else that of the environment as PostgreSQL's own programs read it.
fn password_in(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(file) = file else { return Ok(std::env::var("PGPASSWORD").ok()) };
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("hub.database_password_file: {} can't be read", file.display()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
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
