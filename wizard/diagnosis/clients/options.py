"""The options of a client, from whatever notation they were written in, and what they make the client do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from wizard.diagnosis.connection_string import Pairs
from wizard.errors import UsageError
from wizard.model.client import (
    Does,
    Encryption,
    FailureId,
    OptionEntry,
    OptionIs,
    ProfileEntry,
    Unverified,
    Version,
)
from wizard.model.text import nearest

_CALL = re.compile(r"(?:\w+\.)*(?P<name>[A-Za-z_]\w*)\((?P<inside>\s*|[^()]*=.*)\)", re.DOTALL)
_BRACES = re.compile(r"\{(?P<inside>.*)\}", re.DOTALL)
_YES, _NO = ("yes", "true", "1", "on"), ("no", "false", "0", "off")


class Given(NamedTuple):
    """One option that was set: the profile's entry of it, and the value."""

    entry: OptionEntry
    value: str
    rank: int = 0
    """Which of the entry's spellings it was; an earlier one comes before a later: `sslmode` before PGSSLMODE."""


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What a client does with its options; the fields are those of `Does`, and none is left open."""

    encryption: Encryption | Unverified
    refused_tls: str
    refused_login: str
    two_refusals: str
    versions: tuple[Version, ...] | None
    login_not_offered: str
    forced: str
    verifies: str
    verifies_when: str
    roots: str
    roots_missing: str
    roots_file_missing: str
    roots_file_unusable: str
    option_roots: str
    confirms: str
    names: str
    pins: str | None
    fails: FailureId | None
    roots_file: str | None
    """The file of roots that an option names."""
    store_file: str | None
    """The one that stands for the machine's store."""
    pin_file: str | None
    expected_name: str | None
    """The name that an option gives."""
    client_certificate: bool
    """An option gives the client's own certificate."""

    @property
    def wants_ca(self) -> bool:
        """Says whether a trusted CA has to vouch for the certificate, where the client verifies at all."""
        return self.verifies not in ("nothing", "dates", "name-alone")


_BY_ITSELF = {
    "encryption": "require",
    "refused_tls": "fails",
    "refused_login": "fails",
    "two_refusals": "tls",
    "versions": None,
    "login_not_offered": "plaintext",
    "forced": "follows",
    "verifies": "nothing",
    "verifies_when": "session",
    "roots": "machine",
    "roots_missing": "after-preamble",
    "roots_file_missing": "fails",
    "roots_file_unusable": "fails",
    "option_roots": "instead",
    "confirms": "nothing",
    "names": "server",
    "pins": None,
    "fails": None,
}
"""What holds where a profile says nothing."""


def read_options(texts: Iterable[str]) -> Pairs:
    """Reads options as a person writes them: `KEY=VALUE`, `KEY: VALUE`, `--switch`, with nested ones flattened.

    `ssl={ca: /root.pem, verifyIdentity: true}` and `ssl=create_default_context(cafile=/root.pem)` become a pair for
    each member, with a dot between: `ssl.ca`, `ssl.cafile`.

    Raises:
        UsageError: a text is empty or has no key.
    """
    pairs: list[tuple[str, str]] = []
    for text in texts:
        found = re.match(
            r"\s*(?P<key>-{0,2}[^=:]*(?::[^=:]*(?==))?)(?:[=:]|\Z)(?P<value>.*)", text, re.DOTALL
        )
        if found is None or not found["key"].strip():
            raise UsageError("An option has the form KEY=VALUE.", hint="For example: --option Encrypt=yes")
        pairs += _flattened(found["key"].strip(), found["value"].strip())
    return tuple(pairs)


def _flattened(key: str, value: str) -> list[tuple[str, str]]:
    call, braces = _CALL.fullmatch(value), _BRACES.fullmatch(value)
    if call is None and braces is None:
        return [(key, _bare(value))]
    inside = (call or braces)["inside"]  # type: ignore[index]  # one of the two was found
    own = [(key, call["name"])] if call else [] if inside.strip() else [(key, "{}")]
    for part in filter(str.strip, _members(inside)):
        name, _, rest = (
            piece.strip() for piece in re.sub(r"^([^=:]*)[=:]", "\\1\0", part, count=1).partition("\0")
        )
        own += _flattened(f"{key}.{_bare(name)}", rest)
    return own


