"""The command that proves a fix."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from wizard.fixes.values import Given, fits
from wizard.model.knowledge import FixEntry, ParameterKind

_OWN_STORES = frozenset({"windows", "debian", "rhel", "suse", "macos"})
"""Platforms whose trust store `dbtls check` reads by itself, so that confirming needs no `--ca-file`."""


def confirm(fix: FixEntry, values: Mapping[str, Given], options: tuple[str, ...] = ()) -> str:
    """Returns the command for the target of the case, under the name that clients use after the fix.

    Args:
        fix: the fix.
        values: what the case knows, by parameter id.
        options: what the fix sets for its client, `key=value`. With them the server is not what changes: the client is
            predicted with its new options.
    """
    told = [one for one in options if not one.endswith("=")]
    host = _text(values, "host", "host")
    engine = _text(values, "engine", "name") or (fix.engines[0] if len(fix.engines) == 1 else None)
    by_options = fix.client is not None and bool(told)
    words = [
        "dbtls",
        "clients" if by_options else "check",
        _target(engine, host, values) if engine and host else "<target>",
    ]
    name = _text(values, fix.confirm_name or "server_name", "host")
    if name != host and (name or fix.confirm_name):
        words += ["--server-name", name or "<name in the certificate>"]
    ca_file = _text(values, "ca_file", "path")
    if ca_file and fix.platform not in _OWN_STORES:
        words += ["--ca-file", ca_file]
    if fix.client:
        words += ["--client", fix.client]
    if by_options:
        words += [word for one in told for word in ("--option", one)]
    return shlex.join(words)


def _target(engine: str, host: str, values: Mapping[str, Given]) -> str:
    address = f"{engine}://[{host}]" if ":" in host else f"{engine}://{host}"
    port, instance = _text(values, "port", "port"), _text(values, "instance", "name")
    if port:
        return f"{address}:{port}"
    return f"{address}/{instance}" if instance and instance != "MSSQLSERVER" else address


def _text(values: Mapping[str, Given], name: str, kind: ParameterKind) -> str | None:
    value = values.get(name)
    return str(value) if value is not None and fits(value, kind) else None
