"""A diagnosis in a few plain sentences, for a helpdesk agent to read out or mail to whoever called.

The callers did not choose the words of certificates and handshakes, so none of them stands here: what is wrong, whose
job it is, what will be done, and what not to do meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from wizard.diagnosis.secrets import without_secrets
from wizard.model.target import NAMES
from wizard.model.text import printable
from wizard.workbench import engine_of

if TYPE_CHECKING:
    from wizard.diagnosis.findings import Confidence
    from wizard.diagnosis.proof import Proof
    from wizard.fixes.render import RenderedFix
    from wizard.model.knowledge import CauseEntry, Knowledge
    from wizard.workbench import Diagnosis

LONGEST_NAME = 60
"""Characters of a server's name; a longer one cannot be read out."""


class Plain(NamedTuple):
    """A cause in the words of somebody who only wants to work.

    Attributes:
        wrong: what is wrong.
        plan: what will be done; true wherever the first fix runs.
    """

    wrong: str
    plan: str


_NEW = "The server will get a new certificate."
_UPDATE_SERVER = "The server's encryption will be brought up to date."
CAUSES: dict[str, Plain] = {
    "self-generated-certificate": Plain(
        "The server made its own certificate, so nothing proves to your program that it is the right server.",
        "The server will get a certificate that programs can check.",
    ),
    "self-signed-certificate": Plain(
        "The server's certificate is confirmed by nobody else, so your program cannot tell whether it is the right "
        "server.",
        "The server will get a certificate that programs can check.",
    ),
    "private-ca-not-trusted": Plain(
        "The server shows a certificate, but your computer does not know who issued it.",
        "Your computer will be told to trust that issuer.",
    ),
    "missing-intermediate": Plain(
        "The server shows only a part of the papers that prove who it is, so your program cannot check them.",
        "The missing part will be added.",
    ),
    "name-mismatch": Plain(
        "Your program calls the server by a name that is not in the server's certificate.",
        "Either the certificate gets that name, or you will be given the right name to use.",
    ),
    "certificate-expired": Plain("The server's certificate has expired.", "The certificate will be renewed."),
    "certificate-not-yet-valid": Plain(
        "The server's certificate is not valid yet, or a clock is wrong.",
        "The clocks will be checked first, then the certificate.",
    ),
    "wrong-usage": Plain("The server's certificate was issued for another purpose.", _NEW),
    "weak-key": Plain("The server's certificate is too weak for the programs of today.", _NEW),
    "weak-signature": Plain("The server's certificate is made in a way that is no longer safe.", _NEW),
    "malformed-certificate": Plain("The server's certificate contains a mistake in its form.", _NEW),
    "invalid-chain": Plain(
        "The server's certificate was issued by somebody who was not allowed to do so.",
        "The certificate will be issued again in the right way.",
    ),
    "tls-intercepted": Plain(
        "Something between your computer and the server opens the protected connection, such as a firewall or a "
        "virus scanner.",
        "We will find out what it is, and have this server exempted from it.",
    ),
    "ca-certificate-as-leaf": Plain("The server uses a certificate that is meant for issuing others.", _NEW),
    "name-only-in-common-name": Plain(
        "The server's certificate holds its name in an old place, where your program does not look.", _NEW
    ),
    "host-not-found": Plain(
        "The name of the server cannot be found.",
        "The spelling of the name and your network connection will be checked.",
    ),
    "instance-not-found": Plain(
        "The computer was found, but not the database on it.",
        "We will check whether the database runs and where it can be reached.",
    ),
    "port-closed": Plain(
        "The computer was found, but no database answers there.",
        "We will check whether the database runs and may be reached.",
    ),
    "timed-out": Plain(
        "The server does not answer.",
        "We will check whether it runs and whether something blocks the way to it.",
    ),
    "not-this-database": Plain(
        "Something else than the expected database answers.",
        "We will check the address that your program uses.",
    ),
    "refused-before-tls": Plain(
        "The database turns your computer away, for example because it is too busy.",
        "We will look up the reason on the server.",
    ),
    "tls-not-offered": Plain(
        "Your program asks for a protected connection, but the server offers none.",
        "The protection will be switched on.",
    ),
    "handshake-reset": Plain(
        "The connection breaks off while it is being protected.",
        "We will find out what ends it.",
    ),
    "legacy-tls-only": Plain(
        "The server knows only old kinds of encryption, which current programs refuse.", _UPDATE_SERVER
    ),
    "client-certificate-required": Plain(
        "The server wants your program to identify itself with a certificate, and it has none that fits.",
        "Your program will get one, or its settings will be corrected.",
    ),
    "revoked": Plain("The server's certificate was withdrawn by those who issued it.", _NEW),
    "tls-required-by-server": Plain(
        "The server accepts protected connections only, and your program asked for an unprotected one.",
        "The settings will be changed so that the two agree on a protected connection.",
    ),
    "strict-required": Plain(
        "The server insists on its strictest protection, which your program does not ask for.",
        "The settings will be changed so that the two agree on a protected connection.",
    ),
    "strict-not-supported": Plain(
        "Your program asks for the strictest protection, which the server does not offer.",
        "The settings will be changed so that the two agree on a protected connection.",
    ),
    "direct-tls-not-supported": Plain(
        "Your program begins the protected connection in a way that the server does not understand.",
        "The settings of your program will be corrected.",
    ),
    "tls-version-mismatch": Plain(
        "Your program or computer knows only old kinds of encryption, which the server no longer accepts.",
        "Your program or your computer will be updated.",
    ),
    "legacy-ciphers-only": Plain(
        "The server knows only old kinds of encryption, which current programs refuse.", _UPDATE_SERVER
    ),
    "weak-key-exchange": Plain(
        "The server's encryption is too weak for the programs of today.", _UPDATE_SERVER
    ),
    "client-clock-wrong": Plain(
        "The server's certificate is valid, but your computer thinks that it is not. Its clock may be wrong.",
        "The date and time of your computer will be checked first.",
    ),
    "revocation-not-checked": Plain(
        "Your computer cannot find out whether the server's certificate was withdrawn.",
        "The way to those who can tell will be opened.",
    ),
    "server-certificate-not-loaded": Plain(
        "The server could not read its own certificate.",
        "The server's files and settings will be put right.",
    ),
    "ca-file-unusable": Plain(
        "Your program cannot read its list of trusted issuers of certificates.",
        "That list will be put right.",
    ),
    "system-roots-not-supported": Plain(
        "Your program is too old for one of its settings.",
        "Your program will be updated, or its setting changed.",
    ),
    "client-now-verifies": Plain(
        "Since an update your program checks the server's certificate, and the certificate does not pass. It was like "
        "this before, only unseen.",
        "The certificate will be put right.",
    ),
    "another-server-reached": Plain(
        "The server that we checked is in order, so your program probably reaches another one.",
        "We will find out which one it reaches.",
    ),
}
"""By the id of the cause."""

