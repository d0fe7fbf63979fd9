//! The way to a provider: proxies of the settings and of the environment, certificates of both sides, and what is said
//! of an address that leads elsewhere.

use serde_json::json;

use crate::support::{
    home::{Home, Ran},
    proxy::{Proxy, Spoken},
    server::{Script, Server, json as answer, response},
    tls::{TlsServer, certificate},
};

/// The password of a proxy, as it is sent, and as it stands in an address.
const PASSWORD: [&str; 2] = ["hunter2/47", "hunter2%2F47"];

fn hi() -> Vec<u8> {
    let body =
        json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]});
    answer("200 OK", &[("connection", "close")], &body.to_string())
}

fn listed() -> Vec<u8> {
    answer("200 OK", &[("connection", "close")], r#"{"data":[{"id":"some-model"}]}"#)
}

/// A home with a prompt and a provider `p`.
fn home(provider: &str) -> Home {
    let home = Home::new();
    home.file("config/config.toml", &format!("[retry]\nattempts = 1\n[providers.p]\nwire = \"openai\"\n{provider}\n"));
    home.file("config/prompts/p.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
    home.file("work/in.txt", "hello");
    home
}

async fn with(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = home.command(arguments);
    command.envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

async fn run(home: &Home, environment: &[(&str, &str)]) -> Ran {
    with(home, &["run", "p", "-m", "p/some-model", "-i", "in.txt"], environment).await
}

fn quoted(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// Asserts that the password is nowhere.
fn hidden(home: &Home, ran: &Ran) {
    for password in PASSWORD {
        assert!(!ran.out.contains(password) && !ran.err.contains(password), "{}{}", ran.out, ran.err);
        for file in home.files() {
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(password.len()).any(|some| some == password.as_bytes());
            assert!(!found, "{} holds the password", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_proxy_carries_requests_and_its_password_stays_its_own() {
    for (spoken, scheme) in [
        (Spoken::Http, "http"),
        (Spoken::HttpWithPassword, "http"),
        (Spoken::Socks, "socks5h"),
        (Spoken::SocksWithPassword, "socks5h"),
    ] {
        let password = matches!(spoken, Spoken::HttpWithPassword | Spoken::SocksWithPassword);
        for tls in [false, true] {
            let plain = Server::start([Script::answer(hi())]).await;
            let secure = TlsServer::start("server", false, hi());
            let proxy = Proxy::start(spoken, if tls { &secure.at } else { &plain.url }).await;
            let user = if password { format!("me:{}@", PASSWORD[1]) } else { String::new() };
            let address = format!("{scheme}://{user}{}", proxy.at);
            let setting = if password { "env:LAB_PROXY".to_owned() } else { address.clone() };
            let (base, ca) = if tls {
                ("https://llm.invalid/v1", format!("ca_file = {:?}\n", quoted(&certificate("ca.pem"))))
            } else {
                ("http://llm.invalid/v1", String::new())
            };
            let home = home(&format!("base_url = \"{base}\"\nproxy = \"{setting}\"\n{ca}"));
            let ran = run(&home, &[("LAB_PROXY", &address), ("HTTPS_PROXY", "socks://127.0.0.1:9")]).await;
            assert_eq!((ran.code, ran.out.trim()), (Some(0), "Hi"), "{spoken:?} {tls}: {}", ran.err);
            let want = match (scheme, tls) {
                ("http", false) => "POST http://llm.invalid/v1/chat/completions",
                ("http", true) => "CONNECT llm.invalid:443",
                (_, false) => "llm.invalid:80",
                (_, true) => "llm.invalid:443",
            };
            assert!(proxy.asked().iter().all(|asked| asked == want), "{:?}", proxy.asked());
            hidden(&home, &ran);
            let doctor = with(&home, &["doctor"], &[("LAB_PROXY", &address)]).await;
            assert!(doctor.out.contains(&format!("proxy {scheme}://{}", proxy.at)), "{}", doctor.out);
            hidden(&home, &doctor);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_spoken_to_over_tls_carries_requests() {
    // A proxy is given the whole request of an address without TLS, and this one answers it itself.
    let proxy = TlsServer::start("server", false, hi());
    let base = format!("base_url = \"http://llm.invalid/v1\"\nproxy = \"https://{}\"\n", proxy.at);
    let ran = run(&home(&base), &[]).await;
    assert!(ran.code == Some(1) && ran.err.contains("ca_file"), "{}", ran.err);
    assert_eq!(proxy.answered(), 0, "it was asked though nobody knows who signed its certificate");
    let ca = format!("{base}ca_file = {:?}\n", quoted(&certificate("ca.pem")));
    let ran = run(&home(&ca), &[]).await;
    assert_eq!((ran.code, ran.out.trim(), proxy.answered()), (Some(0), "Hi", 1), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_set_is_used_for_this_machine_too_and_one_of_the_environment_is_not() {
    let server = Server::start([Script::answer(hi()), Script::answer(hi()), Script::answer(listed())]).await;
    let proxy = Proxy::start(Spoken::Socks, &server.url).await;
    let all_proxy = format!("socks5://{}", proxy.at);
    let base = format!("base_url = \"{}/v1\"\n", server.url);
    let ran = run(&home(&base), &[("ALL_PROXY", &all_proxy)]).await;
    assert_eq!((ran.code, proxy.asked().len()), (Some(0), 0), "{}", ran.err);
    let own = home(&format!("{base}proxy = \"{all_proxy}\"\n"));
    let ran = run(&own, &[("NO_PROXY", "*")]).await;
    let at = server.url.trim_start_matches("http://").to_owned();
    assert_eq!((ran.code, proxy.asked()), (Some(0), vec![at.clone()]), "{}", ran.err);
    let ran = with(&own, &["models", "--check"], &[]).await;
    assert!(ran.err.contains("p: serves 1 models"), "{}", ran.err);
    assert_eq!(proxy.asked(), [at.clone(), at]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environments_proxies_are_used_but_where_no_proxy_says_otherwise() {
    let server = Server::start([Script::answer(hi()), Script::answer(listed())]).await;
    let proxy = Proxy::start(Spoken::Http, &server.url).await;
    let base = "base_url = \"http://llm.invalid/v1\"\n";
    let plain = home(base);
    let ran = run(&plain, &[("http_proxy", &proxy.at), ("ALL_PROXY", "http://127.0.0.1:9")]).await;
    assert_eq!((ran.code, ran.out.trim()), (Some(0), "Hi"), "{}", ran.err);
    let ran = with(&plain, &["models", "--check"], &[("all_proxy", &proxy.at)]).await;
    assert!(ran.err.contains("p: serves 1 models"), "{}", ran.err);
    assert_eq!(proxy.asked().len(), 2);
    // Without the proxy the name has no address.
    for environment in [[("ALL_PROXY", proxy.at.as_str()), ("NO_PROXY", "llm.invalid")], [("ALL_PROXY", ""), ("x", "")]]
    {
        let ran = run(&home(base), &environment).await;
        assert!(ran.code == Some(1) && ran.err.contains("no address is known for llm.invalid"), "{}", ran.err);
    }
    run(&home(&format!("{base}proxy = \"none\"\n")), &[("ALL_PROXY", &proxy.at)]).await;
    assert_eq!(proxy.asked().len(), 2, "asked though it is to be gone without");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_spoken_stops_the_run_and_names_what_is() {
    let spoken = "http, https, socks5, socks5h";
    let plain = home("base_url = \"http://llm.invalid/v1\"\n");
    let bad = format!("socks://me:{}@127.0.0.1:9", PASSWORD[1]);
    for arguments in [&["run", "p", "-m", "p/m", "-i", "in.txt"][..], &["models", "--check"], &["doctor"]] {
        let ran = with(&plain, arguments, &[("ALL_PROXY", &bad)]).await;
        let all = format!("{}{}", ran.out, ran.err);
        assert!(ran.code == Some(1) && all.contains("ALL_PROXY") && all.contains(spoken), "{all}");
        hidden(&plain, &ran);
    }
    for (proxy, want) in [
        ("socks://127.0.0.1:9", spoken),
        ("ftp://127.0.0.1", spoken),
        ("http://me:hunter2%2F47@127.0.0.1", "env:NAME"),
        ("http://", "HOST:PORT"),
    ] {
        let ran = run(&home(&format!("base_url = \"http://llm.invalid\"\nproxy = \"{proxy}\"\n")), &[]).await;
        assert!(ran.err.contains("config.toml:6:") && ran.err.contains(want), "{proxy}: {}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
    let from = home("base_url = \"http://llm.invalid\"\nproxy = \"env:LAB_PROXY\"\n");
    let ran = run(&from, &[("LAB_PROXY", &bad)]).await;
    assert!(ran.err.contains("env:LAB_PROXY") && ran.err.contains(spoken), "{}", ran.err);
    hidden(&from, &ran);
    let ran = run(&from, &[]).await;
    assert!(ran.err.contains("`proxy` cannot be had from env:LAB_PROXY"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_lead_on_is_named_with_the_next_step() {
    let server = Server::start([]).await;
    for (spoken, scheme, base) in [
        (Spoken::HttpWithPassword, "http", "http://llm.invalid/v1"),
        (Spoken::HttpWithPassword, "http", "https://llm.invalid/v1"),
        (Spoken::SocksWithPassword, "socks5h", "http://llm.invalid/v1"),
    ] {
        let proxy = Proxy::start(spoken, &server.url).await;
        let ran = run(&home(&format!("base_url = \"{base}\"\nproxy = \"{scheme}://{}\"\n", proxy.at)), &[]).await;
        assert!(ran.err.contains("http://NAME:PASSWORD@HOST:PORT"), "{spoken:?} {base}: {}", ran.err);
    }
    let ran = run(&home("base_url = \"http://llm.invalid/v1\"\n"), &[("HTTP_PROXY", "http://127.0.0.1:9")]).await;
    let words = "no connection to llm.invalid through the proxy http://127.0.0.1:9 (HTTP_PROXY)";
    assert!(ran.err.contains(words) && ran.err.contains("is the proxy running"), "{}", ran.err);
    let socks = Proxy::start(Spoken::Socks, &server.url).await;
    let ran = run(&home(&format!("base_url = \"http://llm.invalid\"\nproxy = \"socks5://{}\"\n", socks.at)), &[]).await;
    assert!(ran.err.contains("socks5h:// has the proxy look them up"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_ones_own_authority_is_trusted_by_ca_file_alone() {
    let server = TlsServer::start("server", false, hi());
    let base = format!("base_url = \"https://{}/v1\"\n", server.at);
    let ran = run(&home(&base), &[]).await;
    assert!(ran.code == Some(1) && ran.err.contains("name the authority's PEM file in `ca_file`"), "{}", ran.err);
    let other = format!("{base}ca_file = {:?}\n", quoted(&certificate("other-ca.pem")));
    let ran = run(&home(&other), &[]).await;
    assert!(ran.err.contains("does not hold the authority that signed it"), "{}", ran.err);
    assert_eq!(server.answered(), 0);
    let ca = std::fs::read_to_string(certificate("ca.pem")).unwrap();
    for (written, path) in [("lab/ca.pem", "config/lab/ca.pem"), ("~/ca.pem", "home/ca.pem")] {
        let home = home(&format!("{base}ca_file = \"{written}\"\n"));
        home.file(path, &ca);
        let ran = run(&home, &[]).await;
        assert_eq!((ran.code, ran.out.trim()), (Some(0), "Hi"), "{written}: {}", ran.err);
    }
    assert_eq!(server.answered(), 2);
    let expired = TlsServer::start("expired", false, hi());
    let settings =
        format!("base_url = \"https://{}/v1\"\nca_file = {:?}\n", expired.at, quoted(&certificate("ca.pem")));
    let ran = run(&home(&settings), &[]).await;
    assert!(ran.err.contains("it has to be renewed on the server"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_client_is_shown_where_it_is_set() {
    let server = TlsServer::start("server", true, listed());
    let ca = quoted(&certificate("ca.pem"));
    let base = format!("base_url = \"https://{}/v1\"\nca_file = {ca:?}\n", server.at);
    let check = &["models", "--check"][..];
    let ran = with(&home(&base), check, &[]).await;
    assert!(ran.err.contains("wants a certificate: name its PEM file in `client_cert`"), "{}", ran.err);
    assert_eq!(server.answered(), 0);
    let [both, cert, key] = ["client-with-key.pem", "client.pem", "client.key"].map(|name| quoted(&certificate(name)));
    for own in [format!("client_cert = {both:?}\n"), format!("client_cert = {cert:?}\nclient_key = {key:?}\n")] {
        let home = home(&format!("{base}{own}"));
        let ran = with(&home, check, &[]).await;
        assert!(ran.err.contains("p: serves 1 models"), "{}", ran.err);
        let doctor = with(&home, &["doctor"], &[]).await;
        assert!(doctor.out.contains("`client_cert` ") && doctor.out.contains("p: serves 1 models"), "{}", doctor.out);
    }
    assert_eq!(server.answered(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_certificates_stop_the_run_before_anything_is_sent() {
    let server = Server::start([]).await;
    let path = |name: &str| quoted(&certificate(name));
    for (settings, want) in [
        ("ca_file = \"no-such.pem\"".to_owned(), "no-such.pem cannot be read"),
        (format!("ca_file = {:?}", path("ca.der")), "openssl x509 -inform der"),
        (format!("ca_file = {:?}", path("client.key")), "client.key has no certificate in it"),
        (format!("ca_file = {:?}", path("make.sh")), "make.sh has no certificate in it"),
        ("ca_file = \"cut.pem\"".to_owned(), "cut.pem"),
        (format!("client_cert = {:?}", path("client.pem")), "client.pem has no private key in it"),
        (format!("client_cert = {:?}\nclient_key = {:?}", path("client.pem"), path("server.key")), "is not that of"),
        (
            format!("client_cert = {:?}\nclient_key = {:?}", path("client.pem"), path("client-encrypted.key")),
            "passphrase",
        ),
        ("client_key = \"a.key\"".to_owned(), "which is missing"),
    ] {
        let home = home(&format!("base_url = \"{}/v1\"\n{settings}\n", server.url));
        home.file("config/cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        for arguments in [&["run", "p", "-m", "p/m", "-i", "in.txt"][..], &["models", "--check"], &["doctor"]] {
            let ran = with(&home, arguments, &[]).await;
            let all = format!("{}{}", ran.out, ran.err);
            assert!(ran.code == Some(1) && all.contains(want) && all.contains("config.toml"), "{settings}: {all}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_is_set_for_a_provider_and_not_for_a_model() {
    for setting in ["proxy = \"none\"", "ca_file = \"a.pem\"", "client_cert = \"a.pem\"", "base_url = \"http://h\""] {
        let model =
            format!("base_url = \"http://llm.invalid\"\n[models.m]\nprovider = \"p\"\nmodel = \"m\"\n{setting}\n");
        let ran = run(&home(&model), &[]).await;
        let words = "is set for a provider and not for a model; write it in [providers.NAME]";
        assert!(ran.err.contains(words) && ran.err.contains("config.toml:9:"), "{}", ran.err);
    }
    let ran = run(
        &home("base_url = \"http://h\"\n[providers.c]\nkind = \"command\"\ncommand = [\"x\"]\nproxy = \"none\"\n"),
        &[],
    )
    .await;
    assert!(ran.err.contains("asked over HTTP"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_goes_to_the_internet_where_that_is_allowed_and_only_there() {
    let server = Server::start([Script::answer(hi())]).await;
    let proxy = Proxy::start(Spoken::Http, &server.url).await;
    let public = format!("base_url = \"http://llm.example.com/v1\"\nproxy = \"http://{}\"\n", proxy.at);
    let ran = run(&home(&public), &[]).await;
    assert!(ran.code == Some(1) && ran.err.contains("`allow_http = true` in [providers.p]"), "{}", ran.err);
    assert!(proxy.asked().is_empty());
    let ran = run(&home(&format!("{public}allow_http = true\n")), &[]).await;
    assert_eq!((ran.code, ran.out.trim()), (Some(0), "Hi"), "{}", ran.err);
    assert_eq!(proxy.asked(), ["POST http://llm.example.com/v1/chat/completions"]);
}

/// A server that does the same on every connection.
async fn always(script: Script) -> Server {
    Server::start(std::iter::repeat_n(script, 8)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_elsewhere_gets_the_line_to_change() {
    let close = [("connection", "close")];
    let not_found = answer("404 Not Found", &close, r#"{"detail":"Not Found"}"#);
    let page = response("200 OK", &[("content-type", "text/html"), close[0]], "<html><body>Welcome</body></html>");
    let tls_wanted = response("400 Bad Request", &close, "Client sent an HTTP request to an HTTPS server.\n");
    let alert = b"\x15\x03\x01\x00\x02\x02\x46".to_vec();
    for (bytes, scheme, path, want) in [
        (not_found.clone(), "http", "", "is the API under /v1? try `base_url = \"{url}/v1\"` in [providers.p]"),
        (not_found.clone(), "http", "/v1/v1", "/v1 stands twice in it: try `base_url = \"{url}/v1\"`"),
        (not_found.clone(), "http", "/v1", "are `base_url` and `wire = \"openai\"` in [providers.p] right?"),
        (page, "http", "", "is the API under /v1?"),
        (tls_wanted, "http", "/v1", "it speaks TLS: try `base_url = \"https://"),
        (alert, "http", "/v1", "it speaks TLS: try `base_url = \"https://"),
        (
            not_found,
            "https",
            "/v1",
            "does not speak TLS; is it meant to be asked over http? try `base_url = \"{url}/v1\"`",
        ),
        (Vec::new(), "https", "/v1", "is it meant to be asked over http? try `base_url = \"{url}/v1\"`"),
    ] {
        // A server takes the beginning of a handshake for a bad request, and does not wait for its end.
        let script = if scheme == "https" { Script::default().send(bytes) } else { Script::answer(bytes) };
        let server = always(script).await;
        let base = format!("{scheme}{}{path}", server.url.trim_start_matches("http"));
        let want = want.replace("{url}", &server.url);
        let home = home(&format!("base_url = \"{base}\"\n"));
        for arguments in [&["run", "p", "-m", "p/m", "-i", "in.txt"][..], &["models", "--check"], &["doctor"]] {
            let ran = with(&home, arguments, &[]).await;
            let all = format!("{}{}", ran.out, ran.err);
            assert!(all.contains(&want), "{arguments:?} {base}: {all}");
        }
    }
    for (base, want) in [
        ("http://127.0.0.1:9/v1", "nothing listens on 127.0.0.1:9; is the server started?"),
        ("https://llm.invalid/v1", "no address is known for llm.invalid"),
    ] {
        let ran = run(&home(&format!("base_url = \"{base}\"\n")), &[]).await;
        assert!(ran.err.contains(want), "{base}: {}", ran.err);
    }
    let doctor = with(&home("base_url = \"http://127.0.0.1:9/v1\"\n"), &["doctor"], &[]).await;
    let words = "p: does not run at http://127.0.0.1:9/v1; is the server started?";
    assert!(doctor.out.contains(words), "{}", doctor.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_the_path_of_calls_is_taken_as_it_is() {
    for (wire, path, list) in [
        ("openai", "/v1/chat/completions", "/v1/models"),
        ("responses", "/v1/responses", "/v1/models"),
        ("anthropic", "/v1/messages", "/v1/models?limit=1000"),
        ("ollama", "/api/chat", "/api/tags"),
    ] {
        let server = Server::start([Script::answer(hi()), Script::answer(listed())]).await;
        let home = Home::new();
        let base = format!("{}{path}", server.url);
        home.file(
            "config/config.toml",
            &format!("[retry]\nattempts = 1\n[providers.p]\nwire = \"{wire}\"\nbase_url = \"{base}\"\n"),
        );
        home.file("config/prompts/p.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
        home.file("work/in.txt", "hello");
        run(&home, &[]).await;
        with(&home, &["models", "--check"], &[]).await;
        let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, [path, list], "{wire}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_says_the_next_step_once_for_all_its_rows() {
    let server =
        always(Script::answer(answer("404 Not Found", &[("connection", "close")], r#"{"detail":"Not Found"}"#))).await;
    let home = home(&format!("base_url = \"{}\"\n", server.url));
    home.file("work/rows.csv", "input\none\ntwo\nthree\n");
    let ran = with(&home, &["batch", "p", "rows.csv", "-m", "p/m"], &[]).await;
    let all = format!("{}{}", ran.out, ran.err);
    assert_eq!(all.matches("is the API under /v1?").count(), 1, "{all}");
    assert!(ran.err.contains("next step: is the API under /v1?"), "{all}");
}
