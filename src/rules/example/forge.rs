//! Whole values with the structure of real ones and nothing behind them.

use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD};

use super::random::Random;
use crate::rules::proof::{encode_checked, is_plausible_password};

/// Makes a value.
type Forge = fn(&mut Random) -> String;

/// Every value that a template may name.
pub(super) const VALUES: &[(&str, Forge)] = &[
    ("uuid", uuid),
    ("jwt", |random| jwt(random, "authenticated")),
    ("jwt-service-role", |random| jwt(random, "service_role")),
    ("jwt-anon-role", |random| jwt(random, "anon")),
    ("wallet-import-key", |random| encode_checked(&[&[0x80][..], &random.bytes(32), &[1]].concat())),
    ("extended-private-key", |random| encode_checked(&[&[0x04, 0x88, 0xad, 0xe4][..], &random.bytes(74)].concat())),
    ("base64-password", |random| BASE64.encode(password(random).as_bytes())),
    ("pem-private-key", |random| pem("PRIVATE KEY", "", &pkcs8(random))),
    ("pem-private-key-escaped", |random| pem("PRIVATE KEY", "", &pkcs8(random)).replace('\n', "\\n")),
    ("pem-rsa-private-key", |random| pem("RSA PRIVATE KEY", "", &rsa(random))),
    ("pem-ec-private-key", |random| pem("EC PRIVATE KEY", "", &ec(random))),
    ("pem-encrypted-private-key", |random| pem("ENCRYPTED PRIVATE KEY", "", &encrypted(random))),
    ("pem-dek-private-key", dek),
    ("openssh-private-key", |random| pem("OPENSSH PRIVATE KEY", "", &openssh(random, "none", "none"))),
    ("openssh-encrypted-private-key", |random| {
        pem("OPENSSH PRIVATE KEY", "", &openssh(random, "aes256-ctr", "bcrypt"))
    }),
    ("pgp-private-key", |random| pem("PGP PRIVATE KEY BLOCK", "\n", &pgp(random))),
    ("base64-pem-private-key", |random| BASE64.encode(pem("RSA PRIVATE KEY", "", &rsa(random)).as_bytes())),
    ("gcp-service-account", gcp),
    ("pypi-macaroon", macaroon),
    ("base64-json", json),
    ("base64-basic-auth", |random| BASE64.encode(format!("deploy:{}", password(random)).as_bytes())),
    ("aws-access-key-id", aws),
    ("password", password),
    ("discord-id", discord),
    ("openai-marker", |_| BASE64.encode(b"OpenAI")),
];

fn hex(random: &mut Random, length: usize) -> String {
    random.run_of(b"0123456789abcdef", length)
}

fn uuid(random: &mut Random) -> String {
    let variant = ["8", "9", "a", "b"][usize::from(random.bytes(1)[0] & 3)];
    let [first, second, third, fourth, last] = [8, 4, 3, 3, 12].map(|length| hex(random, length));
    format!("{first}-{second}-4{third}-{variant}{fourth}-{last}")
}

fn jwt(random: &mut Random, role: &str) -> String {
    let issued = 1_700_000_000 + random.below(50_000_000);
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    let claims = format!(
        r#"{{"iss":"supabase","ref":"{}","role":"{role}","iat":{issued},"exp":{}}}"#,
        random.run_of(b"abcdefghijklmnopqrstuvwxyz", 20),
        issued + 315_360_000
    );
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&random.bytes(32)))
}

/// An armoured block with real line ends and none behind the last line.
fn pem(label: &str, headers: &str, body: &[u8]) -> String {
    let mut out = format!("-----BEGIN {label}-----\n{headers}");
    let body = BASE64.encode(body);
    for line in body.as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out + "-----END " + label + "-----"
}

/// A DER element (ITU-T X.690 section 8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = length.iter().position(|byte| *byte != 0).map_or(&length[7..], |at| &length[at..]);
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
    }
    out.extend(significant);
    out.extend(content);
    out
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// A positive INTEGER of `length` random bytes.
fn integer(random: &mut Random, length: usize) -> Vec<u8> {
    let mut bytes = random.bytes(length);
    bytes[0] = 0x40 | (bytes[0] & 0x3f);
    der(INTEGER, &bytes)
}

/// An RSAPrivateKey (RFC 8017 appendix A.1.2) of the sizes of 1024 bits, whose numbers fit no equation.
fn rsa(random: &mut Random) -> Vec<u8> {
    let mut content = vec![INTEGER, 1, 0];
    content.extend(integer(random, 128));
    content.extend([INTEGER, 3, 1, 0, 1]);
    content.extend(integer(random, 128));
    for _ in 0..5 {
        content.extend(integer(random, 64));
    }
    der(SEQUENCE, &content)
}

