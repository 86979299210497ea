//! Exports: what is written is read, and nothing else is.

use std::io::{self, BufReader, Read};

use proptest::prelude::*;
use taskdex::testkit::strategies;
use taskdex::wire::export::{ExportError, Header, Reader, Writer};
use taskdex::{ErrorKind, Record};

use crate::support::{cases, project};

/// An export of the first form: every later version must read it, and write it again.
const EXPORT: &str = include_str!("cases/export-1.jsonl");

fn read(text: &[u8]) -> Result<(Header, Vec<Record>), ExportError> {
    let reader = Reader::new(text)?;
    let header = reader.header().clone();
    Ok((header, reader.collect::<Result<_, _>>()?))
}

fn written(header: &Header, records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), header).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap()
}

fn lines() -> Vec<&'static str> {
    EXPORT.lines().collect()
}

/// The kept export, with its lines as they are given.
fn joined(lines: &[impl AsRef<str>]) -> String {
    lines
        .iter()
        .map(|line| line.as_ref().to_owned() + "\n")
        .collect()
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, line: usize, kind: ErrorKind, parameter: &str) {
    let text = text.as_ref();
    let error = match read(text) {
        Ok(read) => panic!("{}: accepted as {read:?}", String::from_utf8_lossy(text)),
        Err(error) => error,
    };
    let why = error.error().unwrap();
    assert_eq!(
        (error.line(), why.kind(), why.parameter()),
        (line, kind, parameter),
        "{error}"
    );
    let message = error.to_string();
    assert!(message.starts_with(&format!("line {line}: ")), "{message}");
    assert!(
        message.len() < 1_000 && !message.contains('\n'),
        "{message}"
    );
}

const DAMAGED: ErrorKind = ErrorKind::DamagedExport;

#[test]
fn the_kept_export_is_read_and_written_again() {
    let (header, records) = read(EXPORT.as_bytes()).unwrap();
    assert_eq!(header.project, project("default"));
    assert_eq!(
        (header.revision.get(), header.next_sequence, header.count),
        (9, 40, 6)
    );
    let sequences: Vec<u64> = records.iter().map(|it| it.sequence.unwrap()).collect();
    assert_eq!(sequences, [0, 1, 17, 18, 38, 39]);
    assert_eq!(
        String::from_utf8(written(&header, &records)).unwrap(),
        EXPORT
    );
}

#[test]
fn a_record_stands_in_an_export_without_its_project() {
    let (header, records) = read(EXPORT.as_bytes()).unwrap();
    let records = records
        .into_iter()
        .map(|record| record.with_project(project("other")));
    let records: Vec<Record> = records.collect();
    assert_eq!(
        String::from_utf8(written(&header, &records)).unwrap(),
        EXPORT
    );
}

#[test]
fn a_text_that_is_cut_anywhere_is_refused() {
    for length in 0..EXPORT.len() {
        let error = read(&EXPORT.as_bytes()[..length]).unwrap_err();
        let before = &EXPORT.as_bytes()[..length];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(error.line(), line, "{length}: {error}");
    }
}

#[test]
fn a_line_too_few_too_many_twice_or_elsewhere_is_refused() {
    let all = lines();
    for position in 1..all.len() {
        let mut fewer = all.clone();
        fewer.remove(position);
        refused(joined(&fewer), all.len(), DAMAGED, "count");

        let mut twice = all.clone();
        twice.insert(position, all[position]);
        refused(joined(&twice), position + 2, DAMAGED, "sequence");

        if position > 1 {
            let mut swapped = all.clone();
            swapped.swap(position - 1, position);
            refused(joined(&swapped), position + 1, DAMAGED, "sequence");
        }
    }
    for position in 0..=all.len() {
        for blank in ["", " ", "\r"] {
            let mut with_blank = all.clone();
            with_blank.insert(position, blank);
            refused(joined(&with_blank), position + 1, DAMAGED, "export");
        }
    }
    let more = all[1]
        .replace("\"id\":\"a\"", "\"id\":\"z\"")
        .replace("\"sequence\":0", "\"sequence\":39");
    refused(EXPORT.to_owned() + &more + "\n", 8, DAMAGED, "count");
    refused(EXPORT.to_owned() + "\n", 8, DAMAGED, "export");
    refused(EXPORT.to_owned() + "{", 8, DAMAGED, "export");
    refused(
        EXPORT.to_owned() + EXPORT,
        8,
        ErrorKind::MissingParameter,
        "id",
    );
}

