"""The shape of the knowledge folder: one frozen type for each kind of entry.

These declarations are the model, the validation and the JSON Schema at once. Lists of objects with an `id`,
never maps, so that a problem can be reported with its exact line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar

import msgspec

from wizard.model.client import FailureEntry, ProfileEntry, StackEntry
from wizard.model.entry import ArticleEntry, Correction, Entry, FactId, Id, SourceEntry, Sources, Text
from wizard.model.recognition import ClientEntry, EngineWords, Prepared, Signature, SymptomEntry, Wording
from wizard.model.target import Engine

Severity = Literal["none", "note", "warning", "error"]
Topic = Literal[
    "reach", "policy", "versions-and-ciphers", "trust", "names", "validity", "certificate-form", "client",
]  # fmt: skip
"""What a cause is about, in the order in which one learns it."""

TOPICS: dict[Topic, str] = {
    "reach": "Reaching the server",
    "policy": "What server and client demand",
    "versions-and-ciphers": "TLS versions, ciphers and key exchange",
    "trust": "Who vouches for the certificate",
    "names": "The name in the certificate",
    "validity": "Validity and revocation",
    "certificate-form": "Usage, encoding, key and signature of the certificate",
    "client": "The client's own machine",
}
"""Every topic with its title."""

Tier = Literal["permanent", "intermediate", "bypass"]
Platform = Literal[
    "windows-server", "linux-server", "container-server", "hosted-server", "any-server",
    "windows", "debian", "rhel", "suse", "macos", "java", "node", "python", "container", "any-client", "network",
]  # fmt: skip
"""`hosted-server`: a database as a service, whose certificate is the provider's. `any-server`: any but that.
`container`: a client's image."""
RunOn = Literal["server", "client", "anywhere"]
ParameterKind = Literal["text", "host", "hosts", "port", "path", "name", "hex"]
TlsVersion = Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
Shell = Literal[
    "powershell", "cmd", "sh", "tsql", "mysql", "postgresql", "ini", "pg-conf",
    "python", "javascript", "go", "java", "csharp", "rust", "dockerfile", "yaml",
    "ado-net", "odbc", "ole-db", "jdbc-sqlserver", "jdbc-mysql", "url", "libpq", "screen",
]  # fmt: skip


class Choice(Entry, frozen=True, kw_only=True):
    """One possible value of a fact, with the words a person chooses it by."""

    value: bool | str
    label: Text
    told_by: tuple[Text, ...] = ()
    """What in a target tells it: `key=value` of its options, or a pattern for its host (`*.rds.amazonaws.com`)."""


class HowTo(Entry, frozen=True, kw_only=True):
    """How a person finds an answer out, on one platform: a command, and what to look for in its output."""

    engines: tuple[Engine, ...] = ()
    """The databases that it works with; empty: all."""
    platform: Literal["windows", "linux", "macos", "any"]
    """Where the command runs; `any`: wherever a client of the database runs."""
    run_on: RunOn = "client"
    shell: Shell
    text: Text
    """The command. SERVER, PORT, NAME and INSTANCE stand for those of the case."""
    look_for: Text
    """One sentence: what in its output gives which answer."""
    sources: tuple[str, ...] = ()


class FactEntry(Entry, frozen=True, kw_only=True):
    """One fact: its type, what is normal, and the question that a person can answer (facts/)."""

    id: FactId
    title: Text
    """A noun phrase in plain words, shown beside the value."""
    type: Literal["choice", "bool", "int", "text", "list"] = "choice"
    choices: tuple[Choice, ...] = ()
    normal: bool | str | None = None
    """The value on a healthy server, for choices and booleans that the tree branches on."""
    also_normal: tuple[bool | str, ...] = ()
    question: Text | None = None
    """Asked of the person where nothing else can establish the fact; None: never asked."""
    how_to: tuple[HowTo, ...] = ()
    probe: Id | None = None
    """The probe that establishes it; None: only error texts, files or people can."""
    corrects: tuple[Correction, ...] = ()
    sources: tuple[str, ...] = ()

    def is_normal(self, value: object) -> bool:
        """Says whether a server with this value may be healthy."""
        return value == self.normal or value in self.also_normal


