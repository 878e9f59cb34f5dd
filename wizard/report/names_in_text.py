"""Finds names in texts that nobody took apart: an error text, a reason, the words of a driver.

A name that a case holds elsewhere is found wherever it stands. Others are found by what stands around them, as
drivers and servers write it, or by their shape. What is found is set aside at once, so nothing is replaced twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from wizard.diagnosis.secrets import BLANK, without_secrets
from wizard.pki.names import address_of
from wizard.report.not_secret import could_be_host
from wizard.report.stand_ins import StandIns

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Around the number of what was set aside; no pattern here matches them."""
_SET_ASIDE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_MARKS = "\"'`\u2018\u2019“”„«»"
_QUOTED = f"[{_MARKS}]"
_INSIDE = f"[^{_MARKS}\\n{_OPEN}{_CLOSE}]{{1,128}}"
_BARE = f"[^\\s;,&\"'`(){{}}<>{_OPEN}{_CLOSE}]+"
_USER_WORDS = (
    "user(?: ?name)?|login|logon|role|account|principal|benutzers?|utilisateur|rôle|usuario|usuário|utente|ruolo"
    "|пользовател\\w*|用户|ユーザー?|사용자"
)
_HOST_WORDS = "servers?|hosts?(?: ?name)?|hostname|address|machine|listener|name|for"
_DATABASE_WORDS = (
    "database|datenbank|base de données|base de datos|banco de dados|banca dati|数据库|データベース"
)

_CLIENTS = r"(?:psql|pg_\w+|mysql\w*|mariadb\w*|sqlcmd|bcp|osql|tsql)"

