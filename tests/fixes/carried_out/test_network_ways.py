"""The way to the server: names, firewalls and what listens. Firewalls are stand-ins that keep their rules in a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import client_root, fails, needs
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.servers.process import free_port

RULES = "/srv/rules"
FIREWALL_CMD = """#!/bin/sh
for word; do :; done
case $word in
  --state) echo running ;;
  --reload) ;;
  --query-port=*) grep -qxF "${word#--query-port=}" /srv/rules ;;
  --add-port=*) echo "${word#--add-port=}" >> /srv/rules ;;
  --remove-port=*) sed -i "\\\\|^${word#--remove-port=}\\$|d" /srv/rules ;;
esac
"""
UFW = """#!/bin/sh
case $1 in
  status) echo 'Status: active'; sed 's/$/                   ALLOW       Anywhere/' /srv/rules ;;
  allow) echo "$2" >> /srv/rules ;;
  delete) sed -i "\\\\|^$3\\$|d" /srv/rules ;;
esac
"""
NFT = """#!/bin/sh
case "$*" in
  *'list chain'*) echo 'table inet filter {'; echo ' chain input {'; cat /srv/rules; echo ' }'; echo '}' ;;
  'insert rule'*) echo "  tcp dport $8 accept comment \\"${11}\\" # handle 7" >> /srv/rules ;;
  'delete rule'*) [ "$7" = 7 ] && : > /srv/rules ;;
esac
"""
FIREWALLS = {"firewall-cmd": FIREWALL_CMD, "ufw": UFW, "nft": NFT}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A machine without any firewall."""
    with client_root(tmp_path_factory.mktemp("network") / "root") as made:
        for name in FIREWALLS:
            for place in ("/usr/sbin", "/usr/bin"):
                made.file(f"{place}/{name}").unlink(missing_ok=True)
        yield made


@needs("ss", "nc")
@carries_out("network-linux-firewall")
@pytest.mark.parametrize("name", FIREWALLS)
def test_a_port_is_opened_once_and_closed_again(root: Root, name: str) -> None:
    """Each kind of firewall gets the rule once; the undo takes it away, but not one that was there before."""
    root.write(f"/usr/local/bin/{name}", FIREWALLS[name], 0o755)
    rules = root.write(RULES, "")
    fix = rendered("network-linux-firewall", host="127.0.0.1", port=5432)
    opening = fix.steps[2].text
    root.run(opening, shell=("bash",))
    after = rules.read_text()
    assert "5432" in after
    root.run(opening, shell=("bash",))
    assert rules.read_text() == after
    root.run(fix.undo[0].text, shell=("bash",))
    assert rules.read_text() == ""
    rules.write_text(after)
    root.run(opening, shell=("bash",))
    assert "so it stays open" in root.run(fix.undo[0].text, shell=("bash",)).stdout
    assert rules.read_text() == after
    root.file(f"/usr/local/bin/{name}").unlink()


@needs("ss", "nc")
@carries_out("network-linux-firewall", "network-find-what-listens", "find-the-server-that-the-client-reaches")
def test_what_listens_is_found(root: Root, postgres_server: Postgresql) -> None:
    """The port of a real server answers and is listed; a free one does not, and each step says so."""
    with postgres_server() as server:
        way = rendered("network-linux-firewall", host="127.0.0.1", port=server.port)
        assert "The way is open." in root.step(way.steps[0])
        assert str(server.port) in root.run(way.steps[1].text, shell=("bash",)).stdout
        listens = rendered("network-find-what-listens", port=server.port)
        assert str(server.port) in root.run(listens.steps[1].text).stdout
        reached = rendered("find-the-server-that-the-client-reaches", host="localhost", port=server.port)
        assert "127.0.0.1" in root.steps(reached.steps)
    nothing = free_port()
    way = rendered("network-linux-firewall", host="127.0.0.1", port=nothing)
    assert "No answer" in fails(root, way.steps[0].text)
    assert "Nothing listens on this port" in fails(root, way.steps[1].text)
    assert "No firewall that this script knows" in fails(root, way.steps[2].text)
    assert "Nothing listens" in fails(root, rendered("network-find-what-listens", port=nothing).steps[1].text)


@carries_out("network-look-up-name", "find-the-server-that-the-client-reaches")
def test_a_name_is_looked_up(root: Root) -> None:
    """A name of the hosts file has its address, and a wrong one is told."""
    known = rendered("network-look-up-name", host="localhost").steps[1]
    assert "127.0.0.1" in root.run(known.text, shell=("bash",)).stdout
    for name in ("network-look-up-name", "find-the-server-that-the-client-reaches"):
        values = {"host": "nowhere.invalid"} | ({"port": 5432} if name.startswith("find") else {})
        step = next(step for step in rendered(name, **values).steps if step.shell == "sh")
        assert "knows no such name" in fails(root, step.text)


@needs("openssl")
@carries_out("mysql-handshake-find-who-resets")
def test_who_resets_is_tried_version_by_version(root: Root, mariadb_server: Mariadb) -> None:
    """A real MariaDB answers both versions, and a port where nobody is answers none."""
    with mariadb_server() as server:
        step = rendered("mysql-handshake-find-who-resets", host="127.0.0.1", port=server.port).steps[0]
        said = root.step(step)
        assert "New, TLSv1.2" in said
        assert "New, TLSv1.3" in said
    step = rendered("mysql-handshake-find-who-resets", host="127.0.0.1", port=free_port()).steps[0]
    assert "No handshake gets through from here" in fails(root, step.text)


@needs("openssl")
@carries_out("database-starts-tls-itself")
def test_the_databases_own_way_is_tried(
    root: Root, postgres_server: Postgresql, mariadb_server: Mariadb
) -> None:
    """PostgreSQL answers in its own way, and MariaDB does not answer in PostgreSQL's."""
    with postgres_server() as server:
        step = rendered("database-starts-tls-itself", host="127.0.0.1", port=server.port).steps[0]
        assert "New, TLSv1.3" in root.step(step)
    with mariadb_server() as other:
        step = rendered("database-starts-tls-itself", host="127.0.0.1", port=other.port).steps[0]
        assert "Is it this database, and this port?" in fails(root, step.text)


@needs("ss")
@carries_out("tls-inspection-find-box")
def test_what_is_in_between_is_looked_for(root: Root, postgres_server: Postgresql) -> None:
    """A proxy of the environment, a line of the hosts file and a program on the same port are each told."""
    look = rendered("tls-inspection-find-box", host="db.corp.example", port=free_port()).steps[0]
    said = root.run(
        look.text, shell=("bash",), environment={"https_proxy": "http://proxy.example:8080"}
    ).stdout
    assert "proxy.example" in said
    assert "Go on outwards" in said
    with postgres_server() as server:
        near = rendered("tls-inspection-find-box", host="db.corp.example", port=server.port).steps[0]
        assert "listens on the same port" in fails(root, near.text)
    hosts = root.file("/etc/hosts")
    before = hosts.read_text()
    hosts.write_text(f"{before}127.0.0.1 db.corp.example\n")
    assert "leads the name elsewhere" in fails(root, look.text)
    hosts.write_text(before)
