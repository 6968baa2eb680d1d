//! Which columns of a table say what. Presets are data.

/// What a key column holds, which decides how far back a reading begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A number that grows.
    Number,
    /// A date, or date and time.
    Time,
    /// A date as text, `20250303`.
    TextDate,
}

impl KeyKind {
    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Number, Self::Time, Self::TextDate].into_iter().find(|kind| kind.word() == word)
    }

    /// The word for it in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Time => "time",
            Self::TextDate => "text-date",
        }
    }
}

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who: number or code.
    User,
    /// Date of a row that has its times apart.
    Date,
    /// When: date and time, or the time beside a date.
    Time,
    /// Arrival of a row that holds a day.
    In,
    /// Departure of a row that holds a day.
    Out,
    /// Which way.
    State,
    /// How the person was known.
    Verify,
    /// Work code.
    WorkCode,
    /// Serial of the terminal.
    Serial,
    /// Reader or door.
    Reader,
    /// Kind of row.
    Type,
}

impl Role {
    const ALL: [Self; 11] = [
        Self::User,
        Self::Date,
        Self::Time,
        Self::In,
        Self::Out,
        Self::State,
        Self::Verify,
        Self::WorkCode,
        Self::Serial,
        Self::Reader,
        Self::Type,
    ];

    /// The word for it in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Date => "date",
            Self::Time => "time",
            Self::In => "in",
            Self::Out => "out",
            Self::State => "state",
            Self::Verify => "verify",
            Self::WorkCode => "work-code",
            Self::Serial => "serial",
            Self::Reader => "reader",
            Self::Type => "type",
        }
    }
}

/// A table as it commonly is.
#[derive(Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is, for a list.
    pub says: &'static str,
    /// The table, without what is joined.
    object: &'static str,
    /// What is joined to it, and the other table of that.
    joined: Option<(&'static str, &'static str)>,
    key_kind: KeyKind,
    keys: &'static [&'static str],
    columns: &'static [(Role, &'static str)],
    states: &'static [(&'static str, i32)],
}

/// State codes of letters (rules 5.1): arrival and departure.
const LETTERS: &[(&str, i32)] = &[("I", 0), ("O", 1), ("i", 0), ("o", 1), ("IN", 0), ("OUT", 1), ("in", 0), ("out", 1)];
/// Those of att2000, which tell breaks and overtime apart.
const CHECK_TYPES: &[(&str, i32)] = &[("I", 0), ("O", 1), ("0", 2), ("1", 3), ("i", 4), ("o", 5)];

/// The presets. `custom` is a query of somebody's own.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "commute-log",
        says: "an event per row: commute_log(id, user_id, event_time, door, in_out)",
        object: "dbo.commute_log",
        joined: None,
        key_kind: KeyKind::Number,
        keys: &["id"],
        columns: &[
            (Role::User, "user_id"),
            (Role::Time, "event_time"),
            (Role::Reader, "door"),
            (Role::State, "in_out"),
        ],
        states: LETTERS,
    },
    Preset {
        name: "day-per-row",
        says: "a day per row, dates and times as text: old_log(emp_no, work_date, in_time, out_time)",
        object: "dbo.old_log",
        joined: None,
        key_kind: KeyKind::TextDate,
        keys: &["work_date", "emp_no"],
        columns: &[(Role::User, "emp_no"), (Role::Date, "work_date"), (Role::In, "in_time"), (Role::Out, "out_time")],
        states: LETTERS,
    },
    Preset {
        name: "checkinout",
        says: "ZKTime and att2000: CHECKINOUT with the numbers of USERINFO",
        object: "dbo.CHECKINOUT",
        joined: Some((" AS c LEFT JOIN [dbo].[USERINFO] AS u ON u.[USERID] = c.[USERID]", "dbo.USERINFO")),
        key_kind: KeyKind::Time,
        keys: &["c.CHECKTIME", "c.USERID"],
        columns: &[
            (Role::User, "u.Badgenumber"),
            (Role::Time, "c.CHECKTIME"),
            (Role::State, "c.CHECKTYPE"),
            (Role::Verify, "c.VERIFYCODE"),
            (Role::Reader, "c.SENSORID"),
        ],
        states: CHECK_TYPES,
    },
    Preset {
        name: "biotime",
        says: "BioTime: iclock_transaction",
        object: "dbo.iclock_transaction",
        joined: None,
        key_kind: KeyKind::Number,
        keys: &["id"],
        columns: &[
            (Role::User, "emp_code"),
            (Role::Time, "punch_time"),
            (Role::State, "punch_state"),
            (Role::Verify, "verify_type"),
            (Role::WorkCode, "work_code"),
            (Role::Serial, "terminal_sn"),
            (Role::Reader, "terminal_alias"),
        ],
        states: LETTERS,
    },
];

/// How much of the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// All of it.
    Required,
    /// The login only.
    Login,
    /// Nothing.
    None,
}

impl Encryption {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Required, Self::Login, Self::None];

    /// The word for it in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Login => "login",
            Self::None => "none",
        }
    }

    /// The one of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// What is to be known of it.
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::Required => None,
            Self::Login => Some("rows travel in clear; only the login is encrypted"),
            Self::None => Some("the password and all rows travel in clear: anybody on the line can read them"),
        }
    }
}

