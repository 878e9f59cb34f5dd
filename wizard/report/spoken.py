"""A diagnosis in a few plain sentences, for a helpdesk agent to read out or mail to whoever called.

The callers did not choose the words of certificates and handshakes, so none of them stands here: what is wrong, whose
job it is, what will be done, and what not to do meanwhile. What is wrong and what will be done are said by the cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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
    else:
        known = f"We have checked {_server(done)}." if done.connections else f"This is about {_server(done)}."
        cause = done.verdict.cause
        if cause.severity == "none":
            paragraphs = [f"{known} {cause.spoken}", cause.plan, _DO_NOT]
        else:
            sure = _SURE[done.verdict.confidence]
            paragraphs = [f"{known} {sure}{_wrong(cause)}", _next(done, cause), _do_not(cause)]
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
    return f"{cause.spoken} {_CERTIFICATE}" if "certificate" in cause.spoken else cause.spoken


def _next(done: Diagnosis, cause: CauseEntry) -> str:
    """Returns whose job it is and what will be done; the diagnosis may be that of another fault."""
    same = done.verdict.cause is not None and done.verdict.cause.id == cause.id
    first = next((fix for fix in done.fixes if fix.tier != "bypass"), None) if same else None
    job = _JOBS[_side(first)] if first else "We are finding out whose job this is."
    return f"{job} {cause.plan} We will tell you when it is done."


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
