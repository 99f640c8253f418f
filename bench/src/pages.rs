//! The interface's files, served to a browser from memory on a loopback port.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::failure::{Doing as _, Failure};

type Files = BTreeMap<String, (HeaderValue, Bytes)>;

/// Reads the files below this folder and serves them for the rest of the process. Gives the address.
pub(crate) fn serve_pages(folder: &Path) -> Result<SocketAddr, Failure> {
    let mut files = Files::new();
    collect(folder, folder, &mut files)?;
    let page = files
        .get("/index.html")
        .ok_or_else(|| {
            let how = "build the interface for a browser first: `cargo xtask bench` does";
            Failure::found(format!("looking for index.html in {}", folder.display()), how)
        })?
        .clone();
    files.insert("/".to_owned(), page);
    let files = Arc::new(files);
    let (tell, told) = mpsc::channel();
    std::thread::Builder::new()
        .name("pages".to_owned())
        .spawn(move || {
            if let Err(error) = serve(&files, &tell) {
                drop(tell.send(Err(error)));
            }
        })
        .doing("serving the interface")?;
    told.recv()
        .doing("serving the interface")?
        .doing("serving the interface")
}

fn collect(root: &Path, folder: &Path, files: &mut Files) -> Result<(), Failure> {
    for entry in std::fs::read_dir(folder).doing("listing the interface's files")? {
        let path = entry.doing("listing the interface's files")?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("html") => "text/html",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("woff2") => "font/woff2",
            Some("svg") => "image/svg+xml",
            Some(_) | None => "application/octet-stream",
        };
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let body = std::fs::read(&path).doing("reading the interface's files")?;
        files.insert(format!("/{name}"), (HeaderValue::from_static(kind), body.into()));
    }
    Ok(())
}

fn serve(files: &Arc<Files>, tell: &mpsc::Sender<std::io::Result<SocketAddr>>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let _ = tell.send(listener.local_addr());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let files = Arc::clone(files);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(Arc::clone(&files), request));
                // A browser that goes away is no concern of the server's.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn answer(files: Arc<Files>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    match files.get(request.uri().path()) {
        Some((kind, body)) => {
            response.headers_mut().insert(CONTENT_TYPE, kind.clone());
            *response.body_mut() = Full::new(body.clone());
        }
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    Ok(response)
}
