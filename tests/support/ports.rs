//! Free ports for servers that need a given port. Does not know the servers.

use std::net::TcpListener;

/// Ports from the kernel on which no process listens. All are held at once, so that they differ.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    held.map(|listener| listener.local_addr().expect("a bound listener").port())
}
