"""MySQL's and MariaDB's own view: the session, the settings, what accounts must do, and the certificate's file."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence, unknown
from wizard.probes.drivers.answers import Answers, configured, evidence, told
from wizard.probes.drivers.request import Query

FACTS = (
    "view.session",
    "view.certificate_file",
    "view.ca_file",
    "view.tls_versions",
    "view.valid_until",
    "view.configured",
    "view.account_requires",
    "view.accounts_require_tls",
    "policy",
)

_FILE = "CONVERT(LOAD_FILE(@@GLOBAL.ssl_cert) USING latin1)"
QUERIES = (
    Query("version", "SELECT VERSION()"),
    Query("session", "SHOW SESSION STATUS LIKE 'Ssl%'"),
    Query(
        "settings",
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('tls_version', 'require_secure_transport', 'ssl_ca',"
        " 'ssl_cert', 'have_ssl')",
    ),
    Query("loaded", "SHOW GLOBAL STATUS LIKE 'Current_tls_cert'"),
    # Its whole answer holds the hash of the password.
    Query("account", "SHOW CREATE USER CURRENT_USER()", r"\bREQUIRE (NONE|SSL|X509|ISSUER|SUBJECT|CIPHER)\b"),
    Query("accounts", "SELECT COALESCE(SUM(ssl_type <> ''), 0), COUNT(*) FROM mysql.user"),
    # The file may hold the private key too: only its first certificate leaves the server.
    Query(
        "certificate",
        f"SELECT IF({_FILE} LIKE '%-----BEGIN CERTIFICATE-----%-----END CERTIFICATE-----%',"
        f" SUBSTRING_INDEX(SUBSTRING_INDEX({_FILE}, '-----END CERTIFICATE-----', 1),"
        " '-----BEGIN CERTIFICATE-----', -1), NULL)",
    ),
)


def read(answers: Answers, served: Certificate | None, *, encrypted: bool | None) -> Iterator[Evidence]:
    """Yields what the server said; see `server_view`."""
    if version := answers.cell("version"):
        yield evidence("server.version", version)
    session, settings, why = answers.table("session"), answers.table("settings"), answers.why("settings")
    yield _session(answers, session, encrypted)
    yield told("view.certificate_file", settings.get("ssl_cert") or None, _unset(settings, why))
    yield told("view.ca_file", settings.get("ssl_ca") or None, _unset(settings, why))
    yield told("view.tls_versions", settings.get("tls_version") or None, _unset(settings, why))
    until = session.get("ssl_server_not_after") or None
    yield told("view.valid_until", until, answers.why("session") if not session else "it was not told")
    yield _configured(answers, settings, served)
    yield from _accounts(answers)
    yield _policy(settings, why)


def _unset(settings: dict[str, str], why: str) -> str:
    return "none is set" if settings else why


def _session(answers: Answers, session: dict[str, str], encrypted: bool | None) -> Evidence:
    if not session:
        return unknown("view.session", "probe", answers.why("session"))
    if session.get("ssl_cipher"):
        words = (session.get("ssl_version"), session["ssl_cipher"])
        return evidence("view.session", "encrypted", ", ".join(word for word in words if word))
    return evidence("view.session", "ends-before" if encrypted else "not-encrypted", "Ssl_cipher is empty")


def _configured(answers: Answers, settings: dict[str, str], served: Certificate | None) -> Evidence:
    file, loaded = settings.get("ssl_cert"), answers.table("loaded").get("current_tls_cert")
    if settings and not file:
        return evidence("view.configured", "none", "ssl_cert is empty")
    if file and loaded and file != loaded:
        return evidence("view.configured", "other", f"ssl_cert is {file}, and {loaded} is loaded")
    read_file = answers.certificate("certificate")
    why = "the file cannot be read through SQL: FILE right, secure_file_priv, or closed to others"
    return configured(served, read_file, why)


def _accounts(answers: Answers) -> Iterator[Evidence]:
    demand = answers.cell("account")
    values = {"NONE": "nothing", "SSL": "tls"}
    if "account" not in answers.rows:
        yield unknown("view.account_requires", "probe", answers.why("account"))
    else:
        # MariaDB leaves the word out where nothing is required.
        words = f"REQUIRE {demand}" if demand else "no REQUIRE"
        yield evidence("view.account_requires", values.get(demand or "NONE", "certificate"), words)
    row = next(iter(answers.rows.get("accounts", ())), ())
    if len(row) < 2 or row[0] is None or row[1] is None:
        yield unknown("view.accounts_require_tls", "probe", answers.why("accounts"))
    else:
        yield evidence("view.accounts_require_tls", f"{row[0]} of {row[1]}"[:40])


def _policy(settings: dict[str, str], why: str) -> Evidence:
    if settings.get("have_ssl") == "DISABLED":
        return evidence("policy", "not-offered", "have_ssl is DISABLED")
    demanded = settings.get("require_secure_transport", "").upper()
    if demanded not in ("ON", "OFF"):
        return unknown(
            "policy", "probe", why if not settings else "require_secure_transport is not known here"
        )
    return evidence(
        "policy", "required" if demanded == "ON" else "optional", f"require_secure_transport is {demanded}"
    )
