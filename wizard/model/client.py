"""How a client behaves: its profile, the TLS library under it, and how it may fail.

A profile is data and nothing else: what the client does by itself (`does`), the options that change it (`options`),
and for each change the option values that bring it about (`rules`). The prediction needs no code for any client.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from wizard.model.entry import Entry, Id, Sources, Text
from wizard.model.target import Engine

Encryption = Literal["none", "login", "allow", "prefer", "require", "strict", "direct", "follows"]
"""What a client asks the server for.

`none`: no TLS. `login`: TLS for the login alone (SQL Server's ENCRYPT_OFF), plaintext where it is not offered.
`allow`: plaintext first, TLS where that is refused. `prefer`: TLS where it is offered, else plaintext.
`require`: TLS or nothing. `strict`: TLS before TDS (TDS 8.0). `direct`: TLS before the PostgreSQL protocol.
`follows`: what the SQL Server demands, TDS 8.0 too.
"""
Unverified = Literal["unverified"]
"""Nobody has a source for it: what depends on it is unknown."""

FailureId = Literal[
    "unreachable", "closed-early", "bad-option", "ca-file-missing", "ca-file-empty", "no-roots", "tls-not-offered",
    "plaintext-refused", "client-will-not-encrypt", "strict-not-supported", "strict-required",
    "direct-not-supported", "handshake-broken", "no-common-version", "server-too-new", "no-common-cipher",
    "weak-dh", "untrusted", "self-signed", "missing-intermediate", "invalid-chain", "wrong-usage", "weak-key",
    "weak-signature", "name", "address", "common-name-only", "expired", "not-yet-valid", "negative-serial",
    "long-serial", "version-1", "pin", "client-certificate", "md5",
]  # fmt: skip
Version = Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
Refusal = Literal["always", "validating", "never", "unverified"]
"""When a fault of the certificate ends the connection: whatever the options, or only where it is validated."""
Check = Literal["key", "chain", "usage", "signature", "name", "validity", "encoding"]
LeafAmongRoots = Literal[
    "nothing", "vouches", "suffices", "suffices-in-time", "self-signed-suffices-in-time", "refused",
]  # fmt: skip
"""What it means that the server's own certificate is among the roots.

`nothing`: no more than for another one. `vouches`: it vouches for itself, as an intermediate certificate does for what
it has issued. `suffices`: only its name is looked at; `suffices-in-time`: its dates too;
`self-signed-suffices-in-time`: that, where it is self-signed. `refused`: it is refused all the same.
"""


class NameRule(Entry, frozen=True, kw_only=True):
    """Which names of a certificate a client compares with the server name."""

    common_name: Literal[
        "never",
        "without-alternative-names",
        "without-dns-names",
        "always",
        "also-shortened",
        "only",
        "unverified",
    ]
    """When the common name counts. `also-shortened`: always, and a name without its domain matches too. `only`: no
    alternative name counts."""
    address: Literal[
        "alternative-name",
        "as-a-name",
        "either",
        "name-too",
        "localhost",
        "localhost-too",
        "never",
        "unverified",
    ]
    """What an IP address is compared with: iPAddress entries, the host names and the common name (`as-a-name`), or both
    (`either`: the common name counts besides host names; `name-too`: by the rule for names). Or the name `localhost` is
    expected instead, or besides an iPAddress entry (Node.js without a server name)."""
    loopback: Literal["checked", "not-checked"] = "checked"
    """Whether 127.0.0.1 and ::1 are compared at all."""


class Refusals(Entry, frozen=True, kw_only=True):
    """Which faults end the connection, by the TLS library."""

    usage: Refusal = msgspec.field(default="validating", name="wrong-usage")
    any_usage: Refusal = msgspec.field(default="validating", name="any-usage")
    """Of an extended key usage that allows anything, but does not name servers."""
    key: Refusal = msgspec.field(default="validating", name="weak-key")
    signature: Refusal = msgspec.field(default="validating", name="weak-signature")
    key_usage: Refusal = msgspec.field(default="validating", name="key-usage")
    """Of a key usage that allows neither signing nor key exchange."""
    ca_as_server: Refusal = msgspec.field(default="never", name="ca-as-server")
    """Of a server's certificate that is marked as that of a CA."""
    md5: Refusal = "validating"
    """Of a signature with MD5. `always`: it announces that it takes none, so that a server with OpenSSL ends the
    handshake."""
    negative_serial: Refusal = msgspec.field(default="never", name="negative-serial")
    long_serial: Refusal = msgspec.field(default="unverified", name="long-serial")
    version_1: Refusal = msgspec.field(default="never", name="version-1")
    weak_dh: Refusal = msgspec.field(default="unverified", name="weak-dh")


class Words(Entry, frozen=True, kw_only=True):
    """What a client says when it fails in one of these ways."""

    failures: Annotated[tuple[FailureId, ...], msgspec.Meta(min_length=1)]
    text: Text
    """Its own words, as far as they do not change; NAME stands for the server name, FILE for the file of
    roots that an option names."""
    symptom: Id | None = None
    """What those words are recognised as, where it is not the failure's own symptom."""
    verifies: bool | None = None
    """True or False: it says so only where its options make it verify the certificate, or not."""
    tls_1_3: bool | None = None
    """True or False: it says so only in a handshake of TLS 1.3, or only in an older one."""


class ServerWords(Entry, frozen=True, kw_only=True):
    """What servers say when they refuse a client, whichever it is."""

    engines: Annotated[tuple[Engine, ...], msgspec.Meta(min_length=1)]
    text: Text
    symptom: Id | None = None
    """What those words are recognised as, where it is not the failure's own symptom."""


class FailureEntry(Entry, frozen=True, kw_only=True):
    """One way to fail (failures.yaml)."""

    id: FailureId
    symptom: Id
    why: Text
    """One sentence. NAME stands for the name that the client checks, STACK for its TLS library."""
    says: tuple[ServerWords, ...] = ()
    """Before the words of the client's TLS library, and behind the client's own."""


class StackEntry(Entry, frozen=True, kw_only=True):
    """A TLS library as clients use it (stacks.yaml)."""

    id: Id
    title: Text
    versions: tuple[Version, ...]
    """The versions that it takes by default."""
    versions_unverified: tuple[Version, ...] = ()
    """Those of which that is not known, or differs between machines."""
    notices_old_versions: Literal["first", "after-certificate"] = "first"
    """When an old version ends the handshake: at once, or by a signature that comes behind the certificate, as a short
    key of Diffie-Hellman does then."""
    verifies_late: bool = False
    """It looks at the certificate once the handshake is done, so that up to TLS 1.2 the server's alert comes first."""
    ciphers: Literal["modern", "unverified"] = "modern"
    refuses: Refusals
    names: NameRule
    order: Annotated[tuple[Check, ...], msgspec.Meta(min_length=7, max_length=7)]
    """In which order it finds faults, where a certificate has several."""
    order_alone: Annotated[tuple[Check, ...], msgspec.Meta(min_length=7, max_length=7)] | None = None
    """The same where the server sends no other certificate and the one is not self-signed, if that differs."""
    leaf_among_roots: LeafAmongRoots = "nothing"
    says: tuple[Words, ...] = ()
    sources: Sources


class OptionValue(Entry, frozen=True, kw_only=True):
    """One value of an option and what it does, in one sentence."""

    is_: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)] = msgspec.field(name="is")
    """The spellings that the client takes; compared without regard to case and punctuation."""
    does: Text
    danger: Text | None = None
    """What protection is lost, where some is."""


