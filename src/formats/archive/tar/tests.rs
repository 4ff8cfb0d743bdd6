//! Tar archives forged block by block.

use super::*;
use crate::formats::testing::{Looked, inspect, inspect_as};

/// A header block, with magic and checksum as POSIX wants them.
fn header(name: &str, kind: u8, size: usize) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

fn seal(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut out = header(name, kind, content.len());
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    out
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 2 * BLOCK]].concat()
}

fn look(bytes: &[u8]) -> Looked {
    inspect(&Tar, "a.tar", bytes)
}

fn names(looked: &Looked) -> Vec<&str> {
    looked.members.iter().map(|member| member.path.logical()).collect()
}

fn record(key: &str, value: &str) -> String {
    let body = format!(" {key}={value}\n");
    let mut length = body.len();
    while length != body.len() + length.to_string().len() {
        length = body.len() + length.to_string().len();
    }
    format!("{length}{body}")
}

#[test]
fn files_are_members_and_the_rest_is_accounted_for() {
    let looked = look(&archive(&[
        entry("./package/", b'5', b""),
        entry("./package/a.js", b'0', b"let a = 1;\n"),
        entry("package/link", b'2', b""),
        entry("package/.env", b'0', b""),
        entry("package/b.js", 0, &[b'b'; BLOCK]),
    ]));
    assert!(matches!(looked.result, Ok(Coverage::Whole)));
    assert_eq!(names(&looked), ["package/a.js", "package/.env", "package/b.js"]);
    assert_eq!(&looked.members[0].bytes[..], b"let a = 1;\n");
    assert_eq!(looked.stated.facts.int("archive.members"), 3);
    assert!(looked.stated.gaps.is_empty());
}

#[test]
fn a_v7_archive_needs_no_magic() {
    let mut block = header("old", 0, 3);
    block[257..265].fill(0);
    seal(&mut block);
    let mut bytes = block;
    bytes.extend_from_slice(b"abc");
    bytes.resize(4 * BLOCK, 0);
    let looked = look(&bytes);
    assert_eq!(names(&looked), ["old"]);
    assert!(matches!(looked.result, Ok(Coverage::Whole)));
}

#[test]
fn zeros_and_text_are_no_archives() {
    assert!(!look(&[0; 10_240]).sniffed);
    assert!(!look(b"ustar").sniffed);
    assert!(!look("a line of text\n".repeat(1_000).as_bytes()).sniffed);
}

#[test]
fn long_names_come_from_either_dialect() {
    let long = "d/".repeat(120) + "file.js";
    let with_nul = format!("{long}\0");
    let looked = look(&archive(&[
        entry("././@LongLink", b'L', with_nul.as_bytes()),
        entry("d/d/", b'0', b"gnu"),
        entry("PaxHeader", b'x', record("path", &long).as_bytes()),
        entry("short", b'0', b"pax"),
        entry("short", b'0', b"itself"),
    ]));
    assert_eq!(names(&looked), [long.as_str(), &long, "short"]);
    assert!(matches!(looked.result, Ok(Coverage::Whole)));
}

#[test]
fn text_in_pax_records_stays_to_be_searched() {
    let comment = record("comment", "built from a private branch");
    let looked = look(&archive(&[entry("pax", b'g', comment.as_bytes()), entry("a", b'0', b"a")]));
    assert!(matches!(looked.result, Ok(Coverage::Part)));
    let covered = |at: u64| looked.stated.explained.iter().any(|range| range.contains(&at));
    assert!(covered(0) && !covered(512) && covered(1024) && covered(1536));
    let looked = look(&archive(&[entry("pax", b'x', record("mtime", "1.5").as_bytes()), entry("a", b'0', b"a")]));
    assert!(matches!(looked.result, Ok(Coverage::Whole)));
}

