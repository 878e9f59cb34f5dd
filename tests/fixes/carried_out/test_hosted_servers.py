"""What is done at providers by their own command lines. Stand-ins for az, aws and gcloud keep what they are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import client_root, fails
from wizard.fixes.values import Given

# A cloud that keeps rules and settings in one file. It knows the words of each command and the options that it wants,
# and refuses every other; options that only shape the answer are left out.
CLOUD = r"""
import json, pathlib, subprocess, sys
kept = pathlib.Path("/srv/cloud.json")
state = json.loads(kept.read_text())
words, options, rest = [], {}, sys.argv[1:]
while rest:
    word = rest.pop(0)
    if not word.startswith("--"):
        words.append(word)
    elif "=" in word:
        key, _, value = word[2:].partition("=")
        options[key] = value
    elif rest and not rest[0].startswith("--"):
        options[word[2:]] = rest.pop(0)
        while word == "--filters" and rest and not rest[0].startswith("--"):
            options[word[2:]] += " " + rest.pop(0)
    else:
        options[word[2:]] = ""
for shaping in ("output", "yes", "quiet", "apply-immediately"):
    options.pop(shaping, None)
command, query = " ".join(words), options.pop("query", "")

def wants(*names):
    if set(options) != set(names):
        sys.exit(f"{command}: wrong options {sorted(options)}")
    return [options[name] for name in names]

def rules(verb, owner, rule):
    if verb == "create":
        state["rules"][rule] = options["start-ip-address"]
    elif rule not in state["rules"]:
        sys.exit("there is no such rule")
    elif verb == "delete":
        del state["rules"][rule]
    else:
        print(state["rules"][rule])

ADDRESS = ("start-ip-address", "end-ip-address")
match words:
    case ["sql", "server", "firewall-rule", verb]:
        wants("resource-group", "server", "name", *(ADDRESS if verb == "create" else ()))
        rules(verb, options["server"], options["name"])
    case ["sql", "server", "conn-policy", "show"]:
        wants("resource-group", "server")
        print("Default")
    case ["mysql" | "postgres", "flexible-server", "firewall-rule", verb]:
        wants("resource-group", "name", "rule-name", *(ADDRESS if verb == "create" else ()))
        rules(verb, options["name"], options["rule-name"])
    case ["mysql" | "postgres", "flexible-server", "parameter", "show"]:
        print(state["settings"][wants("resource-group", "server-name", "name")[2]])
    case ["mysql" | "postgres", "flexible-server", "parameter", "set"]:
        _, _, name, value = wants("resource-group", "server-name", "name", "value")
        state["settings"][name] = value
    case ["mysql", "flexible-server", "restart"]:
        wants("resource-group", "name")
    case ["rds", "describe-db-instances"]:
        wants("db-instance-identifier")
        print(state["instance"][query.rpartition(".")[2]])
    case ["rds", "describe-certificates"]:
        print("rds-ca-rsa2048-g1\t2061-05-25")
    case ["rds", "modify-db-instance"]:
        state["instance"]["CACertificateIdentifier"] = wants("db-instance-identifier", "ca-certificate-identifier")[1]
        print("available")
    case ["rds", "wait", "db-instance-available"] | ["rds", "reboot-db-instance"]:
        wants("db-instance-identifier")
    case ["rds", "describe-db-parameters"]:
        wants("db-parameter-group-name")
        print(state["settings"].get(query.split("'")[1], "None"))
    case ["rds", "modify-db-parameter-group"]:
        for one in json.loads(wants("db-parameter-group-name", "parameters")[1]):
            state["settings"][one["ParameterName"]] = one["ParameterValue"]
    case ["rds", "reset-db-parameter-group"]:
        for one in json.loads(wants("db-parameter-group-name", "parameters")[1]):
            state["settings"].pop(one["ParameterName"], None)
    case ["ec2", "describe-security-groups"]:
        _, filters = wants("group-ids", "filters")
        address, port = (one.rpartition("=")[2] for one in filters.split())
        if state["rules"].get(address) == port:
            print("sg-1")
    case ["ec2", "authorize-security-group-ingress"]:
        _, _, port, address = wants("group-id", "protocol", "port", "cidr")
        if address in state["rules"]:
            sys.exit("InvalidPermission.Duplicate")
        state["rules"][address] = port
    case ["ec2", "revoke-security-group-ingress"]:
        del state["rules"][wants("group-id", "protocol", "port", "cidr")[3]]
    case ["sql", "instances", "describe", "shop-db"]:
        print(";".join(state["networks"]))
    case ["sql", "instances", "patch", "shop-db"]:
        state["networks"] = options["authorized-networks"].split(",") if "authorized-networks" in options else []
    case ["sql", "ssl", "server-ca-certs", "list"]:
        print("\n".join(["-----BEGIN CERTIFICATE-----" if "cert" in options["format"] else "ab"] * state["cas"]))
    case ["sql", "ssl", "server-ca-certs", verb]:
        wants("instance")
        state["cas"] += verb == "create"
        state["ca"] += {"create": 0, "rotate": 1, "rollback": -1}[verb]
    case ["sql", "ssl", "client-certs", "create", name, file]:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", file, "-out",
                        "/srv/" + name, "-subj", "/CN=" + name], check=True, capture_output=True)
    case ["sql", "ssl", "client-certs", "describe", name]:
        print(pathlib.Path("/srv/" + name).read_text(), end="")
    case ["sql", "ssl", "client-certs", "delete", name]:
        pathlib.Path("/srv/" + name).unlink()
    case _:
        sys.exit(f"unknown command {command}")
