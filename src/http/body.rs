//! An answer's body as a few ready chunks, so that cached text and fresh text go out without being copied together.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// Chunks in their order; the length is known, so no chunked encoding is needed.
#[derive(Debug, Default)]
pub(super) struct Chunks(VecDeque<Bytes>);

impl Chunks {
    /// A body of these chunks.
    pub(super) fn new(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        // An empty frame would mean nothing to hyper but a wasted write.
        Self(chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect())
    }
}

impl From<String> for Chunks {
    fn from(text: String) -> Self {
        Self::new([Bytes::from(text)])
    }
}

impl From<&'static str> for Chunks {
    fn from(text: &'static str) -> Self {
        Self::new([Bytes::from_static(text.as_bytes())])
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|chunk| chunk.len() as u64).sum())
    }
}
