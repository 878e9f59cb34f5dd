"""Checks the profiles of the clients: that their options, rules and words fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from wizard.diagnosis.clients.options import given, read_options, same_value
from wizard.diagnosis.match import Matcher
from wizard.errors import UsageError
from wizard.model.client import FailureId, OptionIs, ProfileEntry, Words
from wizard.model.knowledge import Knowledge
from wizard.model.text import nearest

Found = tuple[str, str, str, str]
"""Kind of entry, id, the part of it, and what is wrong."""


def client_problems(known: Knowledge, matcher: Matcher) -> Iterator[Found]:
    """Yields what is wrong with profiles, TLS libraries and ways to fail."""
    defined = {one.id for one in known.failures}
    for failure in get_args(FailureId):
        if failure not in defined:
            yield "failures", failure, "", f"the way to fail '{failure}' has no entry"
    symptoms = {one.id: one.symptom for one in known.failures}
    for entry in known.failures:
        said = tuple(Words(failures=(entry.id,), text=one.text, symptom=one.symptom) for one in entry.says)
        yield from _words("failures", entry.id, said, symptoms, matcher)
    stacks = tuple(one.id for one in known.stacks)
    for stack in known.stacks:
        yield from _words("stacks", stack.id, stack.says, symptoms, matcher)
    names: dict[str, str] = {}
    for profile in known.profiles:
        if profile.stack not in stacks:
            message = f"there is no TLS library '{profile.stack}'{nearest(profile.stack, stacks)}"
            yield "profiles", profile.id, ".stack", message
        for name in (profile.id, *profile.also):
            if name in names:
                yield "profiles", profile.id, ".also", f"the client '{name}' is also '{names[name]}'"
            names[name] = profile.id
        yield from _words("profiles", profile.id, profile.says, symptoms, matcher)
        yield from _options(profile)
    for client in known.clients:
        if client.id not in names:
            yield "clients", client.id, ".id", "it has no profile, so nothing can be predicted of it"


def _words(
    kind: str, id_: str, says: tuple[Words, ...], symptoms: dict[FailureId, str], matcher: Matcher
) -> Iterator[Found]:
    """The words of a failure are recognised as the symptom that is predicted."""
    for number, words in enumerate(says):
        found = matcher.match(
            words.text.replace("NAME", "db01.corp.example").replace("FILE", "ca.pem")
        ).symptom
        for failure in words.failures:
            predicted = words.symptom or symptoms[failure]
            if found != predicted:
                message = f"the words for '{failure}' are taken for '{found}', and '{predicted}' is predicted"
                yield kind, id_, f".says[{number}].text", message


def _options(profile: ProfileEntry) -> Iterator[Found]:
    keys = tuple(option.key for option in profile.options)
    for number, rule in enumerate(profile.rules):
        for condition in (*rule.when, *rule.unless):
            if condition.option not in keys:
                message = f"there is no option '{condition.option}'{nearest(condition.option, keys)}"
                yield "profiles", profile.id, f".rules[{number}]", message
            for value in _unlisted(profile, condition):
                message = f"the option '{condition.option}' has no value '{value}'"
                yield "profiles", profile.id, f".rules[{number}]", message
    for field, pairs in (("bypass", profile.bypass), ("verify", profile.verify)):
        try:
            given(profile, read_options(pairs), strictly=True)
        except UsageError as error:
            yield "profiles", profile.id, f".{field}", error.message


def _unlisted(profile: ProfileEntry, condition: OptionIs) -> Iterator[str]:
    for option in profile.options:
        if option.key == condition.option:
            listed = [word for value in option.values for word in value.is_]
            yield from (value for value in condition.one_of if not same_value(value, listed))