class Condition(Entry, frozen=True, kw_only=True):
    """A condition on one fact. Unknown fulfils no condition."""

    fact: FactId
    one_of: Annotated[tuple[bool | str, ...], msgspec.Meta(min_length=1)]


class Sign(Entry, frozen=True, kw_only=True):
    """One sufficient reason for a cause: all of its conditions hold, and none of `unless` is known to."""

    all: Annotated[tuple[Condition, ...], msgspec.Meta(min_length=1)]
    unless: tuple[Condition, ...] = ()


class Variant(Entry, frozen=True, kw_only=True):
    """Other words for a cause, where more of its circumstances are known."""

    all: Annotated[tuple[Condition, ...], msgspec.Meta(min_length=1)]
    title: Text
    summary: Text


Side = Literal["server", "hosted", "client", "connection", "network"]
"""Where a fault is mended: on the server, at the provider of a hosted one, on the client's machine, in the options of
the client's connection, or on the way between them."""


class Mended(Entry, frozen=True, kw_only=True):
    """Where a cause is mended. Each side named has fixes for all of its platforms, or for all clients."""

    permanent: Annotated[tuple[Side, ...], msgspec.Meta(min_length=1)]
    intermediate: tuple[Side, ...] = ()
    no_intermediate: Text | None = None
    """Why there is nothing that keeps the protection until then; required where `intermediate` is empty."""


class CauseEntry(Entry, frozen=True, kw_only=True):
    """A cause: why it fails, and the signs that show it (causes/)."""

    id: Id
    title: Text
    """One sentence for a beginner."""
    summary: Text
    """Two or three short sentences: what it means and what mends it."""
    precise: Text
    """The same for an expert: protocol, codes, versions, in two or three sentences."""
    spoken: Text
    """What is wrong, as a helpdesk agent reads it out: one or two sentences in a beginner's words, without jargon."""
    plan: Text
    """What will be done, read out too; true wherever the first fix runs."""
    severity: Severity
    topic: Topic
    """What to practise it under."""
    reachable: bool = True
    """False where the cause means that the server was not reached or is another service (exit status 3)."""
    engines: Annotated[tuple[Engine, ...], msgspec.Meta(min_length=1)]
    signs: Annotated[tuple[Sign, ...], msgspec.Meta(min_length=1, description="any one of them suffices")]
    advice: Text | None = None
    """For causes that no command mends: where to go instead."""
    mended: Mended | None = None
    """None: there is nothing to mend."""
    variants: tuple[Variant, ...] = ()
    """The first whose conditions hold gives the words, instead of `title` and `summary`."""
    corrects: tuple[Correction, ...] = ()
    sources: Sources


class Exit(Entry, frozen=True, kw_only=True):
    """Where a node leads: to another node, or to the verdict that names a cause."""

    go: Id | None = None
    verdict: Id | None = None


class Branch(Exit, frozen=True, kw_only=True):
    """The exit that is taken when the fact has one of these values."""

    when: Annotated[tuple[bool | str, ...], msgspec.Meta(min_length=1)]


class Node(Entry, frozen=True, kw_only=True):
    """One question of the decision tree: a fact, a branch for each value, and where unknown leads (tree/)."""

    id: Id
    fact: FactId
    ask_for: tuple[Id, ...] = ()
    """The symptoms with which a person is asked, where nothing else knew; `any`: also without a symptom."""
    branches: Annotated[tuple[Branch, ...], msgspec.Meta(min_length=1)]
    otherwise: Exit
    """The exit for unknown and for values without a branch."""
    sources: Sources


class Parameter(Entry, frozen=True, kw_only=True):
    """A placeholder of a fix's templates."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    meaning: Text
    """What to put there when the case does not know it, as in `your CA file`."""
    kind: ParameterKind = "text"
    """What a value has to look like; any other value is replaced by the placeholder. `hosts` is a list."""
    made: Literal["certificate", "key", "pfx"] | None = None
    """Which file of `dbtls fix --make-certificate` stands for it."""
    example: Text
    """Used by the linter to render the template."""


class StepEntry(Entry, frozen=True, kw_only=True):
    """One command or screen instruction. `text` is a Jinja2 template; quoting is the renderer's."""

    title: Text
    run_on: RunOn
    shell: Shell
    text: Text
    as_administrator: bool = False


