"""The machine: its operating system, what installs packages on it, and the Python that runs dbtls."""

from __future__ import annotations

import platform
import ssl
import sys
from pathlib import Path
from typing import Literal

import msgspec

from wizard.model.text import printable

System = Literal["linux", "macos", "windows", "other"]
Family = Literal["debian", "rhel", "suse", "alpine", "arch", "macos", "windows"]

OLDEST_PYTHON = (3, 11)
_FAMILIES: dict[str, Family] = {
    "debian": "debian", "ubuntu": "debian", "rhel": "rhel", "fedora": "rhel", "centos": "rhel", "amzn": "rhel",
    "suse": "suse", "opensuse": "suse", "sles": "suse", "alpine": "alpine", "arch": "arch",
}  # fmt: skip
"""By ID and ID_LIKE of os-release(5)."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The operating system."""

    system: System
    family: Family | None
    """Whose commands install a package; None: not known."""
    name: str
    """As it calls itself, with its version."""
    architecture: str


class Python(msgspec.Struct, frozen=True, kw_only=True):
    """The Python that runs dbtls."""

    version: str
    implementation: str
    environment: str
    """The folder of its environment."""
    too_old: bool


class OpenSSL(msgspec.Struct, frozen=True, kw_only=True):
    """Both copies of OpenSSL that dbtls uses."""

    python: str
    """That of Python's `ssl`, which shakes hands."""
    cryptography: str | None
    """That of `cryptography`, which judges certificates; None: it does not load."""


def this_machine() -> Machine:
    """Returns this machine."""
    architecture = platform.machine()
    if sys.platform == "win32":
        release, version, *_ = platform.win32_ver()
        name = f"Windows {release} ({version})"
        return Machine(system="windows", family="windows", name=name, architecture=architecture)
    if sys.platform == "darwin":
        name = f"macOS {platform.mac_ver()[0]}"
        return Machine(system="macos", family="macos", name=name, architecture=architecture)
    if not sys.platform.startswith("linux"):
        return Machine(system="other", family=None, name=platform.system(), architecture=architecture)
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        told = {}
    ids = f"{told.get('ID', '')} {told.get('ID_LIKE', '')}".lower().replace("-", " ").split()
    family = next((_FAMILIES[one] for one in ids if one in _FAMILIES), None)
    name = printable(told.get("PRETTY_NAME", "Linux"), longest=80)
    return Machine(system="linux", family=family, name=name, architecture=architecture)


def this_python(version: tuple[int, ...] = sys.version_info[:3]) -> Python:
    """Returns the Python that runs this."""
    return Python(
        version=".".join(map(str, version)),
        implementation=platform.python_implementation(),
        environment=short(sys.prefix),
        too_old=version[:2] < OLDEST_PYTHON,
    )


def both_openssl() -> OpenSSL:
    """Returns the versions of OpenSSL."""
    try:
        from cryptography.hazmat.backends.openssl.backend import backend
    except ImportError:
        return OpenSSL(python=ssl.OPENSSL_VERSION, cryptography=None)
    return OpenSSL(python=ssl.OPENSSL_VERSION, cryptography=backend.openssl_version_text())


def short(path: str | Path) -> str:
    """Returns a path with ~ for the home folder, which holds a person's name."""
    try:
        inside = Path(path).relative_to(Path.home())
    except (ValueError, RuntimeError):  # elsewhere; or there is no home
        return printable(str(path))
    return printable(str(Path("~") / inside))
