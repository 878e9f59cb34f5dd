"""The trainee's walk beside the measured one, as a pure function of the case and the answers."""

from __future__ import annotations

import pytest

from tests.known import KNOWN
from wizard.diagnosis.grade import Grade, exercise_step, grade
from wizard.model.case import Case
from wizard.model.evidence import Evidence, Value
from wizard.model.knowledge import CauseEntry, FactEntry

NINE = [
    "connect.status",
    "certificate.made_by",
    "encoding.status",
    "validity.status",
    "names.status",
    "usage.status",
    "key.strength",
    "signature.strength",
    "trust.status",
]
"""What is asked where the certificate is looked at to its end."""


def measured(*changed: Evidence, **values: Value | None) -> Case:
    """Returns the case of a PostgreSQL server in order, but for some facts; `__` in a name stands for a dot."""
    facts: dict[str, Value | None] = {fact.id: fact.normal for fact in KNOWN.facts if fact.probe}
    facts |= {"server.engine": "postgresql"} | {name.replace("__", "."): one for name, one in values.items()}
    known = (Evidence(fact, value, "probe") for fact, value in facts.items() if value is not None)
    return Case(evidence=(*changed, *known))


EXPIRED = measured(validity__status="expired")


def walked(case: Case, **wrong: Value | None) -> tuple[dict[str, Value | None], CauseEntry | None]:
    """Answers as measured, but for `wrong`; returns all answers in their order, and the cause that they end at."""
    answers: dict[str, Value | None] = {}
    given = {name.replace("__", "."): value for name, value in wrong.items()}
    while isinstance(step := exercise_step(case, answers, KNOWN), FactEntry):
        answers[step.id] = given.get(step.id, case.value(step.id))
    return answers, step


def graded(case: Case, named: str | None = None, fix: str | None = None, **wrong: Value | None) -> Grade:
    """Returns the grade of such a walk."""
    return grade(case, walked(case, **wrong)[0], named, fix, KNOWN)


def test_a_fault_of_the_certificate_is_asked_in_the_order_of_the_tree() -> None:
    """One question about the port, then the certificate's up to the one that decides; a healthy one has all nine."""
    answers, end = walked(EXPIRED)
    assert (list(answers), end and end.id) == (NINE[:4], "certificate-expired")
    answers, end = walked(measured())
    assert (list(answers), end and end.id) == (NINE, "healthy")


def test_a_fault_of_the_connection_is_asked_in_full() -> None:
    """The twin: nothing about the certificate then, even where it was measured."""
    answers, end = walked(measured(versions__modern=False, key__strength="weak"))
    assert end is not None
    assert end.id == "legacy-tls-only"
    assert list(answers) == [
        "connect.status",
        "preamble.status",
        "tls.offered",
        "handshake.status",
        "versions.modern",
    ]


def test_name_service_and_instance_are_asked_only_where_they_fail() -> None:
    """They are no question about a server that was reached."""
    answers, _ = walked(measured(resolve__status="not-found"))
    assert list(answers) == ["resolve.status"]
    assert "resolve.status" not in walked(EXPIRED)[0]


def test_what_was_not_measured_is_not_asked() -> None:
    """What the error text tells counts as it is; one about the client's roots ends the walk before the certificate."""
    told = (
        Evidence("symptom", "ca-file-unusable", "error-text"),
        Evidence("client.roots", "file-missing", "error-text"),
    )
    answers, end = walked(measured(*told))
    assert end is not None
    assert end.id == "ca-file-unusable"
    assert "client.roots" not in answers
    assert "symptom" not in answers


def test_right_answers_have_no_wrong_turn() -> None:
    """Each step is correct and says who measured it."""
    done = graded(EXPIRED, "certificate-expired", "postgresql-issue-certificate")
    assert [step.correct for step in done.steps] == [True] * 4
    assert (done.first_wrong, done.cause_right, done.fix_right) == (None, True, True)
    assert {(step.source, step.words) for step in done.steps} == {("probe", None)}
    assert done.led_to == done.right_cause


def test_a_wrong_answer_is_followed_to_its_end() -> None:
    """The tree goes on with the trainee's answer, and the grade says what was measured and where it led."""
    case = measured(
        Evidence("names.status", "mismatch", "probe", "the certificate is for sql02.corp.example"),
        names__status=None,
        names__used="sql01",
    )
    done = graded(case, "healthy", names__status="match")
    assert len(done.steps) == len(NINE)
    assert done.led_to is not None
    assert done.led_to.id == "healthy"
    assert done.first_wrong is not None
    assert (done.first_wrong.fact, done.first_wrong.given, done.first_wrong.right) == (
        "names.status",
        "match",
        "mismatch",
    )
    assert done.first_wrong.words == (
        'You said "The certificate is for the name that the client uses", but it is "The certificate is for other '
        'names": the certificate is for sql02.corp.example, and the client asks for sql01. With your answer the tree '
        'goes to "Nothing is wrong with this server\'s TLS as seen from here".'
    )
    assert not done.cause_right