#[test]
fn a_damaged_header_costs_only_its_own_member() {
    let mut bytes =
        archive(&[entry("a", b'0', b"first"), entry("b", b'0', &[b'x'; 2_000]), entry("c", b'0', b"third")]);
    bytes[1024 + 20] ^= 0xff;
    let looked = look(&bytes);
    assert_eq!(names(&looked), ["a", "c"]);
    assert_eq!(looked.stated.gaps.len(), 1);
    assert!(looked.stated.gaps[0].reason.starts_with("at offset 1024: a header is damaged"));
    assert!(matches!(looked.result, Ok(Coverage::Part)), "the lost member is searched as raw bytes");
}

#[test]
fn a_damaged_first_header_is_a_gap_and_not_another_format() {
    let mut bytes = archive(&[entry("a", b'0', b"first"), entry("b", b'0', b"second")]);
    bytes[3] = b'?';
    let looked = look(&bytes);
    assert_eq!(names(&looked), ["b"]);
    assert_eq!(looked.stated.gaps.len(), 1);
}

#[test]
fn concatenated_archives_and_trailing_bytes_are_not_lost() {
    let one = archive(&[entry("a", b'0', b"a")]);
    let two = archive(&[entry("b", b'0', b"b")]);
    let looked = look(&[one.clone(), vec![0; 8_000 / BLOCK * BLOCK], two].concat());
    assert_eq!(names(&looked), ["a", "b"]);
    assert!(matches!(looked.result, Ok(Coverage::Whole)));
    let looked = look(&[one, b"left over".to_vec()].concat());
    assert!(matches!(looked.result, Ok(Coverage::Part)));
    assert!(looked.stated.gaps.is_empty());
}

#[test]
fn sparse_files_get_their_holes_back() {
    let map = [record("GNU.sparse.size", "9"), record("GNU.sparse.map", "2,3,8,1")].concat();
    let in_content = [
        record("GNU.sparse.major", "1"),
        record("GNU.sparse.minor", "0"),
        record("GNU.sparse.name", "one"),
        record("GNU.sparse.realsize", "9"),
    ]
    .concat();
    let mut content = b"2\n2\n3\n8\n1\n".to_vec();
    content.resize(BLOCK, 0);
    content.extend_from_slice(b"abcd");
    let mut old = header("old", b'S', 4);
    for (at, value) in [(386, 2), (398, 3), (410, 8), (422, 1), (483, 9)] {
        old[at..at + 12].copy_from_slice(format!("{value:011o}\0").as_bytes());
    }
    seal(&mut old);
    old.extend_from_slice(b"abcd");
    old.resize(2 * BLOCK, 0);
    let looked = look(&archive(&[
        entry("pax", b'x', map.as_bytes()),
        entry("zero", b'0', b"abcd"),
        entry("pax", b'x', in_content.as_bytes()),
        entry("GNUSparseFile.0/one", b'0', &content),
        old,
    ]));
    assert_eq!(names(&looked), ["zero", "one", "old"]);
    for member in &looked.members {
        assert_eq!(&member.bytes[..], b"\0\0abc\0\0\0d", "{}", member.path);
    }
    assert!(matches!(looked.result, Ok(Coverage::Whole)));
}

#[test]
fn a_huge_hole_is_held_to_the_limits_and_its_stored_part_is_still_seen() {
    let map = [record("GNU.sparse.size", "99999999999999"), record("GNU.sparse.map", "0,4")].concat();
    let looked = look(&archive(&[entry("pax", b'x', map.as_bytes()), entry("big", b'0', b"abcd")]));
    assert_eq!(looked.stated.gaps.len(), 1);
    assert!(looked.members[0].bytes.starts_with(b"abcd"));
    let map = [record("GNU.sparse.size", "3"), record("GNU.sparse.map", "0,4")].concat();
    let looked = look(&archive(&[entry("pax", b'x', map.as_bytes()), entry("odd", b'0', b"abcd")]));
    assert_eq!((looked.stated.gaps.len(), &looked.members[0].bytes[..]), (1, &b"abcd"[..]));
}