class OptionEntry(Entry, frozen=True, kw_only=True):
    """One option of a client that concerns TLS."""

    key: Text
    """As the client's own connection string, keyword argument, command line or file spells it."""
    also: tuple[Text, ...] = ()
    """Other spellings of the same option."""
    role: Literal["roots", "store", "pin", "name", "client-certificate"] | None = None
    """What a free value is: a file of roots, one that stands for the machine's store or the client's own list where
    it looks there (`SSL_CERT_FILE`), the certificate to accept, the name to expect, the client's own certificate."""
    values: tuple[OptionValue, ...] = ()
    default: Text | None = None
    does: Text | None = None
    """One sentence, for an option whose values are free."""
    handed_on: bool = False
    """The client does not know it, and hands it on to the server, which refuses the login for it."""


class OptionIs(Entry, frozen=True, kw_only=True):
    """A condition on one option; without `one_of` it has to be set, to whatever value."""

    option: Text
    one_of: tuple[Text, ...] = ()


class Does(Entry, frozen=True, kw_only=True):
    """What a client does, or with None what a rule leaves as it was."""

    encryption: Encryption | Unverified | None = None
    refused_tls: Literal["plaintext", "fails"] | None = None
    """With `prefer`: what follows where TLS was offered and the handshake failed."""
    refused_login: Literal["plaintext", "fails"] | None = None
    """With `prefer`: what follows where the server refuses the login under TLS, for want of a client certificate."""
    two_refusals: Literal["tls", "plaintext"] | None = None
    """With `prefer` and `allow`: which of its attempts the client's words tell of, where TLS and plaintext failed."""
    versions: tuple[Version, ...] | None = None
    """The versions that it asks for, where it does not leave them to its TLS library. A server that has none of them
    ends the handshake at once."""
    login_not_offered: Literal["plaintext", "tls"] | None = None
    """With `login`: what it goes on with where SQL Server offers no TLS; such a server ends a handshake."""
    forced: Literal["follows", "refuses"] | None = None
    """With `none`: what follows where SQL Server demands encryption."""
    verifies: Literal["nothing", "dates", "name-alone", "chain", "host-name", "name"] | Unverified | None = (
        None
    )
    """`dates`: only that the certificate is within its time; `name-alone`: the name of whatever certificate comes;
    `chain`: that a trusted CA vouches for the certificate; `name`: that and the name; `host-name`: that, and the name
    where it is no address."""
    verifies_when: Literal["asked", "session", "any"] | Unverified | None = None
    """`asked`: where the client itself asked for a session under TLS; `session`: also where the server forces it;
    `any`: also where only the login is under TLS."""
    roots: Literal["machine", "own", "none"] | None = None
    """Where it looks for roots when no option names a file: the machine's store, its own list (Java, Node.js), or
    nowhere, so that it refuses to begin."""
    roots_missing: Literal["at-once", "after-preamble"] | None = None
    """When it notices that there are no roots: before it connects, or once the server has offered TLS."""
    roots_file_missing: (
        Literal["fails", "fails-in-tls", "fails-first", "fails-at-once", "passed-over"] | None
    ) = None
    """What follows where the file of roots that an option names does not exist: it refuses once it has to verify,
    or once TLS begins, even where it would not (`fails-in-tls`), or before it connects, if it would verify
    (`fails-first`) or even where it would not; or it does as without it."""
    roots_file_unusable: (
        Literal["fails", "fails-in-tls", "fails-first", "fails-at-once", "no-roots"] | None
    ) = None
    """The same where the file is there, but holds no certificate. `no-roots`: it begins, and trusts nobody."""
    option_roots: Literal["instead", "added", "ignored"] | None = None
    """Whether the file of roots that an option names stands for the machine's store, comes on top of it, or has no
    effect."""
    confirms: Literal["nothing", "password"] | None = None
    """`password`: where no CA vouches, MariaDB 11.4 and newer may prove itself by the account's password."""
    names: Literal["server", "replaced", "added"] | None = None
    """Which name it expects: the server name, the one of an option instead, or either."""
    pins: Literal["leaf", "leaf-with-dates", "leaf-too"] | None = None
    """The certificate of an option is accepted and no other; with its validity, where the client checks that too.
    `leaf-too`: it is accepted besides those that verify."""
    fails: FailureId | None = None
    """It fails by itself, whatever the server does."""


