// What the Node drivers share: one request a line in, one answer a line out.
import { setDefaultResultOrder } from "node:dns";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// The servers listen on 127.0.0.1 only; Node would try ::1 first.
setDefaultResultOrder("ipv4first");
console.log = console.info = console.error;

// Options whose value in Node is a file's content, never its path.
const CONTENTS = /\.(ca|cert|key)$/;

/** Imports a driver from the set-up folder, which is the program's argument. */
export async function driver(name, entry) {
  const folder = join(process.argv[2], "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const module = await import(pathToFileURL(join(folder, entry)));
  return { module: module.default ?? module, version: `${name} ${version}, node ${process.versions.node}` };
}

/** Returns an options object: `ssl.ca` becomes a member of a member, "true" a boolean. */
export function nested(options) {
  const result = {};
  for (const [key, value] of Object.entries(options)) {
    const path = key.split(".");
    const last = path.pop();
    let place = result;
    for (const step of path) place = place[step] = Object(place[step] ?? {});
    place[last] = CONTENTS.test(key) ? readFileSync(value, "utf8") : plain(value);
  }
  return result;
}

/** Answers requests until the end of input; `attempt` returns {encrypted, tls} or throws what the driver threw. */
export async function answerAll(version, attempt) {
  let crashed;
  for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, (error) => crashed?.(error));
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    const answer = { connected: false, encrypted: null, tls: null, error: null, version };
    let timer;
    try {
      const request = JSON.parse(line);
      const failed = new Promise((_, reject) => {
        crashed = reject;
        timer = setTimeout(() => reject(new Error("no answer in time")), request.seconds * 1000);
      });
      Object.assign(answer, await Promise.race([attempt(request), failed]), { connected: true });
    } catch (error) {
      answer.error = words(error).slice(0, 2000);
    } finally {
      clearTimeout(timer);
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
  process.exit();
}

/** Returns what a MySQL or MariaDB server says of the session, from the rows of SHOW SESSION STATUS. */
export function sessionOfMysql(rows) {
  const tls = rows.find((row) => row.Variable_name === "Ssl_version")?.Value;
  return { encrypted: tls ? "session" : "none", tls: tls || null };
}

export const MYSQL_SESSION = "SHOW SESSION STATUS LIKE 'Ssl_version'";

/** Returns what a PostgreSQL server says of the session, from the row of pg_stat_ssl. */
export function sessionOfPostgresql(row) {
  return { encrypted: row.ssl ? "session" : "none", tls: row.version };
}

export const POSTGRESQL_SESSION = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

function plain(value) {
  return { true: true, false: false, "{}": {} }[value] ?? value;
}

function words(error) {
  const lines = [String(error)];
  if (error?.code) lines.push(`code: '${error.code}'`);
  for (const inner of error?.errors ?? []) lines.push(words(inner));
  if (error?.cause) lines.push(`[cause]: ${words(error.cause)}`);
  return lines.join("\n");
}
