"""The knowledge of this tree, loaded once for all targets of a process."""

from __future__ import annotations

import functools

from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge


@functools.cache
def known() -> Knowledge:
    """Returns the knowledge."""
    return load(knowledge_folder())
