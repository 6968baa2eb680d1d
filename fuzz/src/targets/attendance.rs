//! Files of terminals and of people: logs, printed times, policies.

use attendance::bank::Preset;
use attendance::punch::{Fingerprint, PrintedTime, RawPunch, attlog};
use attendance::{ClockTime, PolicyFile};

use super::{Kind, Target, few, kind, offset};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "attendance/attlog",
        check: log,
        words: &["\t", "\n", "\r\n", "\0\0\0", "     ", "2023-01-03 10:34:08", "\u{feff}"],
    },
    Target {
        name: "attendance/printed_time",
        check: printed_time,
        words: &["-", "--", " -", ":-", "1971--10--29 -23:-59:-53", "0000", "9999"],
    },
    Target { name: "attendance/words", check: words, words: &[":", "+1", "24:00", "23:59+1"] },
    Target {
        name: "attendance/policy_toml",
        check: policy_toml,
        words: &[
            "[",
            "]\n",
            "[[pay_rules]]\n",
            "code = ",
            "percent = ",
            "when = { ",
            "\"none\"",
            "05:30",
            "[checks.break]\n",
            "[grace]\n",
            "-1",
        ],
    },
    Target {
        name: "attendance/policy_json",
        check: policy_json,
        words: &["\"pay_rules\":[", "\"when\":{", "\"percent\":", "null", "\"none\"", "\"05:30\"", "{", "}", "-1"],
    },
    Target {
        name: "attendance/bank_preset",
        check: bank_preset,
        words: &["\"rates\":", "\"expiry\":", "null", "-1", "{}", "\"unit\":0"],
    },
];

/// Every line that is not blank is one punch, with its own bytes, and by itself the same.
fn log(bytes: &[u8]) -> Kind {
    let lines: Vec<&[u8]> = attlog::lines(bytes).collect();
    let mut end = 0;
    for line in &lines {
        let start = offset(bytes, line);
        let between = &bytes[end..start];
        let between = if end == 0 { between.strip_prefix(b"\xef\xbb\xbf").unwrap_or(between) } else { between };
        assert!(
            between.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0),
            "bytes {end} to {start} are in no line"
        );
        end = start + line.len();
    }
    let punches: Vec<RawPunch> = attlog::punches("A1", bytes).collect();
    assert_eq!(punches.len(), lines.len());
    for (punch, line) in punches.iter().zip(&lines) {
        assert_eq!(punch.original, *line);
        assert!(line.starts_with(b"\xef\xbb\xbf") || attlog::punches("A1", line).eq([punch.clone()]));
        let fingerprint = punch.fingerprint();
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }
    let parts =
        punches.iter().map(|punch| (punch.is_unreadable(), punch.time.civil().is_some(), punch.state.is_some()));
    kind((few(punches.len()), parts.take(2).collect::<Vec<_>>()))
}

/// A time prints, and what it prints is the same time.
fn printed_time(bytes: &[u8]) -> Kind {
    let text = String::from_utf8_lossy(bytes);
    let time = PrintedTime::parse(&text);
    assert_eq!(PrintedTime::parse(&time.to_string()), time, "{time}");
    if let Some(civil) = time.civil() {
        assert_eq!(PrintedTime::from_civil(civil), time);
    }
    let fingerprint = Fingerprint::of("A1", "7", &time);
    assert_eq!(Fingerprint::of(" A1\0", "7 ", &time), fingerprint);
    kind((time.seconds().map(|seconds| seconds < 0), text.contains("--")))
}

fn words(bytes: &[u8]) -> Kind {
    let text = String::from_utf8_lossy(bytes);
    let clock = text.parse::<ClockTime>();
    assert!(clock.as_ref().is_ok_and(|clock| clock.to_string() == text) || clock.is_err());
    let fingerprint = text.parse::<Fingerprint>();
    assert!(fingerprint.as_ref().is_ok_and(|key| key.to_string().eq_ignore_ascii_case(&text)) || fingerprint.is_err());
    kind((clock.is_ok(), fingerprint.is_ok(), few(text.len())))
}

/// A policy is in range and written as it was read; a refusal says something.
fn policy(read: Result<PolicyFile, attendance::PolicyFileError>) -> Kind {
    match read {
        Ok(file) => {
            file.policy.validate().expect("what was taken is in range");
            let json = serde_json::to_string(&file).expect("a policy can be written");
            assert_eq!(PolicyFile::from_json(&json).expect("what is written can be read"), file);
            kind((1, few(file.policy.pay_rules.len()), file.title.is_empty(), file.checks.max_week.is_some()))
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            kind((2, std::mem::discriminant(&error)))
        }
    }
}

fn policy_toml(bytes: &[u8]) -> Kind {
    policy(PolicyFile::from_toml(&String::from_utf8_lossy(bytes)))
}

fn policy_json(bytes: &[u8]) -> Kind {
    policy(PolicyFile::from_json(&String::from_utf8_lossy(bytes)))
}

fn bank_preset(bytes: &[u8]) -> Kind {
    match Preset::read(&String::from_utf8_lossy(bytes)) {
        Ok(preset) => {
            let json = serde_json::to_string(&preset).expect("a preset can be written");
            assert_eq!(Preset::read(&json).as_ref(), Ok(&preset));
            let bank = preset.bank().expect("what was taken is in range");
            kind((1, few(bank.policy().rates.len())))
        }
        Err(error) => kind((2, std::mem::discriminant(&error))),
    }
}