def _members(inside: str) -> list[str]:
    """Cuts at the commas that stand in no inner bracket."""
    parts, depth = [""], 0
    for letter in inside:
        depth += (letter in "({[") - (letter in ")}]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _bare(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def given(profile: ProfileEntry, pairs: Pairs, *, strictly: bool) -> tuple[Given, ...]:
    """Returns the options of a profile that are set, in their order.

    Args:
        profile: the client's.
        pairs: key and value.
        strictly: whether an option that the client does not have is refused; else it is passed over, as other
            options of a connection string are.

    Raises:
        UsageError: there is no such option.
    """
    known = {
        _plain(key): (entry, rank)
        for entry in profile.options
        for rank, key in enumerate((entry.key, *entry.also))
    }
    found: list[Given] = []
    for key, value in pairs:
        entry, rank = known.get(_plain(key), (None, 0))
        if entry is not None:
            found.append(Given(entry, value, rank))
        elif strictly:
            keys = tuple(entry.key for entry in profile.options)
            raise UsageError(
                f"The client '{profile.id}' has no option '{key}' that concerns TLS{nearest(key, keys) or '.'}",
                hint=f"Known: {', '.join(keys)}" if keys else None,
            )
    return tuple(found)


def behaviour(profile: ProfileEntry, options: tuple[Given, ...]) -> Behaviour:
    """Returns what the client does with these options."""
    options = tuple(sorted(options, key=lambda one: -one.rank))
    values = {one.entry.key: one.value for one in options}
    does = _BY_ITSELF | _said(profile.does)
    for rule in profile.rules:
        if all(_holds(one, values) for one in rule.when) and not any(
            _holds(one, values) for one in rule.unless
        ):
            does |= _said(rule.then)
    free = {
        one.entry.role: one.value
        for one in options
        if one.entry.role and one.value == values[one.entry.key] and one.value and not _listed(one)
    }
    if does["option_roots"] == "ignored":
        free.pop("roots", None)
    return Behaviour(
        **does,  # type: ignore[arg-type]
        roots_file=free.get("roots") or (free.get("store") if does["roots"] != "none" else None),
        store_file=free.get("store"),
        pin_file=free.get("pin"),
        expected_name=free.get("name"),
        client_certificate="client-certificate" in free,
    )


def dangers(options: tuple[Given, ...]) -> tuple[tuple[str, str], ...]:
    """Returns the options that give protection up, as `key=value`, each with what is lost."""
    return tuple(
        (f"{one.entry.key}={one.value}" if one.value else one.entry.key, value.danger)
        for one in options
        for value in one.entry.values
        if value.danger and same_value(one.value, value.is_)
    )


def unlisted(options: tuple[Given, ...]) -> str | None:
    """Returns in a phrase the first option whose value is none of those that are known; None where there is none."""
    for one in options:
        words = tuple(word for value in one.entry.values for word in value.is_)
        if words and one.value and not (one.entry.role or one.entry.does or _listed(one)):
            return f"nobody has checked {one.entry.key}={one.value}{nearest(one.value, words)}"
    return None


def _listed(one: Given) -> bool:
    """Says whether the value is one of the option's own words rather than a file or a name: `sslrootcert=system`."""
    return any(same_value(one.value, value.is_) for value in one.entry.values)


def _said(does: Does) -> dict[str, object]:
    return {key: value for key, value in msgspec.structs.asdict(does).items() if value is not None}


def _holds(condition: OptionIs, values: dict[str, str]) -> bool:
    value = values.get(condition.option)
    if value is None:
        return False
    return not condition.one_of or same_value(value, condition.one_of)


def same_value(value: str, words: Iterable[str]) -> bool:
    """Says whether a value is one of the words; yes, true, 1 and on are the same, and so are their opposites."""
    return _word(value) in {_word(word) for word in words}


def _word(value: str) -> str:
    plain = re.sub(r"[\s_-]|\(\)$", "", value).lower()
    return "yes" if plain in _YES else "no" if plain in _NO else plain


def _plain(key: str) -> str:
    return re.sub(r"[\s_-]|^--", "", key).lower()
