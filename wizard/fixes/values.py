"""What a case knows that the templates of fixes can use."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.model.case import Case
from wizard.model.target import DEFAULT_PORTS, Target

Values = Mapping[str, str | int | tuple[str, ...]]
"""Values of template parameters by name. A parameter that is not here becomes a marked placeholder."""


def case_values(case: Case, ca_file: str | None = None) -> Values:
    """Returns the parameters that the case knows.

    Everything that a server sent is hostile text; the renderer quotes it for the shell it goes into.
    """
    values: dict[str, str | int | tuple[str, ...] | None] = {"ca_file": ca_file}
    if case.target is not None:
        values |= _of_target(case.target, case)
    if case.certificates:
        leaf = case.certificates[0]
        presented = [san.partition(":")[2] for san in leaf.sans if san.startswith(("DNS:", "IP:"))]
        values |= {
            "subject": leaf.subject,
            "issuer": leaf.issuer,
            "thumbprint": leaf.sha1,
            "presented_name": next(iter(presented), leaf.common_name),
            "not_after": leaf.not_after.date().isoformat() if leaf.not_after else None,
        }
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def _of_target(target: Target, case: Case) -> dict[str, str | int | tuple[str, ...] | None]:
    port = case.port
    instance = target.instance or "MSSQLSERVER"
    usual = port in (None, DEFAULT_PORTS[target.engine])
    return {
        "engine": target.engine,
        "host": target.host,
        "port": port,
        "server_name": target.server_name,
        "names": tuple(
            dict.fromkeys(name for name in (target.server_name, _short(target.server_name)) if name)
        ),
        "instance": instance,
        "service": "MSSQLSERVER" if instance == "MSSQLSERVER" else f"MSSQL${instance}",
        "data_source": target.server_name if usual else f"{target.server_name},{port}",
    }


def _short(name: str) -> str | None:
    """Returns the first label of a host name: people use it beside the full name. None for addresses."""
    if ":" in name or name.replace(".", "").isdigit():
        return None
    return name.partition(".")[0]
