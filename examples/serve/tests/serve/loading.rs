//! What is answered while the tasks are loaded.

use std::sync::Arc;
use std::time::Duration;

use taskdex::TaskStore;
use taskdex_serve::{App, Limits, Loading};
use tokio::net::TcpListener;

use super::server::Answer;

const LIST: &str = "/v2/default/scheduled-tasks?offset=0&limit=10";

#[test]
fn a_listing_is_told_to_come_again_where_loading_takes_long() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (progress, loading) = Loading::begin();
    let app = App::new(Arc::new(TaskStore::new()), loading)
        .with_loading_wait_max(Duration::from_millis(50));
    let router = taskdex_serve::routes(&Arc::new(app));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let never = std::future::pending();
    runtime.spawn(taskdex_serve::serve(
        listener,
        router,
        Limits::default(),
        never,
    ));
    let get = |target: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        Answer::read(stream)
    };

    let refused = get(LIST);
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        refused.body,
        r#"{"error_code":"SRV.0503","error_msg":"the tasks are loading"}"#
    );
    let health = get("/health");
    assert_eq!(health.status, 200);
    assert_eq!(
        health.body,
        r#"{"status":"loading","records":0,"projects":0,"tasks":0}"#
    );

    progress.send_modify(|it| it.is_done = true);
    assert_eq!(get(LIST).status, 200);
}

/// A pipe stands for a file that takes long to read.
#[cfg(unix)]
mod from_a_pipe {
    use std::fs;
    use std::process::Command;
    use std::time::Duration;

    use super::super::programs::DATA;
    use super::super::server::{Answer, PROMPT, Server, wait_until};
    use super::LIST;

    /// A named pipe that is deleted again.
    struct Pipe(String);

    impl Pipe {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("taskdex-{}-{name}", std::process::id()));
            let path = path.to_str().unwrap().to_owned();
            let made = Command::new("mkfifo").arg(&path).status();
            assert!(made.unwrap().success());
            Self(path)
        }
    }

    impl Drop for Pipe {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_listing_waits_for_the_tasks_and_health_does_not() {
        let pipe = Pipe::new("waits");
        let server = Server::start(&["--data", &pipe.0]);
        let listing = server.begin("GET", LIST);
        let health = server.get("/health");
        assert_eq!(health.header("content-type"), Some("application/json"));
        assert_eq!(
            health.body,
            r#"{"status":"loading","records":0,"projects":0,"tasks":0}"#
        );
        assert!(server.get("/metrics").body.contains("\ntaskdex_ready 0\n"));

        fs::write(&pipe.0, DATA).unwrap();
        let listing = Answer::read(listing);
        assert_eq!(listing.status, 200);
        assert!(listing.body.ends_with(r#""total_count":1}"#), "{listing:?}");
        let ready = r#"{"status":"ready","records":3,"projects":2,"tasks":3}"#;
        wait_until(|| server.get("/health").body == ready);
    }

    #[test]
    fn a_faulty_file_ends_a_server_that_listens() {
        let pipe = Pipe::new("faulty");
        let mut server = Server::start(&["--data", &pipe.0]);
        fs::write(&pipe.0, "\n{}\n").unwrap();
        assert_eq!(server.wait(PROMPT).code(), Some(2));
        let errors = server.errors();
        assert!(errors.starts_with("line 2: missing: "), "{errors}");
    }

    #[test]
    fn requests_in_service_end_when_it_stops() {
        let pipe = Pipe::new("stops");
        let mut server = Server::start(&["--data", &pipe.0]);
        let listing = server.begin("GET", LIST);
        wait_until(|| server.get("/health").status == 200);
        server.signal("TERM");
        wait_until(|| !server.is_listening());
        fs::write(&pipe.0, DATA).unwrap();
        assert_eq!(Answer::read(listing).status, 200);
        assert_eq!(server.wait(PROMPT).code(), Some(0));
    }

    #[test]
    fn requests_in_service_have_no_more_time_than_the_limit() {
        let pipe = Pipe::new("endless");
        let mut server = Server::start(&["--data", &pipe.0, "--timeout", "1"]);
        let listing = server.begin("GET", LIST);
        wait_until(|| server.get("/health").status == 200);
        server.signal("TERM");
        assert_eq!(server.wait(PROMPT).code(), Some(0));
        drop(listing);
    }

    #[test]
    fn a_server_stops_before_its_tasks_are_there() {
        let pipe = Pipe::new("early");
        let mut server = Server::start(&["--data", &pipe.0]);
        server.signal("INT");
        assert_eq!(server.wait(Duration::from_secs(5)).code(), Some(0));
    }
}
