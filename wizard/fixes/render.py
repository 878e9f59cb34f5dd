"""Renders a fix: templates become commands, and every placeholder is quoted for the shell of its step.

An author writes `{{ ca_file }}` and never a quote around it; `{{ "CN=" ~ server_name }}` is quoted as one value,
a list becomes a list of the shell. What the case does not know, or what no command may hold, becomes a marked
placeholder such as `<your CA file>`, quoted like a value, so that no half-finished command does harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, cast

import msgspec

from wizard.errors import KnowledgeError, QuoteError
from wizard.fixes.confirm import confirm
from wizard.fixes.quote import quote
from wizard.fixes.values import MADE, Given, cleaned, fits, is_address
from wizard.model.knowledge import FixEntry, Parameter, Platform, RunOn, Shell, StepEntry, Tier

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

_MARKUP = re.compile(r"\{[{%#]")
_NAME = "[a-z][a-z0-9_]*"
_CALL = rf"""{_NAME}(?:\("[^"\\]*"(?:, "[^"\\]*")*\))?"""
_FILTERED = rf"{_NAME}(?: \| {_CALL})+"
_ATOM = rf"""(?:{_NAME}|"(?:[^"\\\x00-\x1f]|\\["\\nrt])*"|\({_FILTERED}\))"""
_ATOMS, _CALLS, _FILTERED_ALONE = re.compile(_ATOM), re.compile(_CALL), re.compile(_FILTERED)
_ARGUMENT = re.compile(r'"([^"\\]*)"')
_JOINED = re.compile(rf"(?<!\{{)\{{\{{ ({_ATOM}(?: ~ {_ATOM})*|{_FILTERED}) \}}\}}")
"""Values and texts, joined by `~` and filtered: all that nearly every template asks for."""

_BETWEEN: dict[Shell, str] = {
    "sh": " ",
    "cmd": " ",
    "powershell": ",",
    "ado-net": ",",
    "odbc": ",",
    "url": ",",
    "libpq": ",",
}


class RenderedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step, ready to be copied."""

    title: str
    run_on: RunOn
    shell: Shell
    text: str
    as_administrator: bool


class RenderedFix(msgspec.Struct, frozen=True, kw_only=True):
    """One fix, ready to be shown. `missing` holds the ids of the parameters that stand as placeholders."""

    id: str
    tier: Tier
    title: str
    platform: Platform
    client: str | None
    options: tuple[str, ...]
    """What the steps set for that client, `key=value` as it spells them; what is not known stands as a placeholder."""
    steps: tuple[RenderedStep, ...]
    undo: tuple[RenderedStep, ...]
    confirm: str
    """The command that proves the fix, for a POSIX shell: `dbtls check`, or `dbtls clients` with the fix's options."""
    restarts: str | None
    rights: str | None
    gives_up: str | None
    when_ok: str | None
    when_not: str | None
    missing: tuple[str, ...]
    sources: tuple[str, ...] = ()
    """Addresses of the pages that it is taken from."""


def render_fix(fix: FixEntry, values: Mapping[str, Given]) -> RenderedFix:
    """Returns `fix` with the values of a case in its steps.

    Args:
        fix: the fix as the knowledge folder has it.
        values: what the case knows, by parameter id. Besides the parameters of the fix, `engine`, `host`,
            `port`, `instance`, `server_name` and `ca_file` shape the confirm command. Others are ignored.

    Raises:
        KnowledgeError: a template of the fix is not valid, uses a placeholder that the fix does not declare,
            or holds what its own shell cannot.
    """
    known = {
        parameter.id: value
        for parameter in fix.parameters
        if (told := _given(parameter, values)) is not None
        and fits(value := cleaned(told, parameter.kind), parameter.kind)
    }
    placeholders = {parameter.id: _placeholder(parameter) for parameter in fix.parameters}
    refused: set[str] = set()

    def rendered(steps: tuple[StepEntry, ...]) -> tuple[RenderedStep, ...]:
        return tuple(_render_step(fix.id, step, known, placeholders, refused) for step in steps)

    steps, undo = rendered(fix.steps), rendered(fix.undo)
    as_read: Shell = "screen"
    plain = tuple(msgspec.structs.replace(fix.steps[0], text=one, shell=as_read) for one in fix.options)
    set_to = tuple(one.text for one in rendered(plain))
    return RenderedFix(
        id=fix.id,
        tier=fix.tier,
        title=fix.title,
        platform=fix.platform,
        client=fix.client,
        options=set_to,
        steps=steps,
        undo=undo,
        confirm=confirm(fix, values, set_to),
        restarts=fix.restarts,
        rights=fix.rights,
        gives_up=fix.gives_up,
        when_ok=fix.when_ok,
        when_not=fix.when_not,
        missing=tuple(
            parameter.id
            for parameter in fix.parameters
            if parameter.id not in known or parameter.id in refused
        ),
    )


def _given(parameter: Parameter, values: Mapping[str, Given]) -> Given | None:
    made = values.get(f"{MADE}{parameter.made}") if parameter.made else None
    return values.get(parameter.id) if made is None else made


def example_values(fix: FixEntry) -> dict[str, Given]:
    """Returns the examples of the fix's parameters as values; those of a list are separated by commas."""
    return {parameter.id: _example(parameter) for parameter in fix.parameters}


def _example(parameter: Parameter) -> Given:
    if parameter.kind == "hosts":
        return tuple(name.strip() for name in parameter.example.split(","))
    return int(parameter.example) if parameter.kind == "port" else parameter.example


def _placeholder(parameter: Parameter) -> Given:
    text = f"<{parameter.meaning}>"
    return (text,) if parameter.kind == "hosts" else text