_HOME = re.compile(
    rf"(?i)((?:/(?:var/|export/)?home|/Users|\b[a-z]:(?:\\\\?|/)(?:Users|Documents and Settings))(?:\\\\?|/))"
    rf"([^/\\\s:;,\"'`<>|*?{_OPEN}{_CLOSE}]+)"
)
_USERS = (
    re.compile(rf"(?i)(?<!\w)(?:{_USER_WORDS})(?: name)? ?[:=]? ?{_QUOTED}({_INSIDE}){_QUOTED}"),
    re.compile(rf"(?<!\w)'({_INSIDE})'@'"),
    re.compile(rf"(?i)(?<!\w)(?:user ?id|uid|user ?name|user) ?= ?({_BARE})"),
    re.compile(rf"(?i)(?<!\S)--user(?:name)?[= ]({_BARE})"),
    re.compile(rf"(?<!\S)-U ({_BARE})"),
    re.compile(rf"\b{_CLIENTS}\b[^\n]{{0,300}}?\s-U({_BARE})"),
    re.compile(r"(?m)^\[?([^\s@\[]{1,64})@[\w.-]+[: ][~/]"),  # before the command that was typed
    re.compile(rf"\b(?:mysql\w*|mariadb\w*)\b[^\n]{{0,300}}?\s-u ?({_BARE})"),
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}")
_WINDOWS_ACCOUNT = re.compile(
    r"(?<![\w\\/:.$])((?!HK(?:LM|CU|EY))[A-Z][A-Z0-9-]{1,14})\\(?!\\)([A-Za-z_][\w.-]*\$?)(?![\\\w])"
)
_ADDRESS4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_ADDRESS6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])")
_DOTTED = re.compile(r"(?<![\w@.-])(?:\*\.)?(?:[\w](?:[\w-]{0,61}\w)?\.)+[^\W\d_][\w-]{0,61}[^\W_](?![\w-])")
_MARKED = r"(?=[\w.-]*[\d-])([A-Za-z][\w.-]*\w)"
"""A name that no word of a sentence looks like: with a digit or a hyphen in it."""
_HOSTS = (
    re.compile(rf"(?i)(?<!\w)(?:{_HOST_WORDS})(?: at)? ?[:=]? ?{_QUOTED}({_INSIDE}){_QUOTED}"),
    re.compile(rf"(?<!\w)'[^'\n]*'@'({_INSIDE})'"),
    # Options of connection strings and of drivers, variables of environments, and the same as JSON or YAML.
    re.compile(
        r"(?i)(?<![A-Za-z-])(?:\w{0,20}host(?:[ _]?name)?(?:incertificate)?|server(?: ?name)?|data source"
        r"|failover[ _]?partner|workstation id|wsid|(?:network )?address|addr)[\"']? ?=>? ?(?:N?[\"'])?"
        rf"(?:tcp:|np:|lpc:)?({_BARE})"
    ),
    re.compile(
        r"(?i)[\"'](?:\w{0,20}host(?:name)?|server(?:name)?|addr(?:ess)?)[\"'] ?: ?[\"']([^\"'\n]{1,128})[\"']"
    ),
    re.compile(
        rf"(?i)(?<![A-Za-z-])(?:\w{{0,20}}host(?:[ _]?name)?|server(?: ?name)?|machine) ?: ?{_MARKED}"
    ),
    re.compile(
        rf"(?i)(?<!\S)(?:--(?:host|server)(?:name)?[= ]|-(?:server(?:instance)?|sqlinstance|computername|hostname) )"
        rf"[\"']?({_BARE})"
    ),
    re.compile(rf"(?<!\S)-[hS] ({_BARE})"),
    re.compile(rf"\b{_CLIENTS}\b[^\n]{{0,300}}?\s-[hSH]({_BARE})"),
    # Sentences of drivers and of TLS libraries.
    re.compile(rf"(?i)\b(?:on|at|to|with|against) {_QUOTED}([\w.-]+)(?::\d+)?{_QUOTED}"),
    re.compile(r"\bvalid for ((?:[\w.*-]+, )*[\w.*-]+), not "),
    re.compile(r"\bvalid for [^\n]{0,2000}?, not ([\w.*-]+)"),
    re.compile(r"(?i)\bHost: ([\w.-]+?)\.? is not in\b"),
    re.compile(r"\b(?:DNS:|DNS name matching |UnknownHostException: |(?i:MSSQLSvc)/)([\w.*-]+)"),
    re.compile(rf"(?i)\b(?:connect(?:ed|ing|ion)? to|(?:to|on|at|from) (?:the )?(?:server|host)) {_MARKED}"),
    re.compile(rf"(?i)\b(?:host ?name|host|server) {_MARKED} (?:could|can|failed|is|not|does|did|was|has)"),
    re.compile(r"(?i)\b(?:tcp|np|lpc):([\w-]+)"),
    re.compile(r"(?i)\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|lookup) ([\w.-]+)"),
    re.compile(r"://(?:[^/@\s]*@)?([\w.-]+)"),
    re.compile(r"(?<![\\\w])\\\\([A-Za-z][\w.-]*)(?=\\)"),
    re.compile(r"@(?:tcp|unix)\d?\(([\w.-]+)"),
    re.compile(r"(?<![\w@])@([A-Za-z][\w-]*)(?=[:/])"),
    re.compile(r"(?<![\w:/.-])([A-Za-z][\w-]*):(?:1433|1434|1521|3306|33060|5432|6432)(?!\w)"),
    re.compile(r"(?m)^\[?[^\s@\[]{1,64}@([\w.-]+)[: ][~/]"),  # before the command that was typed
    re.compile(r"(?<![\w\\$])([A-Z][A-Z0-9-]{1,14})\$(?![\w{(])"),  # the account of a machine
)
_DATABASES = (
    re.compile(rf"(?i)(?<!\w)(?:{_DATABASE_WORDS})(?: name)? ?[:=]? ?{_QUOTED}({_INSIDE}){_QUOTED}"),
    re.compile(rf"(?i)(?<![\w-])(?:database|initial catalog|dbname|databasename) ?= ?({_BARE})"),
    re.compile(r"(?i)(?<!\bhttp)(?<!\bhttps)://[^/\s]+/([A-Za-z_][\w-]*)"),
    re.compile(r"@\w+\([^)\s]{0,300}\)/([A-Za-z_][\w-]*)"),
)
_ATTRIBUTES = re.compile(
    rf"(?<![\w.])(CN|OU|O|DC|ST|L|emailAddress) ?= ?([^,/+;:|\n\"'<>{_OPEN}{_CLOSE}]{{1,256}})"
)
_FINGERPRINT = re.compile(
    r"(?i)(?<![0-9a-f:])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{2}(?:[: ][0-9a-f]{2}){19,31})(?![0-9a-f:])"
)
_MAC = re.compile(r"(?i)(?<![0-9a-f:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![0-9a-f:-])")
_APPLICATION = re.compile(r"(?i)(?<!\w)(?:application ?name|app) ?= ?([^;,\n\"']{1,128})")
_SERIAL = re.compile(r"(?i)\bserial(?: ?number)?\W{1,4}((?:0x)?[0-9a-f](?:[:]?[0-9a-f]){5,})")


