"""The options that every command with a target shares, and the case they make."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from wizard.cli import offers
from wizard.cli.arguments import Moment, decoded, not_too_large, read_text, stdin
from wizard.errors import FileError, UsageError
from wizard.model.options import Options

if TYPE_CHECKING:
    from wizard.diagnosis.target import ReadTarget
    from wizard.model.case import Case
    from wizard.workbench import Workbench

_STDIN = Path("-")


class Opened(NamedTuple):
    """What the arguments make."""

    bench: Workbench
    case: Case
    read: ReadTarget | None
    """What the target says, where there is one."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked for on the command line."""

    target: str | None
    error: str | None
    server_name: str | None
    client: str | None
    answers: tuple[str, ...]
    pastes: tuple[Path, ...] = ()
    options: Options

    def open(self) -> Opened:
        """Returns the workbench and the case that the arguments make.

        Raises:
            UsageError: an argument cannot be used.
        """
        # The wizard's first frame does without these.
        from wizard.diagnosis.clients.profiles import profile_of
        from wizard.diagnosis.secrets import without_secrets
        from wizard.diagnosis.target import read_target
        from wizard.knowledge.cache import knowledge
        from wizard.workbench import Workbench

        bench = Workbench(knowledge(), self.options)
        read = read_target(read_text(self.target), server_name=self.server_name) if self.target else None
        named = (
            profile_of(self.client, read.target.engine if read else None, bench.knowledge).id
            if self.client
            else None
        )
        error = without_secrets(read_text(self.error)) if self.error else None
        client = named or (read.client if read else None)
        target, given = (read.target, read.options) if read else (None, ())
        case = bench.open_case(target=target, options=given, error=error, client=client)
        for answer in self.answers:
            fact, equals, value = answer.partition("=")
            if not equals:
                raise UsageError(
                    "An answer has the form FACT=VALUE.", hint="For example: --answer tls.offered=false"
                )
            case = bench.answer(case, fact.strip(), value.strip())
        for file in self.pastes:
            before, case = case, bench.paste(case, _output_in(file))
            if case is before:
                name = "stdin" if file == _STDIN else file.name
                raise FileError(
                    f"There is no output in {name} that this program can learn from.",
                    hint="Paste the output of openssl s_client, certutil, sp_readerrorlog, nmap, psql or mysql, whole.",
                )
        return Opened(bench, case, read)


def with_case(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options of the contract and hands them to the command as one `Asked`, named `asked`."""

    def wrapped(
        target: str | None,
        server_name: str | None,
        ca_file: Path | None,
        client: str | None,
        error: str | None,
        answer: tuple[str, ...],
        paste: tuple[Path, ...],
        at: datetime | None,
        timeout: float,
        no_probe: bool,
        **others: object,
    ) -> int:
        if math.isnan(timeout):
            raise UsageError("The timeout is a number of seconds.")
        if [target, error, *(str(file) for file in paste)].count("-") > 1:
            raise UsageError("Only one of the arguments can be read from stdin.")
        options = Options(at=at or datetime.now(UTC), seconds=timeout, ca_file=ca_file, probing=not no_probe)
        asked = Asked(
            target=target,
            error=error,
            server_name=server_name,
            client=client,
            answers=answer,
            pastes=paste,
            options=options,
        )
        return function(asked=asked, **others)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    # The function's own options come last in the help, as click reads decorators from the inside.
    wrapped.__click_params__ = list(getattr(function, "__click_params__", []))  # type: ignore[attr-defined]
    for option in reversed(_OPTIONS):
        option(wrapped)
    return wrapped


_OPTIONS = (
    click.option("--server-name", metavar="NAME", help="The name the client uses, where it is not the host."),
    click.option(
        "--ca-file", type=click.Path(path_type=Path), help="Trust these roots instead of this machine's."
    ),
    click.option(
        "--client",
        metavar="ID",
        help="The client that fails, such as odbc-18 or psycopg.",
        shell_complete=offers.clients,
    ),
    click.option("--error", metavar="TEXT", help="The error text as it was shown; - reads it from stdin."),
    click.option(
        "--answer",
        multiple=True,
        metavar="FACT=VALUE",
        help="What you know already; may be repeated.",
        shell_complete=offers.answers,
    ),
    click.option(
        "--paste",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A file with the output of a command, such as openssl s_client; - reads stdin; may be repeated.",
    ),
    click.option("--at", type=Moment(), help="Judge validity at this UTC time."),
    click.option(
        "--timeout",
        type=click.FloatRange(0.05, 600),
        default=5.0,
        show_default=True,
        help="Seconds per connection.",
    ),
    click.option("--no-probe", is_flag=True, help="Send nothing; use answers and files only."),
)


def _output_in(file: Path) -> str:
    """Returns the text of a file, or of stdin.

    Raises:
        FileError: it cannot be read or is larger than `LARGEST_PASTE`.
    """
    from wizard.pki.read import read_file

    return decoded(stdin() if file == _STDIN else not_too_large(read_file(file), str(file)))
