"""Whatever a certificate holds, and however it is made: something is found, nothing in it acts, no command holds it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hostile.asked import DOCUMENTED, SLACK, acting, dbtls, document_of, in_commands
from tests.hostile.monsters import MONSTERS, NASTY, SHORT, chain, pem, speaking, with_key
from tests.hostile.server import HOST, Script, listening
from wizard.cli.terminal import Exit

SECONDS = "5"


@pytest.mark.parametrize("monster", MONSTERS)
def test_a_monstrous_chain_is_diagnosed(monster: str) -> None:
    """The fault is found in time; text and document hold nothing that acts, and no command holds its words."""
    with listening(Script("postgresql", chain=chain(monster))) as port:
        command = ("check", f"postgresql://{HOST}:{port}", "--server-name", SHORT, "--timeout", SECONDS)
        shown, printed = dbtls(*command), dbtls(*command, "--json")
    document = document_of(printed.out)
    assert MONSTERS[monster].cause in document.causes
    assert shown.status == printed.status
    assert shown.status in DOCUMENTED
    assert document.elapsed_ms < document.connections * int(SECONDS) * 1000 + SLACK
    for text in (*shown[1:], *printed[1:]):
        assert "bug in dbtls" not in text
        assert not acting(text)
    if monster.startswith("words"):
        assert in_commands(document, NASTY[int(monster.split()[1])]) == []


def test_what_acts_would_be_seen() -> None:
    """The test above can fail: controls, invisible signs and marks that turn the direction are found, words are not."""
    assert acting("plain é漢🔑 …\n✓") == set()
    assert all(acting(sign) for sign in "\x1b\x07\x9b\u202e\u200b\u2066\ufeff\r\0\u2028\U000e0041")
    for words in NASTY[:9]:
        assert acting(words), words


def test_a_harmless_name_reaches_the_commands() -> None:
    """That no command holds a server's words is no accident: a name that is one stands in them."""
    with listening(Script("postgresql", chain=speaking("db02.corp.example"))) as port:
        ran = dbtls("check", f"postgresql://{HOST}:{port}", "--server-name", "other.example", "--json")
    assert in_commands(document_of(ran.out), "db02.corp.example")


def test_a_chain_inside_of_tls_1_3_is_no_different(tmp_path: Path) -> None:
    """OpenSSL reads the words of a chain that it alone can see, and they are cleaned as well."""
    file = tmp_path / "server.pem"
    file.write_text(with_key(speaking("".join(NASTY))), "ascii")
    with listening(Script("mysql", modern=file)) as port:
        ran = dbtls("check", f"mysql://{HOST}:{port}", "--server-name", SHORT)
    assert ran.status == Exit.FAULT
    assert "OU=" in ran.out
    assert not acting(ran.out + ran.err)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_files_and_their_names_stay_words(form: tuple[str, ...], tmp_path: Path) -> None:
    """`inspect` takes the same chains from files, whose names are foreign words too."""
    names = [
        f"{words.replace('/', '_')}.pem" for words in NASTY if "\0" not in words and sys.platform != "win32"
    ]
    for at, name in enumerate(names):
        (tmp_path / name).write_text(pem(speaking(NASTY[at])) if at % 2 else "nothing \x1b[2J", "utf-8")
        ran = dbtls("inspect", str(tmp_path / name), "--server-name", SHORT, *form)
        assert ran.status == (Exit.FAULT if at % 2 else Exit.USAGE), name
        assert not acting(ran.out + ran.err), name


def test_a_prediction_for_clients_holds_no_words_that_act() -> None:
    """`clients` judges by the same certificate."""
    with listening(Script("postgresql", chain=speaking("".join(NASTY)))) as port:
        ran = dbtls("clients", f"postgresql://{HOST}:{port}", "--server-name", SHORT)
    assert ran.status == Exit.FINE
    assert "psycopg" in ran.out
    assert not acting(ran.out + ran.err)
