//! Free ports for servers that must be told theirs. Does not know who takes them.

use std::net::TcpListener;

/// Ports that nothing listens on, from the kernel; held together so that they differ.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    held.map(|listener| listener.local_addr().expect("a bound listener").port())
}
