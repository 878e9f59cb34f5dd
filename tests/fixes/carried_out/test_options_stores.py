"""The files that recipes for clients make first: a store of roots, one of a certificate, and checks of a machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import FIXES, carries_out, rendered
from tests.fixes.carried_out.connecting import shelled
from tests.servers.certificates import make_certificate
from tests.thorough import one_of_each
from wizard.fixes.render import example_values
from wizard.fixes.values import Given

PASSWORD = "-storepass secret1 -storetype"
"""keytool asks a person for it."""

needs_keytool = pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool is not installed")


def first_with(name: str, word: str, values: dict[str, Given]) -> str:
    """The step of a fix that holds a word, with the password that a person would type."""
    fix = rendered(name, **{**example_values(FIXES[name]), **values})
    text = next(step.text for step in fix.steps if word in step.text)
    text = text.replace("-storetype", PASSWORD).replace("-importcert", "-importcert -noprompt")
    return text.replace("-export", "-export -passout pass:secret1")


@needs_keytool
@carries_out(
    "jdbc-trust-store",
    "connector-j-verify-identity",
    "connector-j-verify-ca",
    "connector-j-automatic-ca",
    "connector-j-encryption-on",
    "jtds-verify-full",
)
@pytest.mark.parametrize(
    "name",
    one_of_each(
        ["jdbc-trust-store", "connector-j-verify-identity", "connector-j-automatic-ca", "jtds-verify-full"]
    ),
)
def test_the_ca_is_put_into_a_store_once(name: str, tmp_path: Path) -> None:
    """The first run imports it, the second one says that it is there; a missing file is told."""
    file, store = tmp_path / "ca.pem", tmp_path / "trust.p12"
    values: dict[str, Given] = {"ca_file": str(file), "trust_store": str(store)}
    text = first_with(name, "keytool -importcert", values)
    said = shelled(text, tmp_path)
    assert said is not None
    assert "The CA was not imported" in said
    file.write_bytes(make_certificate().anchor)
    assert shelled(text, tmp_path) is None
    before = store.read_bytes()
    assert shelled(f"{text} | grep -q 'in the store already'", tmp_path) is None
    assert store.read_bytes() == before


@needs_keytool
@carries_out(
    "pgjdbc-client-certificate",
    "connector-j-client-certificate",
    "mariadb-connector-j-client-certificate",
    "mariadb-connector-j-2-client-certificate",
)
@pytest.mark.parametrize("name", ["pgjdbc-client-certificate", "connector-j-client-certificate"])
def test_a_client_certificate_for_java_is_one_file(name: str, tmp_path: Path) -> None:
    """Certificate and key become one entry that keytool lists, for its owner only; a strange key does not."""
    made = make_certificate()
    certificate, key, store = tmp_path / "c.pem", tmp_path / "k.pem", tmp_path / "user.p12"
    certificate.write_bytes(made.chain)
    key.write_text("no key")
    values: dict[str, Given] = {
        "client_certificate": str(certificate),
        "client_key": str(key),
        "key_store": str(store),
    }
    text = first_with(name, "openssl pkcs12", values)
    said = shelled(text, tmp_path)
    assert said is not None
    assert "There is no store" in said
    key.write_bytes(made.key)
    assert shelled(f"{text} | grep -q PrivateKeyEntry", tmp_path) is None
    assert store.stat().st_mode & 0o777 == 0o600


@carries_out("freetds-encryption-on")
def test_freetds_without_tls_is_noticed(tmp_path: Path) -> None:
    """Where tsql says that it has TLS the check is content; else it says what to do."""
    check = rendered("freetds-encryption-on", server_name="db", port=1433).steps[0].text
    for answer, good in (("yes", True), ("no", False)):
        program = tmp_path / "tsql"
        program.write_text(f"#!/bin/sh\necho '  OpenSSL: {answer}'\necho '  GnuTLS: no'\n")
        program.chmod(0o755)
        said = shelled(f'PATH="$HOME:$PATH"\n{check}', tmp_path)
        assert (said is None) == good
        assert good or "install the one of your system" in str(said)


@carries_out("sqlx-pg-encryption-on", "sqlx-mysql-encryption-on")
@pytest.mark.parametrize("name", ["sqlx-pg-encryption-on", "sqlx-mysql-encryption-on"])
def test_sqlx_without_tls_is_noticed(name: str, tmp_path: Path) -> None:
    """Where the tree of features has one of TLS the check is content; else it says what to do."""
    check = first_with(name, "cargo tree", {})
    for answer, good in (('sqlx-core feature "_tls-rustls"', True), ("sqlx-core v0.9.0", False)):
        program = tmp_path / "cargo"
        program.write_text(f"#!/bin/sh\necho '{answer}'\n")
        program.chmod(0o755)
        said = shelled(f'PATH="$HOME:$PATH"\n{check}', tmp_path)
        assert (said is None) == good
        assert good or "build it anew" in str(said)


@carries_out("libpq-verify-full", "pgjdbc-verify-full")
def test_a_ca_file_without_a_certificate_is_noticed(tmp_path: Path) -> None:
    """The step that shows whose root it is fails where there is none, and says whom to ask."""
    file = tmp_path / "ca.pem"
    values: dict[str, Given] = {"ca_file": str(file)}
    text = first_with("libpq-verify-full", "openssl x509", values)
    file.write_text("nothing")
    assert "ask the administrator of the CA" in str(shelled(text, tmp_path))
    file.write_bytes(make_certificate().anchor)
    assert shelled(text, tmp_path) is None


@carries_out("connect-by-presented-name")
def test_a_name_without_an_address_is_noticed(tmp_path: Path) -> None:
    """A name that leads nowhere is told; one that has an address is shown."""
    for name, good in (("localhost", True), ("no-such-name.invalid", False)):
        text = rendered("connect-by-presented-name", presented_name=name).steps[0].text
        said = shelled(text.replace("nslookup", "false"), tmp_path)
        assert (said is None) == good
        assert good or "has no address here" in str(said)
