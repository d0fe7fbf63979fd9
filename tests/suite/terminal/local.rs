//! The first minutes with a server that runs on this machine and that nobody configured.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use super::{F5, quit};
use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
    server::{chunk, head, json, last_chunk},
};

/// Longer than any step of a test takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves as Ollama does: the list of its one model, and an answer whose second half waits to be let go. Returns where it
/// is, what lets go, and what it was asked.
fn ollama() -> (String, mpsc::Sender<()>, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (go, gate) = mpsc::channel();
    let (gate, asked) = (Arc::new(Mutex::new(gate)), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&asked);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (gate, seen) = (Arc::clone(&gate), Arc::clone(&seen));
            thread::spawn(move || serve(socket, &gate, &seen));
        }
    });
    (address, go, asked)
}

fn serve(mut socket: TcpStream, gate: &Mutex<mpsc::Receiver<()>>, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() <= 2 {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(path.clone());
    if path != "/api/chat" {
        let list = r#"{"models":[{"name":"smollm2:135m","model":"smollm2:135m"}]}"#;
        return drop(socket.write_all(&json("200 OK", &[("connection", "close")], list)));
    }
    let kind = [("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked"), ("connection", "close")];
    socket.write_all(&head("200 OK", &kind)).unwrap();
    let said = |text: &str, done: bool| {
        let message = serde_json::json!({"role": "assistant", "content": text});
        let mut line = serde_json::json!({"model": "smollm2:135m", "message": message, "done": done});
        if done {
            line["done_reason"] = "stop".into();
            (line["prompt_eval_count"], line["eval_count"]) = (118.into(), 21.into());
        }
        chunk(format!("{line}\n"))
    };
    socket.write_all(&said("{\"sentiment\": \"negative\",", false)).unwrap();
    gate.lock().unwrap().recv_timeout(PATIENCE).unwrap();
    socket.write_all(&said(" \"confidence_score\": 0.91}", false)).unwrap();
    socket.write_all(&said("", true)).unwrap();
    socket.write_all(&last_chunk()).unwrap();
}

#[test]
fn a_server_is_named_on_the_first_screen_taken_by_a_key_and_streams_its_answer() {
    let (address, go, asked) = ollama();
    let home = Home::new();
    let mut pty = Pty::start(&home, &[PROGRAM], &[("OLLAMA_HOST", &address)], 120, 40);
    pty.wait_for(&format!("✓ Ollama at http://{address} (smollm2:135m)"));
    let first = pty.text();
    assert!(first.contains("Press F5. The answer streams in here.") && first.contains("m choose one"), "{first}");
    pty.send("m");
    // The list opens on what runs here, so that the next key takes it.
    let chosen = |pty: &Pty| pty.text().lines().any(|row| row.contains('▌') && row.contains("smollm2:135m"));
    pty.wait_until("the model under the cursor", chosen);
    pty.send("\r");
    pty.wait_for("1 ollama/smollm2:135m");
    pty.send(F5);
    pty.wait_for("\"sentiment\": \"negative\"");
    assert!(!pty.text().contains("0.91"), "it streams: {}", pty.text());
    go.send(()).unwrap();
    pty.wait_for("0.91");
    pty.wait_for("✓ 5/5");
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.iter().filter(|path| *path == "/api/chat").count(), 1, "{asked:?}");
    assert!(quit(&mut pty).success());
}
