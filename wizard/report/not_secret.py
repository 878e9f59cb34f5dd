"""What names nobody: words, accounts and authorities that a redacted report keeps, because they are evidence."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ACCOUNTS = _words(
    "sa root postgres admin administrator mysql mariadb dbtls public guest anonymous system dbo default yes no"
)
"""Users that exist on every server, or on none."""

WORDS = _words(
    "server servers host hosts db database databases data sql mssql sqlserver mysql mariadb postgres postgresql pg"
    " client user users login error localhost localdomain local internal lan corp prod test dev home example com net"
    " org www main master primary replica cloud tls ssl name names none true false instance certificate root ca"
    " mssqlserver sqlexpress tempdb model msdb information_schema template0 template1 sys default port the"
)
"""Too usual to name anybody, so a text keeps them; where they stand for a server by themselves, they are replaced."""

DEFAULT_NAMES = _words(
    "mssqlserver sqlexpress master tempdb model msdb mysql postgres information_schema template0 template1 sys"
    " performance_schema"
)
"""Instances and databases that every server has."""

OWN_LAST_LABELS = _words(
    "local localhost localdomain internal intranet lan corp home private test invalid arpa"
)
"""Ends of names that no public authority vouches for: that is evidence, and names nobody."""

_PUBLIC_LAST_LABELS = _words(
    "com net org info biz edu gov mil int name pro cloud dev app tech online site xyz bank group company systems"
    " software services solutions technology digital network hosting agency berlin london global world"
)
_LIKE_FILES = _words("py rs pl sh so md pm cc ps cj cs js go id")
"""Countries whose ends are those of files or packages in an error text."""
_PACKAGES = ("com.", "org.", "net.", "io.", "java.", "javax.", "sun.", "system.", "microsoft.")
_VENDORS = (
    "microsoft.com", "aka.ms", "mysql.com", "mariadb.com", "mariadb.org", "postgresql.org", "oracle.com",
    "openssl.org", "golang.org", "python.org", "nodejs.org", "github.com", "curl.se", "freetds.org",
)  # fmt: skip

SOFTWARE = re.compile(
    r"SSL_Self_Signed_Fallback|MariaDB( Server)?|PostgreSQL|MySQL|Microsoft SQL Server|SQL Server"
    r"|MySQL_Server_[0-9][0-9.]*(-log|-MariaDB)?_Auto_Generated_(Server|Client|CA)_Certificate"
)
"""Names that database servers give to their own certificates."""

_PUBLIC_AUTHORITIES = re.compile(
    r"(?i)(Let's Encrypt|Internet Security Research Group|DigiCert|Sectigo|COMODO|The USERTRUST|GlobalSign|GoDaddy"
    r"|Starfield|Amazon|Google Trust|Microsoft Corp|Entrust|IdenTrust|Digital Signature Trust|Buypass|Unizeto"
    r"|Asseco Data|Krajowa Izba|SwissSign|QuoVadis|Actalis|Hellenic Academic|SSL Corp|ZeroSSL|GeoTrust|thawte|VeriSign"
    r"|Symantec|Baltimore|T-Systems|Deutsche Telekom Security|D-Trust|Telia|Certainly|Cloudflare)\b"
)


def is_public_authority(organisation: str) -> bool:
    """Says whether an issuer's organisation is a CA that sells or gives certificates to everybody."""
    return _PUBLIC_AUTHORITIES.match(organisation) is not None


def is_default_name(name: str) -> bool:
    """Says whether every server has an instance or a database of that name."""
    return name.lower() in DEFAULT_NAMES


def could_be_host(name: str) -> bool:
    """Says whether a dotted word of an error text is a host's name rather than a package, a file or a vendor's page."""
    lower = name.lower()
    last = lower.rpartition(".")[2]
    if lower.startswith(_PACKAGES) or any(lower == one or lower.endswith(f".{one}") for one in _VENDORS):
        return False
    if last != name.rpartition(".")[2] and name != name.upper():
        return False  # System.IO
    country = len(last) == 2 and last not in _LIKE_FILES
    return country or last == "example" or last in _PUBLIC_LAST_LABELS or last in OWN_LAST_LABELS


def has_public_end(last_label: str) -> bool:
    """Says whether names that end so can be bought, so that the two last labels are one owner's."""
    return len(last_label) == 2 or last_label in _PUBLIC_LAST_LABELS
