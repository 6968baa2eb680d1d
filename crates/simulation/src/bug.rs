//! Deliberately broken variants: the proof that the simulation finds what it is there for. They are made by the wiring around
//! the real parts, which have no switches for them.

macro_rules! bugs {
    ($($name:ident = $says:literal, $seed:literal;)*) => {
        /// A way to be broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Bug {
            $(#[doc = $says] $name,)*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What is broken, in words.
            pub const fn says(self) -> &'static str {
                match self {
                    $(Self::$name => $says,)*
                }
            }

            /// The first seed that catches it, which is how many it takes.
            pub const fn caught_by(self) -> u64 {
                match self {
                    $(Self::$name => $seed,)*
                }
            }
        }
    };
}

bugs! {
    AckBeforeCommit = "the edge answers a terminal before its commit", 3;
    SpoolNotFlushed = "the edge's commits wait for no flush of the disk", 3;
    HubNotFlushed = "the hub's commits wait for no flush of the disk", 1;
    RefusalReadsOk = "a full spool answers OK", 42;
    TrimTooFar = "the trim takes what the hub has not acknowledged", 3;
    FailedSendCounts = "a batch whose answer is lost counts as acknowledged", 2;
    UnclampedPosition = "the hub's claim of what it holds is believed beyond what was sent", 6;
    SequenceReused = "sequences begin anew behind the last entry that is left after a restart", 45;
    RetryIsNew = "a batch that is sent again is not recognised as the same", 2;
    ResolvedIdentity = "the identity of a punch is made of its instant instead of its printed time", 1;
    CursorByNewestTime = "only punches later than the newest one are taken from a terminal", 1;
    PollStopsAtKnown = "a poll reads backwards and stops at the first record that is known", 1;
    HalfABatch = "the hub takes the first half of a batch and acknowledges all of it", 1;
    HeldRowsLost = "the hub throws held punches away", 1;
    AssignedOnlyFromNow = "a number that is assigned late counts for new punches only", 1;
    ZoneOnlyFromNow = "a terminal's zone that is corrected counts for new punches only", 1;
    KnownCountsAsNew = "the hub counts known punches as new ones", 2;
    PartCountsAsWhole = "a transfer that broke off counts as the whole log", 28;
    RestoreNotNoticed = "a hub that was restored does not notice what it lacks", 3;
    SpoolsMixedUp = "the sequences of a new disk are taken for those of the one before", 257;
    WatermarkTooEarly = "a reading counts from when it is told, and not from when it began", 4;
    ToldBeforeHeld = "a reading is told before the hub holds what it brought", 4;
}
