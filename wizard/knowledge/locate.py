"""Finds the knowledge folder: inside the installed wheel, else beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

from wizard.errors import KnowledgeError

_PACKAGE = Path(__file__).resolve().parent.parent


def knowledge_folder() -> Path:
    """Returns the folder that holds symptoms/, facts/, tree/ and the rest.

    Raises:
        KnowledgeError: neither the wheel's copy nor a checkout's folder is there.
    """
    for folder in (_PACKAGE / "_knowledge", _PACKAGE.parent / "knowledge"):
        if folder.is_dir():
            return folder
    raise KnowledgeError(
        (f"{_PACKAGE / '_knowledge'}: the knowledge folder is missing; install dbtls again",)
    )
