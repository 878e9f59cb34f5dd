"""The whole examination of this machine."""

from __future__ import annotations

import msgspec

from wizard import __version__
from wizard.doctor import missing
from wizard.doctor.drivers import Drivers, Helper, drivers_here, helpers_here
from wizard.doctor.machine import Machine, OpenSSL, Python, both_openssl, this_machine, this_python
from wizard.doctor.missing import Missing
from wizard.doctor.places import Known, Trust, Writable, cache_here, knowledge_here, state_here, trust_here
from wizard.doctor.terminal import Front, Terminal, this_terminal
from wizard.probes.threads import together


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What dbtls finds on a machine. The fields are the keys of `dbtls doctor --json`."""

    dbtls: str
    """The version."""
    python: Python
    openssl: OpenSSL
    machine: Machine
    drivers: Drivers
    helpers: tuple[Helper, ...]
    terminal: Terminal
    trust: Trust
    knowledge: Known
    cache: Writable
    state: Writable

    def missing(self) -> tuple[Missing, ...]:
        """Returns what is missing, what is needed first."""
        machine = self.machine
        found = (
            *missing.of_program(machine, self.python, self.openssl),
            *missing.of_trust(machine, self.trust),
            *missing.of_places(machine, self.knowledge, self.cache, self.state),
            *missing.of_drivers(machine, self.drivers),
            *missing.of_helpers(machine, self.helpers),
            *missing.of_terminal(machine, self.terminal),
        )
        return tuple(sorted(found, key=lambda one: not one.needed))


def examine(front: Front) -> Examined:
    """Examines this machine; sends nothing, and writes nothing but the cache of the knowledge.

    Args:
        front: what `dbtls` would open here.
    """
    machine = this_machine()
    # The drivers are asked in children of their own, so that the rest goes on meanwhile.
    drivers, (openssl, trust, known) = together(
        drivers_here, lambda: (both_openssl(), trust_here(), knowledge_here())
    )
    return Examined(
        dbtls=__version__,
        python=this_python(),
        openssl=openssl,
        machine=machine,
        helpers=helpers_here(machine.system),
        terminal=this_terminal(machine.system, front),
        trust=trust,
        knowledge=known,
        cache=cache_here(),
        state=state_here(),
        drivers=drivers,
    )
