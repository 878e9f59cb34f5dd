"""`dbtls explain`: what an error message means, offline."""

from __future__ import annotations

import click

from wizard.cli.arguments import json_option, read_text
from wizard.cli.terminal import Exit, result
from wizard.diagnosis.match import Matcher
from wizard.diagnosis.secrets import without_secrets
from wizard.errors import UsageError
from wizard.knowledge.cache import recognition
from wizard.report import json, text


@click.command("explain", short_help="what an error message means")
@click.argument("words", metavar="[TEXT]", nargs=-1)
@json_option
def command(words: tuple[str, ...], as_json: bool) -> int:
    """Says what TEXT means; without TEXT, or with -, reads it from stdin. Sends nothing anywhere."""
    pasted = read_text("-") if words in ((), ("-",)) else " ".join(words)
    if not pasted.strip():
        raise UsageError("There is no error text.", hint='Paste it: dbtls explain "…", or pipe it in.')
    known = recognition()
    found = Matcher(known).match(without_secrets(pasted))
    result(json.encode(json.explanation(found)) if as_json else text.explanation(found, known))
    return Exit.FINE