class FixEntry(Entry, frozen=True, kw_only=True):
    """One way to mend one or more causes, on one platform or for one client (fixes/)."""

    id: Id
    causes: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    tier: Tier
    title: Text
    engines: Annotated[tuple[Engine, ...], msgspec.Meta(min_length=1)]
    platform: Platform
    client: Id | None = None
    """The client whose options the steps set; None: any."""
    also_clients: tuple[Id, ...] = ()
    """Other clients for which the same steps hold."""
    options: tuple[Text, ...] = ()
    """What the steps set, `key=value` as the client's profile spells it, as templates that are not quoted. Of the keys
    that the steps take away the value is empty. With them the fix is predicted and confirmed."""
    confirm_name: Text | None = None
    """The parameter with the server name to confirm with, where the fix changes the name that clients use."""
    only_if: tuple[Condition, ...] = ()
    """It is left out where one of these is known not to hold."""
    parameters: tuple[Parameter, ...] = ()
    steps: Annotated[tuple[StepEntry, ...], msgspec.Meta(min_length=1)]
    undo: tuple[StepEntry, ...] = ()
    changes: Annotated[tuple[FactId, ...], msgspec.Meta(min_length=1, description="facts that prove it")]
    restarts: Text | None = None
    rights: Text | None = None
    gives_up: Text | None = None
    """Required for a bypass: what protection is lost."""
    when_ok: Text | None = None
    when_not: Text | None = None
    order: int = 50
    """Lower comes first within its tier."""
    corrects: tuple[Correction, ...] = ()
    sources: Sources


class ScenarioEntry(Entry, frozen=True, kw_only=True):
    """A lab server with chosen faults (scenarios/). Every default is that of a server in order."""

    id: Annotated[str, msgspec.Meta(pattern=r"^(sqlserver|mysql|mariadb|postgresql)(/[a-z0-9-]+){1,2}$")]
    title: Text
    cause: Id
    """The verdict that a diagnosis of it must reach: the fault to mend first."""
    also: tuple[Id, ...] = ()
    """The causes that a diagnosis must find besides it."""
    engine: Engine
    server_name: str = "localhost"
    """The name the client uses."""
    certificate: Literal["self-generated", "self-signed", "private-ca", "none"] = "private-ca"
    names: tuple[str, ...] = ("localhost", "127.0.0.1")
    """Subject alternative names of the leaf; an address becomes an iPAddress."""
    common_name: str | None = None
    """Default: the first name."""
    valid_days: tuple[int, int] = (-30, 335)
    """notBefore and notAfter in days from now."""
    key: Literal["rsa-2048", "rsa-1024", "ec-p256"] = "rsa-2048"
    """The key of the leaf."""
    signature: Literal["sha256", "sha1", "md5"] = "sha256"
    """The hash in the signature of the leaf."""
    usage: Literal["server-auth", "client-auth", "any-usage", "unrestricted", "signs-certificates"] = (
        "server-auth"
    )
    """What the leaf may be used for: its extended key usage, which `unrestricted` leaves out; with
    `signs-certificates` server-auth, but a key usage that allows neither signing in TLS nor key exchange."""
    leaf_is_ca: bool = False
    """The leaf says CA:TRUE."""
    malformed: Literal["long-serial", "negative-serial", "version-1"] | None = None
    """A fault in the encoding of the leaf. One of version 1 has no extensions, so no names but the common one."""
    authority: Text = "Corp Example"
    """The private CA. Its certificates are called by it: `Corp Example Root CA`, `Corp Example Issuing CA`."""
    intermediate: Literal["none", "sent", "left-out", "expired", "not-a-ca"] = "none"
    """Whether the leaf is issued by an intermediate, and what is wrong with it. All but `left-out` are sent."""
    trusted: bool = True
    """Whether `ca_file` is handed to the client; False: the client does not know the root."""
    tls: tuple[TlsVersion, TlsVersion] = ("TLSv1.2", "TLSv1.3")
    """The lowest and the highest version that the server accepts."""
    ciphers: Literal["modern", "3des", "rc4", "dhe-1024"] = "modern"
    """The ciphers that the server accepts. With 3DES and RC4 no handshake is completed: the lab has only its first
    flight, since no current TLS library knows them. `dhe-1024`: Diffie-Hellman with 1024 bits, up to TLS 1.2."""
    client_certificate: Literal["not-asked", "asked", "required"] = "not-asked"
    """Whether the server asks for the client's certificate, and whether it goes on without one."""
    policy: Literal["optional", "required", "strict-only", "not-offered"] = "optional"
    strict: bool = True
    """Whether SQL Server takes TDS 8.0 (`Encrypt=Strict`), as it does since 2022."""
    behaviour: Literal[
        "serve",
        "silent",
        "other-service",
        "closed",
        "hang-up",
        "refuse",
        "reset-in-handshake",
        "alert-in-handshake",
    ] = "serve"
    """`closed`: nothing listens; `hang-up`: ends the connection before any word of its own; `refuse`: answers by
    an error of the database before TLS; the last two end the handshake after the ClientHello."""
    error: Text | None = None
    """The error text as a user would report it."""
    sources: tuple[str, ...] = ()