class Texts:
    """Replaces names in texts by their stand-ins. Read all texts once before the first one counts."""

    def __init__(self, stand_ins: StandIns, *, names: bool, home: Path | None) -> None:
        """Starts to read.

        Args:
            stand_ins: gets each name that is found.
            names: whether names of servers are hidden too; users and home directories always are.
            home: the home directory of whoever makes the report.
        """
        self._stand_ins = stand_ins
        self._names = names
        usual = home is None or len(home.parts) < 2 or home.name == "root" or _HOME.match(str(home))
        self._home = None if usual else str(home)
        self._known: _Known | None = None

    def all_read(self) -> None:
        """Says that every text was read: from now on each known name is found wherever it stands."""
        wanted = self._stand_ins.known if self._names else self._stand_ins.users
        self._known = _Known(wanted)

    def shown(self, text: str) -> str:
        """Returns the text with stand-ins in place of names."""
        return _Reading(text, self._stand_ins, self._known, self._home, names=self._names).result()


class _Known:
    """Finds many names in one go, without regard to case."""

    def __init__(self, names: Iterable[str]) -> None:
        import ahocorasick

        self._automaton = ahocorasick.Automaton()
        for name in names:
            self._automaton.add_word(name, name)
        self._any = len(self._automaton) > 0
        if self._any:
            self._automaton.make_automaton()

    def find(
        self, text: str, wanted: Callable[[str], bool], *, whole_words: bool
    ) -> list[tuple[int, int, str]]:
        """Returns where names stand in the text, none inside of another, in their order."""
        lower = "".join(one.lower() if len(one.lower()) == 1 else one for one in text)
        hits = [
            (last - len(name) + 1, last + 1, name)
            for last, name in (self._automaton.iter(lower) if self._any else ())
        ]
        found: list[tuple[int, int, str]] = []
        for start, end, name in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
            if (
                wanted(name)
                and (not found or start >= found[-1][1])
                and _stands_alone(lower, start, end, name, whole_words)
            ):
                found.append((start, end, name))
        return found


def _stands_alone(text: str, start: int, end: int, name: str, whole_words: bool) -> bool:
    """Says whether no part of a longer word was found.

    Long names with a digit are no parts of words by chance; where hosts are shown, a user is no part of their names.
    """
    before, after = text[start - 1 : start], text[end : end + 1]
    if whole_words:
        dotted = after == "." and text[end + 1 : end + 2].isalnum()
        return not (
            before.isalnum() or before in tuple("-_.@") or after.isalnum() or after in tuple("-_") or dotted
        )
    if len(name) >= 6 and any(one.isdigit() for one in name):
        return True
    return not (before.isalnum() and name[0].isalnum()) and not (after.isalnum() and name[-1].isalnum())