def _render_step(
    fix_id: str,
    step: StepEntry,
    known: Mapping[str, Given],
    placeholders: Mapping[str, Given],
    refused: set[str],
) -> RenderedStep:
    """Renders one step; adds to `refused` the parameters whose values its shell cannot hold."""
    shell = {_SHELL: step.shell}
    try:
        template = _template(step.text)
        try:
            text = template({**placeholders, **known, **shell})
        except QuoteError:
            # Which value was at fault shows only when they are tried one after the other, because a template
            # may join several of them or quote one for a second language.
            accepted = dict(placeholders)
            text = template({**accepted, **shell})
            for name, value in known.items():
                try:
                    text = template({**accepted, name: value, **shell})
                except QuoteError:
                    refused.add(name)
                else:
                    accepted[name] = value
    except (_TemplateError, QuoteError) as error:
        raise KnowledgeError((f"fix {fix_id}, step '{step.title}': {error}",)) from error
    return _as_rendered(step, text)


def _as_rendered(step: StepEntry, text: str) -> RenderedStep:
    return RenderedStep(
        title=step.title,
        run_on=step.run_on,
        shell=step.shell,
        text=text.strip("\n").rstrip(),
        as_administrator=step.as_administrator,
    )


# Not an identifier, so no template and no parameter can name it.
_SHELL = "shell of the step"


class _TemplateError(Exception):
    """A template is not valid, or names what the fix does not declare."""


@lru_cache(maxsize=1024)
def _template(text: str) -> Callable[[Mapping[str, object]], str]:
    """Returns what fills in a template.

    Nearly all of them only join values and texts: to load Jinja for these took a third of a whole diagnosis.
    """
    pieces = _JOINED.split(text)
    if any(_MARKUP.search(literal) for literal in pieces[::2]):
        return _compiled(text)
    joined = [_ATOMS.findall(f"({one})" if _FILTERED_ALONE.fullmatch(one) else one) for one in pieces[1::2]]
    return partial(_filled_in, pieces[::2], joined)


def _filled_in(literals: list[str], joined: list[list[str]], values: Mapping[str, object]) -> str:
    """Returns the literals, and between them the values of the expressions, quoted as one each."""
    shell = cast("Shell", values[_SHELL])
    filled = [literals[0]]
    for atoms, literal in zip(joined, literals[1:], strict=True):
        told = [_value(atom, values) for atom in atoms]
        filled += [_quoted(told[0] if len(told) == 1 else "".join(map(str, told)), shell), literal]
    return "".join(filled)


def _value(atom: str, values: Mapping[str, object]) -> object:
    if atom.startswith('"'):
        # A text of JSON is one of Jinja too; Python's own reader of literals fails in threads (python/cpython#106905).
        return msgspec.json.decode(atom)
    name, *calls = _CALLS.findall(atom)
    if name not in values:
        raise _TemplateError(f"'{name}' is undefined")
    value = values[name]
    for call in calls:
        function, _, arguments = call.partition("(")
        if function not in _FILTERS:
            raise _TemplateError(f"there is no filter '{function}'")
        value = _FILTERS[function](value, *_ARGUMENT.findall(arguments))
    return value


def _compiled(text: str) -> Callable[[Mapping[str, object]], str]:
    from jinja2 import TemplateError

    try:
        template = _environment().from_string(text)
    except TemplateError as error:
        raise _TemplateError(str(error)) from error

    def filled_in(values: Mapping[str, object]) -> str:
        try:
            return template.render(values)
        except TemplateError as error:
            raise _TemplateError(str(error)) from error

    return filled_in


@cache
def _environment() -> Environment:
    """The one Jinja2 environment; imported late, because the import takes longer than rendering."""
    from jinja2 import StrictUndefined, Undefined, pass_context
    from jinja2.sandbox import SandboxedEnvironment

    @pass_context
    def quoted(context: Context, value: object) -> str:
        if isinstance(value, Undefined):
            return str(value)  # raises: StrictUndefined has no text
        return _quoted(value, context[_SHELL])

    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        optimized=False,
        finalize=quoted,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    environment.filters = _FILTERS
    return environment


def _quoted(value: object, shell: Shell) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return _BETWEEN.get(shell, ", ").join(_literal(item, shell) for item in value)
    return _literal(value, shell)


def _literal(value: object, shell: Shell) -> str:
    """A number stands bare in every shell; anything else is quoted as text."""
    return str(value) if isinstance(value, int) else quote(str(value), shell)


def _san(name: str, dns: str = "DNS:", address: str = "IP:") -> str:
    """Marks a name for a subjectAltName: `DNS:name`, or `IP:address` (OpenSSL, x509v3_config)."""
    return (address if is_address(name) else dns) + name


def _continued(values: Iterable[str]) -> list[str]:
    """Returns the lines in which certreq takes an extension of many values (learn.microsoft.com `certreq_1`)."""
    first, last = '_continue_="', '"'
    *others, final = values
    return [*(f"{first}{one}&{last}" for one in others), f"{first}{final}{last}"]


_FILTERS: dict[str, Callable[..., object]] = {
    "common_name": lambda name: str(name)[:64],  # ub-common-name of X.520 (RFC 5280, appendix A.1)
    "continued": _continued,
    "join": lambda values, between: between.join(values),
    "map": lambda values, name, *arguments: [_FILTERS[name](one, *arguments) for one in values],
    "on_localhost": lambda instance: "localhost" if instance == "MSSQLSERVER" else f"localhost\\{instance}",
    "quoted_for": quote,
    "replace": lambda value, old, new: str(value).replace(old, new),
    "san": _san,
}
"""What a template may do to a value."""