/// A PrivateKeyInfo (RFC 5208 section 5) around it.
fn pkcs8(random: &mut Random) -> Vec<u8> {
    // rsaEncryption with NULL parameters.
    let algorithm = [SEQUENCE, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let content = [&[INTEGER, 1, 0][..], &algorithm, &der(OCTETS, &rsa(random))].concat();
    der(SEQUENCE, &content)
}

/// An ECPrivateKey (RFC 5915 section 3) of P-256.
fn ec(random: &mut Random) -> Vec<u8> {
    let curve = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let point = [&[0, 4][..], &random.bytes(64)].concat();
    let content = [&[INTEGER, 1, 1][..], &der(OCTETS, &random.bytes(32)), &curve, &der(0xa1, &der(3, &point))].concat();
    der(SEQUENCE, &content)
}

/// An EncryptedPrivateKeyInfo (RFC 5208 section 6).
fn encrypted(random: &mut Random) -> Vec<u8> {
    let algorithm = der(
        SEQUENCE,
        &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13][..], &der(OCTETS, &random.bytes(16))].concat(),
    );
    der(SEQUENCE, &[algorithm, der(OCTETS, &random.bytes(640))].concat())
}

/// A key in the old encrypted form of OpenSSL (RFC 1421 section 4.6).
fn dek(random: &mut Random) -> String {
    let headers =
        format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{}\n\n", random.run_of(b"0123456789ABCDEF", 32));
    pem("RSA PRIVATE KEY", &headers, &random.bytes(608))
}

/// An OpenSSH key (openssh-portable, `PROTOCOL.key`) of Ed25519's sizes.
fn openssh(random: &mut Random, cipher: &str, kdf: &str) -> Vec<u8> {
    fn string(bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
        [&length[..], bytes].concat()
    }
    let options = if kdf == "none" { Vec::new() } else { [string(&random.bytes(16)), vec![0, 0, 0, 16]].concat() };
    let public = [string(b"ssh-ed25519"), string(&random.bytes(32))].concat();
    [
        b"openssh-key-v1\0".to_vec(),
        string(cipher.as_bytes()),
        string(kdf.as_bytes()),
        string(&options),
        vec![0, 0, 0, 1],
        string(&public),
        string(&random.bytes(144)),
    ]
    .concat()
}

/// A secret key packet (RFC 9580 section 5.5.3), version 4, with random content.
fn pgp(random: &mut Random) -> Vec<u8> {
    let content = random.bytes(600);
    let length = u16::try_from(content.len() + 1).unwrap_or(0).to_be_bytes();
    [&[0x95][..], &length, &[4], &content].concat()
}

fn gcp(random: &mut Random) -> String {
    let project = random.run_of(b"abcdefghijklmnopqrstuvwxyz", 9);
    let key = pem("PRIVATE KEY", "", &pkcs8(random)).replace('\n', "\\n");
    let id = hex(random, 40);
    format!(
        "{{\n  \"type\": \"service_account\",\n  \"project_id\": \"{project}\",\n  \"private_key_id\": \"{id}\",\n  \
         \"private_key\": \"{key}\\n\",\n  \"client_email\": \"deploy@{project}.iam.gserviceaccount.com\",\n  \
         \"client_id\": \"{}\",\n  \"token_uri\": \"https://oauth2.googleapis.com/token\"\n}}",
        random.run_of(b"0123456789", 21)
    )
}

/// A token of PyPI: location, identifier, a caveat and a signature.
fn macaroon(random: &mut Random) -> String {
    fn field(kind: u8, bytes: &[u8]) -> Vec<u8> {
        [&[kind, u8::try_from(bytes.len()).unwrap_or(0)][..], bytes].concat()
    }
    let content = [
        vec![2],
        field(1, b"pypi.org"),
        field(2, uuid(random).as_bytes()),
        vec![0],
        field(2, format!("[3,\"{}\"]", uuid(random)).as_bytes()),
        vec![0, 0],
        field(6, &random.bytes(32)),
    ]
    .concat();
    format!("pypi-{}", BASE64URL_NOPAD.encode(&content))
}

/// Base 64 of an object; padded so that it has no `=` and can be put between other parts.
fn json(random: &mut Random) -> String {
    let json = format!(
        r#"{{"iat":{},"k":"{}","org":"{}"}}"#,
        1_700_000_000 + random.below(50_000_000),
        hex(random, 32),
        uuid(random)
    );
    let padded = format!("{json}{}", " ".repeat((3 - json.len() % 3) % 3));
    BASE64.encode(padded.as_bytes())
}

/// A key id whose account number has twelve digits.
fn aws(random: &mut Random) -> String {
    loop {
        let account = 100_000_000_000 + random.below(899_999_999_999);
        let number = (1 << 47) | (account << 7) | random.below(128);
        let bytes = [&number.to_be_bytes()[2..], &random.bytes(4)].concat();
        let id = format!("AKIA{}", BASE32_NOPAD.encode(&bytes));
        if !crate::rules::placeholder::is_placeholder(id.as_bytes()) {
            return id;
        }
    }
}

/// Fourteen characters that may stand in a URL unescaped.
fn password(random: &mut Random) -> String {
    loop {
        let password = random.run_of(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-~", 14);
        if is_plausible_password(password.as_bytes()) {
            return password;
        }
    }
}

/// The first part of a bot's token: base 64 of its id of eighteen digits.
fn discord(random: &mut Random) -> String {
    BASE64URL_NOPAD.encode(random.run_of(b"123456789", 18).as_bytes())
}