kept.write_text(json.dumps(state))
"""
STATE: dict[str, object] = {
    "rules": {},
    "settings": {
        "tls_version": "TLSv1",
        "ssl_min_protocol_version": "TLSv1",
        "ssl_max_protocol_version": "TLSv1.1",
    },
    "instance": {
        "CACertificateIdentifier": "rds-ca-2019",
        "VpcSecurityGroupId": "sg-1",
        "PubliclyAccessible": "True",
    },
    "networks": ["198.51.100.7/32"],
    "cas": 1,
    "ca": 0,
}
AZURE: dict[str, Given] = {"resource_group": "shop-group", "azure_server": "shop"}
CLIENT: dict[str, Given] = {"client_address": "192.0.2.30"}

SETTINGS: dict[str, tuple[str, dict[str, Given]]] = {
    "hosted-azure-sql-open-firewall": ("rules", {**AZURE, **CLIENT}),
    "hosted-azure-mysql-open-firewall": ("rules", {**AZURE, **CLIENT}),
    "hosted-azure-postgresql-open-firewall": ("rules", {**AZURE, **CLIENT}),
    "hosted-rds-open-firewall": ("rules", {"rds_instance": "shop-db", "port": 5432, **CLIENT}),
    "hosted-cloud-sql-open-firewall": ("networks", {"cloud_instance": "shop-db", **CLIENT}),
    "hosted-azure-mysql-tls-version": ("settings", {**AZURE}),
    "hosted-azure-postgresql-tls-version": ("settings", {**AZURE}),
    "hosted-rds-mysql-tls-version": ("settings", {"rds_instance": "shop-db", "parameter_group": "shop"}),
    "hosted-rds-postgresql-tls-version": ("settings", {"parameter_group": "shop"}),
    "hosted-rds-renew-certificate": ("instance", {"rds_instance": "shop-db"}),
    "hosted-cloud-sql-rotate-certificate": ("ca", {"cloud_instance": "shop-db"}),
}
"""The part of the cloud that each fix changes, and the values of the fix."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A root with the three command lines."""
    with client_root(tmp_path_factory.mktemp("cloud") / "root") as made:
        made.write("/opt/cloud.py", CLOUD)
        for name in ("az", "aws", "gcloud"):
            made.write(
                f"/usr/local/bin/{name}", f'#!/bin/sh\nexec {sys.executable} /opt/cloud.py "$@"\n', 0o755
            )
        yield made


def state(root: Root) -> dict[str, object]:
    """What the cloud has kept."""
    kept: dict[str, object] = json.loads(root.file("/srv/cloud.json").read_text())
    return kept


def started(root: Root) -> None:
    """Gives the cloud its first state."""
    root.write("/srv/cloud.json", json.dumps(STATE))


