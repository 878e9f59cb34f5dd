// tedious: SQL Server. Every option is a member of its `options`.
import { answerAll, driver, nested } from "./answers.mjs";

const { module: tedious, version } = await driver("tedious", "lib/tedious.js");

await answerAll(version, async ({ host, port, user, password, database, options, seconds }) => {
  const connection = new tedious.Connection({
    server: host,
    authentication: { type: "default", options: { userName: user, password } },
    options: { port, database: database ?? undefined, connectTimeout: seconds * 1000, ...nested(options) },
  });
  try {
    await new Promise((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
    await new Promise((resolve, reject) => {
      connection.execSqlBatch(new tedious.Request("SELECT 1", (error) => (error ? reject(error) : resolve())));
    });
  } finally {
    connection.close();
  }
  return {};
});
