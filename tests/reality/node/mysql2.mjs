// mysql2: MySQL and MariaDB.
import { answerAll, driver, MYSQL_SESSION, nested, sessionOfMysql } from "./answers.mjs";

const { module: mysql2, version } = await driver("mysql2", "promise.js");

await answerAll(version, async ({ host, port, user, password, database, options, seconds }) => {
  const place = { host, port, user, password, database: database ?? undefined };
  const connection = await mysql2.createConnection({ ...place, connectTimeout: seconds * 1000, ...nested(options) });
  try {
    return sessionOfMysql((await connection.query(MYSQL_SESSION))[0]);
  } finally {
    connection.destroy();
  }
});
