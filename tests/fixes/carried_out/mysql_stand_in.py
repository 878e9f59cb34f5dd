"""A stand-in for MySQL's client and server: it keeps what SET PERSIST sets, and a MariaDB carries it out.

There is no MySQL server in the Linux distributions that the tests run on. What the recipes send is SQL; the stand-in
answers the few statements that only MySQL knows, and hands all others to MariaDB's client:

- SET PERSIST and SET GLOBAL of a TLS setting are kept, and RESET PERSIST forgets one, as `mysqld-auto.cnf` does;
- ALTER INSTANCE RELOAD TLS writes them into an option file and starts the MariaDB with it. As with MySQL, it fails
  where the files cannot be used, and the server then goes on with the former ones;
- the SELECT on performance_schema tells what is set and what is persisted.
"""

from __future__ import annotations

from tests.fixes.carried_out.mariadb_root import DROP_INS, MariadbRoot

CLIENT = r"""#!/usr/bin/python3
import json, re, subprocess, sys
from pathlib import Path

KEPT, APPLIED = Path("/var/lib/mysql-persisted.json"), Path("DROP_INS/zzz-persisted.cnf")
state = json.loads(KEPT.read_text()) if KEPT.exists() else {"persisted": {}, "global": {}}

def real(sql, *options):
    # MariaDB tells the dates of the certificate over TLS only, MySQL always.
    tls = ["--ssl", "--skip-ssl-verify-server-cert"] if "Ssl_server" in sql else ["--skip-ssl"]
    return subprocess.run(["mariadb", *tls, "-NB", *options], input=sql, stdout=subprocess.PIPE, text=True)

def value(expression):
    for name in state["global"]:
        expression = re.sub(rf"@@GLOBAL\.{name}\b", lambda _: quoted(state["global"][name]), expression)
    told = real("SELECT " + expression, "-r")
    if told.returncode:
        sys.exit(1)
    return told.stdout.rstrip("\n").replace("NULL", "")

def quoted(text):
    return "'" + text.replace("'", "''") + "'"

def now(name):
    return state["global"].get(name, None) if name in state["global"] else value("@@GLOBAL." + name)

def apply():
    APPLIED.write_text("[mysqld]\n" + "".join(f"{k} = {v}\n" for k, v in state["global"].items() if v))
    subprocess.run(["systemctl", "restart", "mariadb"], check=False)
    return real("SELECT 1").returncode == 0 and "YES" in real("SHOW GLOBAL VARIABLES LIKE 'have_ssl'").stdout

def run(statement):
    if found := re.fullmatch(r"SET (PERSIST|GLOBAL) (ssl_\w+|tls_version) = (.*)", statement, re.S):
        kind, name, expression = found.groups()
        state["global"][name] = value(expression)
        if kind == "PERSIST":
            state["persisted"][name] = state["global"][name]
    elif found := re.fullmatch(r"RESET PERSIST IF EXISTS (\w+)", statement):
        state["persisted"].pop(found[1], None)
    elif statement == "ALTER INSTANCE RELOAD TLS":
        former = APPLIED.read_text() if APPLIED.exists() else ""
        if not apply():
            APPLIED.write_text(former)
            subprocess.run(["systemctl", "restart", "mariadb"], check=False)
            sys.exit("ERROR 3888 (HY000): Failed to set up SSL because of the following SSL library error: ...")
    elif "performance_schema.persisted_variables" in statement:
        for name in ("ssl_ca", "ssl_cert", "ssl_key"):
            kind = "PERSIST" if name in state["persisted"] else "GLOBAL"
            if name != "ssl_ca" or now(name):
                print(f"RESET PERSIST IF EXISTS {name}; SET {kind} {name} = {quoted(now(name))};")
    else:
        done = real(re.sub(r"@@GLOBAL\.(ssl_\w+|tls_version)", lambda f: quoted(now(f[1])), statement))
        print(done.stdout, end="")
        if done.returncode:
            sys.exit(done.returncode)

arguments = sys.argv[1:]
sql = arguments[-1] if re.fullmatch("-[NBr]*e", "".join(arguments[-2:-1])) else sys.stdin.read()
try:
    for one in (part.strip() for part in re.split(r";(?=(?:[^']*'[^']*')*[^']*$)", sql)):
        if one:
            run(one)
finally:
    KEPT.write_text(json.dumps(state))
""".replace("DROP_INS", DROP_INS)


def with_mysql(mariadb: MariadbRoot) -> MariadbRoot:
    """Puts the stand-in in the place of the client `mysql`, with nothing persisted."""
    for left in ("/var/lib/mysql-persisted.json", f"{DROP_INS}/zzz-persisted.cnf"):
        mariadb.root.file(left).unlink(missing_ok=True)
    mariadb.root.write("/usr/local/bin/mysql", CLIENT, 0o755)
    return mariadb
