use tiberius::{Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use crate::{Request, Said};

pub async fn connect(asked: &Request) -> Said {
    let mut words = vec![
        format!("server=tcp:{},{}", asked.host, asked.port),
        format!("user id={}", asked.user),
        format!("password={}", asked.password),
    ];
    words.extend(asked.database.iter().map(|name| format!("database={name}")));
    words.extend(
        asked
            .options
            .iter()
            .map(|(key, value)| format!("{key}={value}")),
    );
    let config = Config::from_ado_string(&words.join(";"))?;
    let stream = TcpStream::connect(config.get_addr()).await?;
    let mut client = Client::connect(config, stream.compat_write()).await?;
    client
        .simple_query("SELECT 1")
        .await?
        .into_results()
        .await?;
    Ok(None)
}