Side = Literal["server", "client", "both"]
_JOBS: dict[Side, str] = {
    "server": "This is a job for the people who run the server, not for you.",
    "client": "This has to be mended on your side, by the people who look after your computer or program.",
    "both": "This is a job for the people who look after the server, the network and the certificates, together.",
}
_SURE: dict[Confidence | None, str] = {
    "confirmed": "",
    "reported": "From what we were told, this is the problem: ",
    "suspected": "We are not certain yet, but most likely this is the problem: ",
    None: "",
}
_DO_NOT = (
    "Please do not switch the check of the certificate off, and do not tick anything like “trust the server anyway”. "
    "It may seem to help, but then nobody notices when a stranger listens in."
)
_DO_NOT_UNREACHED = "Please do not switch any safety check off. It would not help here."
_CERTIFICATE = "A certificate works like an identity card."
_TRY_AGAIN = "Please try again now, and tell us if it still fails."


def report(done: Diagnosis, knowledge: Knowledge, proof: Proof | None = None) -> str:
    """Returns about five plain sentences in two or three paragraphs, at most 120 words.

    Args:
        done: the diagnosis.
        knowledge: what the diagnosis was made with.
        proof: what became of the fault after a fix, where that was measured.
    """
    if proof:
        paragraphs = _proven(done, proof)
    elif done.verdict.cause is None:
        paragraphs = _open(done)
    elif done.verdict.cause.severity == "none":
        paragraphs = [
            f"We have checked {_server(done)} and found nothing wrong with it.",
            (
                "If your program still fails, please send us the whole message that it shows, and the name under which "
                "it connects."
            ),
            _DO_NOT,
        ]
    else:
        known = f"We have checked {_server(done)}." if done.connections else f"This is about {_server(done)}."
        cause = done.verdict.cause
        paragraphs = [
            f"{known} {_SURE[done.verdict.confidence]}{_wrong(cause)}",
            _next(done, cause),
            _do_not(cause),
        ]
    return "\n\n".join(paragraphs) + "\n"


