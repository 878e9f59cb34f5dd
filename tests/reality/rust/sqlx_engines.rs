use std::str::FromStr;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Row};
use url::Url;

use crate::{Request, Said};

pub async fn postgresql(asked: &Request) -> Said {
    let mut session = PgConnectOptions::from_str(url("postgres", asked)?.as_str())?
        .connect()
        .await?;
    let ask = "SELECT coalesce(version, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(Some(
        sqlx::raw_sql(ask)
            .fetch_one(&mut session)
            .await?
            .try_get(0)?,
    ))
}

pub async fn mysql(asked: &Request) -> Said {
    let mut session = MySqlConnectOptions::from_str(url("mysql", asked)?.as_str())?
        .connect()
        .await?;
    let ask = "SHOW SESSION STATUS LIKE 'Ssl_version'";
    Ok(Some(
        sqlx::raw_sql(ask)
            .fetch_one(&mut session)
            .await?
            .try_get(1)?,
    ))
}

fn url(scheme: &str, asked: &Request) -> Result<Url, url::ParseError> {
    let mut url = Url::parse(&format!("{scheme}://{}:{}", asked.host, asked.port))?;
    // Neither fails where there is a host.
    let _ = url.set_username(&asked.user);
    let _ = url.set_password(Some(&asked.password));
    url.set_path(asked.database.as_deref().unwrap_or_default());
    url.query_pairs_mut().extend_pairs(&asked.options);
    Ok(url)
}
