//! Grants rights in a cluster with authorisation, by the request that Kafka's own tool sends.
//!
//! Does not know which rights anybody needs.

use std::io::{Read, Write};
use std::net::TcpStream;

/// The key and the version of the request CreateAcls. This version has no tagged fields.
const CREATE_ACLS: [i16; 2] = [30, 1];

/// A right on one thing, by its exact name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    /// Such as `Read`.
    pub(crate) operation: String,
    /// `topic` or `group`.
    pub(crate) resource: String,
    /// The name of the topic or group.
    pub(crate) name: String,
}

/// Grants these rights, each to a principal such as `User:reader`, from every host.
pub(crate) fn grant(servers: &str, rights: &[(String, Right)]) {
    let mut request = Vec::new();
    CREATE_ACLS.iter().for_each(|number| request.extend(number.to_be_bytes()));
    request.extend(1_i32.to_be_bytes());
    push_text(&mut request, "tests");
    request.extend(i32::try_from(rights.len()).expect("few rights").to_be_bytes());
    for (principal, right) in rights {
        request.push(if right.resource == "topic" { 2 } else { 3 });
        push_text(&mut request, &right.name);
        // By its exact name.
        request.push(3);
        push_text(&mut request, principal);
        push_text(&mut request, "*");
        request.push(match right.operation.as_str() {
            "Read" => 3,
            "Write" => 4,
            "Describe" => 8,
            "DescribeConfigs" => 10,
            other => panic!("an operation that this test does not know: {other}"),
        });
        // Allow.
        request.push(3);
    }
    let mut stream = TcpStream::connect(servers).expect("the broker listens");
    stream.write_all(&i32::try_from(request.len()).expect("a short request").to_be_bytes()).expect("the broker reads");
    stream.write_all(&request).expect("the broker reads");
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("the broker answers");
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).expect("the broker answers");
    // The number of the request, the time of throttling, the number of results; then a code and a message for each.
    let mut rest = &answer[8..];
    assert_eq!(rest[..4], i32::try_from(rights.len()).expect("few rights").to_be_bytes());
    rest = &rest[4..];
    for (principal, right) in rights {
        assert_eq!(rest[..2], [0, 0], "{principal} gets {right:?}: {}", String::from_utf8_lossy(rest));
        let message = i16::from_be_bytes([rest[2], rest[3]]);
        rest = &rest[4 + usize::try_from(message).unwrap_or(0)..];
    }
}

fn push_text(request: &mut Vec<u8>, text: &str) {
    request.extend(i16::try_from(text.len()).expect("a short text").to_be_bytes());
    request.extend(text.as_bytes());
}
