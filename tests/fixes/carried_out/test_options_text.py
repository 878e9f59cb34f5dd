"""What a recipe for a client prints is valid in its language, and sets just what the fix declares."""

from __future__ import annotations

import re

import pytest

from tests.fixes.carried_out.carrying import FIXES
from tests.fixes.carried_out.reading import GRAMMARS, check_code, set_by
from tests.known import KNOWN
from wizard.diagnosis.clients.options import given, read_options, same_value
from wizard.diagnosis.connection_string import Pairs
from wizard.fixes.render import RenderedFix, RenderedStep, example_values, render_fix
from wizard.fixes.values import Given
from wizard.model.client import ProfileEntry
from wizard.model.knowledge import FixEntry

PROFILES = {profile.id: profile for profile in KNOWN.profiles}
OWN = [
    fix
    for fix in FIXES.values()
    # The options of linked servers and jobs stand inside a statement of SQL.
    if fix.options and fix.client and not any(step.shell == "tsql" for step in fix.steps)
]
IN_CODE = [fix for fix in FIXES.values() if any(step.shell in GRAMMARS for step in (*fix.steps, *fix.undo))]
HOSTILE: dict[str, Given] = {
    "path": "/tmp/x'\"; ${id} `id` \u2019\\;x=y }); // # &|>",
    "host": "$(id)",
    "port": "1; id",
    "text": '"}); process.exit(); //',
    "name": '"); os.Exit(1)',
    "hex": "zz",
}


def of_profile(profile: ProfileEntry, pairs: Pairs) -> set[tuple[str, str]]:
    """Key and value as the profile spells them, in one spelling of yes and no; a switch has no value."""
    found = given(profile, pairs, strictly=False)
    return {(one.entry.key, _plain(one.value) if one.entry.values or one.entry.role else "") for one in found}


def _plain(value: str) -> str:
    for word in ("yes", "no"):
        if same_value(value, (word,)):
            return word
    return value.lower()


def sets(fix: RenderedFix, profile: ProfileEntry) -> set[tuple[str, str]]:
    """What all steps set together."""
    return {one for step in fix.steps for one in of_profile(profile, _of(step, profile))}


def _of(step: RenderedStep, profile: ProfileEntry) -> Pairs:
    """Without what a command line has behind a switch that stands alone."""
    if step.shell not in ("sh", "powershell"):
        return set_by(step)
    known = {option.key for option in profile.options if option.role}
    told = {option.key for option in profile.options if option.values and option.does is None}
    spelt = {key for option in profile.options for key in (option.key, *option.also)}
    # keytool has switches of its own, such as -keystore.
    return tuple((key, value if key in known | told else "") for key, value in set_by(step) if key in spelt)


@pytest.mark.parametrize("fix", OWN, ids=lambda fix: fix.id)
def test_the_text_sets_what_the_fix_declares(fix: FixEntry) -> None:
    """No option is declared that the text does not set, and the text sets none besides."""
    rendered = render_fix(fix, example_values(fix))
    for client in (fix.client, *fix.also_clients):
        assert client
        profile = PROFILES[client]
        declared = of_profile(profile, read_options(one for one in rendered.options if not one.endswith("=")))
        text = "\n".join(step.text for step in rendered.steps)
        if ("Flag2", "yes") in declared and "Flag2" in text:
            declared.remove(("Flag2", "yes"))
        declared = {(key, "" if _is_switch(profile, key) else value) for key, value in declared}
        found = {(key, "" if _is_switch(profile, key) else value) for key, value in sets(rendered, profile)}
        assert found == declared, client


def _is_switch(profile: ProfileEntry, key: str) -> bool:
    """Whether the option of a command line is given by standing there."""
    entry = next(one for one in profile.options if one.key == key)
    return key.startswith("-") and not entry.role and entry.does is not None


def test_what_is_taken_away_stands_in_no_step() -> None:
    """An option with an empty value is left out of the text."""
    fixes = [fix for fix in OWN if any(one.endswith("=") for one in fix.options)]
    assert len(fixes) > 8
    for fix in fixes:
        rendered = render_fix(fix, example_values(fix))
        profile = PROFILES[str(fix.client)]
        gone = of_profile(profile, read_options(one for one in rendered.options if one.endswith("=")))
        assert not {key for key, _ in gone} & {key for key, _ in sets(rendered, profile)}, fix.id


def test_another_option_in_the_text_would_be_noticed() -> None:
    """The twin: the comparison is not empty on both sides."""
    fix = FIXES["libpq-verify-full"]
    rendered = render_fix(fix, example_values(fix))
    found = sets(rendered, PROFILES["libpq"])
    assert found == {("sslmode", "verify-full"), ("sslrootcert", "/etc/ssl/corp-root.pem")}
    assert found != sets(
        render_fix(FIXES["libpq-require"], example_values(FIXES["libpq-require"])), PROFILES["libpq"]
    )


@pytest.mark.parametrize("fix", IN_CODE, ids=lambda fix: fix.id)
@pytest.mark.parametrize("how", ["examples", "nothing", "hostile"])
def test_code_is_valid(fix: FixEntry, how: str) -> None:
    """With examples, with placeholders and with hostile values the grammar of the language finds no error."""
    hostile = {
        parameter.id: HOSTILE[parameter.kind] for parameter in fix.parameters if parameter.kind in HOSTILE
    }
    values = {"examples": example_values(fix), "nothing": {}, "hostile": hostile}[how]
    rendered = render_fix(fix, values)
    for step in (*rendered.steps, *rendered.undo):
        if step.shell in GRAMMARS:
            check_code(step.text, step.shell)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", 'const a = { b: "c };'),
        ("go", 'db, err := sql.Open("mysql", "x)'),
        ("java", "var a = new java.util.Properties("),
        ("csharp", 'var a = new SqlConnection("x;'),
        ("rust", 'let a = "x;'),
    ],
)
def test_broken_code_is_noticed(language: str, text: str) -> None:
    """The twin: a literal that does not end is an error in each language."""
    with pytest.raises(AssertionError):
        check_code(text, language)


def test_no_code_stands_in_a_step_for_people() -> None:
    """A step of kind screen of a client's fix holds words, not code."""
    for fix in OWN:
        for step in (*fix.steps, *fix.undo):
            if step.shell == "screen":
                assert not re.search(
                    r"[{}]\s*\)|=>|readFileSync|://", step.text.replace("{{", "").replace("}}", "")
                ), fix.id
