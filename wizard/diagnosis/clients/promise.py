"""What a client's options promise of every connection, whichever server answers.

A prediction is about the server that was probed. Whether a password may be sent is not: another one could answer then.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from wizard.diagnosis.clients.options import behaviour, dangers, given, unlisted
from wizard.diagnosis.connection_string import Pairs
from wizard.model.client import ProfileEntry


class Promise(NamedTuple):
    """What holds of every connection of a client with some options."""

    channel: Literal["session", "none"] | None
    """`session`: TLS or no connection; `none`: no TLS; None: the server decides."""
    verified: bool
    """The login is sent only to a server whose chain and name were checked, or whose certificate is the pinned one; and
    no option gives up protection, be it in another build of the client alone."""
    asks_for_roots: bool
    """It verifies by a CA, and by nothing besides."""


def promise(profile: ProfileEntry, pairs: Pairs) -> Promise:
    """Returns what a client promises with these options; of a value that nobody has checked, nothing.

    Raises:
        UsageError: the client has no such option.
    """
    options = given(profile, pairs, strictly=True)
    does = behaviour(profile, options)
    channel: Literal["session", "none"] | None = None
    if unlisted(options) is None:
        if does.encryption in ("require", "strict", "direct"):
            channel = "session"
        elif does.encryption == "none" and ("sqlserver" not in profile.engines or does.forced == "refuses"):
            channel = "none"
    checked = does.verifies == "name" or does.pins in ("leaf", "leaf-with-dates")
    return Promise(
        channel=channel,
        verified=channel == "session" and checked and not dangers(options),
        asks_for_roots=channel == "session" and does.wants_ca and does.confirms == "nothing",
    )
