//! Named statements, and a list of each module's for the catalogue test.

/// Defines `const NAME: &str` per statement and `STATEMENTS`, the list of all of them.
macro_rules! statements {
    ($($vis:vis $name:ident = $sql:expr;)*) => {
        $($vis const $name: &str = $sql;)*
        /// Name and text of every statement of this module.
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}
pub(crate) use statements;
