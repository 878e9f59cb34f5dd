"""PostgreSQL's own view: its session, its settings, its rules, and the certificate in its file."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence, unknown
from wizard.probes.drivers.answers import Answers, Row, configured, evidence, told
from wizard.probes.drivers.request import Query

FACTS = (
    "view.session",
    "view.certificate_file",
    "view.ca_file",
    "view.tls_versions",
    "view.configured",
    "policy",
)

QUERIES = (
    Query("version", "SELECT current_setting('server_version')"),
    Query("session", "SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
    Query(
        "settings",
        "SELECT name, setting FROM pg_settings WHERE name IN ('ssl', 'ssl_cert_file', 'ssl_ca_file',"
        " 'ssl_min_protocol_version', 'ssl_max_protocol_version')",
    ),
    Query(
        "rules",
        "SELECT r.line_number, r.type, array_to_string(r.database, ','), array_to_string(r.user_name, ','),"
        " r.address, r.netmask, r.auth_method, r.error, host(inet_client_addr()), current_user,"
        " current_database() FROM pg_hba_file_rules r ORDER BY r.line_number",
    ),
    # The file may hold the private key too: only its first certificate leaves the server.
    Query(
        "certificate",
        "SELECT (regexp_match(pg_read_file(current_setting('ssl_cert_file'), 0, 262144),"
        " '-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----'))[1]",
    ),
)


def read(answers: Answers, served: Certificate | None, *, encrypted: bool | None) -> Iterator[Evidence]:
    """Yields what the server said; see `server_view`."""
    if version := answers.cell("version"):
        yield evidence("server.version", version)
    yield _session(answers, encrypted)
    settings = answers.table("settings")
    why = answers.why("settings")
    yield told("view.certificate_file", settings.get("ssl_cert_file") or None, why)
    yield told("view.ca_file", settings.get("ssl_ca_file") or None, "none is set" if settings else why)
    lowest, highest = (settings.get(f"ssl_{end}_protocol_version") for end in ("min", "max"))
    allowed = f"{lowest or 'the oldest'} to {highest or 'the newest'}" if settings else None
    yield told("view.tls_versions", allowed, why)
    why = answers.why("certificate") if "certificate" not in answers.rows else "the file holds no certificate"
    yield configured(served, answers.certificate("certificate"), why)
    yield _policy(answers, settings)


def _session(answers: Answers, encrypted: bool | None) -> Evidence:
    row = next(iter(answers.rows.get("session", ())), ())
    if not row:
        return unknown("view.session", "probe", answers.why("session"))
    if (row[0] or "").lower() in ("true", "t"):
        return evidence("view.session", "encrypted", ", ".join(part for part in row[1:] if part))
    return evidence("view.session", "ends-before" if encrypted else "not-encrypted", "pg_stat_ssl says no")


def _policy(answers: Answers, settings: dict[str, str]) -> Evidence:
    if settings.get("ssl") == "off":
        return evidence("policy", "not-offered", "the setting ssl is off")
    if "rules" not in answers.rows:
        return unknown("policy", "probe", answers.why("rules"))
    return _by_rules(answers.rows["rules"])


def _by_rules(rules: tuple[Row, ...]) -> Evidence:
    """Returns what the first rule does that is about this login without TLS; rules that may be about it are heeded."""
    unsure: dict[str, str] = {}
    settled = "required"
    line = None
    for row in rules:
        if len(row) < 11 or row[7] or row[1] not in ("host", "hostnossl", "hostnogssenc"):
            continue
        fits = _fits(row)
        policy = "required" if row[6] == "reject" else "optional"
        if fits is None:
            unsure.setdefault(policy, f"line {row[0]} of pg_hba.conf may be about this login, or not")
        elif fits:
            settled, line = policy, row[0]
            break
    if other := next((why for policy, why in unsure.items() if policy != settled), None):
        return unknown("policy", "probe", other)
    if settled == "optional":
        return evidence("policy", "optional", f"line {line} of pg_hba.conf lets this login in without TLS")
    return evidence("policy", "required", "no line of pg_hba.conf lets this login in without TLS")


def _fits(rule: Row) -> bool | None:
    """Says whether a rule is about this login from this address; None where it may be (groups, host names)."""
    databases, users, address, netmask = (rule[2] or "", rule[3] or "", rule[4] or "", rule[5] or "")
    client, user, database = (rule[8] or "", rule[9] or "", rule[10] or "")
    parts = (
        _named(databases, database, any_of=("samerole", "samegroup", "sameuser")),
        _named(users, user, any_of=()),
        _near(address, netmask, client),
    )
    return False if False in parts else None if None in parts else True


def _named(names: str, wanted: str, *, any_of: tuple[str, ...]) -> bool | None:
    listed = names.split(",")
    if "all" in listed or wanted in listed:
        return True
    unsure = any(name in any_of or name.startswith(("+", "/", "@")) for name in listed)
    return None if unsure else False


def _near(address: str, netmask: str, client: str) -> bool | None:
    if address == "all":
        return True
    try:
        network = ipaddress.ip_network(f"{address}/{netmask}" if netmask else address, strict=False)
        return ipaddress.ip_address(client) in network
    except ValueError:
        return None  # samehost, samenet, a host name, or a Unix socket's empty address
