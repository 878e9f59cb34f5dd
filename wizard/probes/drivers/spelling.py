"""The options of TLS as a person or a client's profile spells them, in the words that the drivers take here."""

from __future__ import annotations

from wizard.errors import UsageError
from wizard.model.text import nearest, printable
from wizard.probes.drivers.dialect import DIALECTS, FREETDS_CONF, context_word
from wizard.probes.drivers.session import truth

Options = tuple[tuple[str, str], ...]

CANNOT_BE_PASSED = {
    "SSL_CERT_FILE": "is a variable of the environment: set it for this program, or use --ca-file",
    "use_pure": "cannot be chosen here: it always runs in pure Python",
}
"""Options of the profiles that are none of a driver's arguments, and what to do instead."""

_ALSO = {
    "mysqlclient": {"ssl.ca": "ssl_ca", "ssl.cert": "ssl_cert", "ssl.key": "ssl_key"},
}
_NOTHING = ("{}", "false", "none", "no", "0", "off")


def spelt(client: str, options: Options) -> Options:
    """Returns options in the words that a driver takes here. Any other could change the login, or run something.

    Args:
        client: one of `DIALECTS`.
        options: spelt as the driver or its profile in knowledge/clients spells them.

    Raises:
        UsageError: it has no such option, the option cannot be passed on, or the value has more than one line.
    """
    known = {key.lower(): key for key in DIALECTS[client].options} | _ALSO.get(client, {})
    found: list[tuple[str, str]] = []
    for key, value in options:
        if key in CANNOT_BE_PASSED:
            raise UsageError(f"{key} {CANNOT_BE_PASSED[key]}.")
        plain = key.lower().removeprefix("--")
        own = known.get(plain) or known.get(plain.removeprefix(FREETDS_CONF))
        if own is None:
            hint = nearest(key, DIALECTS[client].options) or "."
            raise UsageError(f"{client} has no option of TLS '{printable(key, longest=40)}'{hint}")
        if "\n" in value or "\0" in value or "\r" in value:
            raise UsageError(f"The value of '{own}' has more than one line.")
        found += _meant(client, own, value)
    return tuple(found)


def _meant(client: str, key: str, value: str) -> Options:
    """Returns what `ssl` means, which is a mode, a switch, a dictionary or a context of Python."""
    if key != "ssl" or client not in ("asyncpg", "pymysql", "pymysql-1.1", "mysqlclient"):
        return ((key, value),)
    if client != "asyncpg":
        return () if value.lower() in _NOTHING else ((key, value),)
    if value.lower() == "none":
        return ()
    if context_word(key, {key: value}) or (value and truth(value)):
        return ((key, value),)
    return (("sslmode", "disable" if value.lower() in _NOTHING else value),)
