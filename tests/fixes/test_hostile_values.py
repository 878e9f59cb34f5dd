"""Every recipe with hostile values: nothing breaks out of its place, or the value is refused with the reason."""

from __future__ import annotations

import itertools
import string
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixes.carried_out.carrying import FIXES
from tests.fixes.every import failing
from tests.fixes.structure import BrokenError, Structure, structure
from tests.thorough import THOROUGH
from wizard.errors import UsageError
from wizard.fixes.render import render_fix
from wizard.fixes.values import Given, read_value
from wizard.model.knowledge import FixEntry, Parameter, ParameterKind
from wizard.model.text import printable

NASTY = [
    "'", '"', "`", "$(", "${", ")", "}", "{", "\\", "%", ";", "|", "&", ">", "<", "\n", "\r", "\t", "\0", "\x1b[2J",
    "#", "--", "-", "/*", "*/", "]", "[", "@'", "'@", "\u2018", "\u2019", "\u201c", "\u202e", "\u2066", "\u200b",
    "\u00a0", "\u2028", "=", ",", " ", "//", "!", "^", "~", "*", "?", "{{", "}}", "{%", "DBTLS_END", "EOF", "😀", "é",
    "END",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from([*NASTY, *string.ascii_letters[:8], "id", "/tmp/x"]), max_size=12).map(
    "".join
)
KINDS: tuple[ParameterKind, ...] = ("text", "path", "host", "hosts", "port", "name", "hex")
FIXED = (
    "x'; $(touch /tmp/x) `id` \u2019; calc; \" & | > \\ %PATH% #",
    "'",
    '"',
    "$(id)",
    "`id`",
    "a\nb",
    "100%",
    "a;b",
    "\u202egnp.exe",
    "-rf",
    "--output=x",
    "C:\\x\\",
    "a}b{c",
    "*/ x /*",
    "DBTLS_END",
    "=",
)


def holds(fix: FixEntry, values: dict[str, Given]) -> None:
    """The structure of each step is that with harmless values in their place; nothing is broken."""
    hostile = render_fix(fix, values)
    # What was refused stands as a placeholder, which a harmless value is compared with no better than itself.
    taken = [parameter for parameter in fix.parameters if parameter.id not in hostile.missing]
    harmless = harmless_structures(fix.id, tuple((one.id, _like(values[one.id], one)) for one in taken))
    for plain, told in zip(harmless, (*hostile.steps, *hostile.undo), strict=True):
        assert not set(told.text) & set("\x1b\u202e\u2066\u200b\u2028\0\r"), told.text
        try:
            same = structure(told.text, told.shell) == plain
        except BrokenError as error:
            raise AssertionError(told.text) from error
        assert same, told.text


@cache
def harmless_structures(fix: str, values: tuple[tuple[str, Given], ...]) -> list[Structure]:
    """The structures of the steps of a fix with these values."""
    rendered = render_fix(FIXES[fix], dict(values))
    return [structure(step.text, step.shell) for step in (*rendered.steps, *rendered.undo)]


def _like(value: Given, parameter: Parameter) -> Given:
    """A harmless value of the same kind and number."""
    if isinstance(value, tuple):
        return tuple(f"h{number}.example" for number in range(len(value)))
    return int(parameter.example) if parameter.kind == "port" else parameter.example


@pytest.mark.parametrize("value", FIXED)
def test_no_usual_attack_breaks_out(value: str) -> None:
    """Quotes, substitutions, line ends, comments, options and direction marks, in every placeholder at once."""

    def withstands(fix: FixEntry) -> None:
        holds(
            fix, {one.id: (value, "h1.example") if one.kind == "hosts" else value for one in fix.parameters}
        )

    assert not (wrong := failing(withstands)), "\n".join(wrong)


@settings(max_examples=40 if THOROUGH else 4, deadline=None, suppress_health_check=list(HealthCheck))
@given(mixtures=st.lists(TEXTS, min_size=5, max_size=5))
def test_no_mixture_breaks_out(mixtures: list[str]) -> None:
    """Whatever is put together from what shells, databases and screens give a meaning to."""

    def withstands(fix: FixEntry) -> None:
        each = zip(fix.parameters, itertools.cycle(mixtures), strict=False)
        holds(fix, {one.id: tuple(mixtures[:3]) if one.kind == "hosts" else text for one, text in each})

    assert not (wrong := failing(withstands)), "\n".join(wrong)


@given(value=TEXTS)
def test_what_is_typed_is_taken_or_refused_with_a_reason(value: str) -> None:
    """A value that a kind does not admit is never taken silently, and the reason can be printed."""
    for kind in KINDS:
        parameter = Parameter(id="value", meaning="your value", kind=kind, example="x")
        reason, taken = _read(value, parameter)
        items = taken if isinstance(taken, tuple) else (str(taken),)
        assert all(printable(text) == text for text in (reason, *items))
        assert kind == "text" or not any(item.startswith("-") for item in items)
        assert (taken == "") == bool(reason)


def _read(value: str, parameter: Parameter) -> tuple[str, Given]:
    """The reason of a refusal, or the value that was taken."""
    try:
        return "", read_value(value, parameter)
    except UsageError as refused:
        return f"{refused.message} {refused.hint}", ""


@pytest.mark.parametrize(
    ("shell", "plain", "broken"),
    [
        ("sh", "cp 'a' /tmp", "cp 'a'; id; '' /tmp"),
        ("sh", "cp 'a' /tmp", 'cp "$(id)" /tmp'),
        ("powershell", "Get-Item -Path 'a'", "Get-Item -Path 'a'; calc; ''"),
        ("tsql", "EXEC sp_x N'a';", "EXEC sp_x N'a'; DROP TABLE x; --';"),
        ("postgresql", "SET x = 'a';", "SET x = 'a', y = 'b';"),
        ("python", 'f(a="x")', 'f(a="x", b=__import__("os"))'),
        ("javascript", 'f({a: "x"})', 'f({a: "x"}); g("")'),
        ("ini", "[a]\nb = c", "[a]\nb = c\nd = e"),
        ("ado-net", "Server=a", "Server=a;Encrypt=no"),
        ("libpq", "host='a'", "host='a' sslmode=disable"),
        ("url", "postgres://a/?x=b", "postgres://a/?x=b&sslmode=disable"),
        ("dockerfile", 'COPY ["a", "b"]', 'COPY ["a", "b"]\nRUN id'),
        ("yaml", 'a: "x"', 'a: "x"\nb: "y"'),
    ],
)
def test_a_value_that_broke_out_would_be_noticed(shell: str, plain: str, broken: str) -> None:
    """The twin: the structure of what a broken quotation makes is another one."""
    assert structure(plain, shell) == structure(plain.replace("'a'", "'b'"), shell)  # type: ignore[arg-type]
    assert structure(plain, shell) != structure(broken, shell)  # type: ignore[arg-type]
