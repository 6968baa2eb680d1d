//! Settings of a machine: what `edge enroll` wrote, then `punchclock.toml`, then environment `PUNCHCLOCK__SECTION__KEY`, then flags; the later wins.
//! Each setting is declared once, in [`declared`], with its default and its meaning.

mod declared;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use hub::jobs::{BACKUP, KINDS, Schedule, Schedules};
use hub::retention::{KNOBS, Keeps};
use link::Network;
use link::enrol::Pin;
use zk::discover::Subnet;

use declared::{DECLARED, listed, network_list, setting_of};
pub(crate) use declared::{Declared, database};

/// What `edge enroll` wrote, in the data folder: the lowest layer above the defaults.
pub(crate) const ENROLLED: &str = "enrolled.toml";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// All settings with their origin.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    values: BTreeMap<&'static str, (String, Origin)>,
}

impl Settings {
    /// Reads what `edge enroll` wrote, file and environment. Without a named file, `punchclock.toml` of the data folder or of
    /// this folder is read when there is one.
    pub(crate) fn read(file: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        let environment = std::env::vars().collect();
        let mut found =
            [data.join("punchclock.toml"), PathBuf::from("punchclock.toml")].into_iter().filter(|p| p.exists());
        let path = file.map(Path::to_owned).or_else(|| found.next());
        let text = match &path {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("the settings file {} can't be read", path.display()))?,
            None => String::new(),
        };
        let enrolled = data.join(ENROLLED);
        let told = match std::fs::read_to_string(&enrolled) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            told => Some(told.with_context(|| format!("{} can't be read", enrolled.display()))?),
        };
        let enrolled = told.as_deref().map(|told| (enrolled.as_path(), told));
        let file = path.as_deref().zip(Some(text.as_str()));
        Self::layered(enrolled.into_iter().chain(file), &environment)
    }

    fn layered<'a>(
        files: impl IntoIterator<Item = (&'a Path, &'a str)>,
        environment: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let defaults = DECLARED.iter().map(|setting| (setting.name, (setting.default.to_owned(), Origin::Default)));
        let mut settings = Self { values: defaults.collect() };
        for (path, text) in files {
            for (name, value) in keys(text).with_context(|| format!("settings file {}", path.display()))? {
                settings.set(&name, value, Origin::File(path.to_owned()))?;
            }
        }
        for (variable, value) in environment {
            if let Some(key) = variable.strip_prefix("PUNCHCLOCK__") {
                let name = key.to_lowercase().replace("__", ".");
                settings.set(&name, value.clone(), Origin::Environment(variable.clone()))?;
            }
        }
        Ok(settings)
    }

    /// Takes a value that a flag gave.
    pub(crate) fn flag(&mut self, name: &'static str, value: Option<&str>) -> anyhow::Result<()> {
        value.map_or(Ok(()), |value| self.set(name, value.to_owned(), Origin::Flag))
    }

    fn set(&mut self, name: &str, value: String, origin: Origin) -> anyhow::Result<()> {
        let Some(setting) = DECLARED.iter().find(|setting| setting.name == name) else {
            let names: Vec<&str> = DECLARED.iter().map(|setting| setting.name).collect();
            bail!("there is no setting `{name}` ({origin}); known: {}", names.join(", "));
        };
        if let Err(wanted) = (setting.check)(&value) {
            // What was refused as an address may carry a password.
            let shown = if name == "hub.database" { "not shown" } else { &value };
            bail!("setting {name} is `{shown}` ({origin}); it must be {wanted}");
        }
        self.values.insert(setting.name, (value, origin));
        Ok(())
    }

    /// Where the value of a declared setting comes from.
    pub(crate) fn origin(&self, name: &str) -> &Origin {
        self.values.get(name).map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// The text of a declared setting.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |(value, _)| value)
    }

    /// A setting in its own type; its check has accepted the text.
    pub(crate) fn get<T: std::str::FromStr>(&self, name: &str) -> anyhow::Result<T>
    where
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.text(name).parse().with_context(|| format!("setting {name}"))
    }

    /// The file that a setting names, if it names one.
    pub(crate) fn file(&self, name: &str) -> Option<PathBuf> {
        Some(self.text(name)).filter(|named| !named.is_empty()).map(PathBuf::from)
    }

    /// After how long an edge that was not heard of is silent.
    pub(crate) fn silent_after(&self) -> anyhow::Result<std::time::Duration> {
        Ok(std::time::Duration::from_secs(60 * self.get::<u64>("hub.silence_minutes")?))
    }

    /// When jobs are due.
    pub(crate) fn schedules(&self) -> anyhow::Result<Schedules> {
        let scheduled = KINDS.iter().filter(|kind| kind.schedule.is_some());
        scheduled
            .map(|kind| {
                let name = setting_of(kind);
                let schedule = Schedule::parse(self.text(&name)).with_context(|| format!("setting {name}"))?;
                Ok((kind.name, schedule.filter(|_| *kind != &BACKUP || self.file("backup.folder").is_some())))
            })
            .collect()
    }

    /// For how long what is kept.
    pub(crate) fn keeps(&self) -> anyhow::Result<Keeps> {
        let mut keeps = Keeps::default();
        for knob in KNOBS {
            let name = format!("retention.{}", knob.name);
            knob.put(&mut keeps, knob.read(self.text(&name)).with_context(|| format!("setting {name}"))?);
        }
        Ok(keeps)
    }

    /// The networks of a setting that is a list of them.
    pub(crate) fn networks(&self, name: &str) -> anyhow::Result<Vec<Network>> {
        network_list(self.text(name)).with_context(|| format!("setting {name}"))
    }

    /// The hubs of an edge that runs alone.
    pub(crate) fn hubs(&self) -> Vec<&str> {
        listed(self.text("edge.hub")).collect()
    }

    /// The keys of their certificates.
    pub(crate) fn hub_pins(&self) -> anyhow::Result<Vec<Pin>> {
        Ok(listed(self.text("edge.hub_pin")).map(str::parse).collect::<Result<_, _>>()?)
    }

    /// The subnets that are searched for terminals.
    pub(crate) fn subnets(&self) -> anyhow::Result<Vec<Subnet>> {
        Ok(listed(self.text("terminals.discover")).map(str::parse).collect::<Result<_, _>>()?)
    }

    /// Every setting: declaration, value, origin.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static Declared, &str, &Origin)> {
        DECLARED.iter().filter_map(|setting| {
            self.values.get(setting.name).map(|(value, origin)| (setting, value.as_str(), origin))
        })
    }
}