@carries_out(*SETTINGS)
@pytest.mark.parametrize("name", SETTINGS)
def test_the_providers_setting_changes_and_comes_back(root: Root, name: str) -> None:
    """The setting is another one after the fix, the same after a second run, and the first one after the undo."""
    changed, values = SETTINGS[name]
    started(root)
    fix = rendered(name, **values)
    root.steps(fix.steps)
    after = state(root)[changed]
    assert after != STATE[changed]
    if name != "hosted-cloud-sql-rotate-certificate":
        root.steps(fix.steps)
        assert state(root)[changed] == after
    root.steps(fix.undo)
    assert state(root)[changed] == STATE[changed]
    left = [path.name for path in root.file("/").iterdir() if "shop" in path.name and path.is_file()]
    assert left == []


def test_a_list_without_entries_is_empty_again(root: Root) -> None:
    """Where nobody was authorized before, nobody is after the undo; without the kept list nothing is done."""
    started(root)
    root.write("/srv/cloud.json", json.dumps({**STATE, "networks": []}))
    fix = rendered("hosted-cloud-sql-open-firewall", cloud_instance="shop-db", client_address="192.0.2.30")
    root.steps(fix.steps)
    assert state(root)["networks"] == ["192.0.2.30/32"]
    root.steps(fix.undo)
    assert state(root)["networks"] == []
    assert "The old list is not in this folder" in fails(root, fix.undo[0].text)


def test_a_rule_that_was_there_stays(root: Root) -> None:
    """The undo of the security group leaves a rule alone that somebody else made."""
    root.write("/srv/cloud.json", json.dumps({**STATE, "rules": {"192.0.2.30/32": "5432"}}))
    fix = rendered("hosted-rds-open-firewall", rds_instance="shop-db", port=5432, client_address="192.0.2.30")
    root.steps(fix.steps)
    assert "so it stays" in root.steps(fix.undo)
    assert state(root)["rules"] == {"192.0.2.30/32": "5432"}


def test_what_the_provider_refuses_is_said(root: Root) -> None:
    """The twin: where the command line fails, each check says so in a sentence."""
    root.write("/usr/local/bin/az", "#!/bin/sh\nexit 1\n", 0o755)
    open_up = rendered("hosted-azure-sql-open-firewall", **AZURE, **CLIENT)
    assert "Azure has no such rule" in fails(root, open_up.steps[0].text)
    versions = rendered("hosted-azure-mysql-tls-version", **AZURE)
    assert "Azure has another value still" in fails(root, versions.steps[0].text)
    root.write("/usr/local/bin/az", f'#!/bin/sh\nexec {sys.executable} /opt/cloud.py "$@"\n', 0o755)
    root.run("rm -f /tls-version-*")


@carries_out("hosted-cloud-sql-client-certificate")
def test_a_client_certificate_is_made_once(root: Root) -> None:
    """Key and certificate belong together, the key is its owner's alone, and a second run keeps it."""
    started(root)
    fix = rendered(
        "hosted-cloud-sql-client-certificate",
        cloud_instance="shop-db",
        common_name="shop-app",
        client_certificate="/opt/a client.pem",
        client_key="/opt/a client.key",
    )
    root.steps(fix.steps)
    key = root.file("/opt/a client.key")
    first = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert "none is made" in root.steps(fix.steps)
    assert key.read_bytes() == first
    root.run("openssl genpkey -algorithm RSA -out '/opt/a client.key'")
    assert "do not belong together" in fails(root, fix.steps[0].text)
    root.steps(fix.undo)
    assert list(root.file("/opt").glob("a client*")) == []


@carries_out("hosted-report-certificate", "hosted-report-tls", "hosted-connect-by-its-name")
def test_what_stands_in_front_is_found(root: Root) -> None:
    """A line of the hosts file that leads the provider's name elsewhere is told; a name without address too."""
    for name in ("hosted-report-certificate", "hosted-report-tls"):
        look = rendered(name, host="localhost4.example", port=5432).steps[0]
        assert "knows no such name" in fails(root, look.text)
        hosts = root.file("/etc/hosts")
        before = hosts.read_text()
        hosts.write_text(before + "127.0.0.1 localhost4.example\n")
        assert "Take that line out" in fails(root, look.text)
        hosts.write_text(before)
    assert "127.0.0.1" in root.steps(rendered("hosted-connect-by-its-name", hosted_name="127.0.0.1").steps)
    nowhere = rendered("hosted-connect-by-its-name", hosted_name="nowhere.invalid")
    assert "its private DNS zone" in fails(root, nowhere.steps[0].text)
