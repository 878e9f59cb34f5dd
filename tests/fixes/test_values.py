"""What goes into commands: from the case, from the certificate, and from what a person types."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wizard.diagnosis.walk import answered
from wizard.errors import UsageError
from wizard.fixes.render import render_fix
from wizard.fixes.values import Given, case_values, read_value
from wizard.model.case import Case
from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence
from wizard.model.knowledge import FixEntry, Parameter, ParameterKind, Shell, StepEntry
from wizard.model.target import Target

SHELL: Shell = "powershell"
SHA1 = "a909502dd82ae41433e6f83886b00d4277a32a7b"


def certificate(*sans: str) -> Certificate:
    """A certificate with these alternative names."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Certificate(
        subject="CN=old",
        issuer="CN=CA",
        common_name="old",
        sans=sans,
        not_before=at,
        not_after=at,
        sha1=SHA1,
        sha256="00",
        key="RSA 2048",
        signature="sha256",
        self_signed=False,
        der=b"",
        key_bits=2048,
        version=3,
        serial=1,
        is_ca=False,
        usages=("server-auth",),
    )


def names(host: str, server_name: str | None = None, *sans: str, made_by: str = "other") -> Given:
    """The names that a new certificate gets."""
    target = Target(engine="sqlserver", host=host, server_name=server_name or host)
    case = Case(target=target, certificates=(certificate(*sans),) if sans else ())
    return case_values(answered(case, Evidence("certificate.made_by", made_by, "probe"))).get("names", ())


def test_the_names_are_those_that_clients_use() -> None:
    """The full name, the short one, and an alias under which the server is reached."""
    assert names("sql01.corp.example") == ("sql01.corp.example", "sql01")
    assert names("alias.corp.example", "sql01.corp.example") == (
        "sql01.corp.example",
        "alias.corp.example",
        "sql01",
    )


def test_an_address_is_in_only_where_it_is_used() -> None:
    """As the name that the client uses, not as the way there, and not because an old certificate had one."""
    assert names("192.0.2.7") == ("192.0.2.7",)
    assert names("192.0.2.7", "sql01") == ("sql01",)
    assert names("sql01", None, "IP:192.0.2.9", "DNS:sql01") == ("sql01",)


def test_names_of_the_old_certificate_stay_unless_the_server_made_them_up() -> None:
    """Other clients may use them; a certificate that the server made for itself says nothing about that."""
    assert names("sql01", None, "DNS:listener.corp.example") == ("sql01", "listener.corp.example")
    assert names("sql01", None, "DNS:SSL_Self", made_by="server") == ("sql01",)


def test_no_hostile_name_of_a_certificate_gets_into_a_new_one() -> None:
    """What cannot be a host name is left out, and a flood of names is cut."""
    assert names("sql01", None, 'DNS:x"; calc', "DNS:a\u202eb", "DNS:-o") == ("sql01",)
    many = tuple(f"DNS:n{number}.example" for number in range(1000))
    taken = names("sql01", None, *many)
    assert isinstance(taken, tuple)
    assert len(taken) == 51


@pytest.mark.parametrize(
    ("host", "hoster", "told"),
    [
        ("shop.postgres.database.azure.com", "azure", {"azure_server": "shop"}),
        ("shop.c1.eu-west-1.rds.amazonaws.com", "amazon", {"rds_instance": "shop"}),
        ("shop.neon.tech", "other-cloud", {}),
        ("shop.corp.example", "own", {}),
        ("shop.corp.example", None, {}),
    ],
)
def test_a_providers_server_is_known_by_its_name(host: str, hoster: str | None, told: dict[str, str]) -> None:
    """The provider's commands get the name that it goes by there; of another server nothing is guessed."""
    case = Case(target=Target(engine="postgresql", host=host, server_name=host))
    values = case_values(answered(case, Evidence("server.hoster", hoster, "person")))
    wanted = {**told, **({"hosted_name": host} if told else {})}
    assert {
        name: values[name] for name in ("azure_server", "rds_instance", "hosted_name") if name in values
    } == wanted


def parameter(kind: ParameterKind) -> Parameter:
    """A parameter of a kind."""
    return Parameter(id="value", meaning="your value", kind=kind, example="x")


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("hex", f"\u200e{SHA1.upper()}", SHA1.upper()),
        ("hex", " a9 09 50:2d\u00a0d8\u200b ", "a909502dd8"),
        ("hosts", "db01, db01.corp.example;192.0.2.7 db01", ("db01", "db01.corp.example", "192.0.2.7")),
        ("port", " 1433\n", 1433),
        ("path", "/tmp/a b'c.pem\n", "/tmp/a b'c.pem"),
        ("text", "CA01\\Corp CA", "CA01\\Corp CA"),
    ],
)
def test_what_is_typed_is_read(kind: ParameterKind, typed: str, value: Given) -> None:
    """Thumbprints lose what their window adds to them, lists are divided, line ends go."""
    assert read_value(typed, parameter(kind)) == value


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("hex", "0x12"),
        ("hosts", "db01 $(id)"),
        ("hosts", ""),
        ("port", "1433;"),
        ("path", "-rf"),
        ("path", ""),
        ("name", "X; calc"),
        ("text", "a\u202eb"),
        ("text", "a\x1b[31mb"),
        ("text", ""),
    ],
)
def test_what_cannot_stand_there_is_refused_with_the_reason(kind: ParameterKind, typed: str) -> None:
    """The twin: the sentence names what is asked for and never repeats a control character."""
    with pytest.raises(UsageError) as caught:
        read_value(typed, parameter(kind))
    assert "<your value>" in caught.value.message
    assert caught.value.hint
    assert caught.value.message.isprintable()


def test_a_thumbprint_of_a_case_is_cleaned_too() -> None:
    """Whatever brings it, no invisible sign reaches a command."""
    fix = FixEntry(
        id="a-fix",
        causes=("name-mismatch",),
        tier="permanent",
        title="Mend it",
        engines=("sqlserver",),
        platform="any-server",
        parameters=(Parameter(id="thumbprint", meaning="thumbprint", kind="hex", example=SHA1),),
        steps=(StepEntry(title="Do it", run_on="server", shell=SHELL, text="{{ thumbprint }}"),),
        changes=("names.status",),
        sources=("CFGENC",),
    )
    rendered = render_fix(fix, {"thumbprint": f"\u200e{SHA1}"})
    assert rendered.steps[0].text == f"'{SHA1}'"
    assert rendered.missing == ()
