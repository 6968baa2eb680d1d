//! Compares a provider's sample file with what a layout yields, and says each difference in words.

use super::layout::{By, Column, Encoding, Field, HoursForm, Layout, LineEnd, Quote};

/// Rows of a sample that are looked at.
const LOOKED_AT: usize = 200;

/// What differs, the coarse things first; empty when the layout writes such files.
///
/// Of the sample its encoding, line ends, lines before the titles, separator, titles and their order, and in each column the form of
/// figures and dates are looked at; what its cells say is its own.
pub fn differences(sample: &[u8], layout: &Layout) -> Vec<String> {
    let mut found = Vec::new();
    if sample.is_empty() {
        return vec!["the sample is empty".to_owned()];
    }
    let text = decoded(sample, layout, &mut found);
    line_ends(&text, layout, &mut found);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let before = layout.text.before.len();
    let pairs = layout.text.before.iter().zip(&lines).enumerate();
    if let Some((place, (ours, theirs))) = pairs.into_iter().find(|(_, (ours, theirs))| !fits(ours, theirs)) {
        found.push(format!("line {}: the layout writes `{ours}`, the sample has `{theirs}`", place + 1));
    }
    let rows = lines.get(before..).unwrap_or_default();
    let Some(first) = rows.first() else {
        found.push(format!("the sample ends before its rows: the layout begins with {before} lines of its own"));
        return found;
    };
    let separator = separator_of(first, layout, &mut found);
    quotes(rows, separator, layout, &mut found);
    let cells: Vec<Vec<String>> = rows.iter().take(LOOKED_AT).map(|row| split(row, separator)).collect();
    let (titles, rows) = match cells.split_first() {
        Some((titles, rows)) if layout.text.header => (Some(titles), rows),
        _ => (None, cells.as_slice()),
    };
    let places = match titles {
        Some(titles) => by_title(titles, layout, &mut found),
        None => by_place(rows, layout, &mut found),
    };
    for (column, place) in layout.columns.iter().zip(places) {
        let values: Vec<&str> = place
            .map(|place| {
                rows.iter()
                    .filter_map(|row| row.get(place))
                    .map(|cell| cell.trim())
                    .filter(|cell| !cell.is_empty())
                    .collect()
            })
            .unwrap_or_default();
        column_form(column, &values, layout, &mut found);
    }
    found
}

/// The sample as text.
fn decoded(sample: &[u8], layout: &Layout, found: &mut Vec<String>) -> String {
    let (theirs, text) = match sample {
        [0xef, 0xbb, 0xbf, rest @ ..] => (Encoding::Utf8Bom, String::from_utf8_lossy(rest).into_owned()),
        [0xff, 0xfe, ..] => (Encoding::Utf16, encoding_rs::UTF_16LE.decode(sample).0.into_owned()),
        _ => match std::str::from_utf8(sample) {
            Ok(text) => (Encoding::Utf8, text.to_owned()),
            Err(_) => (Encoding::Windows1252, encoding_rs::WINDOWS_1252.decode(sample).0.into_owned()),
        },
    };
    let ours = layout.text.encoding;
    // Plain ASCII is both.
    let is_plain = sample.is_ascii() && matches!(ours, Encoding::Utf8 | Encoding::Windows1252);
    if theirs != ours && !is_plain {
        found.push(format!("encoding: the layout writes {}, the sample is {}", encoding(ours), encoding(theirs)));
    }
    text
}

const fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Utf8Bom => "UTF-8 with a mark at its start",
        Encoding::Windows1252 => "Windows-1252",
        Encoding::Utf16 => "UTF-16",
    }
}

fn line_ends(text: &str, layout: &Layout, found: &mut Vec<String>) {
    let theirs = if text.contains("\r\n") { LineEnd::Crlf } else { LineEnd::Lf };
    let name = |end| if end == LineEnd::Crlf { "CR and LF" } else { "LF alone" };
    if text.contains('\n') && theirs != layout.text.line_end {
        found.push(format!(
            "line ends: the layout writes {}, the sample has {}",
            name(layout.text.line_end),
            name(theirs)
        ));
    }
}

/// Whether a line of the sample may be what a line with placeholders becomes.
fn fits(ours: &str, theirs: &str) -> bool {
    let mut rest = theirs;
    let mut pieces = ours.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    let Some(start) = pieces.next() else { return true };
    let Some(after) = rest.strip_prefix(start) else { return false };
    rest = after;
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    ours.contains('{') || rest.is_empty()
}

