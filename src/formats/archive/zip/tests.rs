//! Zip archives, sound and damaged.

use std::io::Write;
use std::time::{Duration, Instant};

use super::*;
use crate::finding::Role;
use crate::formats::archive::stream::testing::sample;
use crate::formats::testing::{Looked, inspect};

/// A member to forge.
#[derive(Clone)]
struct Forged {
    name: Vec<u8>,
    local_name: Option<Vec<u8>>,
    flags: u16,
    method: u16,
    content: Vec<u8>,
    packed: Vec<u8>,
    listed: bool,
}

fn member(name: &str, method: u16, content: &[u8]) -> Forged {
    let packed = match method {
        8 => {
            let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(content).unwrap();
            writer.finish().unwrap()
        }
        12 => {
            let mut writer = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
            writer.write_all(content).unwrap();
            writer.finish().unwrap()
        }
        14 => {
            let options = lzma_rust2::LzmaOptions::with_preset(1);
            let mut writer = lzma_rust2::LzmaWriter::new_no_header(Vec::new(), &options, false).unwrap();
            writer.write_all(content).unwrap();
            let head = [&[9, 4, 5, 0, options.get_props()][..], &options.dict_size.to_le_bytes()].concat();
            [head, writer.finish().unwrap()].concat()
        }
        93 => ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest),
        95 => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            writer.write_all(content).unwrap();
            writer.finish().unwrap()
        }
        _ => content.to_vec(),
    };
    let (name, content) = (name.as_bytes().to_vec(), content.to_vec());
    Forged { name, local_name: None, flags: 0, method, content, packed, listed: true }
}