/// The kept export, where a line has another text in place of its own.
fn changed(line: usize, from: &str, to: &str) -> String {
    let mut lines: Vec<String> = lines().into_iter().map(str::to_owned).collect();
    assert!(lines[line - 1].contains(from), "{from}");
    lines[line - 1] = lines[line - 1].replace(from, to);
    joined(&lines)
}

#[test]
fn a_record_must_fit_its_export() {
    for (line, from, to, kind, parameter) in [
        (2, "\"version\":1", "\"version\":10", DAMAGED, "version"),
        (
            2,
            "\"version\":1",
            "\"version\":281474976710656",
            DAMAGED,
            "version",
        ),
        (7, "\"sequence\":39", "\"sequence\":40", DAMAGED, "sequence"),
        (7, "\"sequence\":39", "\"sequence\":38", DAMAGED, "sequence"),
        (3, "\"sequence\":1,", "\"sequence\":0,", DAMAGED, "sequence"),
        (7, "\"id\":\"f\"", "\"id\":\"a\"", DAMAGED, "id"),
        (7, "\"id\":\"f\"", "\"id\":\"\\u0061\"", DAMAGED, "id"),
        (
            2,
            ",\"version\":1",
            "",
            ErrorKind::MissingParameter,
            "version",
        ),
        (
            3,
            ",\"sequence\":1",
            "",
            ErrorKind::MissingParameter,
            "sequence",
        ),
        (
            3,
            "\"added_at\"",
            "\"added\"",
            ErrorKind::MissingParameter,
            "added_at",
        ),
        (
            3,
            "\"sequence\":1",
            "\"sequence\":1.5",
            ErrorKind::WrongType,
            "sequence",
        ),
        (
            3,
            "\"sequence\":1",
            "\"sequence\":-1",
            ErrorKind::OutOfRange,
            "sequence",
        ),
        (
            4,
            "\"version\":2",
            "\"version\":\"2\"",
            ErrorKind::WrongType,
            "version",
        ),
        (
            4,
            "REBUILD",
            "REBUILT",
            ErrorKind::UnknownValue,
            "task_type",
        ),
        (
            4,
            ",\"scheduled_time\":\"00:00:00\"",
            "",
            ErrorKind::IncompleteSchedule,
            "scheduled_time",
        ),
        (4, "{", " {", DAMAGED, "export"),
        (4, "\"version\":2}", "\"version\":2} ", DAMAGED, "export"),
        (4, "\"version\":2}", "\"version\":2}\r", DAMAGED, "export"),
        (
            4,
            "\"version\":2}",
            "\"version\":2}}",
            ErrorKind::InvalidJson,
            "record",
        ),
        (
            4,
            "\"version\":2}",
            "\"version\":2,\"version\":2}",
            ErrorKind::RepeatedKey,
            "version",
        ),
        (4, "{", "\u{feff}{", DAMAGED, "export"),
    ] {
        refused(changed(line, from, to), line, kind, parameter);
    }
    let mut bytes = EXPORT.as_bytes().to_vec();
    let place = EXPORT.find("März").unwrap();
    bytes[place] = 0xff;
    refused(bytes, 7, ErrorKind::InvalidEncoding, "record");
    // At the borders it fits.
    for (line, from, to) in [
        (2, "\"version\":1", "\"version\":9"),
        (2, "\"version\":1", "\"version\":0"),
        (3, "\"sequence\":1,", "\"sequence\":16,"),
    ] {
        assert!(read(changed(line, from, to).as_bytes()).is_ok(), "{to}");
    }
}

#[test]
fn the_first_line_has_one_form() {
    for (from, to, parameter) in [
        ("\"count\":6", "\"count\":0", "count"),
        (
            "\"taskdex_export\":1",
            "\"taskdex_export\":2",
            "taskdex_export",
        ),
        (
            "\"taskdex_export\":1",
            "\"taskdex_export\":2,\"more\":1",
            "taskdex_export",
        ),
        (
            "\"taskdex_export\":1",
            "\"taskdex_export\":1,\"more\":1",
            "export",
        ),
        ("\"taskdex_export\":1", "\"taskdex_export\":1.0", "export"),
        ("\"taskdex_export\":1,", "", "export"),
        ("\"project_id\":\"default\",", "", "export"),
        (
            "\"project_id\":\"default\"",
            "\"project_id\":\"\"",
            "export",
        ),
        (
            "\"project_id\":\"default\"",
            "\"project_id\":null",
            "export",
        ),
        ("\"revision\":9", "\"revision\":-9", "export"),
        ("\"revision\":9", "\"revision\":\"9\"", "export"),
        ("\"revision\":9,", "", "export"),
        ("\"next_sequence\":40,", "", "export"),
        (
            "\"next_sequence\":40",
            "\"next_sequence\":18446744073709551616",
            "export",
        ),
        (",\"count\":6", "", "export"),
        ("\"count\":6", "\"count\":6,\"count\":6", "export"),
        ("}", "} ", "export"),
        ("{", " {", "export"),
        ("{", "\u{feff}{", "export"),
        ("}", "}}", "export"),
    ] {
        refused(changed(1, from, to), 1, DAMAGED, parameter);
    }
    refused("", 1, DAMAGED, "export");
    refused("\n", 1, DAMAGED, "export");
    refused("[]\n", 1, DAMAGED, "export");
    refused(joined(&lines()[1..]), 1, DAMAGED, "export");
    refused(b"\xff\n", 1, ErrorKind::InvalidEncoding, "record");
}

