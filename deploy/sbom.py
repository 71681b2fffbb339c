#!/usr/bin/env python3
"""Prints a software bill of materials in CycloneDX JSON: every crate that the binary is made of, and the C libraries inside them.

    deploy/sbom.py > cxpulse.cdx.json

Asks cargo for the locked dependencies, without those of tests and builds' tools for other systems. Does not know which code is used at run time.
"""

import json
import subprocess
import sys

TARGET = "x86_64-unknown-linux-gnu"

# Crates that contain a C library: the library, its licence, and how the crate's version names the library's. None: the crate does not say.
C_LIBRARIES = {
    "rdkafka-sys": [("librdkafka", "BSD-2-Clause", lambda version: version.split("+")[-1])],
    "openssl-src": [("openssl", "Apache-2.0", lambda version: version.split("+")[-1])],
    "zstd-sys": [("zstd", "BSD-3-Clause", lambda version: version.split("zstd.")[-1])],
    "libz-sys": [("zlib", "Zlib", None)],
    "ring": [("boringssl-parts-of-ring", "ISC", None)],
}
# What librdkafka itself contains; its version is that of librdkafka.
INSIDE_LIBRDKAFKA = [("lz4", "BSD-2-Clause"), ("snappy", "BSD-3-Clause"), ("cjson", "MIT"), ("crc32c", "Zlib"), ("tinycthread", "Zlib")]


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def linked(meta):
    """The identifiers of the packages that the root needs, by normal and build dependencies."""
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    found, rest = set(), [meta["resolve"]["root"]]
    while rest:
        package = rest.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                rest.append(dependency["pkg"])
    return found


def component(name, version, licence, kind="library", purl=None):
    entry = {"type": kind, "name": name}
    if version:
        entry["version"] = version
    if licence:
        entry["licenses"] = [{"expression": licence.replace("/", " OR ")}]
    if purl:
        entry["purl"] = purl
    return entry


def c_libraries(package):
    for name, licence, version in C_LIBRARIES.get(package["name"], []):
        number = version(package["version"]) if version else None
        entry = component(name, number, licence)
        entry["description"] = f"C code inside the crate {package['name']} {package['version']}"
        yield entry
        if name == "librdkafka":
            for inner, inner_licence in INSIDE_LIBRDKAFKA:
                inside = component(inner, None, inner_licence)
                inside["description"] = f"C code inside librdkafka {number}"
                yield inside


def main():
    meta = metadata()
    needed = linked(meta)
    packages = sorted((p for p in meta["packages"] if p["id"] in needed), key=lambda p: (p["name"], p["version"]))
    root = next(p for p in packages if p["id"] == meta["resolve"]["root"])
    components = []
    for package in packages:
        if package is not root:
            purl = f"pkg:cargo/{package['name']}@{package['version']}"
            components.append(component(package["name"], package["version"], package["license"], purl=purl))
            components.extend(c_libraries(package))
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(root["name"], root["version"], root["license"], "application")},
        "components": components,
    }
    json.dump(bill, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
