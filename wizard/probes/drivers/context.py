"""Contexts of Python's ssl, as the options of a driver describe them. Runs in the child only."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from wizard.probes.drivers.dialect import context_word
from wizard.probes.drivers.session import truth


def context_of(key: str, options: Mapping[str, str], ca_file: str | None) -> ssl.SSLContext | None:
    """Returns the context that `key` and its members describe, or None where they describe none.

    Args:
        key: the argument that takes it, as `ssl`; its members are `ssl.cafile`, `ssl.check_hostname`,
            `ssl.verify_mode` and `ssl.certfile`, the client's own certificate with its key.
        options: of the driver.
        ca_file: the roots where no member names them.

    Raises:
        ValueError: the members contradict each other, as Python's ssl says.
        OSError: a file that they name cannot be read, or holds no certificate.
    """
    word = context_word(key, options)
    if word is None:
        return None
    context = ssl.create_default_context(cafile=options.get(f"{key}.cafile", ca_file))
    verify_mode = options.get(f"{key}.verify_mode", "").upper()
    unverified = word == "_create_unverified_context" or verify_mode.endswith("NONE")
    named = truth(options.get(f"{key}.check_hostname", "no" if unverified else "yes"))
    context.check_hostname = named
    if unverified:
        context.verify_mode = ssl.CERT_NONE
    if own := options.get(f"{key}.certfile"):
        context.load_cert_chain(own)
    return context
