"""`--make-certificate`: the folder's files, their rights, and what is never replaced."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.cli.command import dbtls
from wizard.cli.terminal import Exit
from wizard.errors import FileError, UsageError
from wizard.made_certificate import Made, make_certificate

NOW = datetime.now(UTC)
TARGET = "mariadb://db01.corp.example"
FIX = ("fix", "self-generated-certificate", TARGET, "--platform", "linux-server")


def made(folder: Path, **options: bool) -> Made:
    """A certificate for one name."""
    return make_certificate(folder, ("db01",), "postgresql", NOW, over=options.get("over", False))


def mode(file: Path) -> int:
    """The rights on a file."""
    return stat.S_IMODE(file.stat().st_mode)


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The folder and both keys; the certificates may be read by all, since servers and clients have to."""
    folder = tmp_path / "new" / "ca"
    made(folder)
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.iterdir()} == {
        "root-ca.pem": 0o644,
        "root-ca.key": 0o600,
        "server.pem": 0o644,
        "server.key": 0o600,
    }


def test_a_second_call_keeps_the_root_and_asks_before_it_replaces(tmp_path: Path) -> None:
    """Clients that trust the root go on to; the server's files are replaced only where that was said."""
    first = made(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="already"):
        made(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    again = made(tmp_path, over=True)
    after = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert (first.new_root, again.new_root) == (True, False)
    assert {name for name in after if after[name] != before[name]} == {"server.pem", "server.key"}
    x509.load_pem_x509_certificate(after["server.pem"]).verify_directly_issued_by(
        x509.load_pem_x509_certificate(after["root-ca.pem"])
    )


def test_sql_server_gets_what_windows_imports(tmp_path: Path) -> None:
    """A PKCS#12 beside the PEM files, for its owner alone."""
    one = make_certificate(tmp_path, ("sql01",), "sqlserver", NOW, over=False)
    assert one.values["made pfx"] == str(tmp_path / "server.pfx")
    assert mode(tmp_path / "server.pfx") == 0o600


def test_the_commands_name_the_folder_wherever_they_are_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative folder stands in them with its whole path."""
    monkeypatch.chdir(tmp_path)
    assert made(Path("ca")).values["made certificate"] == str(tmp_path / "ca" / "server.pem")


@pytest.mark.parametrize("lost", ["root-ca.key", "root-ca.pem"])
def test_half_a_root_is_not_replaced(tmp_path: Path, lost: str) -> None:
    """Whoever has lost a file of it decides what to do."""
    made(tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(FileError, match="without"):
        made(tmp_path, over=True)


def test_a_foreign_or_expired_root_is_not_used(tmp_path: Path) -> None:
    """A key that is no key, or a root that has ended, issues nothing."""
    made(tmp_path / "a")
    (tmp_path / "a" / "root-ca.key").write_text("no key")
    with pytest.raises(FileError, match="cannot be used"):
        made(tmp_path / "a", over=True)
    make_certificate(tmp_path / "b", ("db01",), None, NOW - timedelta(days=4000), over=False)
    with pytest.raises(FileError, match="expired"):
        made(tmp_path / "b", over=True)


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    """A file elsewhere is not written through it."""
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "server.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError):
        made(tmp_path / "ca", over=True)
    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_the_command_makes_it_fills_it_in_and_prints_no_key(tmp_path: Path) -> None:
    """The fixes name its files; nothing of a key is on stdout or stderr."""
    ran = dbtls(*FIX, "--make-certificate", str(tmp_path / "ca"), "--json")
    assert ran.status == Exit.FINE, ran.err
    one = ran.json["made"]
    assert isinstance(one, dict)
    assert one["names"] == ["db01.corp.example", "db01"]
    fixes = ran.json["fixes"]
    assert isinstance(fixes, list)
    texts = "\n".join(str(step["text"]) for fix in fixes for step in fix["steps"])
    assert str(tmp_path / "ca" / "server.pem") in texts
    told = dbtls(*FIX, "--make-certificate", str(tmp_path / "ca2"))
    for key in ("ca/root-ca.key", "ca/server.key", "ca2/root-ca.key", "ca2/server.key"):
        line = (tmp_path / key).read_text().splitlines()[1]
        assert line not in ran.out + ran.err + told.out + told.err
    assert "PRIVATE KEY" not in told.out


def test_the_command_refuses_what_would_do_harm_or_no_good(tmp_path: Path) -> None:
    """Without a terminal nothing is replaced; where no certificate helps, or no name is known, none is made."""
    folder = str(tmp_path / "ca")
    assert dbtls(*FIX, "--make-certificate", folder).status == Exit.FINE
    again = dbtls(*FIX, "--make-certificate", folder)
    assert (again.status, again.out) == (Exit.USAGE, "")
    assert "--overwrite" in again.err
    assert dbtls(*FIX, "--make-certificate", folder, "--overwrite").status == Exit.FINE
    useless = dbtls("fix", "port-closed", TARGET, "--make-certificate", str(tmp_path / "no"))
    assert useless.status == Exit.USAGE
    slip = dbtls(*FIX, "--make-certificate", str(tmp_path / "no"), "--id", "mariadb-instal-certificate-files")
    assert slip.status == Exit.USAGE
    nameless = dbtls("fix", "self-generated-certificate", "--make-certificate", str(tmp_path / "no"))
    assert nameless.status == Exit.USAGE
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("year", [1, 1940, 1950, 9901, 9999])
def test_a_time_that_no_certificate_has_is_refused(year: int, tmp_path: Path) -> None:
    """Nothing is made for it; at the edges of what is possible it is."""
    with pytest.raises(UsageError, match="1951 to 9900"):
        make_certificate(
            tmp_path / "ca", ("sql01",), "postgresql", datetime(year, 6, 1, tzinfo=UTC), over=False
        )
    assert not (tmp_path / "ca").exists()
    for first in (1951, 9900):
        at = datetime(first, 1, 1, tzinfo=UTC)
        assert (
            make_certificate(tmp_path / f"{first}", ("sql01",), "postgresql", at, over=False).not_after > at
        )


def test_a_name_in_other_letters_stands_as_a_label(tmp_path: Path) -> None:
    """X.509 knows ASCII alone (RFC 5280, section 7.2)."""
    one = make_certificate(tmp_path, ("m\u00fcller.example", "Sql01"), "postgresql", NOW, over=False)
    assert one.names == ("xn--mller-kva.example", "Sql01")
    certificate = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["xn--mller-kva.example", "Sql01"]


@pytest.mark.parametrize("name", ["a\x1b[31mb", "postgresql://u:c4n4ry@h", "a\u202eb"])
def test_a_folder_that_could_not_be_shown_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands with its name would not find it, or it is a slip."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no name for a folder"):
        made(Path(name))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder has no place where the current one was removed."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileError, match="not there any more"):
        made(Path("ca"))
