//! Values for made-up rows, on either engine.

use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null | ValueRef::Real(_) => Self::Null,
            ValueRef::Integer(number) => Self::Number(number),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_owned()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) if *of == Type::INT4 => i32::try_from(*number)?.to_sql(of, out),
            Self::Number(number) => number.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
            Self::Bytes(bytes) => bytes.to_sql(of, out),
        }
    }

    /// Which value it is decides.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The values of a row.
pub(crate) fn of_row(row: &postgres::Row) -> Vec<Value> {
    let value = |place: usize| match *row.columns()[place].type_() {
        Type::INT8 => row.get::<_, Option<i64>>(place).map(Value::Number),
        Type::INT4 => row.get::<_, Option<i32>>(place).map(|number| Value::Number(number.into())),
        Type::BOOL => row.get::<_, Option<bool>>(place).map(|is| Value::Number(is.into())),
        Type::BYTEA => row.get::<_, Option<Vec<u8>>>(place).map(Value::Bytes),
        _ => row.get::<_, Option<String>>(place).map(Value::Text),
    };
    (0..row.len()).map(|place| value(place).unwrap_or(Value::Null)).collect()
}
