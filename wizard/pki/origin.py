"""Which database server made the certificate itself, if one did?"""

from __future__ import annotations

import re
from typing import Literal

from wizard.model.certificate import Certificate

Origin = Literal["sqlserver", "mysql", "mariadb", "none"]

# MySQL 5.7 and newer write these certificates into the data directory when they find none
# (https://dev.mysql.com/doc/refman/8.4/en/creating-ssl-rsa-files-using-mysql.html). Between "Server_" and
# "_Auto" stands the server's version, or the suffix that mysql_ssl_rsa_setup was given.
_MYSQL = re.compile(r"MySQL_Server_.+_Auto_Generated_(Server|Client|CA)_Certificate")
_MYSQL_ISSUER = re.compile(r"CN=MySQL_Server_.+_Auto_Generated_CA_Certificate")


def origin(certificate: Certificate) -> Origin:
    """Names the server that generated the leaf on its own; `none` where a person or a CA made it.

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
    return "none"