/// A table that is read: where it is, its key, and which column says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What stands after FROM.
    pub(super) from: String,
    /// The objects that are read, for the look at rights.
    pub(super) objects: Vec<String>,
    /// What the first column of the key holds.
    pub(super) key_kind: KeyKind,
    /// Columns of the key.
    pub(super) keys: Vec<String>,
    /// The other columns.
    pub(super) roles: Vec<(Role, String)>,
    /// Users are codes of employees, not numbers of terminals.
    pub(super) is_codes: bool,
    /// State codes of words; numbers are codes themselves.
    pub(super) states: &'static [(&'static str, i32)],
}

impl Table {
    /// The table of a preset, or a query of somebody's own with the preset `custom`. `table` is another name of the table, `columns`
    /// are other columns, as `user=EMP_NO`, or with `=` alone for none; for a query `key=COLUMN` is one of them.
    ///
    /// # Errors
    /// What is wrong, with the cure.
    pub fn new(
        preset: &str,
        table: Option<&str>,
        query: Option<&str>,
        columns: &[String],
        (key_kind, is_codes): (Option<KeyKind>, bool),
    ) -> Result<Self, String> {
        let mut made = match (preset, query) {
            ("custom", Some(query)) => Self {
                // On lines of its own, so that a comment at its end ends there.
                from: format!("(\n{}\n) AS q", query.trim().trim_end_matches(';')),
                objects: super::check_query(query)?,
                key_kind: KeyKind::Number,
                keys: Vec::new(),
                roles: Vec::new(),
                is_codes,
                states: LETTERS,
            },
            ("custom", None) => return Err("the preset custom needs a query; give --query-file".to_owned()),
            (_, Some(_)) => return Err("a query goes with the preset custom only".to_owned()),
            (name, None) => {
                let known = PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
                    let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
                    format!("there is no preset {name}; there is {}, custom", names.join(", "))
                })?;
                Self::of(known, table, is_codes)
            }
        };
        for given in columns {
            made.give(given)?;
        }
        if let Some(key_kind) = key_kind {
            made.key_kind = key_kind;
        }
        made.check()?;
        Ok(made)
    }

    fn of(preset: &Preset, table: Option<&str>, is_codes: bool) -> Self {
        let object = table.unwrap_or(preset.object);
        let (join, other) = preset.joined.unzip();
        let objects = [Some(object), other].into_iter().flatten().map(str::to_owned).collect();
        Self {
            from: format!("{}{}", quoted(object), join.unwrap_or_default()),
            objects,
            key_kind: preset.key_kind,
            keys: preset.keys.iter().map(|&key| key.to_owned()).collect(),
            roles: preset.columns.iter().map(|&(role, column)| (role, column.to_owned())).collect(),
            is_codes,
            states: preset.states,
        }
    }

    fn give(&mut self, given: &str) -> Result<(), String> {
        let (word, column) =
            given.split_once('=').ok_or_else(|| format!("`{given}` is no column; write user=EMP_NO"))?;
        if word == "key" {
            self.keys = column.split('+').map(str::to_owned).collect();
            return Ok(());
        }
        let role = Role::ALL.into_iter().find(|role| role.word() == word).ok_or_else(|| {
            let words: Vec<_> = Role::ALL.iter().map(|role| role.word()).collect();
            format!("a column says nothing that is called {word}; there is key, {}", words.join(", "))
        })?;
        self.roles.retain(|(known, _)| *known != role);
        if !column.is_empty() {
            self.roles.push((role, column.to_owned()));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let has = |role| self.roles.iter().any(|(known, _)| *known == role);
        if self.keys.is_empty() || self.keys.len() > 3 {
            return Err(
                "the table needs a key to be read in the order of; give --column key=ID, or key=DATE+USER".to_owned()
            );
        }
        if !has(Role::User) {
            return Err("no column says who; give --column user=NAME".to_owned());
        }
        if !has(Role::Time) && !has(Role::In) && !has(Role::Out) {
            return Err("no column says when; give --column time=NAME, or in=NAME and out=NAME".to_owned());
        }
        let names = self.keys.iter().chain(self.roles.iter().map(|(_, column)| column)).chain(&self.objects);
        match names.into_iter().find(|name| name.is_empty() || name.chars().any(char::is_control)) {
            Some(_) => Err("a column or table has no name".to_owned()),
            None => Ok(()),
        }
    }

    /// The columns of a page: those of the key, then the others.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str).chain(self.roles.iter().map(|(_, column)| column.as_str()))
    }

    /// The columns that tell of which date a row is, for it to be asked for by date: any of them in the range will do.
    pub(super) fn when(&self) -> impl Iterator<Item = Role> {
        let has = move |role: &Role| self.column_of(*role).is_some();
        // A time beside a date is one of the day only.
        let one = [Role::Date, Role::Time].into_iter().find(has);
        let sides = [Role::In, Role::Out].into_iter().filter(has).filter(move |_| one.is_none());
        one.into_iter().chain(sides)
    }

    pub(super) fn column_of(&self, wanted: Role) -> Option<&str> {
        self.roles.iter().find(|(role, _)| *role == wanted).map(|(_, column)| column.as_str())
    }

    /// The cell of a row that has a role.
    pub(super) fn cell<'r>(&self, row: &'r [super::Cell], wanted: Role) -> Option<&'r super::Cell> {
        let place = self.roles.iter().position(|(role, _)| *role == wanted)?;
        row.get(self.keys.len() + place)
    }
}

/// A name as the server wants it, whatever it holds: each part in brackets.
pub(super) fn quoted(name: &str) -> String {
    let parts = name.split('.').map(|part| format!("[{}]", part.trim_matches(['[', ']']).replace(']', "]]")));
    parts.collect::<Vec<_>>().join(".")
}
