"""Stand-ins for names: each name has one, and what holds between names holds between their stand-ins.

Host names are replaced label by label, so a short name stays the first label of its full name, a wildcard still
stands for the same names, and `sql01` and `SQL01` are one. Addresses become those of documentation (RFC 5737,
RFC 3849), the owner's domain `example.com` (RFC 2606).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from wizard.pki.names import address_of, ascii_host
from wizard.report.not_secret import (
    ACCOUNTS,
    OWN_LAST_LABELS,
    SOFTWARE,
    WORDS,
    has_public_end,
    is_default_name,
    is_public_authority,
)

_HOST = re.compile(r"[A-Za-z0-9_*-]{1,63}(\.[A-Za-z0-9_*-]{1,63})*")
_ENDS = ("com", "net", "org")
_AUTO_GENERATED = re.compile(r"MySQL_Server_(.+)(_Auto_Generated_(?:Server|Client|CA)_Certificate)")
_LEVEL = re.compile(r"(?i)\b(root|intermediate|issuing|subordinate)\b")
_ATTRIBUTE = re.compile(r"([A-Za-z0-9.]+)=((?:\\.|[^\\,+])*)([,+]|$)")
_EMAIL_OID = "1.2.840.113549.1.9.1"
_NAMED: dict[str, str] = {
    "O": "Organisation",
    "OU": "Unit",
    "L": "Place",
    "ST": "Region",
    "STREET": "Street",
    "CN": "Authority",
}


class Replaced(msgspec.Struct, frozen=True):
    """A name and what stands for it."""

    original: str
    stand_in: str


class StandIns:
    """Gives each name its stand-in, and remembers it."""

    def __init__(self, providers: Iterable[str], products: Iterable[str]) -> None:
        """Starts without any name.

        Args:
            providers: ends of host names that belong to a cloud provider, such as `.database.windows.net`.
            products: words in issuers by which a TLS inspection product is known.
        """
        self.known: dict[str, Replaced] = {}
        """By the name in lower case: what a text is searched for."""
        self.users: set[str] = set()
        """Those of `known` that are users."""
        self.domains: set[str] = set()
        """All that stands behind the first label of a host name."""
        self._providers = tuple(providers)
        self._products = tuple(products)
        self._shown: dict[str, Replaced] = {}
        self._numbered: dict[str, dict[str, int]] = {}
        self._labels: dict[str, str] = {}
        self._ends: dict[str, str] = {}
        self._dns: dict[str, str] = {}

    def replaced(self) -> tuple[Replaced, ...]:
        """Returns the names with their stand-ins, in the order in which they were met."""
        return tuple(self._shown.values())

    def host(self, name: str) -> str:
        """Returns the stand-in of a host name, a pattern such as `*.corp.example`, or an address."""
        bare = name.strip()
        if address_of(bare) is not None:
            return self.address(bare)
        plain = ascii_host(bare)
        if not plain or SOFTWARE.fullmatch(bare):
            return name
        if plain in OWN_LAST_LABELS or plain == "*":
            return plain
        if not _HOST.fullmatch(plain):
            return self.of("name", name, "name {}")
        told = self._of_labels(plain.split(".")) + ("." if bare.endswith(".") else "")
        if bare != plain:
            self._know(plain, told)
        return self._know(bare, told)

    def _of_labels(self, labels: list[str]) -> str:
        for number in range(1, len(labels)):
            self.domains.add(".".join(labels[number:]))
        kept = next((one for one in self._providers if ".".join(labels).endswith(one)), None)
        if kept:
            own = labels[: len(labels) - kept.count(".")]
            return ".".join(self._first_labels(own)) + kept
        if len(labels) == 1 or not has_public_end(labels[-1]):
            *own, last = labels
            if own and last in OWN_LAST_LABELS:
                return ".".join([*self._first_labels(own), last])
            return ".".join(self._first_labels(labels))
        *own, owner, end = labels
        return ".".join([*self._first_labels(own), self._domain(owner, end)])

    def _domain(self, owner: str, end: str) -> str:
        """Returns a domain that is reserved for documentation; other ends of the same owner stay other ends."""
        first = self._number("owner", owner) == 1
        word = self._labels.get(owner) or ("example" if first else f"domain-{self._number('owner', owner)}")
        self._know_label(owner, word)
        if word == "example":
            free = [one for one in (end, *_ENDS) if one in _ENDS and one not in self._ends.values()]
            return f"{word}.{self._ends.setdefault(end, free[0] if free else f'end-{len(self._ends)}')}"
        number = self._number("end", end)
        return f"{word}.example" if number == 1 else f"{word}.end-{number}"

    def _first_labels(self, labels: list[str]) -> list[str]:
        return [self._label(label, "zone" if number else "server") for number, label in enumerate(labels)]

    def _label(self, label: str, role: str) -> str:
        bare = label.replace("*", "")
        if not bare:
            return label
        word = self._labels.get(bare) or f"{role}-{self._number(role, bare)}"
        self._know_label(bare, word)
        return word + "*" * label.count("*") if "*" in label else word

    def _know_label(self, label: str, word: str) -> None:
        self._labels[label] = word
        if len(label) > 1 and label not in WORDS:  # a letter by itself stands everywhere
            self.known.setdefault(label, Replaced(label, word))

    def address(self, text: str) -> str:
        """Returns the stand-in of an address: that of the same bits, however it is spelt. The loopback is kept."""
        found = address_of(text)
        if found is None or found.is_loopback or found.is_unspecified:
            return text
        key = str(found)
        if found.version == 6:
            told = f"2001:db8::{self._number('address6', key):x}"
        else:
            number = self._number("address4", key)
            told = f"192.0.2.{number}" if number < 255 else f"198.18.{number // 256}.{number % 256}"
        self._know(key, told)
        self._know(text.strip("[]"), told)
        return f"[{told}]" if text.startswith("[") else told

    def user(self, name: str) -> str:
        """Returns the stand-in of a user; a Windows domain before it, or a domain behind it, goes with it."""
        short = name.rpartition("\\")[2].partition("@")[0]
        if (
            name.lower() in ACCOUNTS
            or not short
            or name.upper().startswith(("NT AUTHORITY\\", "NT SERVICE\\"))
        ):
            return name
        told = name if short.lower() in ACCOUNTS else f"user-{self._number('user', short.lower())}"
        if told == name:
            return self.of("windows domain", name.rpartition("\\")[0], "DOMAIN{}") + "\\" + short
        for one in (name, short):
            self._know(one, told)
            self.users.add(one.lower())
        return told

    def instance(self, name: str) -> str:
        """Returns the stand-in of an instance of SQL Server."""
        return name if is_default_name(name) else self.of("instance", name, "INSTANCE{}")

    def database(self, name: str) -> str:
        """Returns the stand-in of a database."""
        return name if is_default_name(name) else self.of("database", name, "database-{}")

    def windows_domain(self, name: str) -> str:
        """Returns the stand-in of a NetBIOS name: that of the label of a domain, where it is one."""
        label = self._labels.get(name.lower())
        return label.upper() if label else self.of("windows domain", name, "DOMAIN{}")

    def email(self, text: str) -> str:
        """Returns the stand-in of an e-mail address."""
        person, sign, domain = text.rpartition("@")
        if not sign:
            return self.of("value", text, "value {}")
        return self._know(text, f"person-{self._number('person', person.lower())}@{self.host(domain)}")

    def fingerprint(self, text: str) -> str:
        """Returns the stand-in of a fingerprint, as many hexadecimal digits in the same spelling."""
        plain = re.sub(r"[^0-9a-fA-F]", "", text).lower()
        digits = f"{self._number('fingerprint', plain):0{len(plain)}x}"
        self._know(plain, digits, listed=False)
        if plain == text.lower():
            return digits
        between = ":" if ":" in text else " "
        return self._know(text, between.join(re.findall("..", digits)), listed=False)

    def serial(self, number: int) -> int:
        """Returns the stand-in of a serial number, of the same sign."""
        told = self._number("serial", str(number)) * (-1 if number < 0 else 1)
        for spelt in (f"{number:x}", f"{abs(number):x}", str(abs(number))):
            if len(spelt) >= 6:
                self._know(spelt, f"{told:x}", listed=False)
        return told

    def file(self, text: str, told: str) -> str:
        """Has a stand-in for one file, also where its name stands without its folder."""
        self._know(text, told)
        self._know(re.split(r"[/\\]", text)[-1], told, listed=False)
        return told

    def path(self, text: str) -> str:
        """Returns the stand-in of a file's path; its ending is kept."""
        ending = re.search(r"\.(pem|crt|cer|key|pfx|p12|jks|der|crl)$", text.lower())
        return self.of("file", text, "file-{}" + (ending[0] if ending else ""))

    def distinguished_name(self, text: str, *, of_server: bool = False, issuer: bool = False) -> str:
        """Returns the stand-in of a name in the form of RFC 4514.

        Args:
            text: the name.
            of_server: a common name without a dot is a server's too.
            issuer: that of a public CA is kept.
        """
        if not text or text in self._dns:
            return self._dns.get(text, text)
        pairs = [(one[1], re.sub(r"\\(.)", r"\1", one[2]), one[3]) for one in _ATTRIBUTE.finditer(text)]
        if issuer and any(key == "O" and is_public_authority(value) for key, value, _ in pairs):
            self._dns[text] = text
            return text
        if "".join(one[0] for one in _ATTRIBUTE.finditer(text)) != text or not pairs:
            return self.of("name", text, "name {}")
        parts = [value for key, value, _ in pairs if key == "DC"]
        domain = iter(self.host(".".join(parts)).split(".")) if parts else iter(())
        told = "".join(
            f"{key}={next(domain, 'zone') if key == 'DC' else self.attribute(key, value, of_server=of_server)}{sign}"
            for key, value, sign in pairs
        )
        self._dns[text] = told
        return self._know(text, told, listed=False) if told != text else text

    def attribute(self, key: str, value: str, *, of_server: bool = False) -> str:
        """Returns the stand-in of one value of a distinguished name."""
        if not value or SOFTWARE.fullmatch(value):
            return value
        product = next((one for one in self._products if one.lower() in value.lower()), None)
        if product:
            self._know(value, product)
            return product
        if (made := _AUTO_GENERATED.fullmatch(value)) is not None:
            return f"MySQL_Server_{self.of('version', made[1], 'name-{}')}{made[2]}"
        if key == "C":
            return "XX"
        if key in (_EMAIL_OID, "E", "emailAddress"):
            return self.email(value)
        if key == "CN" and self._is_host(value, of_server):
            return self.host(value)
        level = _LEVEL.search(value) if key == "CN" else None
        return self.of(
            key, value, f"{_NAMED.get(key, 'value')} {{}}{f' {level[0].title()}' if level else ''}"
        )

    def _is_host(self, value: str, of_server: bool) -> bool:
        plain = ascii_host(value)
        if address_of(value) is not None or plain in self._labels:
            return True
        return _HOST.fullmatch(plain) is not None and (of_server or "." in plain)

    def alternative_name(self, text: str) -> str:
        """Returns the stand-in of a subject alternative name with its kind."""
        kind, colon, value = text.partition(":")
        if not colon:
            return self.of("name", text, "name {}")
        if kind in ("DNS", "IP"):
            return f"{kind}:{self.host(value)}"
        return f"{kind}:{self.email(value) if kind == 'email' else self.of('value', value, 'name {}')}"

    def of(self, kind: str, name: str, shape: str) -> str:
        """Returns the stand-in of a name of some other kind, `shape` with its number."""
        if not name:
            return name
        before = self.known.get(name.lower())
        told = before.stand_in if before else shape.format(self._number(kind, name.lower()))
        return self._know(name, told)

    def _number(self, kind: str, key: str) -> int:
        numbers = self._numbered.setdefault(kind, {})
        return numbers.setdefault(key, len(numbers) + 1)

    def _know(self, name: str, told: str, *, listed: bool = True) -> str:
        if listed:
            self._shown.setdefault(name.lower(), Replaced(name, told))
        if len(name) > 1 and name.lower() not in WORDS:
            self.known.setdefault(name.lower(), Replaced(name, told))
        return told
