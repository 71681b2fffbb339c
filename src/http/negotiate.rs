//! What a client accepts, by the quality values of its header.

/// Whether an `Accept-Encoding` header admits gzip: named or by `*`, and not with quality 0.
pub(super) fn accepts_gzip(header: &str) -> bool {
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
    use super::accepts_gzip;

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
            assert_eq!(accepts_gzip(header), expected, "{header}");
        }
    }
}