#[test]
fn nothing_is_given_after_an_error() {
    let text = changed(4, "REBUILD", "REBUILT");
    let mut reader = Reader::new(text.as_bytes()).unwrap();
    assert_eq!(reader.line(), 1);
    assert_eq!(reader.next().unwrap().unwrap().task.id(), "a");
    assert_eq!(reader.line(), 2);
    assert_eq!(reader.next().unwrap().unwrap().task.id(), "b");
    assert_eq!(reader.next().unwrap().unwrap_err().line(), 4);
    assert!(reader.next().is_none());
}

/// Input that goes on for ever, and counts what is read of it.
#[derive(Debug)]
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b'{');
        self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn a_line_that_does_not_end_is_refused() {
    let mut endless = Endless(0);
    let input = BufReader::with_capacity(512, &mut endless);
    let error = Reader::with_line_length_max(input, 10_000).unwrap_err();
    assert_eq!((error.line(), error.error().unwrap().kind()), (1, DAMAGED));
    assert!(error.to_string().contains("10000"), "{error}");
    assert!(endless.0 < 12_000, "{}", endless.0);

    let longest = lines().iter().map(|line| line.len()).max().unwrap();
    let all = |max| {
        let reader = Reader::with_line_length_max(EXPORT.as_bytes(), max)?;
        reader.collect::<Result<Vec<_>, _>>()
    };
    assert_eq!(all(longest).unwrap().len(), 6);
    assert_eq!(all(longest - 1).unwrap_err().line(), 2);
}

/// Input that fails after some bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            length => Ok(length),
        }
    }
}

#[test]
fn an_error_of_the_input_is_handed_on() {
    let second_line = EXPORT.find('\n').unwrap() + 1;
    for (length, line) in [
        (0, 1),
        (5, 1),
        (second_line, 2),
        (second_line + 7, 2),
        (EXPORT.len(), 8),
    ] {
        let input = BufReader::new(Failing(&EXPORT.as_bytes()[..length]));
        let error = match Reader::new(input) {
            Ok(mut reader) => reader.find_map(Result::err).unwrap(),
            Err(error) => error,
        };
        assert_eq!(error.line(), line);
        assert!(error.error().is_none());
        assert!(error.to_string().contains("the disk is gone"), "{error}");
    }
}

#[test]
fn an_error_of_the_output_is_handed_on() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (header, records) = read(EXPORT.as_bytes()).unwrap();
    let mut writer = Writer::new(Full, &header).unwrap();
    // Written at the end, or as soon as there is enough.
    assert!((0..1_000).any(|_| writer.write(&records[0]).is_err()));
    let writer = Writer::new(Full, &header).unwrap();
    assert!(writer.finish().is_err());
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn an_export_is_read_as_it_was_written(
        tasks in strategies::projects(12).prop_filter("a project has tasks", |it| !it.is_empty()),
        added in strategies::instants(),
        gaps in prop::collection::vec(0_u64..3, 13),
        capacity in 1_usize..200,
    ) {
        let version = read(EXPORT.as_bytes()).unwrap().0.revision;
        let mut sequence = gaps[12];
        let records: Vec<Record> = tasks
            .into_iter()
            .zip(&gaps)
            .map(|(task, gap)| {
                sequence += 1 + gap;
                Record::new(task).with_added_at(added).with_sequence(sequence).with_version(version)
            })
            .collect();
        let header = Header::new(project("研\"p"), version, sequence + 1, records.len() as u64);
        let text = written(&header, &records);
        let reader = Reader::new(BufReader::with_capacity(capacity, &text[..])).unwrap();
        prop_assert_eq!(reader.header(), &header);
        let read: Vec<Record> = reader.collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&read, &records);
        prop_assert_eq!(written(&header, &read), text);
    }
}
