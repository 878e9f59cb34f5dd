"""Rendering: values are quoted for each step's shell, unknown ones become marked placeholders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wizard.errors import KnowledgeError
from wizard.fixes.render import _SHELL as SHELL
from wizard.fixes.render import RenderedFix, example_values, render_fix
from wizard.fixes.render import _compiled as compiled
from wizard.fixes.render import _template as template
from wizard.fixes.values import Given
from wizard.model.knowledge import FixEntry, Parameter, ParameterKind, Shell, StepEntry

ROOT = Path(__file__).parents[2]


def step_of(text: str, shell: Shell) -> StepEntry:
    """A step of the server."""
    return StepEntry(title="Do it", run_on="server", shell=shell, text=text)


def fix_of(text: str, shell: Shell, kind: ParameterKind = "text", **options: object) -> FixEntry:
    """A fix with one step and one parameter, `value`."""
    fields: dict[str, object] = {
        "id": "a-fix",
        "causes": ("name-mismatch",),
        "tier": "permanent",
        "title": "Mend it",
        "engines": ("sqlserver",),
        "platform": "any-server",
        "parameters": (Parameter(id="value", meaning="your CA file", kind=kind, example="x"),),
        "steps": (step_of(text, shell),),
        "changes": ("names.status",),
        "sources": ("CFGENC",),
    }
    return FixEntry(**(fields | options))  # type: ignore[arg-type]


def text_of(text: str, shell: Shell, value: Given | None = None, kind: ParameterKind = "text") -> str:
    """The one rendered step."""
    values = {} if value is None else {"value": value}
    return render_fix(fix_of(text, shell, kind), values).steps[0].text


def test_a_joined_text_is_quoted_as_one_value() -> None:
    """A concatenation gets one pair of quotes around all of it."""
    assert text_of('openssl -subj {{ "/CN=" ~ value }}', "sh", "it's") == "openssl -subj '/CN=it'\"'\"'s'"


def test_text_outside_of_placeholders_is_left_alone() -> None:
    """Only what stands in braces is quoted, and indentation stays."""
    assert text_of("if ($x) {\n  'a b' $y\n}\n\n\n", "powershell") == "if ($x) {\n  'a b' $y\n}"


def test_a_number_stands_bare() -> None:
    """A port needs no quotes in any shell."""
    assert text_of("connect(port={{ value }})", "python", 1433, "port") == "connect(port=1433)"


def test_a_list_becomes_a_list_of_the_shell() -> None:
    """Each name is quoted by itself and joined as the shell joins."""
    names = ("a.example", "*.b.example")
    assert text_of("{{ value }}", "powershell", names, "hosts") == "'a.example','*.b.example'"
    assert text_of("{{ value }}", "sh", names, "hosts") == "a.example '*.b.example'"


def test_names_and_addresses_are_marked_for_the_san() -> None:
    """An address becomes an IP entry, any other name a DNS entry."""
    names = ("a.example", "192.0.2.1", "2001:db8::1")
    text = text_of('{{ value | map("san") | join(",") }}', "sh", names, "hosts")
    assert text == "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1"


def test_a_value_inside_a_second_language_is_quoted_twice() -> None:
    """A libpq value inside of a shell word is quoted for libpq first and for the shell after."""
    text = text_of('psql {{ "host=" ~ (value | quoted_for("libpq")) }}', "sh", "a b")
    assert text == "psql 'host='\"'\"'a b'\"'\"''"


def test_an_unknown_value_becomes_a_quoted_placeholder() -> None:
    """Without a value the step shows the meaning in marks, quoted, and says so; with one it does not."""
    unknown = render_fix(fix_of("cp {{ value }} /tmp", "sh"), {})
    assert unknown.steps[0].text == "cp '<your CA file>' /tmp"
    assert unknown.missing == ("value",)
    known = render_fix(fix_of("cp {{ value }} /tmp", "sh"), {"value": "ca.pem"})
    assert known.missing == ()


@pytest.mark.parametrize("value", ["a\nb", "a\x1b[0m", "a\u202eb", ""])
def test_an_unprintable_or_empty_value_becomes_the_placeholder(value: str) -> None:
    """What no command may hold is replaced and reported as missing."""
    rendered = render_fix(fix_of("cp {{ value }} /tmp", "sh"), {"value": value})
    assert rendered.steps[0].text == "cp '<your CA file>' /tmp"
    assert rendered.missing == ("value",)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("host", "db01.corp.example", "-oProxyCommand=x"),
        ("host", "*.corp.example", 'a" & calc'),
        ("hosts", ("a", "b"), ("a", "b,DNS:evil.example")),
        ("hosts", ("a",), "a"),
        ("port", 5432, "5432;x"),
        ("path", "/tmp/a b'c", "--output=x"),
        ("name", "MSSQL$SQL2022", "X; calc"),
        ("hex", "0A1b", "0x1b"),
    ],
)
def test_a_value_of_the_wrong_shape_becomes_the_placeholder(
    kind: ParameterKind, good: Given, bad: Given
) -> None:
    """A kind admits what it is for, and neither options nor the syntax of a second language."""
    fix = fix_of("{{ value }}", "powershell", kind)
    assert render_fix(fix, {"value": good}).missing == ()
    assert render_fix(fix, {"value": bad}).missing == ("value",)


def test_a_value_that_one_shell_cannot_hold_is_replaced_there_only() -> None:
    """A backslash is refused in a MySQL string, while the shell step keeps its value."""
    steps = (step_of("ls {{ value }}", "sh"), step_of("SET x = {{ value }}, y = {{ other }};", "mysql"))
    parameters = tuple(Parameter(id=name, meaning=f"the {name}", example="x") for name in ("value", "other"))
    fix = fix_of("", "sh", steps=steps, parameters=parameters)
    rendered = render_fix(fix, {"value": "C:\\ca.pem", "other": "good"})
    assert [step.text for step in rendered.steps] == ["ls 'C:\\ca.pem'", "SET x = '<the value>', y = 'good';"]
    assert rendered.missing == ("value",)


def test_a_value_is_never_a_template() -> None:
    """Braces in a value are not evaluated."""
    assert text_of("echo {{ value }}", "sh", "{{ 7 * 7 }}{% raw %}") == "echo '{{ 7 * 7 }}{% raw %}'"


@pytest.mark.parametrize(
    "text", ["{{ undeclared }}", "{{ value", "{{ ''.__class__.__mro__ }}", "{{ value | upper }}"]
)
def test_a_faulty_template_is_a_fault_of_the_knowledge(text: str) -> None:
    """Unknown names, broken syntax, the inside of objects and undeclared filters are refused."""
    with pytest.raises(KnowledgeError) as caught:
        render_fix(fix_of(text, "sh"), {"value": "x"})
    assert "a-fix" in caught.value.problems[0]


def confirm_of(values: dict[str, Given], **options: object) -> str:
    """The confirm command of a fix."""
    rendered: RenderedFix = render_fix(fix_of("x", "sh", **options), values)  # type: ignore[arg-type]
    return rendered.confirm


def test_confirm_checks_the_same_target_again() -> None:
    """The command names engine, host, port, the name that clients use and the CA file."""
    values: dict[str, Given] = {
        "engine": "postgresql",
        "host": "192.0.2.1",
        "port": 5433,
        "server_name": "db.example",
        "ca_file": "/tmp/a b",
    }
    assert confirm_of(values) == (
        "dbtls check postgresql://192.0.2.1:5433 --server-name db.example --ca-file '/tmp/a b'"
    )
    assert "--ca-file" not in confirm_of(values, platform="debian")
    assert confirm_of(values | {"server_name": "192.0.2.1"}, platform="debian") == (
        "dbtls check postgresql://192.0.2.1:5433"
    )


def test_confirm_names_the_instance_where_no_port_is_known() -> None:
    """A named instance is part of the target, the default instance is not."""
    values: dict[str, Given] = {"engine": "sqlserver", "host": "sql01", "instance": "DEV"}
    assert confirm_of(values) == "dbtls check sqlserver://sql01/DEV"
    assert confirm_of(values | {"instance": "MSSQLSERVER"}) == "dbtls check sqlserver://sql01"
    assert confirm_of(values | {"port": 1444}) == "dbtls check sqlserver://sql01:1444"
    assert confirm_of(values | {"host": "::1", "port": 1}) == "dbtls check 'sqlserver://[::1]:1'"


def test_confirm_uses_the_name_that_the_fix_changes_to() -> None:
    """A fix that makes clients use another name is confirmed with that name and its client."""
    values: dict[str, Given] = {
        "host": "sql01",
        "server_name": "sql01",
        "presented_name": "sql01.corp.example",
    }
    command = confirm_of(values, confirm_name="presented_name", client="odbc-18")
    assert command == "dbtls check sqlserver://sql01 --server-name sql01.corp.example --client odbc-18"


@pytest.mark.parametrize("host", ["$(id)", "-x", "a\nb", ""])
def test_confirm_does_not_repeat_a_hostile_host(host: str) -> None:
    """A host that is none becomes a placeholder."""
    assert confirm_of({"host": host}) == "dbtls check '<target>'"


def test_examples_become_values_of_their_kind() -> None:
    """A port is a number and a list of names is a tuple."""
    parameters = (
        Parameter(id="port", meaning="p", kind="port", example="1433"),
        Parameter(id="names", meaning="n", kind="hosts", example="a, b"),
        Parameter(id="file", meaning="f", kind="path", example="/a"),
    )
    expected = {"port": 1433, "names": ("a", "b"), "file": "/a"}
    assert example_values(fix_of("x", "sh", parameters=parameters)) == expected


@pytest.mark.parametrize(
    ("text", "loaded"),
    [
        ('echo {{ "a" ~ (value | quoted_for("url")) }} {{ value | common_name }}', False),
        ('{% if value == "x" %}one{% endif %}', True),
        ('echo {{ value if value else "none" }}', True),
    ],
)
def test_jinja_is_loaded_for_what_only_it_can_do(text: str, loaded: bool) -> None:
    """Joined and filtered values do without, in a fresh interpreter; conditions need it."""
    code = (
        "import sys\n"
        "from tests.fixes.test_render import text_of\n"
        f"text_of({text!r}, 'sh', 'x')\n"
        "sys.exit('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == loaded


@pytest.mark.parametrize(
    "text",
    [
        "echo {{ value }}",
        'echo {{ "a\\"b\\\\" ~ value ~ "é" }}',
        'echo {{ "\\t\\n" ~ value ~ "\\x41\\u0042" }}',
        'echo {{ "(" ~ (value | replace("x", "(y)")) ~ ")" }}',
        'echo {{ value | quoted_for("libpq") }}',
        "echo {{{ value }}",
    ],
)
@pytest.mark.parametrize("value", ["x", "a b", "it's", "xx;x"])
def test_both_ways_to_render_agree(text: str, value: str) -> None:
    """What is rendered without Jinja is what Jinja makes of it; and what neither can read is refused by both."""
    told = {"value": value, SHELL: "sh"}
    try:
        by_jinja = compiled(text)(told)
    except Exception as error:  # noqa: BLE001 - whichever error it is, the other way has to raise it too
        with pytest.raises(type(error)):
            template(text)(told)
    else:
        assert template(text)(told) == by_jinja
