// The connection URL of the PostgreSQL drivers.
const IN_URL = ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation", "uselibpqcompat"];

/** Returns the URL, or null where no option belongs into one, and the options that do not. */
export function postgresqlUrl({ host, port, user, password, database, options }) {
  const parameters = new URLSearchParams();
  const others = {};
  for (const [key, value] of Object.entries(options)) {
    if (IN_URL.includes(key)) parameters.set(key, value);
    else others[key] = value;
  }
  if (parameters.size === 0) return { url: null, others };
  const login = [user, password].map(encodeURIComponent).join(":");
  return { url: `postgres://${login}@${host}:${port}/${database ?? ""}?${parameters}`, others };
}