class Rule(Entry, frozen=True, kw_only=True):
    """A change of what a client does: all of `when` hold, and none of `unless`. Later rules come over earlier ones."""

    when: Annotated[tuple[OptionIs, ...], msgspec.Meta(min_length=1)]
    unless: tuple[OptionIs, ...] = ()
    then: Does


class ProfileEntry(Entry, frozen=True, kw_only=True):
    """How one client behaves (clients/profiles/). Its id is that of the client."""

    id: Id
    also: tuple[Id, ...] = ()
    """Other names that `--client` takes for it."""
    engines: Annotated[tuple[Engine, ...], msgspec.Meta(min_length=1)]
    strings: tuple[Literal["ado-net", "url"], ...] = ()
    """The connection strings that it reads and that do not tell their client: `Server=…;Encrypt=…`, `postgresql://…`."""
    stack: Id
    names: NameRule | None = None
    """Where it differs from that of its TLS library."""
    refuses: Refusals | None = None
    """Where they differ from those of its TLS library."""
    leaf_among_roots: LeafAmongRoots | None = None
    """Likewise."""
    does: Does
    options: tuple[OptionEntry, ...] = ()
    rules: tuple[Rule, ...] = ()
    says: tuple[Words, ...] = ()
    """Before those of its TLS library."""
    bypass: tuple[str, ...] = ()
    """The options, `key=value`, that switch verification off."""
    verify: tuple[str, ...] = ()
    """The options, `key=value`, that verify fully; CA stands for a file of roots."""
    proven: Text | None = None
    """The version that tests compare with the prediction; None: only its documents are known."""
    unverified: tuple[Text, ...] = ()
    """What nobody has a source for."""
    sources: Sources
