"""The CA for Java, Node and Python: each is refused before the fix, let in after it, and refused after the undo."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import CONNECTED, client_root, left_out, needs
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.servers.running import RunningServer
from tests.thorough import one_of_each
from wizard.fixes.render import RenderedFix

NODE = """
const net = require("net"), tls = require("tls");
const [host, port] = process.argv.slice(2);
const plain = net.connect(port, host, () => plain.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])));
plain.once("data", () => {
  const secure = tls.connect({ socket: plain, servername: host });
  secure.on("secureConnect", () => { console.log("connected"); secure.destroy(); });
  secure.on("error", (error) => { console.log(error.code); plain.destroy(); });
});
"""
JAVA = """
import java.net.Socket;
import javax.net.ssl.*;

public class Client {
  public static void main(String[] words) throws Exception {
    String host = words[0];
    int port = Integer.parseInt(words[1]);
    Socket plain = new Socket(host, port);
    plain.getOutputStream().write(new byte[] {0, 0, 0, 8, 4, (byte) 210, 22, 47});
    plain.getInputStream().read();
    SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
    SSLSocket secure = (SSLSocket) factory.createSocket(plain, host, port, true);
    SSLParameters parameters = secure.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    secure.setSSLParameters(parameters);
    try {
      secure.startHandshake();
      System.out.println("connected");
    } catch (SSLException error) {
      System.out.println(error.getMessage());
    }
  }
}
"""
# There is no service manager in the root. This one starts the application shop once, with what the service's own
# settings say, and keeps what it says.
SYSTEMCTL = r"""#!/bin/bash
case $1 in
  daemon-reload) ;;
  restart)
    while read -r line
    do export "${line//%%/%}"
    done < <(sed -n 's/^Environment="\(.*\)"$/\1/p' /etc/systemd/system/"$2".service.d/*.conf 2> /dev/null)
    "/opt/$2" > "/run/$2.said" 2> /dev/null ;;
  is-active) echo active ;;
esac
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """One root for all of these tests, with a service manager and the clients of each language."""
    place = tmp_path_factory.mktemp("programs")
    with client_root(place / "root") as made:
        made.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755)
        made.write("/opt/client.js", NODE)
        made.write("/opt/Client.java", JAVA)
        yield made


def says(root: Root, server: RunningServer, *words: str) -> str:
    """What the service shop, which starts this client, says after a restart."""
    command = shlex.join([*words, "localhost", str(server.port)])
    if "/opt/client.py" in words:
        command += " " + shlex.join([server.user, server.password])
    root.write("/opt/shop", f"#!/bin/sh\nexec {command}\n", 0o755)
    root.run("systemctl restart shop")
    return said(root)


def said(root: Root) -> str:
    """What the service shop said at its last start."""
    return root.file("/run/shop.said").read_text().strip()


def carried(root: Root, fix: RenderedFix, refused: str) -> None:
    """Carries a fix out twice and undoes it: connected, connected, refused as before."""
    for _ in range(2):
        root.steps(fix.steps)
        assert said(root) == CONNECTED
    root.steps(fix.undo)
    assert refused in said(root)


def presented(name: str) -> tuple[Certificate, bytes]:
    """A server's certificate, and the file that mends the fault that this fix is for."""
    if name.endswith("-certificate"):
        return left_out()
    made = make_certificate()
    return made, made.anchor


@needs("java", "javac", "keytool")
@carries_out("trust-java", "trust-java-certificate")
@pytest.mark.parametrize("name", one_of_each(["trust-java", "trust-java-certificate"]))
def test_java_trusts_its_own_store(root: Root, postgres_server: Postgresql, name: str) -> None:
    """Java connects with a store of its own, which keeps Java's roots; the password holds signs of the shell."""
    made, file = presented(name)
    root.write("/tmp/a ca.pem", file)
    root.run("cd /opt && test -e Client.class || javac -d /opt /opt/Client.java")
    fix = rendered(
        name,
        ca_file="/tmp/a ca.pem",
        trust_store="/opt/trust.p12",
        store_password="pass%word$(id)",
        app_service="shop",
    )
    with postgres_server(made) as server:
        assert "unable to find valid certification path" in says(
            root, server, "java", "-cp", "/opt", "Client"
        )
        assert "trustedCertEntry" in root.step(fix.steps[0])
        listed = root.run(
            "keytool -list -keystore /opt/trust.p12 -storepass 'pass%word$(id)' | grep -c trustedCertEntry"
        )
        assert int(listed.stdout) > 50
        carried(root, fix, "unable to find valid certification path")
    assert list(root.file("/opt").glob("trust.p12*")) == []


@needs("keytool")
def test_java_says_when_the_store_cannot_be_made(root: Root) -> None:
    """The twin: without a CA file the step fails with a sentence, and so it does with too short a password."""
    for file, password in (("/tmp/nothing.pem", "changeit"), ("/tmp/ca.pem", "abc")):
        fix = rendered(
            "trust-java",
            ca_file=file,
            trust_store="/opt/none.p12",
            store_password=password,
            app_service="shop",
        )
        done = root.run(fix.steps[0].text, check=False, shell=("bash",))
        assert done.returncode != 0
        assert "The store does not hold the CA" in done.stdout


@needs("node")
@carries_out("trust-node", "trust-node-certificate")
@pytest.mark.parametrize("name", ["trust-node", "trust-node-certificate"])
def test_node_knows_the_ca(root: Root, postgres_server: Postgresql, name: str) -> None:
    """Node connects with the file beside its own roots."""
    made, file = presented(name)
    root.write("/tmp/a ca.pem", file)
    fix = rendered(name, ca_file="/tmp/a ca.pem", app_service="shop")
    with postgres_server(made) as server:
        assert says(root, server, "node", "/opt/client.js") == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
        carried(root, fix, "UNABLE_TO_VERIFY_LEAF_SIGNATURE")
    assert not root.file("/etc/database-trust/shop-node.pem").exists()


@needs("node")
def test_node_says_when_it_cannot_read_the_file(root: Root) -> None:
    """The twin: Node itself would only warn."""
    root.write("/tmp/page.pem", "<html>Please log in</html>\n")
    fix = rendered("trust-node", ca_file="/tmp/page.pem", app_service="shop")
    done = root.run(fix.steps[0].text, check=False, shell=("bash",))
    assert done.returncode != 0
    assert "Node cannot use this file" in done.stdout


@needs("node")
@carries_out("trust-node-system")
def test_node_reads_the_store_of_the_system(root: Root, postgres_server: Postgresql) -> None:
    """With the option Node trusts what the system trusts; an older Node says that it cannot.

    Node 20 does not know the option, so a stand-in gives it the system's bundle in its place.
    """
    made = make_certificate()
    fix = rendered("trust-node-system", app_service="shop")
    older = (
        f'#!/bin/sh\ncase "$*$NODE_OPTIONS" in *--use-system-ca*) exit 9 ;; esac\nexec {real("node")} "$@"\n'
    )
    newer = (
        '#!/bin/sh\ncase "$*$NODE_OPTIONS" in *--use-system-ca*) NODE_EXTRA_CA_CERTS=/tmp/system.pem; '
        f"export NODE_EXTRA_CA_CERTS; NODE_OPTIONS= ;; esac\n"
        f'test "$1" = --use-system-ca && shift\nexec {real("node")} "$@"\n'
    )
    root.write("/tmp/system.pem", made.anchor)
    with postgres_server(made) as server:
        root.write("/usr/local/bin/node", older, 0o755)
        done = root.run(fix.steps[0].text, check=False, shell=("bash",))
        assert "does not know the option" in done.stdout
        assert done.returncode != 0
        root.write("/usr/local/bin/node", newer, 0o755)
        assert says(root, server, "node", "/opt/client.js") == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
        carried(root, fix, "UNABLE_TO_VERIFY_LEAF_SIGNATURE")
    root.file("/usr/local/bin/node").unlink()


def real(program: str) -> str:
    """Where a program lies on this machine."""
    return str(shutil.which(program))


@carries_out("trust-python", "trust-python-certificate")
@pytest.mark.parametrize("name", one_of_each(["trust-python", "trust-python-certificate"]))
def test_python_knows_the_ca(root: Root, mariadb_server: Mariadb, name: str) -> None:
    """PyMySQL connects with Python's default context, which still knows the public roots."""
    made, file = presented(name)
    root.write("/tmp/a ca.pem", file)
    root.write("/usr/local/bin/python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n', 0o755)
    fix = rendered(name, ca_file="/tmp/a ca.pem", app_service="shop")
    with mariadb_server(made) as server:
        refused = "unable to get local issuer certificate"
        assert refused in says(root, server, sys.executable, "/opt/client.py")
        root.step(fix.steps[0])
        bundle = root.file("/etc/database-trust/shop-python.pem").read_text()
        assert bundle.count("BEGIN CERTIFICATE") > 50
        carried(root, fix, refused)
    assert not root.file("/etc/database-trust/shop-python.pem").exists()


def test_python_says_when_it_cannot_read_the_file(root: Root) -> None:
    """The twin: a file without a certificate is not put before an application."""
    root.write("/tmp/page.pem", "<html>Please log in</html>\n")
    fix = rendered("trust-python", ca_file="/tmp/page.pem", app_service="shop")
    done = root.run(fix.steps[0].text, check=False, shell=("bash",))
    assert done.returncode != 0
    assert "Python cannot use this file" in done.stdout