fn separator_of(line: &str, layout: &Layout, found: &mut Vec<String>) -> char {
    let ours = layout.text.separator.chars().next().unwrap_or(',');
    let count = |separator: char| split(line, separator).len();
    let theirs =
        [ours, ',', ';', '\t', '|'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(ours);
    if theirs != ours && count(theirs) > count(ours) {
        found.push(format!("separator: the layout writes {}, the sample has {}", named(ours), named(theirs)));
        return theirs;
    }
    ours
}

fn named(separator: char) -> String {
    match separator {
        ',' => "commas".to_owned(),
        ';' => "semicolons".to_owned(),
        '\t' => "tabs".to_owned(),
        other => format!("`{other}`"),
    }
}

fn quotes(rows: &[&str], separator: char, layout: &Layout, found: &mut Vec<String>) {
    let quoted = rows.iter().filter(|row| row.starts_with('"') || row.contains(&format!("{separator}\""))).count();
    match layout.text.quote {
        Quote::Always if quoted == 0 => {
            found.push("quotes: the layout puts text in quotes, the sample has none".to_owned());
        }
        Quote::Needed | Quote::Never if quoted == rows.len() => {
            found.push(
                "quotes: each row of the sample has cells in quotes, those of the layout only where they must"
                    .to_owned(),
            );
        }
        _ => {}
    }
}

/// The cells of a line.
fn split(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut is_quoted, mut chars) = (false, line.chars().peekable());
    while let Some(char) = chars.next() {
        match char {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells.iter_mut().last().into_iter().for_each(|cell| cell.push('"'));
            }
            '"' => is_quoted = !is_quoted,
            char if char == separator && !is_quoted => cells.push(String::new()),
            char => cells.iter_mut().last().into_iter().for_each(|cell| cell.push(char)),
        }
    }
    cells
}

/// Where each column of the layout is in the sample.
fn by_title(titles: &[String], layout: &Layout, found: &mut Vec<String>) -> Vec<Option<usize>> {
    let at = |column: &Column| titles.iter().position(|title| title.trim().eq_ignore_ascii_case(&column.title));
    let places: Vec<Option<usize>> = layout.columns.iter().map(at).collect();
    for (column, place) in layout.columns.iter().zip(&places) {
        let title = &column.title;
        match place.and_then(|place| titles.get(place)) {
            None => found.push(format!("column `{title}` of the layout is not in the sample")),
            Some(theirs) if theirs.trim() != title => {
                found.push(format!("column `{title}` is written `{}` in the sample", theirs.trim()));
            }
            Some(_) => {}
        }
    }
    let is_ours =
        |title: &&String| layout.columns.iter().any(|column| title.trim().eq_ignore_ascii_case(&column.title));
    for title in titles.iter().filter(|title| !title.is_empty() && !is_ours(title)) {
        found.push(format!("column `{}` of the sample is not in the layout", title.trim()));
    }
    let order: Vec<usize> = places.iter().copied().flatten().collect();
    if let Some((before, after)) = order.iter().zip(order.iter().skip(1)).find(|(before, after)| before > after) {
        let name = |place: usize| titles.get(place).map_or("", |title| title.trim());
        found.push(format!("order: the sample has `{}` before `{}`, the layout after it", name(*after), name(*before)));
    }
    places
}

/// Columns without titles are found by their place.
fn by_place(rows: &[Vec<String>], layout: &Layout, found: &mut Vec<String>) -> Vec<Option<usize>> {
    let theirs = rows.first().map_or(0, Vec::len);
    let ours = layout.columns.len() + usize::from(layout.text.closing_separator);
    if theirs != ours {
        found.push(format!("columns: the layout writes {ours} cells a row, the sample has {theirs}"));
    }
    (0..layout.columns.len()).map(|place| (place < theirs).then_some(place)).collect()
}

fn column_form(column: &Column, values: &[&str], layout: &Layout, found: &mut Vec<String>) {
    let title = &column.title;
    if column.field.is_date() {
        let format = if column.format.is_empty() { &layout.text.date } else { &column.format };
        // What is fixed in a form, like the first of a month, is a day like others in a sample.
        let reads = |value: &&&str| {
            jiff::fmt::strtime::parse(format, **value)
                .is_ok_and(|read| read.to_date().is_ok() || format.starts_with("01"))
        };
        if let Some(other) = values.iter().find(|value| !reads(value)) {
            found.push(format!("column `{title}`: the layout writes dates as {format}, the sample has `{other}`"));
        }
    }
    if !column.field.is_duration() {
        return;
    }
    let form = column.form.unwrap_or(layout.hours.form);
    let ours = match form {
        HoursForm::Decimal => format!("hours like {}", decimal_like(layout)),
        HoursForm::Clock => "hours like 7:30".to_owned(),
        HoursForm::Minutes => "minutes like 450".to_owned(),
    };
    let fits = |value: &&&str| is_like(value, form, layout);
    if let Some(other) = values.iter().find(|value| !fits(value)) {
        found.push(format!("column `{title}`: the layout writes {ours}, the sample has `{other}`"));
    }
    let is_single = column.of.is_empty() && !layout.is_by(By::Code) && column.field == Field::Hours;
    if is_single && values.is_empty() {
        found.push(format!("column `{title}`: the sample has no hours in it"));
    }
}

