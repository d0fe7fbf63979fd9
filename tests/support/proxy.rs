//! Proxies that lead to one server of the test's, whatever host they are asked for: HTTP and SOCKS5.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// HTTP: `CONNECT`, and whole addresses in requests.
    Http,
    /// HTTP, and it wants the name `me` with the password `hunter2/47`.
    HttpWithPassword,
    /// SOCKS5.
    Socks,
    /// SOCKS5, likewise.
    SocksWithPassword,
}

/// A proxy. It ends with the test's runtime.
pub(crate) struct Proxy {
    /// `127.0.0.1:PORT`.
    pub(crate) at: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy to a server at `127.0.0.1:PORT` or an address with it.
    pub(crate) async fn start(spoken: Spoken, server: &str) -> Self {
        let server = server.rsplit('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, asked) = (server.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    match spoken {
                        Spoken::Http => http(client, &server, &asked, false).await,
                        Spoken::HttpWithPassword => http(client, &server, &asked, true).await,
                        Spoken::Socks => socks(client, &server, &asked, false).await,
                        Spoken::SocksWithPassword => socks(client, &server, &asked, true).await,
                    }
                });
            }
        });
        Self { at, asked }
    }

    /// What it was asked for: first lines of requests, or `HOST:PORT`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn http(mut client: TcpStream, server: &str, asked: &Mutex<Vec<String>>, password: bool) -> Option<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        (client.read_buf(&mut head).await.ok()? > 0).then_some(())?;
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let tunnel = line.starts_with("CONNECT ");
    asked.lock().unwrap().push(line);
    // me:hunter2/47
    let known = text.to_ascii_lowercase().contains("proxy-authorization: basic bwu6ahvudgvymi80nw==");
    if password && !known {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        return client.write_all(answer.as_bytes()).await.ok();
    }
    let mut server = TcpStream::connect(server).await.ok()?;
    if tunnel {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    } else {
        server.write_all(&head).await.ok()?;
    }
    copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}

async fn socks(mut client: TcpStream, server: &str, asked: &Mutex<Vec<String>>, password: bool) -> Option<()> {
    let mut two = [0; 2];
    client.read_exact(&mut two).await.ok()?;
    let mut methods = vec![0; usize::from(two[1])];
    client.read_exact(&mut methods).await.ok()?;
    let method = if password { 2 } else { 0 };
    if !methods.contains(&method) {
        return client.write_all(&[5, 0xff]).await.ok();
    }
    client.write_all(&[5, method]).await.ok()?;
    if password {
        client.read_exact(&mut two).await.ok()?;
        let mut name = vec![0; usize::from(two[1])];
        client.read_exact(&mut name).await.ok()?;
        let mut word = vec![0; usize::from(client.read_u8().await.ok()?)];
        client.read_exact(&mut word).await.ok()?;
        let known = name == b"me" && word == b"hunter2/47";
        client.write_all(&[1, u8::from(!known)]).await.ok()?;
        known.then_some(())?;
    }
    let mut four = [0; 4];
    client.read_exact(&mut four).await.ok()?;
    let length = match four[3] {
        1 => 4,
        3 => usize::from(client.read_u8().await.ok()?),
        _ => 16,
    };
    let mut host = vec![0; length];
    client.read_exact(&mut host).await.ok()?;
    let port = client.read_u16().await.ok()?;
    let host = match four[3] {
        3 => String::from_utf8(host).ok()?,
        _ => host.iter().map(ToString::to_string).collect::<Vec<_>>().join("."),
    };
    asked.lock().unwrap().push(format!("{host}:{port}"));
    let mut server = TcpStream::connect(server).await.ok()?;
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}
