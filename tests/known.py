"""The knowledge that is shipped, read once for all tests of a process: reading it takes half a second."""

from __future__ import annotations

from functools import cache

import msgspec

from wizard.diagnosis.match import Matcher
from wizard.knowledge.load import read_folder
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge

LOADED = read_folder(knowledge_folder())
KNOWN = LOADED.knowledge


@cache
def prepared() -> Knowledge:
    """Returns it with its phrases, which each workbench would otherwise prepare again."""
    return msgspec.structs.replace(KNOWN, prepared=Matcher(KNOWN).prepared)
