"""The forms that a report has, each by the ending of its file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wizard.errors import UsageError

if TYPE_CHECKING:
    from wizard.diagnosis.proof import Proof
    from wizard.model.knowledge import Knowledge
    from wizard.workbench import Diagnosis

Form = Literal["txt", "md", "html", "json"]
"""`txt` is the short one, to read out to a caller; the others hold the whole case."""

_BY_ENDING: dict[str, Form] = {".txt": "txt", ".md": "md", ".html": "html", ".htm": "html", ".json": "json"}


def form_of(file: Path) -> Form:
    """Returns the form that belongs to the ending of a file.

    Raises:
        UsageError: there is none for it.
    """
    form = _BY_ENDING.get(file.suffix.lower())
    if form is None:
        raise UsageError("The name of a report ends in .md, .html, .json or .txt.")
    return form


def report(
    form: Form, done: Diagnosis, knowledge: Knowledge, at: datetime, proof: Proof | None = None
) -> str:
    """Returns the report of a case in one of its forms; `at` is when its certificates were judged, in UTC."""
    match form:
        case "txt":
            from wizard.report import spoken

            return spoken.report(done, knowledge, proof)
        case "md":
            from wizard.report import markdown

            return markdown.report(done, knowledge, at, proof)
        case "html":
            from wizard.report import html

            return html.report(done, knowledge, at, proof)
        case "json":
            from wizard.report import json

            return json.report(done, knowledge, at, proof)
