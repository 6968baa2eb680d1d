//! The table of faults.

use super::value::{Amount, Every, Seconds, Value};
use super::{FaultError, FaultInfo};

macro_rules! faults {
    ($($name:literal $field:ident: $kind:ty, $meaning:literal;)+) => {
        /// Which misfortunes a terminal meets; none by default.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Faults {
            $(#[doc = $meaning] pub $field: $kind,)+
        }

        pub(super) const TABLE: &[FaultInfo] =
            &[$(FaultInfo { name: $name, form: <$kind as Value>::FORM, meaning: $meaning },)+];

        pub(super) fn set(faults: &mut Faults, name: &str, value: Option<&str>) -> Result<(), FaultError> {
            match name {
                $($name => faults.$field = read($name, value)?,)+
                _ => return Err(FaultError::Unknown(name.to_owned())),
            }
            Ok(())
        }
    };
}

fn read<V: Value>(name: &str, value: Option<&str>) -> Result<V, FaultError> {
    V::read(value).ok_or_else(|| FaultError::Value {
        name: name.to_owned(),
        value: value.unwrap_or_default().to_owned(),
        wanted: V::WANTED,
    })
}

faults! {
    // Port 4370: the line.
    "strict-checksum" strict_checksum: bool, "requests with a wrong checksum are dropped without a word (zk 2)";
    "coalesce" coalesce: bool, "a reply, the event before it, and all frames of a bulk read leave in one write";
    "trickle" trickle_bytes: Amount<1>, "what is sent over TCP leaves N bytes at a time (1)";
    "frame-pause" frame_pause_ms: Amount<3>, "DATA frames come N milliseconds apart (3)";
    "frame-bytes" frame_bytes: Amount<1008>, "DATA frames hold at most N bytes (1008)";
    "slow-answers" slow_answers_ms: Amount<200>, "each answer comes N milliseconds late (200)";
    "udp-loss" udp_loss_percent: Amount<5>, "so many percent of the datagrams are lost on the way to the client (5)";
    "udp-duplicate" udp_duplicate_percent: Amount<5>, "so many percent of the datagrams arrive twice (5)";
    "udp-reorder" udp_reorder_percent: Amount<5>, "so many percent of the datagrams arrive after the next one (5)";

    // Port 4370: the session.
    "locked" locked: Amount<6001>, "CONNECT is answered with this code only, as locked firmware does (6001)";
    "always-auth" always_auth: bool, "AUTH is demanded even when the comm key is 0 (zk 4)";
    "refuse-key" refuse_key: bool, "every comm key is wrong";
    "odd-connect" odd_connect: bool, "CONNECT is answered under another reply number and with a stray byte (zk 2)";
    "refuse-second" refuse_second: bool, "a second client is turned away at once instead of being left waiting";
    "linger" linger_s: Amount<5>, "after a client that left without EXIT the place stays taken for N seconds (5)";
    "lost-session" lost_session: Every, "every N-th request finds its session forgotten: 2005";
    "silent-restart" silent_restart: bool, "RESTART is not acknowledged, the line just drops";

    "no-events" no_events: bool, "registering for real-time events is refused";
    "odd-events" odd_events: bool, "punches are told in a form that nobody knows";

    // Port 4370: bulk reads.
    "inline-bytes" inline_bytes: Amount<0>, "data sets up to N bytes come inline, larger ones in chunks (0)";
    "direct-only" direct_only: bool, "tables are read by their old commands only, as from the oldest units (zk 6.1)";
    "unannounced" unannounced: bool, "chunks come without PREPARE_DATA in front";
    "odd-closing-ack" odd_closing_ack: bool, "the ACK_OK after a chunk has the last index where its session should be";
    "no-closing-ack" no_closing_ack: bool, "chunks have no ACK_OK behind them";
    "empty-last-frame" empty_last_frame: bool, "each chunk ends with an empty DATA frame";
    "event-in-read" event_in_read: bool, "a real-time event comes between the frames of each chunk";
    "dropped-read" dropped_read: Every, "every N-th read of the log: the line drops after the first chunk";
    "stalled-read" stalled_read: Every, "every N-th read of the log: silence after the first chunk";
    "short-set" short_set: bool, "data sets end before their byte count says";
    "read-refused" read_refused: Amount<4989>, "reading the log is answered with this code (4989, zk 11)";
    "growing-log" growing_log: Amount<1>, "N punches land between the count of the log and its reading (1)";
    "cleared-log" cleared_log: Every, "somebody clears the log after every N-th reading";

    // What a terminal tells, by both roads where both tell it.
    "record-bytes" record_bytes: Amount<52>, "attendance records on port 4370 have N bytes (52)";
    "sizes-bytes" sizes_bytes: Amount<4>, "the answer to GET_FREE_SIZES has N bytes (4, zk 5.3)";
    "missing-option" missing_option: Option<String>, "the terminal does not have this option: 2001";
    "blank-options" blank_options: bool, "an option that is missing is answered as empty instead of refused (zk 5.4)";
    "short-users" short_users: Amount<1>, "the user table lacks its last N users, though they are counted (1)";
    "garbage-names" garbage_names: bool, "name and password of user records hold garbage behind their NUL (zk 7.2)";
    "gb2312-names" gb2312_names: bool, "names are in GB2312, and people without one get a Chinese one";
    "invalid-dates" invalid_dates: Every, "every N-th punch is recorded on 31 February";
    "duplicate-punch" duplicate_punch: Every, "every N-th punch is recorded twice";
    "log-full" log_full: Amount<0>, "the log takes N more punches than it has at the start, then refuses (0)";
    "log-wraps" log_wraps: Amount<100>, "the log holds N punches, then new ones overwrite the oldest (100)";
    "clock-skew" clock_skew_s: Seconds<3600>, "the clock is wrong by so many seconds from the start (3600)";
    "clock-drift" clock_drift_s: Seconds<10>, "the clock gains so many seconds a day (10)";
    "clock-reset" clock_reset: Amount<2000>, "the battery is empty: at each start the clock shows 1 January of year N (2000)";
    "clock-jump" clock_jump_s: Seconds<-3600>, "half-way through the awaited punches the clock jumps by so many seconds (-3600)";
    "zone-error" zone_error_s: Seconds<3600>, "whenever the clock follows the server's, it is wrong by so many seconds (3600)";

    // Push: what goes wrong on the way.
    "lost-reply" lost_reply: Every, "every N-th upload is stored but its reply is lost: it comes again (adms 5)";
    "duplicate-batch" duplicate_batch: Every, "every N-th upload comes twice although it was acknowledged";
    "truncated-body" truncated_body: Every, "every N-th upload breaks off in the middle, and comes again";
    "slow-body" slow_body: Amount<2000>, "bodies crawl at N bytes a second (2000)";
    "replay-log" replay_log: Amount<1>, "when all of the log is acknowledged, all of it comes again, N times (1)";
    "interleaved" interleaved: Amount<2>, "N uploads and N polls at once, each on a connection of its own (2)";
    "huge-batch" huge_batch: bool, "the whole log comes in one upload";
    "power-cut" power_cut: Every, "the power is cut between every N-th punch and its upload (1)";
    "new-serial" new_serial: Option<String>, "half-way through the awaited punches the mainboard is changed: another serial, the same MAC";

    // Push: how requests are written.
    "no-sn" no_sn: bool, "requests do not say the serial number";
    "lower-sn" lower_sn: bool, "the serial number is called sn instead of SN";
    "aspx" aspx: bool, "paths end with .aspx, as from eSSL builds";
    "raw-blanks" raw_blanks: bool, "blanks in queries are not escaped, as in old firmware";
    "form-type" form_type: bool, "bodies are called application/x-www-form-urlencoded, which they are not";
    "chunked-body" chunked_body: bool, "bodies come in chunks, without a length";
    "one-request" one_request: bool, "each request has a connection of its own: Connection: close";
    "push-key" push_key: Option<String>, "the terminal sends this communication key: pushcommkey, and ComKey on every request";
    "asks-encryption" asks_encryption: bool, "the terminal asks for encryption before anything else (adms 10)";

    // Push: how bodies are written.
    "crlf" crlf: bool, "lines end with CR LF";
    "no-final-lf" no_final_lf: bool, "the last line has no end";
    "trailing-tab" trailing_tab: bool, "punches end with a tab: one empty column more";
    "columns" columns: Amount<12>, "punches have N columns, 2 to 12 (12, adms 6.1)";
    "archives" archives: bool, "operations and users come as gzip archives: ContentType=tgz";
    "wrong-stamp" wrong_stamp: bool, "stamps are nonsense (adms 5)";
    "unknown-table" unknown_table: bool, "a table that nobody knows is uploaded after each handshake";
    "wrong-photo-size" wrong_photo_size: bool, "each punch comes with a photo that has another size than it says";

    "biodata" biodata: bool, "face templates come unasked, as BIODATA";

    // Push: commands.
    "results-reversed" results_reversed: bool, "results come in the order opposite to the commands";
    "results-twice" results_twice: bool, "each result comes twice";
    "results-never" results_never: bool, "commands are done, and no result ever comes";
    "results-joined" results_joined: bool, "the results of one reply come in one body";
    "reboot-before-result" reboot_before_result: Every, "every N-th poll that brings commands: the terminal restarts before it answers";
}