/// The eleven fields that both headers share, as they stand in them.
fn fields(member: &Forged, central: bool) -> Vec<u8> {
    let streamed = member.flags & header::HAS_DESCRIPTOR != 0 && !central;
    let [crc, packed, size] = if streamed { [0; 3] } else { numbers(member) };
    let name = if central { &member.name } else { member.local_name.as_ref().unwrap_or(&member.name) };
    let mut bytes = vec![20, 0];
    bytes.extend([member.flags.to_le_bytes(), member.method.to_le_bytes(), [0; 2], [0; 2]].concat());
    bytes.extend([crc, packed, size].map(u32::to_le_bytes).concat());
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn numbers(member: &Forged) -> [u32; 3] {
    [crc32fast::hash(&member.content), member.packed.len() as u32, member.content.len() as u32]
}

fn forge(members: &[Forged], comment: &[u8]) -> Vec<u8> {
    let (mut all, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for member in members {
        if member.listed {
            count = count.wrapping_add(1);
            directory.extend(b"PK\x01\x02\x14\x03");
            directory.extend(fields(member, true));
            directory.extend([0; 10]);
            directory.extend((all.len() as u32).to_le_bytes());
            directory.extend(&member.name);
        }
        all.extend(b"PK\x03\x04");
        all.extend(fields(member, false));
        all.extend(member.local_name.as_ref().unwrap_or(&member.name));
        all.extend(&member.packed);
        if member.flags & header::HAS_DESCRIPTOR != 0 {
            all.extend(b"PK\x07\x08");
            all.extend(numbers(member).map(u32::to_le_bytes).concat());
        }
    }
    let (at, size) = (all.len() as u32, directory.len() as u32);
    all.extend(directory);
    all.extend(b"PK\x05\x06\0\0\0\0");
    all.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    all.extend([size.to_le_bytes(), at.to_le_bytes()].concat());
    all.extend((comment.len() as u16).to_le_bytes());
    all.extend(comment);
    all
}

fn names(looked: &Looked) -> Vec<&str> {
    looked.members.iter().map(|member| member.path.logical()).collect()
}

fn is_whole(looked: &Looked) -> bool {
    matches!(looked.result, Ok(Coverage::Whole))
}

#[test]
fn members_of_every_method_are_handed_out() {
    let content = sample(300);
    let mut members: Vec<Forged> =
        [0, 8, 12, 14, 93, 95].map(|method| member(&format!("dir/{method}.txt"), method, &content)).to_vec();
    members.push(member("dir/", 0, b""));
    members.push(member("empty", 0, b""));
    let looked = inspect(&Zip, "a.zip", &forge(&members, b""));
    assert!(is_whole(&looked), "{:?}", looked.stated);
    assert_eq!(looked.members.len(), 7);
    assert!(looked.members[..6].iter().all(|member| member.bytes == content));
    assert_eq!(looked.stated.facts.int("archive.members"), 7);
    assert_eq!(looked.stated.facts.get("archive.format").unwrap().to_string(), "zip");
}

#[test]
fn streamed_members_are_read_with_and_without_a_directory() {
    let content = sample(300);
    let mut members: Vec<Forged> =
        [0, 8, 12, 93, 95].map(|method| member(&method.to_string(), method, &content)).into();
    members.iter_mut().for_each(|member| member.flags = header::HAS_DESCRIPTOR);
    let bytes = forge(&members, b"");
    let looked = inspect(&Zip, "a.zip", &bytes);
    assert!(is_whole(&looked), "{:?}", looked.stated);
    let looked = inspect(&Zip, "a.zip", &bytes[..bytes.len() - 10]);
    assert_eq!(names(&looked), ["0", "8", "12", "93", "95"]);
    assert!(looked.members.iter().all(|member| member.bytes == content));
    assert_eq!(looked.stated.gaps.len(), 1, "{:?}", looked.stated.gaps);
}

#[test]
fn encrypted_and_unknown_members_are_gaps_that_name_them() {
    let mut members = vec![
        member("zipcrypto", 8, b"x"),
        member("aes", 99, b"y"),
        member("deflate64", 9, b"z"),
        member("plain", 0, b"p"),
    ];
    members[0].flags = header::ENCRYPTED;
    members[1].flags = header::ENCRYPTED;
    let looked = inspect(&Zip, "a.zip", &forge(&members, b""));
    assert_eq!(names(&looked), ["plain"]);
    assert_eq!(looked.stated.facts.int("archive.encrypted_members"), 2);
    let gaps: Vec<String> = looked.stated.gaps.iter().map(|gap| gap.path.to_string()).collect();
    // What is encrypted with AES is as safe as with age or OpenPGP, whose files are no gaps either.
    assert_eq!(gaps, ["a.zip!zipcrypto", "a.zip!deflate64"]);
    assert_eq!(looked.stated.facts.int("archive.protected_members"), 1);
    assert!(looked.stated.gaps[1].reason.contains("Deflate64"));
    assert!(matches!(looked.result, Ok(Coverage::Part)));
}

#[test]
fn what_stands_before_an_archive_stays_to_be_searched() {
    let archive = forge(&[member("a.js", 8, &sample(50)), member("b.js", 0, b"b")], b"");
    let bytes = [b"Cr24 and a header that holds words", &archive[..]].concat();
    let looked = inspect(&Zip, "extension.crx", &bytes);
    assert_eq!(names(&looked), ["a.js", "b.js"]);
    assert!(matches!(looked.result, Ok(Coverage::Part)));
    assert_eq!(looked.stated.explained, std::slice::from_ref(&(34..bytes.len() as u64)));
    assert!(looked.stated.gaps.is_empty());
    let stored_in_a_tar = [&[7; 512][..], &archive, &[0; 1024]].concat();
    assert!(!inspect(&Zip, "a.tar", &stored_in_a_tar).sniffed);
    let signed = [b"MZ and a program", &archive[..], b"signature"].concat();
    assert_eq!(names(&inspect(&Zip, "setup.exe", &signed)), ["a.js", "b.js"]);
}

#[test]
fn comments_stay_to_be_searched() {
    let bytes = forge(&[member("a", 0, b"a")], b"a comment");
    let looked = inspect(&Zip, "a.zip", &bytes);
    assert!(matches!(looked.result, Ok(Coverage::Part)));
    assert_eq!(looked.stated.explained, std::slice::from_ref(&(0..bytes.len() as u64 - 9)));
}

#[test]
fn hidden_members_and_both_of_two_names_are_handed_out() {
    let mut members = vec![member("a", 8, b"seen"), member("hidden", 8, b"unseen"), member("b", 0, b"seen too")];
    members[1].listed = false;
    members[2].local_name = Some(b"other".to_vec());
    let looked = inspect(&Zip, "a.zip", &forge(&members, b""));
    assert_eq!(names(&looked), ["a", "b", "other", "hidden"]);
    assert_eq!(&looked.members[3].bytes[..], b"unseen");
    assert!(looked.stated.gaps.is_empty());
    assert_eq!(looked.stated.details.len(), 1);
}

#[test]
fn names_are_kept_as_they_are_even_twice() {
    let members = ["../../etc/passwd", "a\nb\0c", "same", "same"].map(|name| member(name, 0, name.as_bytes()));
    let looked = inspect(&Zip, "a.zip", &forge(&members, b""));
    assert_eq!(names(&looked), ["../../etc/passwd", "a\nb\0c", "same", "same"]);
    assert!(is_whole(&looked));
}

#[test]
fn a_wrong_checksum_is_a_gap_and_the_bytes_are_handed_out() {
    let mut changed = member("a", 0, b"content");
    changed.packed = b"CONTENT".to_vec();
    let looked = inspect(&Zip, "a.zip", &forge(&[changed], b""));
    assert_eq!(&looked.members[0].bytes[..], b"CONTENT");
    assert_eq!(looked.stated.gaps.len(), 1);
}

#[test]
fn an_archive_inside_a_cut_off_one_does_not_stand_in_for_it() {
    let inner = forge(&[member("inner.txt", 0, b"inner")], b"");
    let outer = forge(&[member("a.txt", 0, b"outer"), member("inner.zip", 0, &inner)], b"");
    assert_eq!(names(&inspect(&Zip, "a.zip", &outer)), ["a.txt", "inner.zip"]);
    let after_inner = 30 + 5 + 5 + 30 + 9 + inner.len();
    let looked = inspect(&Zip, "a.zip", &outer[..after_inner]);
    assert_eq!(names(&looked), ["a.txt", "inner.zip"]);
    assert_eq!(looked.stated.gaps.len(), 1);
}

#[test]
fn archives_one_after_the_other_are_both_read() {
    let first = forge(&[member("a", 8, b"first")], b"");
    let second = forge(&[member("b", 8, b"second")], b"");
    let looked = inspect(&Zip, "a.zip", &[first, second].concat());
    assert_eq!(names(&looked), ["a", "b"]);
}

#[test]
fn cuts_never_pass_in_silence() {
    let mut members: Vec<Forged> = (0..6).map(|number| member(&number.to_string(), 8, &sample(90))).collect();
    members[3].flags = header::HAS_DESCRIPTOR;
    members[4].method = 0;
    members[4].packed = members[4].content.clone();
    let bytes = forge(&members, b"");
    for cut in (4..bytes.len()).step_by(97).chain([4, 29, 30, 31, bytes.len() - 1]) {
        let looked = inspect(&Zip, "a.zip", &bytes[..cut]);
        assert!(looked.sniffed && !is_whole(&looked), "cut at {cut}");
        assert!(!looked.stated.gaps.is_empty(), "no gap when cut at {cut}");
        assert!(looked.members.iter().all(|member| sample(90).starts_with(&member.bytes)));
    }
    for at in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xa5;
        let _ = inspect(&Zip, "a.zip", &damaged);
    }
}

#[test]
fn a_start_with_nothing_behind_it_is_a_gap() {
    let looked = inspect(&Zip, "a.bin", b"PK\x03\x04 and then words that are no header at all, for sure");
    assert!(looked.members.is_empty() && !looked.stated.gaps.is_empty());
    let looked = inspect(&Zip, "empty.zip", &forge(&[], b""));
    assert!(is_whole(&looked), "{:?}", looked.stated);
    assert!(!inspect(&Zip, "a.bin", &[b"words".to_vec(), forge(&[], b"")].concat()).sniffed);
}

#[test]
fn zip64_sizes_are_read() {
    let content = b"content of a large archive";
    let mut all = b"PK\x03\x04\x2d\0\0\0\0\0\0\0\0\0".to_vec();
    all.extend(crc32fast::hash(content).to_le_bytes());
    all.extend([0xff; 8]);
    all.extend([1, 0, 20, 0, b'a', 1, 0, 16, 0]);
    let size = (content.len() as u64).to_le_bytes();
    all.extend([size, size].concat());
    all.extend(content);
    let at = all.len() as u64;
    all.extend(b"PK\x01\x02\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
    all.extend(crc32fast::hash(content).to_le_bytes());
    all.extend([0xff; 8]);
    all.extend([1, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, b'a', 1, 0, 24, 0]);
    all.extend([size, size, [0; 8]].concat());
    let end = all.len() as u64;
    all.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
    all.extend([1, 1, end - at, at].map(u64::to_le_bytes).concat());
    all.extend(b"PK\x06\x07\0\0\0\0");
    all.extend([end.to_le_bytes().to_vec(), vec![1, 0, 0, 0]].concat());
    all.extend([&b"PK\x05\x06\0\0\0\0"[..], &[0xff; 12], &[0, 0]].concat());
    let looked = inspect(&Zip, "a.zip", &all);
    assert!(is_whole(&looked), "{:?}", looked.stated);
    assert_eq!(&looked.members[0].bytes[..], content);
    let looked = inspect(&Zip, "a.zip", &[b"prefix", &all[..]].concat());
    assert_eq!(&looked.members[0].bytes[..], content);
}

#[test]
fn overlapping_members_stop_at_the_limit() {
    let bomb = member("bomb", 8, &vec![0; 4 << 20]);
    let bytes = forge(&[bomb], b"");
    let at = bytes.len() - 22 - 50;
    let entry = bytes[at..at + 50].to_vec();
    let mut all = bytes[..at].to_vec();
    (0..5_000).for_each(|_| all.extend(&entry));
    let size = (entry.len() * 5_000) as u32;
    all.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0");
    all.extend([size.to_le_bytes(), (at as u32).to_le_bytes()].concat());
    all.extend([0, 0]);
    let looked = inspect(&Zip, "a.zip", &all);
    let unpacked: usize = looked.members.iter().map(|member| member.bytes.len()).sum();
    assert!(unpacked as u64 <= crate::bytes::Limits::default().inflated_from(all.len() as u64));
    assert_eq!(looked.stated.gaps.len(), 2, "one for the member at the limit and one for the rest");
    assert!(looked.stated.gaps[1].reason.contains("more members stay packed"));
}

#[test]
fn a_hundred_thousand_members_are_quick() {
    let one = member("node_modules/x/index.js", 8, b"module.exports = 1;\n");
    let bytes = forge(&vec![one; 100_000], b"");
    let start = Instant::now();
    let looked = inspect(&Zip, "a.zip", &bytes);
    assert!(is_whole(&looked));
    assert_eq!(looked.members.len(), 100_000);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// The description of a storage of PyTorch with so many numbers, as `torch.save` writes it.
fn storage(class: &str, elements: u32) -> Vec<u8> {
    let start =
        format!("ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n{class}\nX\x01\0\0\x000X\x03\0\0\0cpu");
    let count = [&b"J"[..], &elements.to_le_bytes()].concat();
    let tail = [&b"tQK\0"[..], &count, b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR."].concat();
    [b"\x80\x02", start.as_bytes(), &count, &tail].concat()
}

#[test]
fn large_storages_of_numbers_are_weights_and_nothing_else_is() {
    const SIZE: usize = 2 << 20;
    let role = |class: &str, elements: usize, size: usize| {
        let data = vec![7; size];
        let members = [
            member("m/data.pkl", 0, &storage(class, elements as u32)),
            member("m/data/0", 0, &data),
            member("m/version", 0, b"3\n"),
        ];
        let looked = inspect(&Zip, "m.pt", &forge(&members, b""));
        assert!(looked.stated.gaps.is_empty());
        looked.members.iter().find(|member| member.path.logical().ends_with("data/0")).unwrap().role
    };
    assert_eq!(role("FloatStorage", SIZE / 4, SIZE), Role::Weights);
    assert_eq!(role("FloatStorage", SIZE / 4 - 1, SIZE), Role::ArchiveMember, "it is not what the pickle says");
    assert_eq!(role("ByteStorage", SIZE, SIZE), Role::ArchiveMember, "bytes may be a text");
    assert_eq!(role("FloatStorage", 1 << 10, 4 << 10), Role::ArchiveMember, "small ones are searched");
}

#[test]
fn a_compressed_model_is_summed_although_its_weights_are_let_go() {
    let size = 9 << 20;
    let json = format!(r#"{{"w":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{size}]}}}}"#, size / 4);
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend(json.as_bytes());
    file.resize(file.len() + size, 7);
    file.extend(b"behind it");
    let mut members = [member("m.safetensors", 8, &file)];
    let looked = inspect(&Zip, "a.zip", &forge(&members, b""));
    assert!(is_whole(&looked) && looked.stated.gaps.is_empty(), "{:?}", looked.stated.gaps);
    let bytes = &looked.members[0].bytes;
    assert!(bytes.len() == file.len() && bytes.ends_with(b"behind it") && bytes[5 << 20] == 0);
    members[0].content[6 << 20] = 8;
    let looked = inspect(&Zip, "a.zip", &forge(&members, b""));
    assert!(looked.stated.gaps[0].reason.contains("checksum"), "{:?}", looked.stated.gaps);
}
