//! Connects with the Rust database driver named by the argument: one request per line in, one answer per line out.

mod sqlserver;
mod sqlx_engines;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request {
    host: String,
    port: u16,
    user: String,
    password: String,
    database: Option<String>,
    options: BTreeMap<String, String>,
    seconds: u64,
}

#[derive(Serialize)]
struct Answer {
    connected: bool,
    encrypted: Option<&'static str>,
    tls: Option<String>,
    error: Option<String>,
    version: String,
}

/// What the server said of the session: its TLS version, "" for none, or nothing where that cannot be asked.
type Said = Result<Option<String>, Box<dyn std::error::Error>>;

fn main() -> io::Result<()> {
    let driver = std::env::args().nth(1).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for line in io::stdin().lock().lines() {
        let asked: Request = serde_json::from_str(&line?)?;
        let deadline = Duration::from_secs(asked.seconds);
        let said = runtime.block_on(async {
            tokio::time::timeout(deadline, connect(&driver, &asked))
                .await
                .unwrap_or_else(|elapsed| Err(elapsed.into()))
        });
        println!("{}", serde_json::to_string(&answer(&driver, said))?);
        io::stdout().flush()?;
    }
    Ok(())
}

async fn connect(driver: &str, asked: &Request) -> Said {
    match driver {
        "tiberius" => sqlserver::connect(asked).await,
        "sqlx-postgres" => sqlx_engines::postgresql(asked).await,
        "sqlx-mysql" => sqlx_engines::mysql(asked).await,
        _ => Err(format!("unknown driver {driver}").into()),
    }
}

fn answer(driver: &str, said: Said) -> Answer {
    let connected = said.is_ok();
    let (tls, error) = match said {
        Ok(tls) => (tls, None),
        Err(error) => (None, Some(error.to_string().chars().take(2000).collect())),
    };
    Answer {
        connected,
        encrypted: tls.as_ref().map(|version| {
            if version.is_empty() {
                "none"
            } else {
                "session"
            }
        }),
        tls: tls.filter(|version| !version.is_empty()),
        error,
        version: format!("{}, {}", locked(driver), locked(TLS)),
    }
}

const TLS: &str = if cfg!(feature = "rustls") {
    "rustls"
} else {
    "native-tls"
};

/// The name of a package and the version of it that this was built with.
fn locked(package: &str) -> String {
    let lock = include_str!("Cargo.lock");
    let version = lock
        .split(&format!("name = \"{package}\"\nversion = \""))
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    format!("{package} {}", version.unwrap_or("?"))
}
