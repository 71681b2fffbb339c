//! A time limit for receiving a response: hyper limits how slowly a client may send, but not how slowly it may read.
//!
//! Does not know requests and responses, only bytes that are written and flushed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

use super::places::Seat;

/// A connection whose writes fail if the client does not take all written bytes within `limit`.
pub(super) struct WriteTimeout<I> {
    io: I,
    limit: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    seat: Arc<Seat>,
}

impl<I> WriteTimeout<I> {
    /// Limits the writes to `io`, and tells `seat` whether the client takes what is written.
    pub(super) const fn new(io: I, limit: Duration, seat: Arc<Seat>) -> Self {
        Self { io, limit, deadline: None, seat }
    }

    /// The result of a write, or an error if the write is pending and its time is up.
    fn or_timed_out<T>(&mut self, result: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.seat.set_stalled(result.is_pending());
        if result.is_ready() {
            return result;
        }
        let limit = self.limit;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(limit)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<I: Read + Unpin> Read for WriteTimeout<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<I: Write + Unpin> Write for WriteTimeout<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.or_timed_out(written, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        // hyper flushes when its own buffer is empty. The client has then taken everything so far, and the next response has its own time.
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.deadline = None;
            self.seat.took_all();
        }
        self.or_timed_out(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.io).poll_shutdown(cx);
        self.or_timed_out(shut, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.or_timed_out(written, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Read as _;

    use hyper_util::rt::TokioIo;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::http::places::Places;

    /// A limited connection, and the client at its other end.
    async fn connected(limit: Duration) -> (WriteTimeout<TokioIo<TcpStream>>, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let place = Places::new().take().await;
        (WriteTimeout::new(TokioIo::new(stream), limit, place.seat()), client)
    }

    async fn write_all(guard: &mut WriteTimeout<TokioIo<TcpStream>>, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = poll_fn(|cx| Pin::new(&mut *guard).poll_write(cx, rest)).await?;
            rest = &rest[written..];
        }
        poll_fn(|cx| Pin::new(&mut *guard).poll_flush(cx)).await
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (mut guard, _client) = connected(Duration::from_millis(50)).await;
        let error = write_all(&mut guard, &vec![0; 64 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_reads_gets_everything() {
        let (mut guard, mut client) = connected(Duration::from_secs(60)).await;
        let reader = std::thread::spawn(move || client.read_to_end(&mut Vec::new()).unwrap());
        write_all(&mut guard, &vec![0; 16 << 20]).await.unwrap();
        drop(guard);
        assert_eq!(reader.join().unwrap(), 16 << 20);
    }
}