Named = TypeVar(
    "Named",
    SymptomEntry,
    FactEntry,
    CauseEntry,
    ScenarioEntry,
    Node,
    ClientEntry,
    ProfileEntry,
    StackEntry,
    FailureEntry,
)


class Recognition(msgspec.Struct, frozen=True):
    """The part of the knowledge folder that explains an error text; a third of it."""

    symptoms: tuple[SymptomEntry, ...] = ()
    signatures: tuple[Signature, ...] = ()
    wordings: tuple[Wording, ...] = ()
    engines: tuple[EngineWords, ...] = ()
    """The first entry of which a word is found decides."""
    clients: tuple[ClientEntry, ...] = ()
    causes: tuple[CauseEntry, ...] = ()
    prepared: Prepared = {}
    """All phrases of these, ready for searching; made where they are missing, which takes 50 ms."""

    def symptom(self, wanted: str) -> SymptomEntry:
        """Returns the symptom with this id; KeyError where there is none."""
        return _named(self.symptoms, wanted)

    def client(self, wanted: str) -> ClientEntry:
        """Returns the client with this id; KeyError where there is none."""
        return _named(self.clients, wanted)

    def cause(self, wanted: str) -> CauseEntry:
        """Returns the cause with this id; KeyError where there is none."""
        return _named(self.causes, wanted)


class Knowledge(Recognition, frozen=True):
    """All of the knowledge folder, each kind in the order of its files."""

    facts: tuple[FactEntry, ...] = ()
    nodes: tuple[Node, ...] = ()
    """The decision tree (tree/); the walk enters it at the first node."""
    profiles: tuple[ProfileEntry, ...] = ()
    """How the clients behave; not every client has one."""
    stacks: tuple[StackEntry, ...] = ()
    failures: tuple[FailureEntry, ...] = ()
    fixes: tuple[FixEntry, ...] = ()
    scenarios: tuple[ScenarioEntry, ...] = ()
    sources: tuple[SourceEntry, ...] = ()
    article: tuple[ArticleEntry, ...] = ()

    def fact(self, wanted: str) -> FactEntry:
        """Returns the fact with this id; KeyError where there is none."""
        return _named(self.facts, wanted)

    def node(self, wanted: str) -> Node:
        """Returns the node with this id; KeyError where there is none."""
        return _named(self.nodes, wanted)

    def stack(self, wanted: str) -> StackEntry:
        """Returns the TLS library with this id; KeyError where there is none."""
        return _named(self.stacks, wanted)

    def failure(self, wanted: str) -> FailureEntry:
        """Returns the way to fail with this id; KeyError where there is none."""
        return _named(self.failures, wanted)

    def scenario(self, wanted: str) -> ScenarioEntry:
        """Returns the scenario with this id; KeyError where there is none."""
        return _named(self.scenarios, wanted)


def _named(entries: Iterable[Named], wanted: str) -> Named:
    for entry in entries:
        if entry.id == wanted:
            return entry
    raise KeyError(wanted)
