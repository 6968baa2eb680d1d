//! The dialects of the protocol (adms 1).

/// What a terminal speaks. Tell by its `DeviceType` and by the endpoints that it calls, never by its version alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Attendance terminals, protocol 2.x, and "PUSH SDK" 3.2 builds of the same: ATTLOG and OPERLOG.
    #[default]
    Attendance,
    /// Access terminals and controllers, protocol 3.x: registry, rtlog and tabledata (adms 9).
    Security,
}
