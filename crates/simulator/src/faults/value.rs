//! What may stand behind the name of a fault.

use std::str::FromStr;

/// A value of a fault. Its default is "this fault does not happen".
pub(super) trait Value: Default {
    /// How the value is written behind the name, in help texts.
    const FORM: &'static str;
    /// What a wrong value should have been.
    const WANTED: &'static str;

    /// The value that `text` says, or without a text the usual one. `None` when it says none.
    fn read(text: Option<&str>) -> Option<Self>;
}

/// Happens or does not: `NAME`.
impl Value for bool {
    const FORM: &'static str = "";
    const WANTED: &'static str = "it takes no value";

    fn read(text: Option<&str>) -> Option<bool> {
        text.is_none().then_some(true)
    }
}

/// Happens every so many times: `NAME` for each time, `NAME=3` for every third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Every(Option<u32>);

impl Every {
    /// Whether the `count`-th time, counted from 1, is struck.
    pub fn strikes(self, count: u32) -> bool {
        self.0.is_some_and(|every| count > 0 && count.is_multiple_of(every))
    }

    /// The same for a count that is at hand as an index.
    pub(crate) fn strikes_at(self, count: usize) -> bool {
        u32::try_from(count).is_ok_and(|count| self.strikes(count))
    }
}

impl Value for Every {
    const FORM: &'static str = "[=N]";
    const WANTED: &'static str = "write a count from 1, like 3 for every third time";

    fn read(text: Option<&str>) -> Option<Every> {
        let every = read_number(text, 1_u32)?;
        (every > 0).then_some(Every(Some(every)))
    }
}

/// A number from 0; `NAME` alone takes `USUAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount<const USUAL: u32>(Option<u32>);

impl<const USUAL: u32> Amount<USUAL> {
    /// The number, if the fault happens.
    pub fn get(self) -> Option<u32> {
        self.0
    }

    /// The same as a size.
    pub(crate) fn size(self) -> Option<usize> {
        self.0.map(|number| number as usize)
    }
}

impl<const USUAL: u32> Value for Amount<USUAL> {
    const FORM: &'static str = "[=N]";
    const WANTED: &'static str = "write a whole number from 0";

    fn read(text: Option<&str>) -> Option<Self> {
        Some(Amount(Some(read_number(text, USUAL)?)))
    }
}

/// A whole number of seconds, negative for backwards; `NAME` alone takes `USUAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seconds<const USUAL: i32>(Option<i32>);

impl<const USUAL: i32> Seconds<USUAL> {
    /// The seconds, if the fault happens.
    pub fn get(self) -> Option<i32> {
        self.0
    }
}

impl<const USUAL: i32> Value for Seconds<USUAL> {
    const FORM: &'static str = "[=S]";
    const WANTED: &'static str = "write whole seconds, negative for backwards";

    fn read(text: Option<&str>) -> Option<Self> {
        Some(Seconds(Some(read_number(text, USUAL)?)))
    }
}

/// A text that has to be given.
impl Value for Option<String> {
    const FORM: &'static str = "=TEXT";
    const WANTED: &'static str = "write a text behind the equals sign";

    fn read(text: Option<&str>) -> Option<Option<String>> {
        let text = text.filter(|text| !text.is_empty())?;
        Some(Some(text.to_owned()))
    }
}

fn read_number<N: FromStr>(text: Option<&str>, usual: N) -> Option<N> {
    match text {
        None => Some(usual),
        Some(text) => text.parse().ok(),
    }
}
