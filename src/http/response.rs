//! Responses: their bodies, their headers, and whether the client accepts them compressed.
//!
//! Does not know paths, nor the meaning of a body.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};

use super::places::Seat;

/// Names the snapshot that a response is made of: two responses with the same number show the same values.
const SNAPSHOT: HeaderName = HeaderName::from_static("cxpulse-snapshot");
/// Keeps pages of other origins from loading an answer as a part of theirs.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// A body of a few ready chunks, so that cached text and fresh text are sent one after the other without being copied together. The length is
/// known, so no chunked encoding is needed.
#[derive(Debug, Default)]
pub(super) struct Chunks(VecDeque<Bytes>);

impl Chunks {
    /// A body of these chunks, in this order.
    pub(super) fn new(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        // An empty frame would cost hyper a write and send nothing.
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

/// A body that tells its connection's seat when the whole of it has been handed over.
pub(super) struct Answered {
    body: Chunks,
    seat: Arc<Seat>,
}

impl Answered {
    /// The body of an answer on the connection of this seat.
    pub(super) const fn new(body: Chunks, seat: Arc<Seat>) -> Self {
        Self { body, seat }
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.seat.answered();
    }
}

impl Body for Answered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The refusal of a client that comes while there are too many.
pub(super) fn too_many() -> Response<Chunks> {
    let mut busy = text(StatusCode::SERVICE_UNAVAILABLE, "too many at once\n");
    busy.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    busy
}

/// The refusal of a request under a name that the service does not have.
pub(super) fn not_by_this_name() -> Response<Chunks> {
    text(StatusCode::MISDIRECTED_REQUEST, "this service is not known by the name in `Host`; add the name to web.hosts\n")
}

/// A response of plain text.
pub(super) fn text(status: StatusCode, body: impl Into<Chunks>) -> Response<Chunks> {
    respond(status, TEXT_TYPE, body)
}

/// A response with the headers that every response has.
pub(super) fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Chunks>) -> Response<Chunks> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// A successful response that is made of a snapshot; `is_gzip` says that the body is compressed already.
pub(super) fn respond_with_snapshot(content_type: &'static str, number: u64, body: Chunks, is_gzip: bool) -> Response<Chunks> {
    let mut response = respond(StatusCode::OK, content_type, body);
    let headers = response.headers_mut();
    headers.insert(SNAPSHOT, HeaderValue::from(number));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The text as one gzip member.
///
/// # Errors
/// None that is known of, since it writes to memory.
pub(super) fn compress(text: &str) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish().map(Bytes::from)
}

/// Whether the client accepts a compressed body.
pub(super) fn accepts_gzip<B>(request: &Request<B>) -> bool {
    let offers = request.headers().get_all(header::ACCEPT_ENCODING);
    offers.iter().filter_map(|offer| offer.to_str().ok()).any(admits_gzip)
}

/// Whether an `Accept-Encoding` header admits gzip: by its name or by `*`, and not with a quality of 0.
fn admits_gzip(header: &str) -> bool {
    let mut by_star = false;
    for offer in header.split(',') {
        let mut parts = offer.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let refused = parts.any(|parameter| parameter.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            return !refused;
        }
        by_star |= coding == "*" && !refused;
    }
    by_star
}

#[cfg(test)]
mod tests {
    use super::admits_gzip;

    #[test]
    fn gzip_is_used_only_where_the_client_admits_it() {
        let cases = [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("identity;q=1, *;q=0", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000, *", false),
            ("br, zstd", false),
            ("", false),
        ];
        for (header, expected) in cases {
            assert_eq!(admits_gzip(header), expected, "{header}");
        }
    }
}
