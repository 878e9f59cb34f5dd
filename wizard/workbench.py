"""The workbench joins the rooms: knowledge, matcher, probes, walk and fixes. Both front ends talk to it alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING

import msgspec

from wizard.diagnosis.connection_string import Pairs
from wizard.diagnosis.findings import Finding, find
from wizard.diagnosis.match import Match, Matcher
from wizard.diagnosis.told import told_by
from wizard.diagnosis.walk import Ask, Step, Verdict, answered, next_step, probed
from wizard.errors import FileError, UsageError
from wizard.fixes.fill_in import filled_in
from wizard.fixes.render import RenderedFix, render_fix
from wizard.fixes.select import select
from wizard.fixes.values import Values, case_values
from wizard.model.case import Case
from wizard.model.evidence import Evidence, Source, Value, unknown
from wizard.model.knowledge import FactEntry, HowTo, Knowledge, Platform
from wizard.model.options import Options as Options
from wizard.model.target import ENGINES, Engine, Target
from wizard.model.text import nearest

if TYPE_CHECKING:
    from wizard.diagnosis.pasted.read import Output
    from wizard.model.login import Login
    from wizard.pki.trust import TrustStore


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a case: what was found, and what mends it."""

    case: Case
    match: Match | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    fixes: tuple[RenderedFix, ...]
    connections: int
    elapsed_ms: int


class Progress(msgspec.Struct, frozen=True):
    """One probe finished; `case` already holds what it found."""

    probe: str
    elapsed_ms: float
    case: Case
    evidence: tuple[Evidence, ...]


class Paste(msgspec.Struct, frozen=True):
    """What a person pasted in place of an answer: the output of a command, which may tell of many facts."""

    text: str


Answerer = Callable[[Ask], Evidence | Paste]
"""Answers a question in the person's place, says that the answer is unknown, or hands over what was pasted.

After a paste that does not answer it, the same question is asked again.
"""


def nobody(question: Ask) -> Evidence:
    """Answers every question with "unknown": nobody is there to be asked."""
    return unknown(question.fact.id, "assumed", "nobody was asked")


