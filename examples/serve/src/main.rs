//! Serves the documented listing over HTTP.
//!
//! ```text
//! cargo run --release -p taskdex-serve -- [--addr 127.0.0.1:8080] [--data FILE] [--timeout SECONDS]
//! curl 'http://127.0.0.1:8080/v2/default/scheduled-tasks?offset=0&limit=10'
//! ```
//!
//! It prints the address that it listens on, which tells the port where port 0 was asked for, and
//! checks no tokens. `docs/serving.md` tells the rest. Exit status: 0 after SIGINT or SIGTERM; 2
//! where the arguments, the file or the address were refused.

mod arguments;
mod load;
#[path = "../../support/mod.rs"]
mod support;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arguments::{Arguments, USAGE};
use support::Failure;
use taskdex::TaskStore;
use taskdex_serve::{App, Loading};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// How long the address is kept back for a file to be loaded: one that is refused before leaves
/// standard output empty.
const ADDRESS_KEPT_BACK_MAX: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    support::exit_code(run(), USAGE)
}

fn run() -> Result<bool, Failure> {
    let Some(arguments) = arguments::parse()? else {
        println!("usage: {USAGE}");
        return Ok(true);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(serve(arguments));
    // What the limits let go on is not waited for.
    runtime.shutdown_background();
    served
}

async fn serve(arguments: Arguments) -> Result<bool, Failure> {
    let stop = stop_signal()?;
    let listener = TcpListener::bind(&arguments.addr)
        .await
        .map_err(|error| format!("{}: {error}", arguments.addr))?;
    let address = listener.local_addr()?;

    let store = Arc::new(TaskStore::new());
    let (progress, loading) = Loading::begin();
    let router = taskdex_serve::routes(&Arc::new(App::new(Arc::clone(&store), loading)));
    let mut loaded = load::start(arguments.data, store, progress);
    let mut serving = pin!(taskdex_serve::serve(
        listener,
        router,
        arguments.limits,
        stop
    ));
    let load = async {
        let early = timeout(ADDRESS_KEPT_BACK_MAX, &mut loaded).await;
        if let Ok(loaded) = early {
            loaded??;
            announce(address);
        } else {
            announce(address);
            loaded.await??;
        }
        Ok::<(), Failure>(())
    };
    tokio::select! {
        () = &mut serving => return Ok(true),
        loaded = load => loaded?,
    }
    serving.await;
    Ok(true)
}

fn announce(address: SocketAddr) {
    // Nobody may be reading: that is no reason to stop.
    let _ = writeln!(io::stdout(), "listening on http://{address}");
}

/// Ready at SIGINT or SIGTERM. Signals count from this call on.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
