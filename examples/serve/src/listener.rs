//! Connections: how many, for how long, and how they end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::connection::WriteLimited;

/// How long what is written may take to leave, where no request is in service any more.
const FLUSH_MAX: Duration = Duration::from_secs(1);
/// How long nothing is accepted after the system refused to: it may be out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What one client may take of the server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a request's head may take to arrive, an answer to be taken, a connection to be
    /// idle, and requests to end once the server stops.
    pub timeout: Duration,
    /// The most connections at once; others wait to be accepted.
    pub connections_max: usize,
    /// The longest head of a request in bytes, its first line included; at least 8,192.
    pub head_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            connections_max: 4_096,
            head_bytes_max: 64 << 10,
        }
    }
}

/// Serves until `stop` is ready; then accepts no more, and lets requests in service end.
///
/// Connections that are idle, or whose request has not arrived as a whole, are closed. Takes at
/// most [`Limits::timeout`] after `stop`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accept = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            () = &mut stop => break,
            accepted = accept => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let connection = converse(stream, router.clone(), limits, stopped.clone());
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop((listener, stopped));
    // Each connection holds a receiver.
    let _ = stopping.send(());
    let _ = timeout(limits.timeout, stopping.closed()).await;
}

/// Answers the requests of one connection.
async fn converse(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    mut stopped: watch::Receiver<()>,
) {
    // Answers are written at once, so that none of their bytes need wait for others.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(WriteLimited::new(stream, limits.timeout));
    let is_busy = AtomicBool::new(false);
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request| respond(&router, &is_busy, request));
    // The limit of the head counts from the end of the answer before it, so that it limits how
    // long a connection is idle too. Bodies are never read: what of one has arrived with the head
    // is passed over, and where more is to come, the connection ends with the answer.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.timeout)
        .max_buf_size(limits.head_bytes_max)
        // What is read at once may be more than that.
        .max_header_size(limits.head_bytes_max)
        .serve_connection(stream, service);
    let mut connection = pin!(connection);
    tokio::select! {
        // Clients that break off, or are too slow, are no fault of the server.
        _ = &mut connection => return,
        _ = stopped.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let longest = if is_busy.load(Ordering::Relaxed) {
        limits.timeout
    } else {
        FLUSH_MAX
    };
    let _ = timeout(longest, connection).await;
}

/// Answers one request, and notes meanwhile that it is in service.
async fn respond(
    router: &TowerToHyperService<Router>,
    is_busy: &AtomicBool,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    is_busy.store(true, Ordering::Relaxed);
    let response = router.call(request).await;
    is_busy.store(false, Ordering::Relaxed);
    response
}
