// mariadb, MariaDB's Connector/Node.js.
import { answerAll, driver, MYSQL_SESSION, nested, sessionOfMysql } from "./answers.mjs";

const { module: mariadb, version } = await driver("mariadb", "promise.js");

await answerAll(version, async ({ host, port, user, password, database, options, seconds }) => {
  const place = { host, port, user, password, database: database ?? undefined };
  const connection = await mariadb.createConnection({ ...place, connectTimeout: seconds * 1000, ...nested(options) });
  try {
    return sessionOfMysql(await connection.query(MYSQL_SESSION));
  } finally {
    connection.destroy();
  }
});