def test_not_knowing_is_an_answer_but_no_right_one() -> None:
    """It leads on, so the cause stays open, and says so."""
    done = graded(EXPIRED, None, validity__status=None)
    assert done.first_wrong is not None
    assert done.first_wrong.words is not None
    assert done.first_wrong.words.startswith('You did not know, but it is "Expired".')
    assert done.led_to is None
    assert "can name no cause" in done.first_wrong.words


def test_each_wrong_turn_says_what_it_did_on_the_trainees_own_way() -> None:
    """Of two, the first leads past the expiry, and the second from there to the name."""
    done = graded(EXPIRED, None, validity__status="valid", names__status="mismatch")
    first, second = (step.words for step in done.steps if not step.correct)
    assert first is not None
    assert second is not None
    assert "Nothing is wrong" in first
    assert "for another name" in second


def test_a_wrong_answer_that_leads_to_the_same_cause_is_said_to_do_no_harm() -> None:
    """The client's text tells of the name as well."""
    told = Evidence("symptom", "name-mismatch", "error-text")
    done = graded(measured(told, names__status="mismatch"), "name-mismatch", names__status="match")
    assert done.first_wrong is not None
    assert done.first_wrong.words is not None
    assert done.first_wrong.words.endswith("Here it makes no difference to where the tree leads.")
    assert done.cause_right


def test_answers_beside_the_way_do_not_count() -> None:
    """Neither those that the walk never came to, nor those about what is never asked."""
    answers: dict[str, Value | None] = {
        "connect.status": "refused",
        "trust.status": "self-signed",
        "symptom": "x",
    }
    done = grade(EXPIRED, answers, "port-closed", None, KNOWN)
    assert [step.fact for step in done.steps] == ["connect.status"]
    assert done.led_to is not None
    assert done.led_to.id == "port-closed"


def test_a_cause_that_is_there_too_is_told_from_one_that_is_not() -> None:
    """The tree says what to mend first; the other faults are faults all the same."""
    both = measured(validity__status="expired", names__status="mismatch")
    assert "not what to mend first" in graded(both, "name-mismatch").cause_words
    assert "not what to mend first" not in graded(EXPIRED, "name-mismatch").cause_words
    assert (
        "Your answers lead elsewhere"
        in graded(both, "certificate-expired", validity__status="valid").cause_words
    )


@pytest.mark.parametrize(
    ("fix", "mark", "words"),
    [
        ("postgresql-issue-certificate", "right", "for good"),
        ("libpq-require", "wrong", "A bypass switches the protection off."),
        ("postgresql-enable-tls-1-2", "wrong", "It mends something else"),
        ("mysql-issue-certificate", "wrong", "another database"),
        ("clock-set-right", "works", "nothing shows them"),
        (None, "wrong", "You picked no fix."),
    ],
)
def test_the_fix_is_judged_by_its_cause_and_tier(fix: str | None, mark: str, words: str) -> None:
    """Only a permanent fix of this very cause is right; each other one is told what would be."""
    done = graded(EXPIRED, "certificate-expired", fix)
    assert (done.fix_mark, done.fix_right) == (mark, mark == "right")
    assert words in done.fix_words
    assert mark == "right" or "The permanent fix: " in done.fix_words


def test_an_intermediate_fix_works_but() -> None:
    """It keeps the protection, so it is neither right nor wrong."""
    case = measured(trust__status="unknown-issuer")
    assert graded(case, "private-ca-not-trusted", "trust-debian").fix_mark == "right"
    done = graded(case, "private-ca-not-trusted", "trust-windows-user")
    assert (done.fix_mark, done.fix_words[:12]) == ("works", "It works, bu")


def test_a_healthy_server_needs_no_fix() -> None:
    """Picking none is right there, and picking one is not."""
    assert graded(measured(), "healthy", None).fix_right
    assert graded(measured(), "healthy", "postgresql-issue-certificate").fix_mark == "wrong"


def test_a_cause_or_fix_that_does_not_exist_is_an_error() -> None:
    """A screen can only offer those that exist."""
    with pytest.raises(KeyError):
        graded(EXPIRED, "no-such-cause")
    with pytest.raises(KeyError):
        graded(EXPIRED, "certificate-expired", "no-such-fix")


def test_the_words_of_a_server_cannot_act_on_the_screen() -> None:
    """What was read from a certificate is made safe."""
    case = measured(Evidence("names.status", "mismatch", "probe", "for \x1b[2J"), names__status=None)
    done = graded(case, None, names__status="match")
    assert done.first_wrong is not None
    assert "\x1b" not in (done.first_wrong.words or "\x1b")
