//! The binary `cxpulse`; everything it does is in the library's `command`.

fn main() -> std::process::ExitCode {
    cxpulse::command::main()
}
