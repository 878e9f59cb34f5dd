"""The one place where foreign text is made safe to show.

Names in certificates, error texts and banners come from whoever answered. They may hold escape codes that
rewrite the terminal, marks that turn the reading direction round, or line breaks that fake a line of our own.
"""

from __future__ import annotations

import re

LONGEST = 1_000
"""Characters that `printable` keeps at most, the ellipsis included."""

# C0 and C1 controls with DEL; soft hyphen, joiners and other characters without width; every bidirectional
# mark, embedding, override and isolate (Unicode TR 9); line and paragraph separators; lone surrogates; tags.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]"
)


def printable(text: str, *, longest: int = LONGEST) -> str:
    """Returns `text` without anything that could act on a terminal or hide from the reader.

    Each unsafe character becomes U+FFFD, so that a forged name never equals the real one. Line breaks and
    tabs count as unsafe. Applying it twice changes nothing more.

    Args:
        text: any text from a server, a certificate or a file.
        longest: how many characters may remain; longer text is cut and ends with an ellipsis.
    """
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return _UNSAFE.sub("\ufffd", text)


def excerpt(text: str, around: str | None, longest: int) -> str:
    """Returns the part of a long text around some of its words, from the beginning of a line where one is near.

    Args:
        text: all of it; returned as it is where it is short enough.
        around: the words that matter; without them, or where they are not in it, the beginning is returned.
        longest: characters to keep. What is left out is marked by an ellipsis on either side.
    """
    if len(text) <= longest:
        return text
    at = max(text.find(around), 0) if around else 0
    before = max(at - longest // 4, 0)
    line = text.rfind("\n", 0, before + 1) + 1
    start = line if at - line < longest // 2 else before
    return (
        f"{'…' if start else ''}{text[start : start + longest]}{'…' if start + longest < len(text) else ''}"
    )


def nearest(wrong: str, names: tuple[str, ...]) -> str:
    """Returns ` - did you mean 'x'?` for the name most like `wrong`, or nothing; the end of a sentence."""
    import difflib  # takes 15 ms, for what seldom happens

    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f" - did you mean '{close[0]}'?" if close else ""
