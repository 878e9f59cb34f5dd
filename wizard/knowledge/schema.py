"""JSON Schema of each kind of file, generated from the types, so that editors complete and check them."""

from __future__ import annotations

import msgspec

from wizard.knowledge.load import KINDS

HEADER = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """Returns the schema of each kind of file by the name of its own file, such as `causes.json`."""
    return {f"{kind.field}.json": _schema(kind.type) for kind in KINDS}


def _schema(type_: type) -> str:
    schema = {"$schema": HEADER, **msgspec.json.schema(list[type_])}  # type: ignore[valid-type]
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2).decode() + "\n"