class Workbench:
    """Joins the rooms for one case. Keeps the number of connections opened, and what texts were found to mean."""

    def __init__(self, knowledge: Knowledge, options: Options) -> None:
        self.knowledge = knowledge
        self.options = options
        self.connections = 0
        self._matches: dict[str, Match] = {}

    def renewed(self, options: Options) -> Workbench:
        """Returns a workbench for another examination, which knows what this one has found texts to mean."""
        other = type(self)(self.knowledge, options)
        other._matches = self._matches
        return other

    def explain(self, text: str) -> Match:
        """Returns what an error text means."""
        if text not in self._matches:
            self._matches[text] = self._matcher.match(text)
        return self._matches[text]

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(self.knowledge)

    def open_case(
        self,
        *,
        target: Target | None = None,
        options: Pairs = (),
        error: str | None = None,
        client: str | None = None,
    ) -> Case:
        """Returns a new case with what the target, its options and the error text establish by themselves."""
        case = Case(target=target, client=client, error=error)
        if target is not None:
            case = answered(case, *told_by(target.host, options, self.knowledge.facts))
        if client is not None:
            case = answered(case, Evidence("client", client, "person"))
        if error is None:
            return case
        found = self.explain(error)
        case = answered(case, *found.establishes)
        if found.client is not None:
            case = answered(case, Evidence("client", found.client, "error-text"))
        if found.engine is not None and target is None:
            case = answered(case, Evidence("server.engine", found.engine, "error-text"))
        output = self._output(case, error)
        return self._adopted(case, output, "error-text") if output else case

    def paste(self, case: Case, text: str) -> Case:
        """Returns the case with what a pasted output of a command says; the same case where it says nothing.

        It counts as read from a file: what a probe measures now comes before it.

        Certificates in it are judged like those of a file, by the case's server name and the chosen roots and time.

        Raises:
            FileError: the files of the trust store cannot be read.
        """
        output = self._output(case, text)
        return self._adopted(case, output, "file") if output else case

    def answer(self, case: Case, fact: str, text: str) -> Case:
        """Returns the case with a person's answer, given as text: a value of the fact, or `unknown`.

        Raises:
            UsageError: there is no such fact, or it has no such value.
        """
        return answered(case, Evidence(fact, self._value(fact, text), "person"))

    def probes(self) -> tuple[str, ...]:
        """Returns the ids of the probes, in the order in which they are shown; loads what probing needs."""
        from wizard.probes.registry import PROBES

        return tuple(probe.id for probe in PROBES)

    def next_step(self, case: Case) -> Step:
        """Returns what the case needs next; a question comes with the commands that fit the case."""
        step = next_step(case, self.knowledge)
        if not isinstance(step, Ask):
            return step
        fact = msgspec.structs.replace(step.fact, how_to=self.how_to(case, step.fact.id))
        return msgspec.structs.replace(step, fact=fact)

    def how_to(self, case: Case, fact: str) -> tuple[HowTo, ...]:
        """Returns the ways to find a fact out that fit the case, with its values filled in.

        Raises:
            UsageError: there is no such fact.
        """
        engine = engine_of(case)
        ways = self._fact(fact).how_to
        return tuple(
            filled_in(how, case) for how in ways if not (how.engines and engine) or engine in how.engines
        )

    def probe(self, case: Case, cancelled: Event, only: frozenset[str] | None = None) -> Iterator[Progress]:
        """Runs the probes against the case's target and yields each as it finishes.

        Args:
            case: with a target.
            cancelled: set from elsewhere to end them.
            only: the ids of those that are wanted, with which those run that they build on; None: all.
        """
        # Probing needs cryptography and OpenSSL, which the other commands do without.
        from wizard.pki.certificate import describe_if_readable
        from wizard.probes.probe import Context, Counter
        from wizard.probes.registry import chosen
        from wizard.probes.run import run

        if case.target is None or not self.options.probing:
            yield Progress("none", 0.0, self.all_probed(case), ())
            return
        counter = Counter()
        context = Context(case.target, self._store(), self.options.at, self.options.seconds, counter)
        for finished in run(context, cancelled, chosen(only)):
            case = probed(answered(case, *finished.result.evidence), finished.probe.id)
            if finished.result.chain:
                described = (describe_if_readable(one) for one in finished.result.chain)
                chain = tuple(one for one in described if one is not None)
                case = msgspec.structs.replace(case, certificates=chain)
            self.connections = counter.opened
            yield Progress(finished.probe.id, finished.elapsed_ms, case, finished.result.evidence)

    def server_view(
        self, case: Case, login: Login, *, unverified_ok: bool = False, cancelled: Event | None = None
    ) -> Case:
        """Returns the case with what the server says of its own TLS to a login that the person gave.

        It logs in once, in a process of its own; what the login may not see stays unknown, with the reason.

        Args:
            case: with a target, and what the probes found.
            login: used once, and kept nowhere.
            unverified_ok: the person agreed to send it although nothing checks the certificate.
            cancelled: set from elsewhere to end it.
        """
        from wizard.probes.drivers.server_view import server_view

        if case.target is None:
            return case
        told = server_view(
            case.target,
            login,
            max(self.options.seconds, 10.0),
            port=case.port,
            ca_file=self.options.ca_file,
            served=case.certificates,
            strict=case.value("policy") == "strict-only",
            unverified_ok=unverified_ok,
            cancelled=cancelled,
        )
        return answered(case, *told)

    def diagnose(
        self,
        case: Case,
        ask: Answerer = nobody,
        watch: Callable[[Progress], None] = lambda progress: None,
        cancelled: Event | None = None,
    ) -> Diagnosis:
        """Walks a case to its end and returns the diagnosis.

        Args:
            case: where to start.
            ask: answers the questions that no probe can.
            watch: is told of each probe as it finishes, and of what a paste has told.
            cancelled: set from elsewhere to end the probes; what they would have found stays unknown.
        """
        began = time.monotonic()
        while not isinstance(step := self.next_step(case), Verdict):
            if isinstance(step, Ask):
                answer = ask(step)
                if isinstance(answer, Paste):
                    before, case = case, self.paste(case, answer.text)
                    watch(Progress("paste", 0.0, case, _new(before, case)))
                else:
                    case = answered(case, answer)
                continue
            for progress in self.probe(case, cancelled or Event()):
                watch(progress)
                case = progress.case
            case = self.all_probed(case)
        return self.conclude(case, step, round((time.monotonic() - began) * 1000))

    def all_probed(self, case: Case) -> Case:
        """Returns the case with no probe left to run: what one would have found stays unknown."""
        return probed(case, *(fact.probe for fact in self.knowledge.facts if fact.probe))

    def conclude(self, case: Case, verdict: Verdict, elapsed_ms: int) -> Diagnosis:
        """Returns the diagnosis of a case whose walk has ended in `verdict`."""
        return Diagnosis(
            case=case,
            match=self.explain(case.error) if case.error else None,
            verdict=verdict,
            findings=find(case, self.knowledge, engine_of(case)),
            fixes=self.fixes(case, verdict.cause.id) if verdict.cause else (),
            connections=self.connections,
            elapsed_ms=elapsed_ms,
        )

    def fixes(
        self, case: Case, cause: str, platform: Platform | None = None, filled: Values | None = None
    ) -> tuple[RenderedFix, ...]:
        """Returns the fixes of a cause, rendered with what the case knows.

        Args:
            case: the case.
            cause: the id of the cause.
            platform: leaves out the fixes for its rivals.
            filled: what the person filled in; it comes before what the case knows.
        """
        values = self.values(case, filled)
        chosen = select(
            cause,
            engine_of(case),
            self.knowledge,
            platform=platform,
            client=case.client,
            facts=case.facts(),
        )
        pages = {source.id: source.url for source in self.knowledge.sources}
        return tuple(
            msgspec.structs.replace(
                render_fix(fix, values), sources=tuple(url for one in fix.sources if (url := pages.get(one)))
            )
            for fix in chosen
        )

    def values(self, case: Case, filled: Values | None = None) -> Values:
        """Returns what the fixes of a case are rendered with; what the person filled in comes first."""
        # A file that did not make the certificate trusted is not the one to install.
        useful = self.options.ca_file is not None and case.value("trust.status") in (None, "trusted")
        ca_file = str(self.options.ca_file) if useful else None
        return {**case_values(case, ca_file), **(filled or {})}

    def _output(self, case: Case, text: str) -> Output | None:
        from wizard.diagnosis.pasted.read import read_output

        name = case.target.server_name if case.target else None
        return read_output(text, server_name=name, at=self.options.at)

    def _adopted(self, case: Case, output: Output, source: Source) -> Case:
        """Returns the case with what an output says; `source` is who it speaks for, except for its certificates."""
        said = (msgspec.structs.replace(entry, source=source) for entry in output.evidence)
        # What the client complains of comes first; a log of the server tells it where nothing else does.
        kept = (entry for entry in said if entry.fact != "symptom" or case.value("symptom") is None)
        case = answered(case, *kept)
        return self._with_certificates(case, output) if output.pem else case

    def _with_certificates(self, case: Case, output: Output) -> Case:
        from wizard.pki.certificate import describe_if_readable
        from wizard.pki.evidence import FACTS, chain_evidence
        from wizard.pki.read import read_certificates

        try:
            chain = read_certificates("".join(output.pem).encode(), name="the pasted output")
        except FileError as error:
            why = error.message.rstrip(".")
            return answered(case, *(unknown(fact, "file", why) for fact in FACTS))
        name = case.target.server_name if case.target else None
        judged = chain_evidence(
            chain, server_name=name, store=self._store(), at=self.options.at, source="file"
        )
        # Where the server sent more than is here, trust and length would be those of a part of the chain.
        part = () if output.whole else ("chain.length", "trust.status", "trust.verify_code")
        case = answered(case, *(entry for entry in judged if entry.fact not in part))
        if any(entry.fact == "certificate.subject" and entry.source == "probe" for entry in case.evidence):
            return case
        described = (describe_if_readable(one) for one in chain)
        return msgspec.structs.replace(case, certificates=tuple(one for one in described if one is not None))

    def _store(self) -> TrustStore:
        from wizard.pki.trust import TrustStore

        return TrustStore.from_file(self.options.ca_file) if self.options.ca_file else TrustStore.system()

    def _fact(self, wanted: str) -> FactEntry:
        known = {entry.id: entry for entry in self.knowledge.facts}
        if wanted not in known:
            suggestion = nearest(wanted, tuple(known))
            raise UsageError(
                f"There is no fact '{wanted}'{suggestion or '.'}", hint="See: dbtls knowledge facts"
            )
        return known[wanted]

    def _value(self, fact: str, text: str) -> Value | None:
        entry = self._fact(fact)
        return None if text == "unknown" else _parse(entry, text)


def engine_of(case: Case) -> Engine | None:
    """Returns the database: what the server says it is, else what the target or the error text says."""
    told = case.value("server.engine")
    for engine in ENGINES:
        if told == engine:
            return engine
    return case.target.engine if case.target else None


def _new(before: Case, after: Case) -> tuple[Evidence, ...]:
    """Returns the known evidence that `after` has and `before` has not."""
    return tuple(entry for entry in after.evidence if entry.known and entry not in before.evidence)


def _parse(fact: FactEntry, text: str) -> Value:
    if fact.type == "bool":
        words = {"true": True, "yes": True, "false": False, "no": False}
        if text.lower() in words:
            return words[text.lower()]
        raise UsageError(f"'{fact.id}' is true, false or unknown.")
    if fact.type == "int":
        try:
            return int(text)
        except ValueError as error:
            raise UsageError(f"'{fact.id}' is a whole number.") from error
    if fact.type == "list":
        return tuple(part.strip() for part in text.split(","))
    values = tuple(str(choice.value) for choice in fact.choices)
    if values and text not in values:
        raise UsageError(
            f"'{fact.id}' has no such value.", hint=f"It is one of: {', '.join(values)}, unknown."
        )
    return text
