//! What is sent to an endpoint on this machine by those who have no business there: each is refused, and nothing leaks.

use std::fs;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{ASK, WHOLE, one, several, whole};
use crate::support::{
    home::Home,
    server::{Script, Server, Step, chunk, json as json_response, response, stream_head},
    serving::{KEY, Serving, TOKEN, read_response, settings},
};

async fn limited(limits: &str) -> (Serving, Server) {
    let server = Server::start([whole(WHOLE)]).await;
    let text = format!("{}[serve]\n{limits}", settings(&[("a", "openai", &server)]));
    (Serving::start(Home::new(), &text, &[]).await, server)
}

fn post(host: &str, more: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\n{host}{more}authorization: Bearer {TOKEN}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{ASK}",
        ASK.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_learns_nothing() {
    let (serving, server) = one(whole(WHOLE)).await;
    for headers in [
        &[("authorization", "Bearer wrong")][..],
        &[("authorization", TOKEN)],
        &[("x-api-key", "")],
        &[("x-api-key", "retort-test-token-012345678")],
        &[("x-api-key", TOKEN), ("x-api-key", TOKEN)],
    ] {
        for (method, path) in [
            ("POST", "/v1/chat/completions"),
            ("GET", "/v1/models"),
            ("GET", "/metrics"),
            ("GET", "/nowhere"),
            ("DELETE", "/v1/models"),
        ] {
            let answer = serving.send(serving.request(method, path, headers, ASK)).await;
            assert_eq!(answer.status, 401, "{method} {path} {headers:?}: {}", answer.text());
            let said = format!("{}{}", answer.head, answer.text());
            assert!(!said.contains(TOKEN) && !said.contains("m-a") && !said.contains(KEY), "{said}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_here_for_a_moment_and_pages_are_not_answered() {
    let (serving, server) = one(whole(WHOLE)).await;
    let own = format!("host: {}\r\n", serving.address);
    let port = serving.address.rsplit(':').next().unwrap();
    for (host, more, status) in [
        (format!("host: evil.example:{port}\r\n"), String::new(), 421),
        ("host: evil.example\r\n".to_owned(), String::new(), 421),
        (format!("host: 127.0.0.1.evil.example:{port}\r\n"), String::new(), 421),
        ("host: 127.0.0.1\r\n".to_owned(), String::new(), 421),
        (String::new(), String::new(), 400),
        (format!("{own}{own}"), String::new(), 400),
        (format!("{own}host: evil.example\r\n"), String::new(), 400),
        (own.clone(), "origin: null\r\n".to_owned(), 403),
        (own.clone(), format!("origin: http://{}\r\n", serving.address), 403),
        (own.clone(), "origin: https://evil.example\r\n".to_owned(), 403),
        (own.clone(), "sec-fetch-site: cross-site\r\n".to_owned(), 403),
    ] {
        let answer = serving.send(post(&host, &more)).await;
        assert_eq!(answer.status, status, "{host}{more}: {}", answer.text());
        assert!(!answer.head.to_ascii_lowercase().contains("access-control"), "{}", answer.head);
    }
    let asked = serving.send(serving.request("OPTIONS", "/v1/chat/completions", &[], "")).await;
    assert_eq!(asked.status, 405);
    assert!(!asked.head.to_ascii_lowercase().contains("access-control"), "{}", asked.head);
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_means_two_things_is_refused() {
    let (serving, server) = one(whole(WHOLE)).await;
    let head = format!("host: {}\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n", serving.address);
    let length = ASK.len();
    for (request, statuses) in [
        (
            format!(
                "POST http://evil.example/v1/chat/completions HTTP/1.1\r\n{head}content-length: {length}\r\n\r\n{ASK}"
            ),
            &[400][..],
        ),
        (format!("GET http://{}/v1/models HTTP/1.1\r\n{head}\r\n", serving.address), &[400]),
        (format!("CONNECT evil.example:443 HTTP/1.1\r\n{head}\r\n"), &[400, 421]),
        (
            format!(
                "POST /v1/chat/completions HTTP/1.1\r\n{head}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n{head}\r\n"
            ),
            &[400, 411],
        ),
        (
            format!(
                "POST /v1/chat/completions HTTP/1.1\r\n{head}transfer-encoding: chunked\r\ncontent-length: {length}\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n{head}\r\n"
            ),
            &[400, 411],
        ),
        (
            format!(
                "POST /v1/chat/completions HTTP/1.1\r\n{head}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
            ),
            &[411],
        ),
        (format!("POST /v1/chat/completions HTTP/1.1\r\n{head}transfer-encoding: gzip, identity\r\n\r\n"), &[400, 411]),
        (
            format!(
                "POST /v1/chat/completions HTTP/1.1\r\n{head}content-length: {length}\r\ncontent-length: 2\r\n\r\n{ASK}"
            ),
            &[400],
        ),
        (format!("POST /v1/chat/completions HTTP/1.1\r\n{head}content-length: +2\r\n\r\n{{}}"), &[400]),
        (format!("GET /v1/models HTTP/1.1\r\n{head}x : y\r\n\r\n"), &[400]),
        (format!("GET /v1/models HTTP/1.1\r\n{head}x: a\r\n folded\r\n\r\n"), &[400]),
        (
            format!(
                "POST /v1/chat/completions HTTP/1.1\r\n{head}content-encoding: gzip\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
            ),
            &[415],
        ),
    ] {
        let answer = serving.send(&request).await;
        assert!(statuses.contains(&answer.status), "{request}: {} {}", answer.status, answer.text());
        let all = format!("{}{}", answer.head, answer.text());
        assert!(!all.contains("retort_serve_") && all.matches("HTTP/1.1").count() == 1, "one answer: {all}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_too_slow_is_cut() {
    let (serving, server) =
        limited("max_body_bytes = 1000\nmax_head_bytes = 8192\nhead_timeout = \"150ms\"\nbody_timeout = \"150ms\"\n")
            .await;
    let own = format!("host: {}\r\n", serving.address);
    let large = format!("x-large: {}\r\n", "y".repeat(20_000));
    assert_eq!(serving.send(post(&own, &large)).await.status, 431);
    let many = (0..150).map(|at| format!("x-{at}: y\r\n")).collect::<Vec<_>>().concat();
    assert_eq!(serving.send(post(&own, &many)).await.status, 431);
    let long = format!("/v1/models/{}", "y".repeat(70_000));
    assert!(matches!(serving.get(&long).await.status, 414 | 431));
    let body = ASK.replacen("Hello", &"y".repeat(2000), 1);
    assert_eq!(serving.post("/v1/chat/completions", &body).await.status, 413);
    // A head, and a body, whose rest never comes: the end of the connection is waited for.
    let mut head = serving.connect().await;
    head.write_all(format!("POST /v1/chat/completions HTTP/1.1\r\n{own}x: ").as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    let _ = head.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("200"), "{}", String::from_utf8_lossy(&rest));
    let mut half = serving.connect().await;
    let request = post(&own, "");
    half.write_all(&request.as_bytes()[..request.len() - 5]).await.unwrap();
    assert_eq!(read_response(&mut half).await.status, 408);
    assert_eq!(server.connections(), 0);
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200, "it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_connections_and_calls_are_taken_than_there_may_be() {
    let (serving, _) = limited("max_connections = 2\n").await;
    let held = [serving.connect().await, serving.connect().await];
    // Both are taken before the third is looked at, as they came in this order.
    assert_eq!(serving.get("/v1/models").await.status, 503);
    drop(held);
    let script = Script::default().then(Step::Expect).then(Step::Stall);
    let server = Server::start([script]).await;
    let text = format!("{}[serve]\nmax_calls = 1\n", settings(&[("a", "openai", &server)]));
    let serving = Serving::start(Home::new(), &text, &[]).await;
    let mut socket = serving.connect().await;
    socket.write_all(&serving.request("POST", "/v1/chat/completions", &[], ASK)).await.unwrap();
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let answer = serving.post("/v1/chat/completions", ASK).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{}", answer.text());
    assert_eq!(serving.get("/v1/models").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_anywhere_but_where_it_is_written() {
    let (serving, server) = one(whole(WHOLE)).await;
    for path in [
        "//evil.example/v1/chat/completions",
        "/v1/../v1/chat/completions",
        "/v1/%2e%2e/chat/completions",
        "/v1/chat%2fcompletions",
        "/v1/chat/completions/",
        "/v1/chat/completions%00",
        "/v1/files",
        "/admin",
        "/v1/chat/completions;x",
        "/V1/CHAT/COMPLETIONS",
        "/v1/models/../../etc/passwd",
    ] {
        let answer = serving.send(serving.request("POST", path, &[], ASK)).await;
        assert!(matches!(answer.status, 404 | 405), "{path}: {}", answer.status);
        assert!(answer.text().starts_with('{'), "{}", answer.text());
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_request_says_where_it_goes() {
    let evil = Server::start([whole(WHOLE), whole(WHOLE)]).await;
    let (serving, server) = several((0..4).map(|_| whole(WHOLE)), &["--no-cache"]).await;
    let url = evil.url.as_str();
    let body = ASK.replacen(
        '{',
        &format!(
            "{{\"base_url\":\"{url}\",\"api_base\":\"{url}\",\"api_key\":\"x\",\"extra_headers\":{{\"host\":\"e\"}},"
        ),
        1,
    );
    let host = url.trim_start_matches("http://");
    let headers = [
        ("x-forwarded-host", host),
        ("forwarded", "host=evil"),
        ("x-original-url", url),
        ("x-rewrite-url", url),
        ("x-portkey-custom-host", url),
        ("x-base-url", url),
        ("anthropic-base-url", url),
        ("proxy", url),
    ];
    assert_eq!(serving.send(serving.request("POST", "/v1/chat/completions", &headers, &body)).await.status, 200);
    assert_eq!((server.requests().len(), evil.connections()), (1, 0));
    for model in [url, &format!("{url}/v1"), "openai/../a", "a/../../x"] {
        let answer = serving.post("/v1/chat/completions", &ASK.replace("m-a", model)).await;
        assert!(answer.status == 404 || evil.connections() == 0, "{model}: {}", answer.text());
    }
    assert_eq!(evil.connections(), 0);
    // A provider that leads elsewhere is not followed.
    let leads = Script::answer(response("302 Found", &[("location", url), ("connection", "close")], ""));
    let (serving, _) = several([leads], &["--no-cache"]).await;
    let answer = serving.post("/v1/chat/completions", ASK).await;
    assert_eq!((answer.status, evil.connections()), (502, 0), "{}", answer.text());
    assert_eq!(answer.header("location"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_requests_are_refused_and_not_repeated() {
    let (serving, server) = one(whole(WHOLE)).await;
    let deep = format!("{{\"model\":\"m-a\",\"messages\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    for body in [
        "",
        "[]",
        "null",
        "{\"model\":",
        "{\"model\":\"m-a\",\"model\":\"demo\",\"messages\":[]}",
        "{\"model\":\"m-a\",\"mod\\u0065l\":\"demo\",\"messages\":[]}",
        "{\"model\":7}",
        "{\"model\":\"m-a\",\"messages\":\"secret words\"}",
        "{\"model\":\"m-a\",\"stream\":\"secret words\",\"messages\":[]}",
        "{\"secret words\"",
        &deep,
    ] {
        let answer = serving.post("/v1/chat/completions", body).await;
        assert_eq!(answer.status, 400, "{body:.60}: {}", answer.text());
        assert!(!answer.text().contains("secret words"), "{}", answer.text());
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_token_nor_a_key_nor_a_word_of_a_prompt_is_in_the_log_or_on_the_screen() {
    let fails = Script::answer(json_response(
        "400 Bad Request",
        &[("connection", "close")],
        "{\"error\":{\"message\":\"no\"}}",
    ));
    let (serving, _) = several([whole(WHOLE), fails], &[]).await;
    let body = ASK.replace("Hello", "a private matter");
    assert_eq!(serving.post("/v1/chat/completions", &body).await.status, 200);
    assert_eq!(serving.post("/v1/chat/completions", &body.replace("a private", "another private")).await.status, 400);
    let own = format!("host: {}\r\n", serving.address);
    serving.send(post(&own, "origin: null\r\n")).await;
    let (code, err, home) = serving.end();
    assert_eq!(code, Some(0), "{err}");
    assert!(!err.contains(TOKEN) && !err.contains("private") && !err.contains(KEY), "{err}");
    for file in home.files() {
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(TOKEN) && !text.contains(KEY), "{}", file.display());
        if file.extension().is_some_and(|ending| ending == "log") {
            assert!(!text.contains("private"), "{text}");
        }
    }
}

#[test]
fn an_address_that_others_reach_is_agreed_to_first() {
    let home = Home::new();
    for arguments in [&["serve", "--host", "0.0.0.0", "--port", "0"][..], &["serve", "--host", "192.0.2.1"]] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("--expose"), "{}", ran.err);
    }
    home.file("config/config.toml", "[serve]\nhost = \"0.0.0.0\"\nport = 0\n");
    assert!(home.run(&["serve"]).err.contains("--expose"));
    home.file("config/config.toml", "[serve]\nhost = \"example.com\"\n");
    assert!(home.run(&["serve"]).err.contains("`host` is an address of numbers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_is_given_up() {
    let script = Script::default()
        .then(Step::Expect)
        .send(stream_head())
        .send(chunk(super::HELLO))
        .then(Step::Drip(chunk(format!(": {}\n\n", "y".repeat(256 * 1024)))));
    let server = Server::start([script]).await;
    let text = format!("{}[serve]\nidle_timeout = \"150ms\"\n", settings(&[("a", "openai", &server)]));
    let serving = Serving::start(Home::new(), &text, &[]).await;
    let mut socket = serving.connect().await;
    let body = ASK.replacen('{', "{\"stream\":true,", 1);
    socket.write_all(&serving.request("POST", "/v1/chat/completions", &[], &body)).await.unwrap();
    server.closed(0).await;
    drop(socket);
}

/// The statuses of all that came back on a connection.
fn statuses(answered: &str) -> Vec<u16> {
    answered.match_indices("HTTP/1.1 ").map(|(at, _)| answered[at + 9..at + 12].parse().unwrap()).collect()
}

/// Sends bytes and reads until the connection ends.
async fn all_of(serving: &Serving, bytes: &[u8]) -> String {
    let mut socket = serving.connect().await;
    let _ = socket.write_all(bytes).await;
    let mut all = Vec::new();
    let _ = socket.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_sent_at_once_are_answered_one_by_one_each_by_its_own_right() {
    let (serving, server) = one(whole(WHOLE)).await;
    let host = format!("host: {}\r\n", serving.address);
    let right = format!("{host}authorization: Bearer {TOKEN}\r\n");
    let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\n{headers}\r\n");
    let pipelined = [
        get("/v1/models", &right),
        get("/metrics", &format!("{host}authorization: Bearer wrong\r\n")),
        get("/v1/models", "host: evil.example\r\n"),
        get("/nowhere", &right),
        get("/healthz", &format!("{host}connection: close\r\n")),
        get("/metrics", &right),
    ];
    let answered = all_of(&serving, pipelined.concat().as_bytes()).await;
    assert_eq!(statuses(&answered), [200, 401, 421, 404, 200], "{answered}");
    assert!(!answered.contains("retort_serve_"), "what follows the end is not answered: {answered}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_a_request_is_never_taken_for_another() {
    let (serving, server) = one(whole(WHOLE)).await;
    let host = format!("host: {}\r\n", serving.address);
    let right = format!("{host}authorization: Bearer {TOKEN}\r\n");
    let within = format!("GET /metrics HTTP/1.1\r\n{right}connection: close\r\n\r\n");
    for (method, path, headers) in [
        ("POST", "/v1/chat/completions", format!("{host}authorization: Bearer wrong\r\n")),
        ("POST", "/v1/chat/completions", format!("host: evil.example\r\nauthorization: Bearer {TOKEN}\r\n")),
        ("POST", "/v1/chat/completions", format!("{right}origin: https://evil.example\r\n")),
        ("POST", "/v1/chat/completions", right.clone()),
        ("POST", "/nowhere", right.clone()),
        ("GET", "/v1/models", right.clone()),
        ("GET", "/healthz", host.clone()),
        ("DELETE", "/v1/models", right.clone()),
        ("OPTIONS", "/v1/chat/completions", right.clone()),
    ] {
        let length = within.len();
        let last = if path == "/v1/chat/completions" || method != "GET" { "" } else { "connection: close\r\n" };
        let request = format!("{method} {path} HTTP/1.1\r\n{headers}{last}content-length: {length}\r\n\r\n{within}");
        // What is answered to the rest, where the connection goes on, ends it.
        let end = format!("GET /healthz HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        let answered = all_of(&serving, format!("{request}{end}").as_bytes()).await;
        assert!(!answered.contains("retort_serve_"), "{method} {path}: {answered}");
        assert!(matches!(statuses(&answered).len(), 1 | 2), "{method} {path}: {answered}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_twice_or_in_another_form_of_the_protocol_is_refused() {
    let (serving, server) = one(whole(WHOLE)).await;
    let host = format!("host: {}\r\n", serving.address);
    let token = format!("authorization: Bearer {TOKEN}\r\n");
    let length = ASK.len();
    let post =
        |headers: &str| format!("POST /v1/chat/completions HTTP/1.1\r\n{host}connection: close\r\n{headers}\r\n{ASK}");
    let sized = format!("content-length: {length}\r\n");
    let requests = [
        post(&format!("{token}{token}{sized}")),
        post(&format!("authorization: Bearer wrong\r\n{token}{sized}")),
        post(&format!("x-retort-token: {TOKEN}\r\nx-retort-token: {TOKEN}\r\n{sized}")),
        post(&format!("{token}content-encoding: identity\r\ncontent-encoding: gzip\r\n{sized}")),
        post(&format!("{token}content-length: {length}, 2\r\n")),
        post(&format!("{token}content-length: 0x2\r\n")),
        post(&format!("{token}content-length: -1\r\n")),
        post(&format!("{token}content-length: 18446744073709551616\r\n")),
        post(&format!("{token}transfer-encoding: xchunked\r\n{sized}")),
        post(&format!("{token}transfer-encoding: chunked, identity\r\n{sized}")),
        post(&format!("{token}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n{sized}")),
        post(&format!("{token}transfer-encoding : chunked\r\n{sized}")),
        post(&format!("{token}Transfer_Encoding: chunked\r\n{sized}x\0y: z\r\n")),
        post(&format!("{token}{sized}x: a\rb\r\n")),
        post(&format!("{token}{sized}")).replace("HTTP/1.1", "HTTP/3.0"),
        post(&format!("{token}{sized}")).replace("HTTP/1.1", "HTTP/1.1 x"),
        "GET /v1/models\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("OPTIONS * HTTP/1.1\r\n{host}{token}connection: close\r\n\r\n"),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(),
    ];
    for request in &requests {
        let answered = all_of(&serving, request.as_bytes()).await;
        let statuses = statuses(&answered);
        let refused = |status: &u16| matches!(status, 400 | 401 | 404 | 405 | 411 | 413 | 415 | 421 | 501 | 505);
        assert!(statuses.len() <= 1 && statuses.iter().all(refused), "{request:?}: {answered}");
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200, "it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_bit_by_bit_or_breaks_off_asks_nobody() {
    let (serving, server) = limited("body_timeout = \"200ms\"\nmax_head_bytes = 65536\n").await;
    let own = format!("host: {}\r\n", serving.address);
    let request = post(&own, "");
    // A byte again and again is no body in time.
    let mut slow = serving.connect().await;
    let length = format!("content-length: {}\r\n", ASK.len());
    let (head, _) = request.split_at(request.len() - ASK.len());
    let head = head.replace(&length, "content-length: 20000000\r\n");
    slow.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = slow.split();
    let drips = async {
        while write.write_all(b"{").await.is_ok() {
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    let mut all = Vec::new();
    tokio::select! {
        () = drips => {}
        _ = read.read_to_end(&mut all) => {}
    }
    assert!(String::from_utf8_lossy(&all).starts_with("HTTP/1.1 408"), "{}", String::from_utf8_lossy(&all));
    // Whoever closes half of the connection in the middle of a body is gone.
    let mut half = serving.connect().await;
    half.write_all(&request.as_bytes()[..request.len() - 5]).await.unwrap();
    half.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = half.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains(" 200 "), "{}", String::from_utf8_lossy(&rest));
    // More headers than anybody sends, small ones and with room for all of their bytes.
    let many = (0..5000).map(|at| format!("x{at}:y\r\n")).collect::<Vec<_>>().concat();
    assert_eq!(serving.send(post(&own, &many)).await.status, 431);
    assert_eq!(server.connections(), 0);
    assert_eq!(serving.home.run(&["history", "--json"]).lines().len(), 0, "nothing of it is on record");
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200, "it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_not_resolved_decoded_or_read_as_an_address() {
    let (serving, server) = one(whole(WHOLE)).await;
    for path in [
        "/v1/models/../metrics",
        "/v1/models/%2e%2e/metrics",
        "/v1/models/..%2f..%2fetc%2fpasswd",
        "/v1/models/m-a/../../../metrics",
        "/v1/models/..\\..\\metrics",
        "/v1/models/%00",
        "/v1/models/m-a%20",
        "/./metrics",
        "/metrics/",
        "/metrics;x=1",
        "/%6detrics",
        "/retort/calls/../../metrics",
        "/retort/calls/-1",
        "/retort/calls/0x1",
        "/retort/calls/99999999999999999999999",
        "/retort/hold",
        "//127.0.0.1/metrics",
    ] {
        let answer = serving.get(path).await;
        assert!(matches!(answer.status, 400 | 404 | 405), "{path}: {}", answer.status);
        assert!(!answer.text().contains("retort_serve_"), "{path}: {}", answer.text());
    }
    assert_eq!(server.connections(), 0);
}
