// mysql, by its repository mysqljs: MySQL and MariaDB.
import { answerAll, driver, MYSQL_SESSION, nested, sessionOfMysql } from "./answers.mjs";

const { module: mysql, version } = await driver("mysql", "index.js");

await answerAll(version, async ({ host, port, user, password, database, options, seconds }) => {
  const place = { host, port, user, password, database: database ?? undefined };
  const connection = mysql.createConnection({ ...place, connectTimeout: seconds * 1000, ...nested(options) });
  try {
    const rows = await new Promise((resolve, reject) => {
      connection.on("error", reject);
      connection.query(MYSQL_SESSION, (error, found) => (error ? reject(error) : resolve(found)));
    });
    return sessionOfMysql(rows);
  } finally {
    connection.destroy();
  }
});
