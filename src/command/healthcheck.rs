//! `cxpulse healthcheck`: asks a running service on this machine whether it is healthy or ready, for container images without a shell.
//!
//! Does not know the conditions of health or readiness.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tokio_rustls::rustls::{ClientConnection, StreamOwned};

use super::failure::{Reported, WithHint};
use super::options::{ConfigurationArgs, WebArgs};
use super::printing::print_line;
use crate::config::{self, parse_span};
use crate::http::own_client;
use crate::time::Span;

const EXAMPLES: &str = "\
Examples:
  HEALTHCHECK CMD [\"/usr/bin/cxpulse\", \"healthcheck\"]        in a Dockerfile
  cxpulse healthcheck --ready --config cxpulse.toml         whether it has caught up

The address is the first of web.listen_addresses, read from the same file, variables and flags as in `cxpulse run`. Where the service listens on \
every interface, it is asked at the loopback address.

Exit codes:
  0 healthy, or ready
  1 not healthy or not ready, or no answer
  78 the configuration cannot be used";

/// The status of an answer to a client that has no password.
const UNAUTHORIZED: u16 = 401;
/// An answer of the two paths is one line. A longer one does not come from this service.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// Asks `/-/healthy`, or `/-/ready`, of the service on this machine, prints its answer, and exits 0 or 1.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct HealthcheckArgs {
    /// Ask whether the service is ready: connected, assigned and caught up. Without this flag: whether it is healthy, so that its loops run.
    #[arg(long)]
    pub ready: bool,

    /// How long to wait for the answer, such as `500ms`.
    #[arg(long, value_name = "SPAN", default_value = "3s", value_parser = timeout)]
    pub timeout: Duration,

    /// The configuration file and overrides.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,

    /// The HTTP server.
    #[command(flatten)]
    pub web: WebArgs,
}

/// A connection, encrypted or not.
trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

/// Runs the command; the answer goes to stdout.
///
/// # Errors
/// A configuration that cannot be used, no answer, or an answer whose status is not 200.
pub fn run(args: &HealthcheckArgs) -> anyhow::Result<()> {
    let overrides = args.configuration.overrides(&args.web.overrides());
    let web = config::load(args.configuration.config.as_deref(), config::environment(), &overrides)?.configuration.web;
    let address = address_to_ask(web.listen_addresses[0]);
    let path = if args.ready { "/-/ready" } else { "/-/healthy" };
    let encryption = match &web.config_file {
        Some(file) => own_client(file)?,
        None => None,
    };
    let scheme = if encryption.is_some() { "https" } else { "http" };
    let (status, answer) = ask(address, path, args.timeout, encryption).map_err(|error| {
        // A server that hangs up breaks a pipe too, and must not pass for a reader of the output who has gone away.
        let error = anyhow::Error::new(std::io::Error::other(error)).context(format!("{scheme}://{address}{path} does not answer"));
        WithHint::new(error, "is `cxpulse run` there, and does it answer clients without a certificate?")
    })?;
    print_line(answer)?;
    if status == UNAUTHORIZED {
        print_line("hint: name /-/healthy and /-/ready in `auth_excluded_paths` of the web configuration")?;
    }
    if status == 200 { Ok(()) } else { Err(Reported::FAILURE.into()) }
}

/// The address on this machine at which a server that listens on `address` answers.
fn address_to_ask(address: SocketAddr) -> SocketAddr {
    let here: IpAddr = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(if address.ip().is_unspecified() { here } else { address.ip() }, address.port())
}

/// Sends one request, and gives the status and the trimmed body of the answer. All of it takes at most `timeout`.
fn ask(address: SocketAddr, path: &str, timeout: Duration, encryption: Option<ClientConnection>) -> std::io::Result<(u16, String)> {
    let deadline = Instant::now() + timeout;
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_write_timeout(Some(timeout))?;
    let limits = stream.try_clone()?;
    let mut stream: Box<dyn ReadWrite> = match encryption {
        Some(encryption) => Box::new(StreamOwned::new(encryption, stream)),
        None => Box::new(stream),
    };
    // The handshake reads too.
    limits.set_read_timeout(Some(timeout))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    let mut limited = stream.take(ANSWER_BYTES_MAX);
    let mut chunk = [0; 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        limits.set_read_timeout(Some(left))?;
        match limited.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            // The answer is complete where the server ends the connection without saying so.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
    }
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidData, "not an answer in HTTP"))
}

/// The status and the trimmed body of an answer.
fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.trim().to_owned()))
}

fn timeout(text: &str) -> Result<Duration, String> {
    let wanted = || "wanted is a number and a unit above 0, such as `500ms` or `3s`".to_owned();
    let Span(ms) = parse_span(text).ok_or_else(wanted)?;
    u64::try_from(ms).ok().filter(|ms| *ms > 0).map(Duration::from_millis).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_interface_is_asked_on_this_machine() {
        let near_of = |text: &str| address_to_ask(text.parse().unwrap()).to_string();
        assert_eq!(near_of("0.0.0.0:19270"), "127.0.0.1:19270");
        assert_eq!(near_of("[::]:1"), "[::1]:1");
        assert_eq!(near_of("192.0.2.7:80"), "192.0.2.7:80");
    }

    #[test]
    fn an_answer_is_its_status_and_its_text() {
        assert_eq!(parse("HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\nnot ready\n"), Some((503, "not ready".to_owned())));
        assert_eq!(parse("SSH-2.0-OpenSSH\r\n"), None);
    }

    #[test]
    fn an_answer_that_never_ends_is_waited_for_no_longer_than_asked() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let begun = Instant::now();
        let error = ask(address, "/-/healthy", Duration::from_millis(200), None).unwrap_err();
        assert!(matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
