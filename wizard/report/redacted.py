"""What a report may show: a case without its users, and on request without the names of its servers.

Secrets, users and home directories are hidden in each report. Names of servers stay by default, since a colleague
needs them in a ticket. The case itself is rewritten, every text of it that is not ours, and the fixes are rendered anew
from it: so each form of a report, and each command in it, holds what the rewritten case holds and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wizard.fixes.render import RenderedFix, render_fix
from wizard.fixes.values import Given, Values
from wizard.model.evidence import Evidence, Value
from wizard.pki.origin import inspector
from wizard.report.names_in_text import Texts
from wizard.report.stand_ins import Replaced, StandIns
from wizard.workbench import Diagnosis, Workbench

if TYPE_CHECKING:
    from wizard.diagnosis.proof import Proof
    from wizard.model.case import Case
    from wizard.model.certificate import Certificate
    from wizard.model.target import Target

_NEVER_SHOWN = frozenset({"store_password", "database_user", "client_login", "user_host"})
"""Parameters of fixes that hold a password or a user: a report shows what belongs there instead."""
_NAME_NOBODY = frozenset({"port", "step_id", "not_after"})
_CA_FILE = "ca-file.pem"


class Shown(msgspec.Struct, frozen=True):
    """What a report is made of."""

    done: Diagnosis
    proof: Proof | None
    replaced: tuple[Replaced, ...]
    """What stands for what. It is for the person at this screen, and goes into no file."""

    @property
    def hidden(self) -> str:
        """Says in words how many names are hidden."""
        count = len(self.replaced)
        return (
            "There is no name to hide"
            if not count
            else f"{count} name{'s are' if count > 1 else ' is'} hidden"
        )


def shown(
    done: Diagnosis,
    bench: Workbench,
    proof: Proof | None = None,
    *,
    redact: bool = False,
    filled: Values | None = None,
    home: Path | None = None,
) -> Shown:
    """Returns the case as a report may show it.

    Args:
        done: the diagnosis.
        bench: what it was made with.
        proof: what became of the fault after a fix, where that was measured.
        redact: whether names, addresses, instances, databases and fingerprints are hidden too.
        filled: what the person filled into the fixes.
        home: the home directory that is hidden; None: that of this process.
    """
    return _Rewriting(done, bench, proof, redact=redact, filled=filled or {}, home=home or _home()).result()


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None  # this user has none


class _Rewriting:
    """One case while it is rewritten."""

    def __init__(
        self,
        done: Diagnosis,
        bench: Workbench,
        proof: Proof | None,
        *,
        redact: bool,
        filled: Values,
        home: Path | None,
    ) -> None:
        self._done, self._bench, self._proof = done, bench, proof
        self._redact, self._filled = redact, filled
        self._facts = {fact.id: fact for fact in bench.knowledge.facts}
        self._clients = {client.id for client in bench.knowledge.clients}
        hosters = self._facts["server.hoster"].choices if "server.hoster" in self._facts else ()
        ends = (word[1:] for choice in hosters for word in choice.told_by if word.startswith("*."))
        products = (inspector(one) for one in done.case.certificates)
        self._names = StandIns(tuple(ends), tuple(filter(None, products)))
        self._texts = Texts(self._names, names=redact, home=home)
        self._by_fact: dict[str, Callable[[str], str]] = {
            "certificate.subject": self._subject,
            "certificate.issuer": self._issuer,
            "certificate.names": self._names.alternative_name,
            "names.used": self._names.host,
            "connect.address": self._names.host,
            "resolve.addresses": self._names.host,
            "view.thumbprint": self._names.fingerprint,
            "view.certificate_file": self._names.path,
            "view.ca_file": self._names.path,
        }

    def result(self) -> Shown:
        # What is known for sure comes first. Then all texts are read before any is rewritten: what the last one tells
        # may stand in the first one.
        if self._redact:
            if self._bench.options.ca_file:
                self._names.file(str(self._bench.options.ca_file), _CA_FILE)
            self._known_for_sure(self._done.case)
            self._texts.all_read()
        self._rewritten()
        self._texts.all_read()
        done, proof = self._rewritten()
        return Shown(
            msgspec.structs.replace(done, fixes=self._fixes(done.case)), proof, self._names.replaced()
        )

    def _rewritten(self) -> tuple[Diagnosis, Proof | None]:
        done = self._done
        case = self._case(done.case)
        match = done.match and msgspec.structs.replace(
            done.match,
            words=self._text(done.match.words),
            establishes=tuple(self._evidence(one) for one in done.match.establishes),
        )
        trail = tuple(
            msgspec.structs.replace(
                mark,
                value=self._value(mark.fact, mark.value),
                because=self._text(mark.because),
            )
            for mark in done.verdict.trail
        )
        verdict = msgspec.structs.replace(done.verdict, trail=trail)
        proof = self._proof and msgspec.structs.replace(
            self._proof,
            changes=tuple(
                msgspec.structs.replace(
                    one, before=self._value(one.fact, one.before), after=self._value(one.fact, one.after)
                )
                for one in self._proof.changes
            ),
            drivers=tuple(
                msgspec.structs.replace(one, error=self._text(one.error)) for one in self._proof.drivers
            ),
        )
        return msgspec.structs.replace(done, case=case, match=match, verdict=verdict), proof

    def _known_for_sure(self, case: Case) -> Case:
        if not self._redact:
            return case
        return msgspec.structs.replace(
            case,
            target=case.target and self._target(case.target),
            certificates=tuple(self._certificate(one) for one in case.certificates),
        )

    def _case(self, case: Case) -> Case:
        return msgspec.structs.replace(
            self._known_for_sure(case),
            client=case.client if case.client in self._clients else self._text(case.client),
            error=self._text(case.error),
            evidence=tuple(self._evidence(one) for one in case.evidence),
        )

    def _target(self, target: Target) -> Target:
        name = self._names.host(target.server_name)
        return msgspec.structs.replace(
            target,
            host=self._names.host(target.host),
            server_name=name,
            instance=target.instance and self._names.instance(target.instance),
        )

    def _certificate(self, one: Certificate) -> Certificate:
        return msgspec.structs.replace(
            one,
            der=b"",
            subject=self._subject(one.subject),
            issuer=self._issuer(one.issuer),
            common_name=one.common_name
            and self._names.attribute("CN", one.common_name, of_server=self._of_server(one.subject)),
            sans=tuple(self._names.alternative_name(san) for san in one.sans),
            sha1=self._names.fingerprint(one.sha1),
            sha256=self._names.fingerprint(one.sha256),
            serial=one.serial and self._names.serial(one.serial),
            key=self._texts.shown(one.key),
            signature=self._texts.shown(one.signature),
            malformed=tuple(self._texts.shown(flaw) for flaw in one.malformed),
        )

    def _of_server(self, subject: str) -> bool:
        chain = self._done.case.certificates
        return bool(chain) and subject == chain[0].subject

    def _subject(self, text: str) -> str:
        issues = any(one.issuer == text != one.subject for one in self._done.case.certificates)
        return self._names.distinguished_name(text, of_server=self._of_server(text), issuer=issues)

    def _issuer(self, text: str) -> str:
        return self._names.distinguished_name(text, of_server=self._of_server(text), issuer=True)

    def _evidence(self, one: Evidence) -> Evidence:
        value = self._value(one.fact, one.value)
        return msgspec.structs.replace(one, value=value, because=self._text(one.because))

    def _value(self, fact: str, value: Value | None) -> Value | None:
        entry = self._facts.get(fact)
        if value is None or isinstance(value, bool | int):
            return value
        if entry and any(choice.value == value for choice in entry.choices):
            return value
        if fact == "client" and value in self._clients:
            return value
        hide = self._by_fact.get(fact, self._texts.shown) if self._redact else self._texts.shown
        return tuple(hide(one) for one in value) if isinstance(value, tuple) else hide(value)

    def _text(self, text: str | None) -> str | None:
        return self._texts.shown(text) if text is not None else None

    def _fixes(self, case: Case) -> tuple[RenderedFix, ...]:
        """Returns the fixes of the rewritten case; the same ones, in the same order."""
        done, options = self._done, self._bench.options
        file = options.ca_file and Path(_CA_FILE if self._redact else self._texts.shown(str(options.ca_file)))
        filled = {
            name: told for name, one in self._filled.items() if (told := self._given(name, one)) is not None
        }
        if done.verdict.cause is None or (
            case == done.case and file == options.ca_file and filled == self._filled
        ):
            return done.fixes
        bench = Workbench(self._bench.knowledge, msgspec.structs.replace(options, ca_file=file))
        values = bench.values(case, filled)
        entries = {fix.id: fix for fix in bench.knowledge.fixes}
        return tuple(
            msgspec.structs.replace(render_fix(entries[one.id], values), sources=one.sources)
            for one in done.fixes
        )

    def _given(self, name: str, value: Given) -> Given | None:
        """Returns what the person filled in, as far as a report may show it; None: it shows what belongs there."""
        if name in _NEVER_SHOWN or (self._redact and name not in _NAME_NOBODY):
            return None
        if isinstance(value, int):
            return value
        return (
            tuple(self._texts.shown(one) for one in value)
            if isinstance(value, tuple)
            else self._texts.shown(value)
        )
