//! `/metrics`, `/-/healthy`, `/-/ready` and the page at `/`.
