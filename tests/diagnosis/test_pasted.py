"""What pasted outputs of commands say, held against outputs that were really made or written after vendors' pages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.known import KNOWN
from wizard.diagnosis.pasted.read import Output, read_output
from wizard.model.evidence import Value

OUTPUTS = Path(__file__).parents[1] / "data" / "outputs"
AT = datetime(2026, 11, 21, tzinfo=UTC)
FACTS = {fact.id: fact for fact in KNOWN.facts}

OPEN: dict[str, Value] = {"connect.status": "open"}
OFFERED: dict[str, Value] = {"tls.offered": True, "handshake.status": "ok"}
TLS_1_3: dict[str, Value] = {
    **OFFERED,
    "versions.tls1_3": True,
    "versions.modern": True,
    "handshake.version": "TLSv1.3",
}

SAYS: dict[str, dict[str, Value]] = {
    "s_client-postgresql-healthy": {**OPEN, **TLS_1_3, "trust.status": "trusted", "chain.length": 1},
    "s_client-mysql-self-generated": {**OPEN, **TLS_1_3, "chain.length": 2},
    "s_client-postgresql-without-tls": {**OPEN, "tls.offered": False},
    "s_client-mysql-without-tls": {**OPEN, "tls.offered": False},
    "s_client-refused": {"connect.status": "refused"},
    "s_client-no-such-host": {"resolve.status": "not-found"},
    "s_client-tls1_1-refused": {**OPEN, "tls.offered": True, "versions.tls1_1": False},
    "s_client-tls1_2-self-signed": {**OPEN, **OFFERED, "versions.tls1_2": True, "versions.modern": True},
    "s_client-1.0.2": {
        **OPEN, **OFFERED, "versions.tls1_0": True, "trust.status": "self-signed", "trust.verify_code": 18,
        "certificate.made_by": "server", "certificate.subject": "CN=SSL_Self_Signed_Fallback",
    },
    "s_client-wants-certificate": {
        **OPEN, **OFFERED, "handshake.client_certificate": "requested", "chain.length": 2,
        "certificate.subject": "CN=db01.corp.example,O=Corp,C=DE", "certificate.made_by": "other",
        "trust.status": "unknown-issuer", "validity.status": "valid",
    },
    "x509-text": {
        "certificate.names": ("DNS:localhost", "IP:127.0.0.1"), "names.status": "match", "key.strength": "ok",
        "signature.strength": "ok", "usage.status": "server-auth", "validity.status": "valid",
        "certificate.made_by": "other",
    },
    "x509-dates": {"validity.status": "valid", "validity.days_left": 335, "names.status": "match"},
    "x509-compat": {"certificate.subject": "CN=localhost", "validity.days_left": 335},
    "verify-fail": {"trust.status": "unknown-issuer", "trust.verify_code": 20},
    "verify-ok": {"trust.status": "trusted", "validity.status": "valid"},
    "nmap-postgresql": {
        **OPEN, **OFFERED, "versions.tls1_0": False, "versions.tls1_1": False, "versions.tls1_2": True,
        "versions.tls1_3": True, "versions.modern": True, "names.status": "match", "validity.status": "valid",
    },
    "nmap-expired": {**OPEN, "validity.status": "expired", "validity.days_left": -10},
    "nmap-closed": {"connect.status": "refused"},
    "nmap-self-generated": {**OPEN, **OFFERED, "certificate.made_by": "server"},
    "nmap-ms-sql-info": {**OPEN, "server.engine": "sqlserver", "server.version": "16.00.1000.00"},
    "sslscan-postgresql": {**OPEN, **TLS_1_3, "versions.tls1_0": False, "versions.tls1_2": True, "key.strength": "ok"},
    "nc-open": OPEN,
    "nc-refused": {"connect.status": "refused"},
    "nc-no-such-host": {"resolve.status": "not-found"},
    "getent-found": {"resolve.status": "ok", "resolve.addresses": ("127.0.0.1",)},
    "nslookup-none": {"resolve.status": "not-found"},
    "nslookup-windows": {"resolve.status": "ok", "resolve.addresses": ("192.0.2.10",)},
    "resolve-dnsname": {"resolve.status": "ok", "resolve.addresses": ("192.0.2.10",)},
    "resolve-dnsname-german": {"resolve.status": "not-found"},
    "test-netconnection-open": {**OPEN, "resolve.status": "ok"},
    "test-netconnection-failed": {"resolve.status": "ok"},
    "psql-aligned-on": {"tls.offered": True, "server.engine": "postgresql"},
    "psql-aligned-off": {"tls.offered": False},
    "psql-unaligned-on": {"tls.offered": True},
    "psql-expanded-off": {"tls.offered": False},
    "psql-settings": {"tls.offered": True},
    "psql-conninfo-tls": {**OPEN, **TLS_1_3, "handshake.cipher": "TLS_AES_256_GCM_SHA384"},
    "psql-conninfo-plain": {**OPEN, "server.engine": "postgresql"},
    "psql-pg_hba": {**OPEN, "server.engine": "postgresql"},
    "psql-german": {**OPEN, **TLS_1_3},
    "mariadb-table-required": {**TLS_1_3, "policy": "required", "certificate.made_by": "other"},
    "mariadb-table-optional": {**TLS_1_3, "policy": "optional", "validity.days_left": 335},
    "mariadb-table-disabled": {"tls.offered": False, "policy": "not-offered"},
    "mariadb-batch": {**TLS_1_3, "validity.status": "valid"},
    "mariadb-vertical-disabled": {"tls.offered": False},
    "mariadb-status-tls": {**OPEN, "tls.offered": True, "server.engine": "mariadb"},
    "mariadb-status-plain": {**OPEN, "server.version": "10.11.19-MariaDB-0+deb12u1"},
    "mysql-8.4-status": {**OPEN, "tls.offered": True, "server.engine": "mysql", "server.version": "8.4.3"},
    "errorlog-self-generated": {"certificate.made_by": "server", "tls.offered": True, "server.engine": "sqlserver"},
    "errorlog-chinese": {"certificate.made_by": "server"},
    "errorlog-linux": {"certificate.made_by": "other", "load.problem": "none"},
    "sqlcmd-readerrorlog": {"certificate.made_by": "other", "tls.offered": True},
    "errorlog-no-access": {"load.problem": "no-access", "symptom": "server-certificate-not-loaded"},
    "errorlog-portuguese": {"symptom": "server-certificate-not-loaded"},
    "errorlog-other-failure": {"server.engine": "sqlserver"},
    "dm_exec_connections": {"tls.offered": True, "policy": "optional"},
    "dm_exec_connections-shared": {},
    "certutil-store": {"validity.status": "valid", "certificate.subject": "CN=sql01.corp.example"},
    "certutil-store-german": {"validity.status": "expired", "certificate.made_by": "other"},
    "certutil-store-two": {},
    "certutil-verify-untrusted": {"trust.status": "unknown-issuer", "validity.status": "valid"},
    "certutil-verify-trusted": {"trust.status": "trusted"},
    "powershell-certificate": {
        "names.status": "match", "validity.status": "valid", "usage.status": "server-auth",
        "certificate.names": ("DNS:sql01.corp.example", "DNS:sql01"),
    },
    "powershell-two": {},
}  # fmt: skip

SAYS_NOTHING_OF: dict[str, tuple[str, ...]] = {
    "s_client-postgresql-healthy": ("certificate.subject", "names.status"),  # the PEM tells them
    "s_client-mysql-self-generated": ("trust.status", "certificate.made_by"),
    "s_client-postgresql-expired": ("trust.status", "validity.status"),
    "s_client-not-mysql": ("tls.offered", "handshake.status", "trust.status", "preamble.status"),
    "s_client-postgresql-without-tls": ("handshake.status", "trust.status"),
    "s_client-tls1_1-refused": ("handshake.status", "handshake.alert", "versions.modern", "trust.status"),
    "s_client-tls1_2-self-signed": ("handshake.version", "versions.tls1_3"),
    "s_client-1.0.2": ("versions.modern", "names.status", "validity.status"),
    "x509-compat": ("validity.status", "names.status"),
    "nmap-self-generated": ("names.status", "versions.tls1_0", "trust.status"),
    "nmap-ms-sql-info": ("tls.offered",),
    "nmap-closed": ("tls.offered",),
    "test-netconnection-failed": ("connect.status",),
    "psql-conninfo-plain": ("tls.offered",),
    "psql-pg_hba": ("tls.offered", "policy"),
    "mariadb-status-plain": ("tls.offered", "policy"),
    "errorlog-other-failure": ("symptom", "certificate.made_by", "load.problem"),
    "errorlog-no-access": ("certificate.made_by", "tls.offered"),
    "dm_exec_connections-shared": ("policy", "tls.offered"),
    "certutil-store": ("names.status", "trust.status"),
    "certutil-store-two": ("validity.status", "certificate.subject"),
    "powershell-two": ("validity.status", "certificate.subject"),
}


def read(name: str, server_name: str | None = None) -> Output:
    """Returns what one of the stored outputs says."""
    text = (OUTPUTS / f"{name}.txt").read_text(encoding="utf-8")
    windows = ("powershell", "certutil", "resolve", "nslookup")
    output = read_output(
        text,
        server_name=server_name or ("sql01.corp.example" if name.startswith(windows) else "localhost"),
        at=AT,
    )
    assert output is not None
    return output


def facts(output: Output) -> dict[str, Value | None]:
    """Returns the facts of an output by their id."""
    return {entry.fact: entry.value for entry in output.evidence}


@pytest.mark.parametrize("name", SAYS)
def test_an_output_says_what_is_in_it(name: str) -> None:
    """Each kind of output establishes its facts, as the person's own and with the command as the reason."""
    output = read(name)
    found = facts(output)
    assert {fact: found.get(fact) for fact in SAYS[name]} == SAYS[name]
    assert all(entry.source == "file" and entry.because for entry in output.evidence)


