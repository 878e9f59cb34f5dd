"""Who made the certificate: the database server itself, a box that inspects TLS on the way, or somebody else?"""

from __future__ import annotations

import re
from typing import Literal

from wizard.model.certificate import Certificate

Origin = Literal["sqlserver", "mysql", "mariadb", "inspector", "none"]

# MySQL 5.7 and newer write these certificates into the data directory when they find none
# (https://dev.mysql.com/doc/refman/8.4/en/creating-ssl-rsa-files-using-mysql.html). Between "Server_" and
# "_Auto" stands the server's version, or the suffix that mysql_ssl_rsa_setup was given.
_MYSQL = re.compile(r"MySQL_Server_.+_Auto_Generated_(Server|Client|CA)_Certificate")
_MYSQL_ISSUER = re.compile(r"CN=MySQL_Server_.+_Auto_Generated_CA_Certificate")


# Products that open TLS on the way issue a certificate of their own for each server, under these names unless
# their owner chose others. Whole words, as they stand in the issuer.
_INSPECTORS = re.compile(
    r"\b(Zscaler|Fortinet|FortiGate|Palo ?Alto Networks|Netskope|Cisco Umbrella|Sophos|Blue ?Coat|Forcepoint|Websense"
    r"|McAfee Web Gateway|Skyhigh|Barracuda|Check ?Point|SonicWall|WatchGuard|Untangle|Cato Networks|iboss"
    r"|Menlo Security|Lightspeed|Securly|ContentKeeper|Smoothwall|mitmproxy|PortSwigger|Charles Proxy|Fiddler"
    r"|DO_NOT_TRUST|Kaspersky|ESET SSL Filter|Avast|AVG|Bitdefender"
    r"|SSL[ -]?Inspection|TLS[ -]?Inspection|SSL[ -]?Decrypt\w*)\b",
    re.IGNORECASE,
)


def inspector(certificate: Certificate) -> str | None:
    """Returns the name under which a TLS inspection product issued the certificate, or None."""
    found = _INSPECTORS.search(certificate.issuer)
    return found[0] if found else None


def origin(certificate: Certificate) -> Origin:
    """Names the server that generated the leaf on its own; `none` where a person or a CA made it.

    - `inspector`: a product that opens TLS on the way issued it, see `inspector`.

    - SQL Server: `CN=SSL_Self_Signed_Fallback`, self-signed, made in memory at each start (messages 26010
      ff.; keys SUMMARY and ERR26K of the sources).
    - MySQL: common name and issuer as in `MySQL_Server_8.0.42_Auto_Generated_Server_Certificate`.
    - MariaDB 11.4 and newer: `CN=MariaDB Server`, self-signed, made in memory (key MARIADOC,
      zero-configuration TLS).

    A name alone is not enough: the same common name from another issuer was made by somebody else.
    """
    name = certificate.common_name or ""
    if certificate.self_signed and name == "SSL_Self_Signed_Fallback":
        return "sqlserver"
    if certificate.self_signed and name == "MariaDB Server":
        return "mariadb"
    if _MYSQL.fullmatch(name) and _MYSQL_ISSUER.fullmatch(certificate.issuer):
        return "mysql"
    return "inspector" if inspector(certificate) else "none"
