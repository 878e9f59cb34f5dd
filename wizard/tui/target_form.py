"""What the fields of the server form say, together: a server that can be asked, or what is wrong beside each field."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from wizard.diagnosis.address import checked_host, checked_instance, checked_port
from wizard.diagnosis.target import ReadTarget, read_target
from wizard.errors import FileError, TargetError, UsageError
from wizard.model.target import DEFAULT_PORTS, Engine

Field = Literal["server", "port", "instance", "server_name", "ca_file"]


class TargetForm(msgspec.Struct, frozen=True, kw_only=True):
    """The fields as they were typed; an empty one is left to what the server field tells."""

    server: str = ""
    pasted: ReadTarget | None = None
    """What a connection string told, where one was pasted into the server field."""
    engine: Engine | None = None
    port: str = ""
    instance: str = ""
    server_name: str = ""
    client: str | None = None
    ca_file: str = ""
    reachable: bool = True


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What a form says. `errors` is empty where it can be used."""

    read: ReadTarget | None = None
    ca_file: Path | None = None
    errors: dict[Field, str] = {}


def fill(form: TargetForm) -> Filled:
    """Returns what a form says, or what is wrong with each of its fields."""
    errors: dict[Field, str] = {}
    read = None
    try:
        read = _read(form)
    except TargetError as error:
        errors["server_name" if _is_about_the_name(form) else "server"] = _sentence(error)
    if read is not None:
        read, wrong = _with_port(read, form)
        errors |= wrong
    ca_file, wrong = _ca_file(form.ca_file.strip())
    return Filled(read=read, ca_file=ca_file, errors=errors | wrong)


def _read(form: TargetForm) -> ReadTarget | None:
    text, name = form.server.strip(), form.server_name.strip() or None
    if form.pasted is not None:
        return _named(form.pasted, name)
    if not text:
        if form.reachable:
            raise TargetError("Name the server, or say below that you can't reach it.")
        return None
    try:
        return read_target(_with_engine(text, form.engine), server_name=name)
    except TargetError as error:
        if form.engine is None and _is_bare(text):
            read_target(
                _with_engine(text, "sqlserver"), server_name=name
            )  # a host that cannot be says so itself
            raise TargetError(error.message, hint="Choose the database below.") from None
        raise


def _is_about_the_name(form: TargetForm) -> bool:
    """Says whether the server alone can be read, so that the name beside it is at fault."""
    if not form.server_name.strip():
        return False
    try:
        _read(msgspec.structs.replace(form, server_name=""))
    except TargetError:
        return False
    return True


def _named(read: ReadTarget, name: str | None) -> ReadTarget:
    if name is None:
        return read
    target = msgspec.structs.replace(read.target, server_name=checked_host(name))
    return msgspec.structs.replace(read, target=target)


def _is_bare(text: str) -> bool:
    """Says whether a text is a host alone, with or without a port: it does not tell the database."""
    return not any(sign in text for sign in ("://", "=", "\\", ";", "@"))


def _with_engine(text: str, engine: Engine | None) -> str:
    if engine is None or not _is_bare(text):
        return text
    host, comma, port = text.partition(",")  # SQL Server writes host,port
    return f"{engine}://{host}:{port.strip()}" if comma else f"{engine}://{text}"


def _with_port(read: ReadTarget, form: TargetForm) -> tuple[ReadTarget, dict[Field, str]]:
    """Returns the server with the port or the instance of their own fields."""
    target, errors = read.target, dict[Field, str]()
    try:
        if port := form.port.strip():
            target = msgspec.structs.replace(target, port=checked_port(port), instance=None)
    except TargetError as error:
        errors["port"] = _sentence(error)
    try:
        if (instance := form.instance.strip()) and target.engine != "sqlserver":
            errors["instance"] = "Only SQL Server has instances."
        elif instance:
            port_too = target.port if form.port.strip() else None
            target = msgspec.structs.replace(
                target, instance=checked_instance(instance, target.engine), port=port_too
            )
    except TargetError as error:
        errors["instance"] = _sentence(error)
    if target.port is None and target.instance is None:
        target = msgspec.structs.replace(target, port=DEFAULT_PORTS[target.engine])
    return msgspec.structs.replace(read, target=target), errors


def _ca_file(text: str) -> tuple[Path | None, dict[Field, str]]:
    if not text:
        return None, {}
    from wizard.pki.trust import TrustStore  # loads OpenSSL, which a form without a file does without

    path = Path(text).expanduser()
    try:
        TrustStore.from_file(path)
    except FileError as error:
        return None, {"ca_file": _sentence(error)}
    return path, {}


def _sentence(error: UsageError) -> str:
    return f"{error.message} {error.hint}" if error.hint else error.message