def _proven(done: Diagnosis, proof: Proof) -> list[str]:
    again, cause = f"We have checked {_server(done)} again.", proof.cause
    if proof.outcome == "fixed":
        return [f"{again} The fault is mended, and we find nothing wrong any more.", _TRY_AGAIN]
    if proof.outcome == "unproven" or cause is None:
        return [f"{again} From here we cannot see whether the fault is mended. {_TRY_AGAIN}", _do_not(cause)]
    still = "The fault is still there."
    if proof.outcome == "next-fault":
        still = "The first fault is mended, but there is another one."
    return [f"{again} {still} {_wrong(cause)}", _next(done, cause), _do_not(cause)]


def _open(done: Diagnosis) -> list[str]:
    if done.match and done.match.symptom == "not-tls":
        return [
            (
                "The message that you sent us is not about the protection of the connection. The cause lies elsewhere, "
                "and we will pass it on to the right people."
            ),
            _DO_NOT_UNREACHED,
        ]
    return [
        f"We do not know yet what is wrong with the connection to {_server(done)}.",
        (
            "Please send us the whole message that your program shows, as text or as a picture. Tell us also which "
            "program it is, and under which name it connects."
        ),
        _DO_NOT,
    ]


def _wrong(cause: CauseEntry) -> str:
    plain = CAUSES.get(cause.id)
    wrong = plain.wrong if plain else f"{cause.title}."
    return f"{wrong} {_CERTIFICATE}" if "certificate" in wrong else wrong


def _next(done: Diagnosis, cause: CauseEntry) -> str:
    """Returns whose job it is and what will be done; the diagnosis may be that of another fault."""
    same = done.verdict.cause is not None and done.verdict.cause.id == cause.id
    first = next((fix for fix in done.fixes if fix.tier != "bypass"), None) if same else None
    job = _JOBS[_side(first)] if first else "We are finding out whose job this is."
    plan = CAUSES[cause.id].plan if cause.id in CAUSES else ""
    return " ".join(part for part in (job, plan, "We will tell you when it is done.") if part)


def _side(fix: RenderedFix) -> Side:
    """Returns on whose side a fix is made; one for the network may run on both."""
    places = {step.run_on for step in fix.steps if step.run_on != "anywhere"}
    if fix.platform.endswith("server") or places == {"server"}:
        return "server"
    return "client" if places == {"client"} else "both"


def _do_not(cause: CauseEntry | None) -> str:
    return _DO_NOT if cause is None or cause.reachable else _DO_NOT_UNREACHED


def _server(done: Diagnosis) -> str:
    """Returns the server in words, as `the MySQL server db01`."""
    engine, target = engine_of(done.case), done.case.target
    words = "the database server"
    if engine:
        words = f"the {NAMES[engine]}" if engine == "sqlserver" else f"the {NAMES[engine]} server"
    name = printable(without_secrets(target.server_name), longest=LONGEST_NAME) if target else ""
    return f"{words} {name}".rstrip()
