//! Puts bounds between librdkafka and its decompressors: see `src/kafka/unpacking.rs`.
//!
//! librdkafka unpacks gzip, snappy and lz4 whatever comes of it, and has no setting for that. The linkers of Linux can call another function in place of
//! one; elsewhere there are no bounds.

/// The functions of librdkafka that are called through ours.
const WRAPPED: [&str; 5] = [
    "rd_gz_decompress",
    "rd_kafka_snappy_uncompressed_length",
    "rd_kafka_snappy_java_uncompress",
    "rd_kafka_lz4_decompress",
    "LZ4F_decompress",
];

#[expect(clippy::disallowed_methods, reason = "a build script learns its target from the environment alone")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(unpacking_is_bounded)");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-cfg=unpacking_is_bounded");
        WRAPPED.iter().for_each(|name| println!("cargo:rustc-link-arg=-Wl,--wrap={name}"));
    }
}
