//! The bill of materials names every crate of the binary and the C libraries inside, with the versions that the binary reports of itself.

use std::process::Command;

use serde_json::Value;

#[test]
fn the_bill_of_materials_names_the_c_libraries_as_the_binary_does() {
    let made = Command::new("python3").arg("deploy/sbom.py").current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let Ok(made) = made else {
        assert!(std::env::var_os("TESTS_COMPLETE").is_none(), "python3 is missing");
        println!("left out: the bill of materials, because there is no python3");
        return;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let bill: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let components = bill["components"].as_array().expect("a list");
    let version = |name: &str| components.iter().find(|c| c["name"] == name).map(|c| c["version"].as_str().unwrap_or("").to_owned());
    let said = Command::new(env!("CARGO_BIN_EXE_cxpulse")).args(["--version", "--verbose"]).output().expect("the binary was built");
    let said = String::from_utf8(said.stdout).expect("text");
    for library in ["librdkafka", "openssl"] {
        // The crate `openssl` has the name of its library, and no description.
        let listed = components.iter().filter(|c| c["name"] == library && c.get("description").is_some());
        let listed: Vec<&str> = listed.filter_map(|c| c["version"].as_str()).collect();
        let reported = said.lines().find_map(|line| line.strip_prefix(library)).expect("a version").trim();
        assert_eq!(listed, [reported], "{library}");
    }
    for name in ["hyper", "rdkafka", "tokio-rustls", "lz4", "snappy", "zlib", "zstd"] {
        assert!(version(name).is_some(), "{name} is missing");
    }
    assert!(version("criterion").is_none(), "tests are no part of the binary");
}