/// The keys of a settings file, as `section.key`.
fn keys(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let table: toml::Table = text.parse()?;
    let mut keys = Vec::new();
    for (section, value) in table {
        let toml::Value::Table(inner) = value else { bail!("`{section}` stands alone; write it below a [section]") };
        for (key, value) in inner {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(_) | toml::Value::Boolean(_) => value.to_string(),
                toml::Value::Array(texts) if texts.iter().all(toml::Value::is_str) => {
                    texts.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
                }
                other => {
                    bail!("{section}.{key} is `{other}`; write a text, a list of texts, a number, or true or false")
                }
            };
            keys.push((format!("{section}.{key}"), text));
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: &str, environment: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings::layered([(Path::new("punchclock.toml"), file)], &environment)
    }

    #[test]
    fn each_schedule_is_a_setting_and_what_is_none_is_told_what_there_is() {
        let settings = with("[jobs]\nclean_up = \"off\"\n", &[]).unwrap();
        for kind in KINDS.iter().filter(|kind| kind.schedule.is_some()) {
            let declared = DECLARED.iter().find(|declared| declared.name == setting_of(kind)).unwrap();
            assert_eq!(Some(declared.default), kind.schedule);
        }
        let schedules = settings.schedules().unwrap();
        assert_eq!((schedules["clean-up"], schedules["backup"]), (None, None), "no folder is set");
        let daily = with("[backup]\nfolder = \"/backups\"\n", &[]).unwrap().schedules().unwrap();
        assert_eq!(daily["backup"].unwrap().to_string(), "03:00");
        assert_eq!(schedules["derive"].unwrap().to_string(), ":05");
        let error = with("[jobs]\nderive = \"hourly\"\n", &[]).unwrap_err().to_string();
        assert!(error.starts_with("setting jobs.derive is `hourly` (punchclock.toml); it must be a time"), "{error}");
    }

    #[test]
    fn each_knob_of_retention_is_a_setting_and_a_wrong_one_is_told_its_range() {
        for knob in KNOBS {
            let name = format!("retention.{}", knob.name);
            assert_eq!(DECLARED.iter().find(|declared| declared.name == name).unwrap().default, knob.default);
            let error = with(&format!("[retention]\n{} = 0\n", knob.name), &[]).unwrap_err().to_string();
            let range = format!("it must be `ever`, or a whole number of days from {} to 36500", knob.least);
            assert_eq!(error, format!("setting {name} is `0` (punchclock.toml); {range}"));
        }
        assert_eq!(with("", &[]).unwrap().keeps().unwrap(), Keeps::default());
        let keeps = with("[retention]\npunch_days = 2000\njob_days = \"ever\"\n", &[]).unwrap().keeps().unwrap();
        assert_eq!((keeps.punches.days(), keeps.done_jobs.days()), (Some(2000), None));
    }

    #[test]
    fn the_later_layer_wins_and_is_named() {
        let file = "[hub]\nlisten = \"127.0.0.1:1\"\n[terminals]\npoll_minutes = 5\n";
        let mut settings = with(file, &[("PUNCHCLOCK__HUB__LISTEN", "127.0.0.1:2")]).unwrap();
        let origin = |settings: &Settings, name| settings.values.get(name).unwrap().1.to_string();
        assert_eq!(settings.text("hub.listen"), "127.0.0.1:2");
        assert_eq!(origin(&settings, "hub.listen"), "environment PUNCHCLOCK__HUB__LISTEN");
        assert_eq!(origin(&settings, "terminals.poll_minutes"), "punchclock.toml");
        settings.flag("hub.listen", Some("127.0.0.1:3")).unwrap();
        assert_eq!(origin(&settings, "hub.listen"), "flag");
        assert_eq!(origin(&settings, "log.level"), "default");
    }

    #[test]
    fn what_a_code_told_holds_where_the_settings_file_says_nothing() {
        let told = "[edge]\nname = \"cebu\"\nhub = \"https://10.0.0.7\"\n";
        let file = "[edge]\nhub = \"https://hub.example\"\n";
        let files = [(Path::new(ENROLLED), told), (Path::new("punchclock.toml"), file)];
        let settings = Settings::layered(files, &BTreeMap::new()).unwrap();
        assert_eq!((settings.text("edge.name"), settings.text("edge.hub")), ("cebu", "https://hub.example"));
        assert_eq!(settings.origin("edge.name").to_string(), ENROLLED);
        assert_eq!(settings.origin("edge.hub").to_string(), "punchclock.toml");
    }

    #[test]
    fn a_wrong_value_and_an_unknown_key_are_named_with_their_cure() {
        let error = with("[hub]\nlisten = \"here\"\n", &[]).unwrap_err().to_string();
        assert_eq!(
            error,
            "setting hub.listen is `here` (punchclock.toml); it must be an address with a port, like 127.0.0.1:8080"
        );
        let error = with("[hub]\nlisen = \"x\"\n", &[]).unwrap_err().to_string();
        assert!(error.starts_with("there is no setting `hub.lisen` (punchclock.toml); known: hub.listen"), "{error}");
    }

    #[test]
    fn a_list_is_written_as_one_or_with_commas() {
        let settings = with("[terminals]\ndiscover = [\"192.168.1.0/24\", \"10.1.2.0/28\"]\n", &[]).unwrap();
        let shown: Vec<String> = settings.subnets().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["192.168.1.0/24", "10.1.2.0/28"]);
        let too_wide = with("[terminals]\ndiscover = \"10.0.0.0/16\"\n", &[]).unwrap_err().to_string();
        assert!(too_wide.contains("it must be IPv4 subnets like") && too_wide.contains("4096"), "{too_wide}");
    }

    #[test]
    fn an_edge_may_have_several_hubs_and_the_key_of_each() {
        let pins = [7, 8].map(|byte| Pin([byte; 32]));
        let pin_list = pins.map(|pin| format!("\"{pin}\"")).join(", ");
        let file = format!("[edge]\nhub = \"https://10.0.0.7, https://10.0.0.8\"\nhub_pin = [{pin_list}]\n");
        let settings = with(&file, &[]).unwrap();
        assert_eq!(settings.hubs(), ["https://10.0.0.7", "https://10.0.0.8"]);
        assert_eq!(settings.hub_pins().unwrap(), pins);
        let error = with("[edge]\nhub = \"https://10.0.0.7,10.0.0.8\"\n", &[]).unwrap_err().to_string();
        assert!(error.ends_with("it must be an address like https://hub.example, or several with commas"), "{error}");
    }

    #[test]
    fn an_address_of_a_database_with_a_password_is_refused_and_not_shown() {
        let set = |address: &str| with("", &[("PUNCHCLOCK__HUB__DATABASE", address)]);
        for good in [
            "",
            "sqlite:/data/hub.sqlite",
            "postgres://ann@db1,db2:5433/hub",
            "postgresql://ann@/hub?host=/run/postgresql",
        ] {
            assert_eq!(set(good).unwrap().text("hub.database"), good);
        }
        for bad in
            ["postgres://ann:sesame@db/hub", "postgres://ann@db/hub?password=sesame", "mysql://ann:sesame@db/hub"]
        {
            let refused = set(bad).unwrap_err().to_string();
            assert!(refused.contains("hub.database_password_file") && !refused.contains("sesame"), "{refused}");
        }
    }

    /// The settings file that the install script puts into /etc, with every key commented out.
    const SHIPPED: &str = include_str!("../../../packaging/punchclock.toml");

    /// The line of a setting in the shipped file: `#key = default`, without quotes where TOML needs none.
    fn shipped_line(setting: &Declared) -> String {
        let key = setting.name.split_once('.').map_or("", |(_, key)| key);
        let is_bare = setting.default.parse::<i64>().is_ok() || setting.default.parse::<bool>().is_ok();
        let quote = if is_bare { "" } else { "\"" };
        format!("#{key} = {quote}{}{quote}", setting.default)
    }

    #[test]
    fn the_shipped_file_has_every_setting_with_its_meaning_and_its_default() {
        let mut section = "";
        let mut comment = String::new();
        let mut found = BTreeMap::new();
        for line in SHIPPED.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
                comment.clear();
            } else if let Some(text) = line.strip_prefix("# ") {
                comment.push_str(text);
                comment.push(' ');
            } else if let Some((key, _)) = line.strip_prefix('#').and_then(|line| line.split_once(" = ")) {
                found.insert(format!("{section}.{key}"), (line, std::mem::take(&mut comment)));
            } else {
                comment.clear();
            }
        }
        for setting in DECLARED {
            let (section, _) = setting.name.split_once('.').unwrap();
            let line = shipped_line(setting);
            let cure = format!(
                "packaging/punchclock.toml: write below [{section}], with the lines wrapped\n\n# {}\n{line}\n",
                setting.meaning
            );
            let Some((written, comment)) = found.remove(setting.name) else {
                panic!("{} is missing in {cure}", setting.name)
            };
            assert_eq!(written, line, "{} has another default in {cure}", setting.name);
            assert!(comment.contains(setting.meaning), "{} is explained otherwise in {cure}", setting.name);
        }
        let unknown: Vec<&String> = found.keys().collect();
        assert!(unknown.is_empty(), "packaging/punchclock.toml explains what is no setting, take it out: {unknown:?}");
    }

    #[test]
    fn the_shipped_file_changes_nothing_as_it_is_and_reads_with_every_key_in_use() {
        let settings = with(SHIPPED, &[]).unwrap();
        assert!(settings.all().all(|(_, _, origin)| *origin == Origin::Default));
        let in_use: String = SHIPPED
            .lines()
            .map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')).unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        for (setting, value, origin) in with(&in_use, &[]).unwrap().all() {
            assert_eq!((value, origin), (setting.default, &Origin::File("punchclock.toml".into())), "{}", setting.name);
        }
    }

    #[test]
    fn containers_set_what_is_a_setting() {
        let files = [include_str!("../../../packaging/Dockerfile"), include_str!("../../../packaging/compose.yaml")];
        let is_of_name = |c: char| c.is_ascii_uppercase() || c == '_';
        let mut seen = 0;
        for rest in files.iter().flat_map(|file| file.split("PUNCHCLOCK__").skip(1)) {
            let name = rest.split(|c| !is_of_name(c)).next().unwrap().to_lowercase().replace("__", ".");
            assert!(DECLARED.iter().any(|setting| setting.name == name), "there is no setting {name}");
            seen += 1;
        }
        assert!(seen >= 3, "{seen}");
    }

    #[test]
    fn proxies_may_be_this_machine_others_or_none() {
        let count =
            |file: &str| with(file, &[]).map(|settings| settings.networks("hub.trusted_proxies").unwrap().len());
        assert_eq!(count("").unwrap(), 2);
        assert_eq!(count("[hub]\ntrusted_proxies = [\"10.1.0.5\", \"10.2.0.0/24\"]\n").unwrap(), 2);
        assert_eq!(count("[hub]\ntrusted_proxies = \"\"\n").unwrap(), 0);
        let error = count("[hub]\ntrusted_proxies = \"nginx\"\n").unwrap_err().to_string();
        assert!(error.contains("it must be `loopback`, addresses or networks"), "{error}");
        assert!(with("[terminals]\nnetworks = \"\"\n", &[]).is_err(), "nobody could push then");
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for setting in DECLARED {
            assert_eq!((setting.check)(setting.default), Ok(()), "{}", setting.name);
        }
    }
}
