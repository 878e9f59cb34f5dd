"""Every recipe with hostile values: nothing breaks out of its place, or the value is refused with the reason."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixes.carried_out.carrying import FIXES
from tests.fixes.structure import BrokenError, structure
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
VALUES: dict[ParameterKind, st.SearchStrategy[Given]] = {
    "text": TEXTS,
    "path": TEXTS,
    "host": TEXTS,
    "hosts": st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    "port": TEXTS,
    "name": TEXTS,
    "hex": TEXTS,
}
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
)

every_fix = pytest.mark.parametrize("fix", FIXES.values(), ids=lambda fix: fix.id)


def holds(fix: FixEntry, values: dict[str, Given]) -> None:
    """The structure of each step is that with harmless values in their place; nothing is broken."""
    hostile = render_fix(fix, values)
    # What was refused stands as a placeholder, which a harmless value is compared with no better than itself.
    taken = [parameter for parameter in fix.parameters if parameter.id not in hostile.missing]
    harmless = render_fix(fix, {one.id: _like(values[one.id], one) for one in taken})
    for plain, told in zip((*harmless.steps, *harmless.undo), (*hostile.steps, *hostile.undo), strict=True):
        assert not set(told.text) & set("\x1b\u202e\u2066\u200b\u2028\0\r"), told.text
        try:
            same = structure(told.text, told.shell) == structure(plain.text, plain.shell)
        except BrokenError as error:
            raise AssertionError(told.text) from error
        assert same, told.text


def _like(value: Given, parameter: Parameter) -> Given:
    """A harmless value of the same kind and number."""
    if isinstance(value, tuple):
        return tuple(f"h{number}.example" for number in range(len(value)))
    return int(parameter.example) if parameter.kind == "port" else parameter.example


@every_fix
def test_no_usual_attack_breaks_out(fix: FixEntry) -> None:
    """Quotes, substitutions, line ends, comments, options and direction marks, in every placeholder at once."""
    for value in FIXED:
        values: dict[str, Given] = {
            one.id: (value, "h1.example") if one.kind == "hosts" else value for one in fix.parameters
        }
        holds(fix, values)


@every_fix
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_mixture_breaks_out(fix: FixEntry, data: st.DataObject) -> None:
    """Whatever is put together from what shells, databases and screens give a meaning to."""
    holds(fix, {one.id: data.draw(VALUES[one.kind]) for one in fix.parameters})


@given(value=TEXTS)
def test_what_is_typed_is_taken_or_refused_with_a_reason(value: str) -> None:
    """A value that a kind does not admit is never taken silently, and the reason can be printed."""
    for kind in VALUES:
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