#[test]
fn links_with_a_size_are_told_apart_by_what_follows() {
    let looked = look(&archive(&[
        header("hard", b'1', 700),
        entry("stored", b'1', b"content behind a hard link"),
        entry("c", b'0', b"c"),
    ]));
    assert_eq!(names(&looked), ["stored", "c"]);
    assert!(looked.stated.gaps.is_empty());
}

#[test]
fn cut_off_archives_hand_out_what_is_there_and_leave_a_gap() {
    let whole = archive(&[
        entry("pax", b'x', record("path", "first").as_bytes()),
        entry("a", b'0', &[b'a'; 1_000]),
        entry("././@LongLink", b'L', b"second\0"),
        entry("b", b'0', &[b'b'; 700]),
    ]);
    let end = whole.len() - 2 * BLOCK;
    for cut in (265..whole.len()).step_by(97).chain((512..whole.len()).step_by(512)) {
        let looked = look(&whole[..cut]);
        assert!(looked.sniffed, "{cut}");
        let gap = !looked.stated.gaps.is_empty() || matches!(looked.result, Err(FormatError::Broken(_)));
        // From one block of the end marker on, nothing is lost.
        assert_eq!(gap, cut < end + BLOCK, "{cut}");
    }
    let looked = look(&whole[..2_000]);
    assert_eq!(names(&looked), ["first"]);
    assert_eq!(looked.members[0].bytes.len(), 2_000 - 3 * BLOCK);
}

#[test]
fn an_archive_without_an_end_marker_is_whole_where_something_else_says_how_long_it_is() {
    let whole = [entry("a", b'0', b"a"), entry("b", b'0', &[b'b'; 700])].concat();
    let gap = |role, bytes: &[u8]| {
        let looked = inspect_as(role, &Tar, "a.tar", bytes);
        assert_eq!(names(&looked), ["a", "b"], "{role:?}");
        !looked.stated.gaps.is_empty() || looked.result.is_err()
    };
    // umoci leaves out the padding behind the last file as well.
    for end in [whole.len(), 3 * BLOCK + 700] {
        assert!(gap(Role::File, &whole[..end]), "{end}");
        assert!(!gap(Role::ArchiveMember, &whole[..end]), "{end}");
        assert!(!gap(Role::Decompressed, &whole[..end]), "{end}");
    }
    assert!(gap(Role::Decompressed, &whole[..3 * BLOCK + 699]), "the last file is cut off");
    assert!(gap(Role::Decompressed, &[&*whole, &header("c", b'0', 0)[..100]].concat()), "a header is cut off");
    let described = [&*whole, &entry("pax", b'x', record("path", "c").as_bytes())].concat();
    assert!(gap(Role::Decompressed, &described), "a member is described and not there");
}

#[test]
fn a_global_name_does_not_multiply() {
    let name = "n".repeat(200_000);
    let mut entries = vec![entry("pax", b'g', record("path", &name).as_bytes())];
    entries.extend((0..2_000).map(|_| entry("a", b'0', b"")));
    let looked = look(&archive(&entries));
    let spelled: usize = names(&looked).iter().map(|name| name.len()).sum();
    assert_eq!(looked.members.len(), 2_000);
    assert!(spelled < 10_000_000, "{spelled}");
}

#[test]
fn any_byte_may_be_wrong() {
    let whole = archive(&[
        entry("pax", b'x', record("size", "5").as_bytes()),
        entry("a", b'S', b"abcde"),
        entry("././@LongLink", b'L', b"second\0"),
        entry("b", b'0', b"b"),
    ]);
    for at in 0..whole.len() {
        for value in [0, 0x80, 0xff, b'7'] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let block = at / BLOCK * BLOCK;
            seal(&mut bytes[block..block + BLOCK]);
            look(&bytes);
        }
    }
}