@pytest.mark.parametrize("name", SAYS_NOTHING_OF)
def test_what_an_output_does_not_say_stays_unknown(name: str) -> None:
    """No fact is made up from what an output leaves open."""
    assert not facts(read(name)).keys() & set(SAYS_NOTHING_OF[name])


@pytest.mark.parametrize("path", sorted(OUTPUTS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_value_is_one_of_the_knowledge(path: Path) -> None:
    """Facts have the type and the values that the knowledge folder declares."""
    for entry in read(path.stem).evidence:
        fact = FACTS[entry.fact]
        kinds = {"bool": bool, "int": int, "list": tuple}
        assert isinstance(entry.value, kinds.get(fact.type, str))
        assert not fact.choices or entry.value in [choice.value for choice in fact.choices]


@pytest.mark.parametrize("path", sorted(OUTPUTS.glob("*.txt")), ids=lambda path: path.stem)
@pytest.mark.parametrize("noise", ["crlf", "quoted", "coloured", "prompt"])
def test_noise_of_terminals_does_not_matter(path: Path, noise: str) -> None:
    """CRLF, a mail's quote marks, colours and a prompt before and after change nothing."""
    text = path.read_text(encoding="utf-8")
    noisy = {
        "crlf": text.replace("\n", "\r\n"),
        "quoted": "".join(f"> {line}\n" for line in text.splitlines()),
        "coloured": "".join(f"\x1b[0;32m{line}\x1b[0m\n" for line in text.splitlines()),
        "prompt": f"root@db01:~# \n{text}\nroot@db01:~# ",
    }[noise]
    name = "localhost"
    plain, other = read_output(text, server_name=name, at=AT), read_output(noisy, server_name=name, at=AT)
    assert plain is not None
    assert other is not None
    assert facts(other) == facts(plain)
    assert other.pem == plain.pem


@pytest.mark.parametrize(
    "name",
    ["s_client-tls1_2-self-signed", "errorlog-self-generated", "s_client-refused", "errorlog-no-access"],
)
def test_wrapped_lines_do_not_matter(name: str) -> None:
    """A terminal of 40 columns breaks lines inside of words; codes and sentences are found all the same."""
    text = (OUTPUTS / f"{name}.txt").read_text(encoding="utf-8")
    wrapped = "\n".join(
        line[start : start + 40] for line in text.splitlines() for start in range(0, len(line) or 1, 40)
    )
    output = read_output(wrapped, at=AT)
    assert output is not None
    told = {"connect.status", "certificate.made_by", "load.problem", "symptom"}
    assert {k: v for k, v in facts(output).items() if k in told} == {
        k: v for k, v in facts(read(name)).items() if k in told
    }


@pytest.mark.parametrize("text", [
    "", " \n\n", "hello", "SSL Provider: The certificate chain was issued by an authority that is not trusted.",
    "I ran openssl s_client and it did not work", "on", "Verify the certificate, then connect.", "1.2.3.4",
    "connection refused", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n",
    "EXEC sp_readerrorlog 0, 1, N'loaded for encryption';", "SHOW VARIABLES LIKE 'have_ssl';", "SHOW ssl;",
    "SELECT encrypt_option FROM sys.dm_exec_connections", "getent hosts sql01", "TLS is enabled",
])  # fmt: skip
def test_other_texts_are_no_output(text: str) -> None:
    """Prose, error texts, a private key and commands without their output are not recognised."""
    assert read_output(text, server_name="sql01", at=AT) is None


def test_the_name_and_the_time_decide() -> None:
    """Another name is a mismatch, and without a name or a time nothing is judged."""
    assert facts(read("x509-dates", "db02.corp.example"))["names.status"] == "mismatch"
    text = (OUTPUTS / "x509-dates.txt").read_text(encoding="utf-8")
    output = read_output(text)
    assert output is not None
    assert not facts(output).keys() & {"names.status", "validity.status", "validity.days_left"}


@pytest.mark.parametrize(("not_before", "not_after", "status"), [
    ("2/1/2020 7:02 AM", "3/12/2026 7:02 AM", None),  # 12 March or 3 December
    ("2/1/2020 7:02 AM", "3/10/2026 7:02 AM", "expired"),  # both are past
    ("22.10.2025 09:02", "22.10.2027 09:02", "valid"),
    ("22.10.2027 09:02", "22.10.2028 09:02", "not-yet-valid"),
    ("22.10.2568 09:02", "22.10.2570 09:02", None),  # the Buddhist calendar
    ("22.10.2025 09:02", "21.11.2026 09:02", None),  # today, in some time zone
])  # fmt: skip
def test_dates_of_windows_are_judged_only_where_all_readings_agree(
    not_before: str, not_after: str, status: str | None
) -> None:
    """Day and month may be the other way round and the time zone is not known: in doubt validity stays unknown."""
    output = read_output(f"Subject   : CN=a\nNotBefore : {not_before}\nNotAfter  : {not_after}\n", at=AT)
    assert output is not None
    assert facts(output).get("validity.status") == status


def test_a_list_of_names_that_is_cut_short_proves_no_mismatch() -> None:
    """Format-List ends a long list with dots, and leaves addresses out."""
    text = "Subject     : CN=a.corp.example\nDnsNameList : {a.corp.example, b, c, d...}\n"
    for name, status in (("a.corp.example", "match"), ("z.corp.example", None), ("192.0.2.1", None)):
        output = read_output(text, server_name=name, at=AT)
        assert output is not None
        assert facts(output).get("names.status") == status


def test_a_store_of_roots_is_not_the_certificate_of_the_server() -> None:
    """A root that is listed alone says nothing of the server's certificate."""
    text = (
        (OUTPUTS / "powershell-certificate.txt")
        .read_text(encoding="utf-8")
        .replace("LocalMachine\\My", "LocalMachine\\Root")
    )
    output = read_output(text, server_name="sql01.corp.example", at=AT)
    assert output is not None
    assert not output.evidence


def test_the_last_certificate_that_the_log_names_counts() -> None:
    """After a restart with a good certificate the fallback no longer matters, nor the other way round."""
    fallback, given = (
        (OUTPUTS / f"{name}.txt").read_text() for name in ("errorlog-self-generated", "errorlog-linux")
    )
    for text, made_by in ((fallback + given, "other"), (given + fallback, "server")):
        output = read_output(text)
        assert output is not None
        assert facts(output)["certificate.made_by"] == made_by


def test_contradictions_are_left_out() -> None:
    """Two outputs of different servers do not decide; what they agree on does."""
    on, off = ((OUTPUTS / f"psql-aligned-{state}.txt").read_text() for state in ("on", "off"))
    nc = (OUTPUTS / "nc-refused.txt").read_text()
    output = read_output((OUTPUTS / "psql-conninfo-tls.txt").read_text() + nc)
    assert output is not None
    assert "connect.status" not in facts(output)
    assert facts(output)["tls.offered"] is True
    first = read_output(on + off)
    assert first is not None
    assert facts(first)["server.engine"] == "postgresql"


def test_certificates_come_as_blocks() -> None:
    """PEM is handed on whole, each block once, and a private key never."""
    output = read("s_client-mysql-self-generated")
    assert len(output.pem) == 2
    assert output.whole
    text = (OUTPUTS / "s_client-private-ca.txt").read_text(encoding="utf-8")
    key = "-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----\n"
    with_key = read_output(text + key)
    assert with_key is not None
    assert "secret" not in "".join(with_key.pem)


def test_a_leaf_without_its_chain_is_not_whole() -> None:
    """Without -showcerts the leaf alone is in the output, though the server sent more; the output says how many."""
    text = (OUTPUTS / "s_client-mysql-self-generated.txt").read_text(encoding="utf-8")
    end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
    start, rest = text.index("-----BEGIN CERTIFICATE-----", end), text.rindex("-----END CERTIFICATE-----")
    output = read_output(text[:start] + text[rest + len("-----END CERTIFICATE-----") :])
    assert output is not None
    assert (len(output.pem), output.whole) == (1, False)
    assert facts(output)["chain.length"] == 2
    assert facts(output)["trust.status"] == "unknown-issuer"


def test_the_words_about_a_certificate_are_judged_like_the_certificate() -> None:
    """An inspection product in the issuer, a short key and SHA-1 are seen in words too; a good one has none of them."""
    bad = """subject=CN = db01
issuer=O = Zscaler Inc., CN = Zscaler Root CA
        Signature Algorithm: sha1WithRSAEncryption
            Public Key Algorithm: rsaEncryption
                Public-Key: (1024 bit)
"""
    good = bad.replace("Zscaler", "Corp").replace("sha1", "sha256").replace("1024", "3072")
    for text, expected in ((bad, ("inspector", "weak", "weak")), (good, ("other", "ok", "ok"))):
        output = read_output(text)
        assert output is not None
        found = facts(output)
        told = (found["certificate.made_by"], found["key.strength"], found["signature.strength"])
        assert told == expected
