//! Values between code and statements: the portable types of both engines (numbers of 64 bits, text, bytes). Flags are numbers, 0 or 1.

use std::borrow::Cow;

use super::Error;

/// A value that a statement takes or a row holds, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Text as both engines hold it: PostgreSQL takes no NUL, so its picture stands in its place. What a terminal sent stays as it was in
/// the bytes beside it.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) { Cow::Owned(text.replace('\0', "\u{2400}")) } else { Cow::Borrowed(text) }
}

impl Value<'_> {
    /// Feeds what tells it from every other value to a digest.
    pub(crate) fn feed(self, mut bytes: impl FnMut(&[u8])) {
        let text;
        let (kind, content) = match &self {
            Self::Null => (0, &[][..]),
            Self::Number(number) => return bytes(&[&[1][..], &number.to_be_bytes()].concat()),
            Self::Text(held) => {
                // A file may hold what was written before it was so.
                text = storable(held);
                (2, text.as_bytes())
            }
            Self::Bytes(content) => (3, *content),
        };
        bytes(&[kind]);
        bytes(&(content.len() as u64).to_be_bytes());
        bytes(content);
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A value that outlives its row.
#[derive(Clone, Debug)]
pub(crate) enum Owned {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    /// About how many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Null | Self::Number(_) => size_of::<i64>(),
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Number(number) => Self::Number(number),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl Param for Owned {
    fn value(&self) -> Result<Value<'_>, Error> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        })
    }
}

/// What can be bound to a parameter.
pub(crate) trait Param {
    fn value(&self) -> Result<Value<'_>, Error>;
}

/// The values of a statement's parameters, in order.
pub(crate) type Params<'a> = &'a [&'a dyn Param];

/// [`Params`] of some expressions.
macro_rules! params {
    ($($param:expr),* $(,)?) => {
        &[$(&$param as &dyn $crate::engine::Param),*] as $crate::engine::Params<'_>
    };
}
pub(crate) use params;

macro_rules! number_param {
    ($($number:ty),*) => {
        $(impl Param for $number {
            fn value(&self) -> Result<Value<'_>, Error> {
                Ok(Value::Number(i64::from(*self)))
            }
        })*
    };
}
number_param!(i64, i32, u32, bool);

impl Param for u64 {
    fn value(&self) -> Result<Value<'_>, Error> {
        i64::try_from(*self).map(Value::Number).map_err(|_| Error::TooLarge(*self))
    }
}

impl Param for str {
    fn value(&self) -> Result<Value<'_>, Error> {
        Ok(Value::Text(self))
    }
}

impl Param for String {
    fn value(&self) -> Result<Value<'_>, Error> {
        Ok(Value::Text(self))
    }
}

impl Param for [u8] {
    fn value(&self) -> Result<Value<'_>, Error> {
        Ok(Value::Bytes(self))
    }
}

impl<const N: usize> Param for [u8; N] {
    fn value(&self) -> Result<Value<'_>, Error> {
        Ok(Value::Bytes(self))
    }
}

impl Param for Vec<u8> {
    fn value(&self) -> Result<Value<'_>, Error> {
        Ok(Value::Bytes(self))
    }
}

impl<T: Param> Param for Option<T> {
    fn value(&self) -> Result<Value<'_>, Error> {
        self.as_ref().map_or(Ok(Value::Null), Param::value)
    }
}

impl<T: Param + ?Sized> Param for &T {
    fn value(&self) -> Result<Value<'_>, Error> {
        T::value(self)
    }
}

/// What a column of a row can be read as; `None` when it holds something else.
pub(crate) trait Column<'r>: Sized {
    fn read(value: Value<'r>) -> Option<Self>;
}

macro_rules! number_column {
    ($($number:ty),*) => {
        $(impl Column<'_> for $number {
            fn read(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Number(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        })*
    };
}
number_column!(i64, i32, u32, u64);

impl Column<'_> for bool {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Number(number) => Some(number != 0),
            _ => None,
        }
    }
}

impl<'r> Column<'r> for &'r str {
    fn read(value: Value<'r>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Column<'_> for String {
    fn read(value: Value<'_>) -> Option<Self> {
        <&str>::read(value).map(str::to_owned)
    }
}

impl<'r> Column<'r> for &'r [u8] {
    fn read(value: Value<'r>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Column<'_> for Vec<u8> {
    fn read(value: Value<'_>) -> Option<Self> {
        <&[u8]>::read(value).map(<[u8]>::to_vec)
    }
}

impl<const N: usize> Column<'_> for [u8; N] {
    fn read(value: Value<'_>) -> Option<Self> {
        <&[u8]>::read(value)?.try_into().ok()
    }
}

impl<'r, T: Column<'r>> Column<'r> for Option<T> {
    fn read(value: Value<'r>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}
