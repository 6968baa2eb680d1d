//! Queries: what they find comes as uploads of its own, before the result (adms 7, 9).

use zk::record::template::TemplateKey;
use zk::{AttendanceRecord, User};

use super::people::field;
use super::{Done, code};
use crate::push::attendance::{self, printed};
use crate::push::reporter::Reporter;
use crate::push::security;
use crate::push::upload::Upload;

impl Reporter<'_> {
    /// A query of an attendance terminal.
    pub(super) fn query(&mut self, table: &str, fields: &str) -> i64 {
        match table {
            "ATTLOG" => self.query_log(fields),
            "USERINFO" => self.query_users(fields),
            "FINGERTMP" => self.query_fingers(fields),
            _ => code::NOT_SUPPORTED,
        }
    }

    fn query_log(&mut self, fields: &str) -> i64 {
        let found = self.span(fields);
        for batch in found.chunks(self.options.batch_lines.max(1)) {
            let upload = self.attlog(batch);
            self.queue.push_back(upload);
        }
        if found.is_empty() { code::NO_DATA } else { code::DONE }
    }

    fn query_users(&mut self, fields: &str) -> i64 {
        let found = self.users_with(field(fields, &["PIN"]));
        if found.is_empty() {
            return code::NO_DATA;
        }
        let lines: Vec<_> = found.iter().map(attendance::user).collect();
        let upload = self.operlog(&lines);
        self.queue.push_back(upload);
        code::DONE
    }

    fn query_fingers(&mut self, fields: &str) -> i64 {
        let number = field(fields, &["PIN"]);
        let Some(slot) = self.terminal.slot_of(number) else { return code::NO_SUCH_PIN };
        let wanted: Option<u8> = field(fields, &["FID"]).parse().ok();
        let keys = (0..10).filter(|finger| wanted.is_none_or(|wanted| wanted == *finger));
        let keys = keys.map(|finger| TemplateKey { slot, finger });
        let found = keys.filter_map(|key| Some((key, self.terminal.template(key)?)));
        let lines: Vec<_> =
            found.map(|(key, template)| attendance::finger(number, key, &template).into_bytes()).collect();
        if lines.is_empty() {
            return code::NO_DATA;
        }
        let upload = self.operlog(&lines);
        self.queue.push_back(upload);
        code::DONE
    }

    /// Counts the punches of a span.
    pub(super) fn sum_log(&mut self, fields: &str) -> Done {
        let pairs = format!("AttlogSum={}&", self.span(fields.trim_start()).len());
        Done { pairs, ..Done::new(code::DONE, "VERIFY SUM") }
    }

    /// The punches of a span, both ends included; printed times compare as text.
    fn span(&self, fields: &str) -> Vec<AttendanceRecord> {
        let (from, to) = (field(fields, &["StartTime"]), field(fields, &["EndTime"]));
        let within = |printed: &str| printed >= from && (to.is_empty() || printed <= to);
        let mut found = self.terminal.log(0..usize::MAX);
        found.retain(|record| within(&printed(record.time)));
        found
    }

    /// Everybody, or whoever has the number.
    fn users_with(&self, number: &str) -> Vec<User> {
        let mut users = self.terminal.users();
        users.retain(|user| number.is_empty() || user.number == number);
        users
    }

    /// A query of an access terminal: `tablename=user,fielddesc=*,filter=*`. The result is the number of rows.
    pub(super) fn query_table(&mut self, id: &str, query: &str) -> i64 {
        let part = |key: &str| {
            query
                .split(',')
                .find_map(|part| part.split_once('=').filter(|(name, _)| *name == key))
                .map_or("", |(_, v)| v)
        };
        let lines: Vec<Vec<u8>> = match part("tablename") {
            "user" => {
                let filter = part("filter").strip_prefix("pin=").unwrap_or_default();
                self.users_with(filter).iter().map(security::user).collect()
            }
            "transaction" => {
                let (start, records) = self.terminal.log_from(0..usize::MAX);
                let line =
                    |(record, index): (&AttendanceRecord, usize)| security::transaction(record, index).into_bytes();
                records.iter().zip(start..).map(line).collect()
            }
            _ => return code::NOT_SUPPORTED,
        };
        let packets: Vec<_> = lines.chunks(self.options.batch_lines.max(1)).collect();
        for (index, packet) in packets.iter().enumerate() {
            let query = format!(
                "type=tabledata&cmdid={id}&tablename={}&count={}&packcnt={}&packidx={}",
                part("tablename"),
                packet.len(),
                packets.len(),
                index + 1
            );
            self.queue.push_back(Upload::new("querydata", query, self.style.body(packet), packet.len()));
        }
        i64::try_from(lines.len()).unwrap_or(i64::MAX)
    }

    /// Options of an access terminal; the result is their number.
    pub(super) fn report_options(&mut self, id: &str, names: &str) -> i64 {
        let known = names.split(',').filter_map(|name| Some(format!("{name}={}", self.terminal.option(name.trim())?)));
        let pairs: Vec<String> = known.collect();
        let query = format!("type=options&cmdid={id}&tablename=options&count=1&packcnt=1&packidx=1");
        let body = self.style.body(&[pairs.join(",")]);
        self.queue.push_back(Upload::new("querydata", query, body, 1));
        code::DONE
    }
}
