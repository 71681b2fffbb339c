//! The names by which the service may be asked: a page of another origin must not read its answers.

use super::Server;

fn status(server: &Server, host: &str) -> u16 {
    server.exchange(&format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).status
}

#[test]
fn a_name_that_another_origin_can_own_is_refused_on_every_path() {
    let server = Server::start();
    for path in ["/metrics", "/", "/-/healthy", "/-/page.js", "/nowhere"] {
        let answer = server.exchange(&format!("GET {path} HTTP/1.1\r\nHost: evil.example:19270\r\nConnection: close\r\n\r\n"));
        assert_eq!(answer.status, 421, "{path}");
        assert!(answer.text().contains("web.hosts") && !answer.text().contains("evil"), "{}", answer.text());
    }
    for own in ["127.0.0.1:19270", "[::1]:19270", "localhost", "LocalHost:1"] {
        assert_eq!(status(&server, own), 200, "{own}");
    }
}

#[test]
fn configured_names_are_answered() {
    let server = Server::with(|configuration| configuration.web.hosts = vec!["cx.example.com".to_owned(), ".svc.example".to_owned()]);
    let statuses = ["cx.example.com", "a.svc.example:80", "svc.example", "example.com"].map(|host| status(&server, host));
    assert_eq!(statuses, [200, 200, 421, 421]);
}
