// node-postgres: the options of libpq go into a URL, the others into the config object.
import { answerAll, driver, nested, POSTGRESQL_SESSION, sessionOfPostgresql } from "./answers.mjs";
import { postgresqlUrl } from "./url.mjs";

const { module: pg, version } = await driver("pg", "lib/index.js");

await answerAll(version, async (request) => {
  const { url, others } = postgresqlUrl(request);
  const { host, port, user, password, database, seconds } = request;
  const place = url === null ? { host, port, user, password, database } : { connectionString: url };
  const client = new pg.Client({ ...place, connectionTimeoutMillis: seconds * 1000, ...nested(others) });
  // Without a listener an error after the failure would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    return sessionOfPostgresql((await client.query(POSTGRESQL_SESSION)).rows[0]);
  } finally {
    await client.end().catch(() => {});
  }
});
