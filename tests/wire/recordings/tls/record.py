"""Records the first flights of real servers, on loopback only. Run it from the root of the project.

It needs `openssl`, `go` and `java`; what is missing on a machine is left as it is.
Keys are made and thrown away.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from wizard.wire.tls_flight import FlightReader
from wizard.wire.tls_hello import client_hello
from wizard.wire.tls_names import Version

HERE = Path(__file__).parent
WEAK = "ALL:@SECLEVEL=0"
NEWEST = Version.TLS_1_3

OPENSSL: dict[str, tuple[list[str], Version]] = {
    "openssl-tls10-rsa1024-sha1": (["-cert", "weak.pem", "-tls1", "-cipher", WEAK], NEWEST),
    "openssl-tls11-dhe1024": (
        ["-cert", "leaf.pem", "-tls1_1", "-cipher", "DHE-RSA-AES256-SHA:@SECLEVEL=0", "-dhparam", "dh.pem"],
        NEWEST,
    ),
    "openssl-tls12-chain-client-certificate": (
        ["-cert", "leaf.pem", "-cert_chain", "authority.pem", "-tls1_2", "-Verify", "1"],
        NEWEST,
    ),
    "openssl-tls12-alpn": (["-cert", "leaf.pem", "-tls1_2", "-alpn", "postgresql"], NEWEST),
    "openssl-tls13": (["-cert", "leaf.pem", "-tls1_3"], NEWEST),
    "openssl-tls13-retry": (["-cert", "leaf.pem", "-tls1_3", "-groups", "P-384"], NEWEST),
    "openssl-refuses-tls10": (["-cert", "leaf.pem", "-min_protocol", "TLSv1.2"], Version.TLS_1_0),
    # Its security level allows TLS 1.0, but no signature that TLS 1.0 knows: the alert is internal_error.
    "openssl-level2-tls10": (["-cert", "leaf.pem", "-cipher", "ALL:@SECLEVEL=2"], Version.TLS_1_0),
    "openssl-no-shared-protocol": (["-cert", "leaf.pem", "-tls1_2", "-alpn", "other"], NEWEST),
    "openssl-no-shared-cipher": (["-cert", "leaf.pem", "-tls1_2", "-cipher", "CAMELLIA256-SHA"], NEWEST),
}
# Suite and version as numbers: RC4-SHA and DES-CBC3-SHA.
GO: dict[str, list[str]] = {
    "go-tls12-rc4": ["0x0005", "0x0303"],
    "go-tls10-3des": ["0x000a", "0x0301"],
}
# Java chooses SSLv3 only where the hello has no list of versions.
JAVA = {"java-sslv3": "SSLv3"}


def main() -> None:
    """Writes one file of hexadecimal text for each server that can be started here."""
    with tempfile.TemporaryDirectory() as place:
        room = Path(place)
        _make_keys(room)
        for name, (options, highest) in OPENSSL.items():
            keys = ["-key", f"{options[1].removesuffix('.pem')}.key"]
            _record(name, ["openssl", "s_server", "-accept", "127.0.0.1:0", *options, *keys], room, highest)
        for name, arguments in GO.items():
            _record(
                name, ["go", "run", str(HERE / "serve.go"), "leaf.pem", "leaf.key", *arguments], room, NEWEST
            )
        for name, version in JAVA.items():
            _record(
                name,
                ["java", str(HERE / "Serve.java"), "leaf.p12", "password", version],
                room,
                Version.TLS_1_2,
            )


def _make_keys(room: Path) -> None:
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem -days 365 -subj /CN=CA",
        "req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=db.example.test",
        "x509 -req -in leaf.csr -CA authority.pem -CAkey authority.key -set_serial 2 -days 365 -out leaf.pem",
        "req -x509 -newkey rsa:1024 -sha1 -nodes -keyout weak.key -out weak.pem -days 365 -subj /CN=old",
        "pkcs12 -export -inkey leaf.key -in leaf.pem -passout pass:password -out leaf.p12",
        "dhparam -out dh.pem 1024",
    ):
        subprocess.run(["openssl", *command.split()], cwd=room, check=True, capture_output=True)


def _record(name: str, command: list[str], room: Path, highest: Version) -> None:
    if shutil.which(command[0]) is None:
        sys.stdout.write(f"{name}: {command[0]} is not installed\n")
        return
    with (
        subprocess.Popen(
            command,
            cwd=room,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server,
        contextlib.ExitStack() as after,
    ):
        after.callback(server.kill)
        answer = _ask(_port(server), highest)
    text = answer.hex()
    lines = [text[start : start + 100] for start in range(0, len(text), 100)]
    (HERE / f"{name}.hex").write_text("\n".join(lines) + "\n", encoding="ascii")
    sys.stdout.write(f"{name}: {len(answer)} bytes\n")


def _port(server: subprocess.Popen[str]) -> int:
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("ACCEPT"):
            return int(line.rpartition(":")[2])
    raise SystemExit("The server did not start.")


def _ask(port: int, highest: Version) -> bytes:
    reader = FlightReader()
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        hello = client_hello("db.example.test", lowest=Version.TLS_1_0, highest=highest, alpn=("postgresql",))
        connection.sendall(hello)
        while not reader.done and (data := connection.recv(4096)):
            reader.feed(data)
            answer += data
    return answer


if __name__ == "__main__":
    main()