class _Reading:
    """One text while its names are set aside."""

    def __init__(
        self, text: str, stand_ins: StandIns, known: _Known | None, home: str | None, *, names: bool
    ) -> None:
        self._text = without_secrets(text.replace(_OPEN, "\ufffd").replace(_CLOSE, "\ufffd"))
        self._stand_ins = stand_ins
        self._known = known
        self._home = home
        self._names = names
        self._aside: list[str] = []

    def result(self) -> str:
        told, names = self._stand_ins, self._names
        if names:
            self._replace_known(lambda name: not name.replace(".", "").replace("-", "").isalnum())
        if self._home and self._home in self._text:
            user = told.user(self._home.rstrip("/\\").replace("\\", "/").rpartition("/")[2])
            self._text = self._text.replace(self._home, self._put(f"/home/{user}"))
        self._replace(_HOME, told.user, group=2)
        for pattern in _USERS:
            self._replace(pattern, told.user)
        if names:
            self._replace_names()
        self._replace_known(lambda name: names or name in told.users)
        return _SET_ASIDE.sub(lambda found: self._aside[int(found[1])], self._text)

    def _replace_names(self) -> None:
        told = self._stand_ins
        self._text = _ATTRIBUTES.sub(self._attribute, self._text)
        self._replace(_EMAIL, told.email)
        self._replace(_FINGERPRINT, told.fingerprint)
        self._replace(_SERIAL, lambda digits: told.of("serial", digits, "{}"))
        self._replace(_MAC, lambda digits: told.of("adapter", digits, "adapter-{}"))
        self._replace(_APPLICATION, lambda name: told.of("application", name, "application-{}"))
        for pattern in _DATABASES:
            self._replace(pattern, told.database)
        self._replace(_ADDRESS6, self._address)
        self._replace(_ADDRESS4, self._address)
        self._replace(_DOTTED, self._dotted)
        for pattern in _HOSTS:
            self._replace(pattern, self._server)
        self._text = _WINDOWS_ACCOUNT.sub(self._account, self._text)

    def _put(self, words: str) -> str:
        self._aside.append(words)
        return f"{_OPEN}{len(self._aside) - 1}{_CLOSE}"

    def _replace(
        self, pattern: re.Pattern[str], stand_in: Callable[[str], str], group: int | None = None
    ) -> None:
        number = group if group is not None else min(pattern.groups, 1)

        def replaced(found: re.Match[str]) -> str:
            name = found[number]
            if _OPEN in name or _CLOSE in name or name == BLANK:
                return found[0]
            words = stand_in(name)
            start, end = found.start(number) - found.start(), found.end(number) - found.start()
            return found[0][:start] + (name if words == name else self._put(words)) + found[0][end:]

        self._text = pattern.sub(replaced, self._text)

    def _replace_known(self, wanted: Callable[[str], bool]) -> None:
        if self._known is None:
            return
        # The numbers of what was set aside are no text.
        pieces = re.split(f"({_OPEN}[0-9]+{_CLOSE})", self._text)
        for number in range(0, len(pieces), 2):
            piece, done, at = pieces[number], [], 0
            for start, end, name in self._known.find(piece, wanted, whole_words=not self._names):
                done += [piece[at:start], self._put(self._stand_ins.known[name].stand_in)]
                at = end
            pieces[number] = "".join(done) + piece[at:]
        self._text = "".join(pieces)

    def _attribute(self, found: re.Match[str]) -> str:
        value = found[2].rstrip()
        words = self._stand_ins.attribute(found[1], value)
        return found[0] if words == value else f"{found[1]}={self._put(words)}{found[2][len(value) :]}"

    def _address(self, text: str) -> str:
        return self._stand_ins.address(text) if address_of(text) is not None else text

    def _dotted(self, name: str) -> str:
        parents = (name.lower().split(".", number)[-1] for number in range(1, name.count(".") + 1))
        ours = any(parent in self._stand_ins.domains for parent in parents if "." in parent)
        return self._stand_ins.host(name) if ours or could_be_host(name) else name

    def _server(self, text: str) -> str:
        r"""Returns the stand-in of `host`, `host\INSTANCE`, `host,port`, `host:port` or a list of hosts."""
        if ", " in text:
            return ", ".join(map(self._server, text.split(", ")))
        told = re.fullmatch(r"(?:tcp:)?([\w.*-]+)(?:\\([\w$#-]+))?([,:]\d+)?", text)
        if told is None or could_be_no_host(told[1]):
            return text
        instance = f"\\{self._stand_ins.instance(told[2])}" if told[2] else ""
        return f"{self._stand_ins.host(told[1])}{instance}{told[3] or ''}"

    def _account(self, found: re.Match[str]) -> str:
        left, right = found[1], found[2]
        if (
            left.lower() in self._stand_ins.known
            and left.lower() not in self._stand_ins.users
            and right.isupper()
        ):
            return self._put(f"{self._stand_ins.host(left)}\\{self._stand_ins.instance(right)}")
        if left in ("NT", "BUILTIN", "AUTHORITY", "SERVICE"):
            return found[0]
        return self._put(f"{self._stand_ins.windows_domain(left)}\\{self._stand_ins.user(right)}")


def could_be_no_host(name: str) -> bool:
    """Says whether a dotted name is no host's, or a word without a dot only a number."""
    return name.isdigit() or ("." in name and not could_be_host(name) and address_of(name) is None)
