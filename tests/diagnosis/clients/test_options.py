"""Options in whatever notation, and what they make a client do."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies

from wizard.diagnosis.clients.options import behaviour, dangers, given, read_options
from wizard.errors import UsageError
from wizard.model.client import Does, OptionEntry, OptionIs, OptionValue, ProfileEntry, Rule

PROFILE = ProfileEntry(
    id="client",
    engines=("sqlserver",),
    stack="stack",
    does=Does(encryption="require", verifies="name"),
    options=(
        OptionEntry(
            key="TrustServerCertificate",
            also=("trust",),
            values=(
                OptionValue(is_=("yes",), does="Any is accepted.", danger="Everything."),
                OptionValue(is_=("no",), does="Verified."),
            ),
        ),
        OptionEntry(key="Encrypt", values=(OptionValue(is_=("strict",), does="TDS 8.0"),)),
        OptionEntry(key="ca", role="roots", values=(OptionValue(is_=("system",), does="The machine's."),)),
    ),
    rules=(
        Rule(
            when=(OptionIs(option="TrustServerCertificate", one_of=("yes",)),),
            unless=(OptionIs(option="Encrypt", one_of=("strict",)),),
            then=Does(verifies="nothing"),
        ),
        Rule(when=(OptionIs(option="ca", one_of=("system",)),), then=Does(roots="machine")),
    ),
    sources=("REALITY",),
)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Encrypt=yes", [("Encrypt", "yes")]),
        ("encrypt: 'strict'", [("encrypt", "strict")]),
        ("--ssl", [("--ssl", "")]),
        ("--ssl-ca=/root.pem", [("--ssl-ca", "/root.pem")]),
        ("ssl={}", [("ssl", "{}")]),
        (
            "ssl: {ca: /root.pem, verifyIdentity: true}",
            [("ssl.ca", "/root.pem"), ("ssl.verifyIdentity", "true")],
        ),
        ("ssl={'ca': '/root.pem'}", [("ssl.ca", "/root.pem")]),
        (
            "ssl=create_default_context(cafile=/root.pem)",
            [("ssl", "create_default_context"), ("ssl.cafile", "/root.pem")],
        ),
        ("freetds.conf:ca file=/root.pem", [("freetds.conf:ca file", "/root.pem")]),
        ("sslrootcert=C:\\ca.pem", [("sslrootcert", "C:\\ca.pem")]),
        ("ca=a=b", [("ca", "a=b")]),
    ],
)
def test_an_option_is_read_in_the_notation_of_its_client(text: str, pairs: list[tuple[str, str]]) -> None:
    """Connection strings, objects, calls, switches and files of settings give the same pairs."""
    assert list(read_options([text])) == pairs


@pytest.mark.parametrize("text", ["", "   ", "=yes"])
def test_what_has_no_key_is_no_option(text: str) -> None:
    """It is refused with the form to write."""
    with pytest.raises(UsageError, match="KEY=VALUE"):
        read_options([text])


@for_all(strategies.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing that a person types ends in anything but pairs or a sentence."""
    try:
        pairs = read_options([text])
    except UsageError:
        return
    assert all(key for key, _ in pairs)


@pytest.mark.parametrize("word", ["yes", "true", "True", "1", "on"])
def test_yes_has_many_spellings(word: str) -> None:
    """Any of them switches verification off, and is named as dangerous; no does neither."""
    options = given(PROFILE, (("trust server certificate", word),), strictly=True)
    assert behaviour(PROFILE, options).verifies == "nothing"
    assert dangers(options) == ((f"TrustServerCertificate={word}", "Everything."),)
    kept = given(PROFILE, (("TRUST", "no"),), strictly=True)
    assert behaviour(PROFILE, kept).verifies == "name"
    assert dangers(kept) == ()


def test_a_rule_does_not_hold_where_its_exception_does() -> None:
    """TrustServerCertificate has no effect with Encrypt=strict."""
    options = given(PROFILE, (("trust", "yes"), ("encrypt", "strict")), strictly=True)
    assert behaviour(PROFILE, options).verifies == "name"


def test_an_option_that_the_client_does_not_have_is_refused_or_passed_over() -> None:
    """On the command line it is a mistake; in a connection string other options stand beside."""
    with pytest.raises(UsageError, match="did you mean 'Encrypt'"):
        given(PROFILE, (("Encript", "yes"),), strictly=True)
    assert given(PROFILE, (("Database", "x"),), strictly=False) == ()


def test_a_word_of_the_option_is_no_file() -> None:
    """`ca=system` names the machine's roots, `ca=/x.pem` a file."""
    assert behaviour(PROFILE, given(PROFILE, (("ca", "system"),), strictly=True)).roots_file is None
    assert behaviour(PROFILE, given(PROFILE, (("ca", "/x.pem"),), strictly=True)).roots_file == "/x.pem"
