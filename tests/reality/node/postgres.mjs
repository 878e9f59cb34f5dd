// postgres-js: the options of libpq go into a URL, the others into the options object.
import { answerAll, driver, nested, POSTGRESQL_SESSION, sessionOfPostgresql } from "./answers.mjs";
import { postgresqlUrl } from "./url.mjs";

const { module: postgres, version } = await driver("postgres", "src/index.js");

await answerAll(version, async (request) => {
  const { url, others } = postgresqlUrl(request);
  const { host, port, user, password, database, seconds } = request;
  const settings = { max: 1, connect_timeout: seconds, fetch_types: false, ...nested(others) };
  const place = { host, port, user, password, database: database ?? undefined };
  const sql = url === null ? postgres({ ...place, ...settings }) : postgres(url, settings);
  try {
    return sessionOfPostgresql((await sql.unsafe(POSTGRESQL_SESSION))[0]);
  } finally {
    await sql.end({ timeout: 0 });
  }
});