fn decimal_like(layout: &Layout) -> String {
    let places = usize::from(layout.hours.places);
    if places == 0 {
        "7".to_owned()
    } else {
        format!("7{}{}", layout.text.decimal_mark, "5000".get(..places).unwrap_or("5000"))
    }
}

fn is_like(value: &str, form: HoursForm, layout: &Layout) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = value.strip_prefix('-').unwrap_or(value);
    match form {
        HoursForm::Minutes => digits(value),
        HoursForm::Clock => {
            value.split_once(':').is_some_and(|(hours, minutes)| digits(hours) && minutes.len() == 2 && digits(minutes))
        }
        HoursForm::Decimal if layout.hours.places == 0 => digits(value),
        HoursForm::Decimal => value.split_once(&layout.text.decimal_mark).is_some_and(|(whole, part)| {
            digits(whole) && digits(part) && part.len() == usize::from(layout.hours.places)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::preset;
    use super::*;

    const PAYCHEX: &str = "Client ID,Worker ID,Org,Job Number,Pay Component,Rate,Rate Number,Hours,Units,Line Date,Amount,\
        Check Seq Number,Override State,Override Local,Override Local Jurisdiction,Labor Assignment\r\n\
        123,7,,,Hourly,,,40.00,,,,,,,,\r\n";

    fn found(preset_name: &str, sample: &[u8]) -> Vec<String> {
        differences(sample, &preset(preset_name).unwrap())
    }

    #[test]
    fn a_file_of_the_layout_has_no_difference() {
        assert_eq!(found("paychex", PAYCHEX.as_bytes()), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_said_in_words() {
        let sample =
            "Worker ID;Client Id;Org;Pay Component;Hours;Bonus\n7;123;;Hourly;40,0;\n8;123;;J\u{e4}hrlich;1:30;\n";
        let sample = encoding_rs::WINDOWS_1252.encode(sample).0;
        let found = found("paychex", &sample).join("\n");
        for said in [
            "encoding: the layout writes UTF-8, the sample is Windows-1252",
            "line ends: the layout writes CR and LF, the sample has LF alone",
            "separator: the layout writes commas, the sample has semicolons",
            "column `Job Number` of the layout is not in the sample",
            "column `Client ID` is written `Client Id` in the sample",
            "column `Bonus` of the sample is not in the layout",
            "order: the sample has `Worker ID` before `Client Id`, the layout after it",
            "column `Hours`: the layout writes hours like 7.50, the sample has `40,0`",
        ] {
            assert!(found.contains(said), "{said} is not in\n{found}");
        }
    }

    #[test]
    fn lines_before_the_rows_and_rows_without_titles_are_compared_too() {
        let good = "[Allgemein]\r\nZiel=LODAS\r\nVersion_SST=1.0\r\nBeraterNr=1\r\nMandantenNr=2\r\nDatumsformat=TT.MM.JJJJ\r\n\
            Feldtrennzeichen=;\r\nZahlenkomma=,\r\n[Satzbeschreibung]\r\n\
            1;u_lod_bwd_buchung_standard;abrechnung_zeitraum#bwd;pnr#bwd;la_eigene#bwd;bs_nr#bwd;bs_wert_butab#bwd;\r\n\
            [Bewegungsdaten]\r\n1;01.03.2026;7;100;1;8,00;\r\n";
        assert_eq!(found("datev-lodas", good.as_bytes()), Vec::<String>::new());
        let other =
            good.replace("TT.MM.JJJJ", "JJJJ-MM-TT").replace("8,00;", "8.00;9;").replace("01.03.2026", "2026-03-01");
        let found = found("datev-lodas", other.as_bytes()).join("\n");
        for said in [
            "line 6: the layout writes `Datumsformat=TT.MM.JJJJ`",
            "writes 7 cells a row, the sample has 8",
            "the sample has `2026-03-01`",
            "like 7,50, the sample has `8.00`",
        ] {
            assert!(found.contains(said), "{said} is not in\n{found}");
        }
    }

    #[test]
    fn whatever_the_sample_is_it_is_compared_without_a_panic() {
        for sample in [&b""[..], b"\n", b"\xff\xfe", b"\"", b"a,b\n", b"\xef\xbb\xbf"] {
            for (name, _) in super::super::PRESETS {
                assert!(!found(name, sample).is_empty(), "{name}");
            }
        }
    }
}
