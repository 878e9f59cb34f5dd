"""Whatever is pasted: no exception, nothing that acts on a terminal, and no pattern that goes wild."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.diagnosis.pasted.read import read_output
from wizard.model.text import printable

AT = datetime(2026, 11, 21, tzinfo=UTC)
OUTPUTS = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[1] / "data" / "outputs").glob("*.txt"))
]
PIECES = st.sampled_from(sorted({line for text in OUTPUTS for line in text.splitlines()}))
BEGINNINGS = (
    "The certificate [Certificate File:", "no pg_hba.conf entry for ", "a [1.1.1.1] ", "nc: ", "Name resolution of ",
    "-----BEGIN CERTIFICATE-----", "subject=" + "/CN=" * 50, "DNS:a,", "Error: 26014, Severity", "| ", "ssl | ",
    "CertContext[0][0]: ", "Subject : ", "> ", "\x1b]", "SSL (a: TLSv1.3, ", "Address: 1", "1.1.1.1 ", "= ",
    "TDSSNIClient 0x1", "CONNECTED(00000003) verify error:num=", "*** a ", "have_ssl\t", "NotBefore: 1/1/20 ",
)  # fmt: skip


@given(st.text())
@settings(max_examples=200)
def test_any_text_is_read_without_an_exception(text: str) -> None:
    """No text ends in a traceback."""
    read_output(text, server_name="sql01", at=AT)


@given(
    st.lists(st.one_of(PIECES, st.text(max_size=40)), max_size=30), st.integers(0, 200), st.text(max_size=60)
)
@settings(max_examples=200)
def test_mixed_and_cut_outputs_are_read_without_an_exception(lines: list[str], cut: int, name: str) -> None:
    """Pieces of outputs in any order, cut anywhere, give facts that are safe to show, or none."""
    output = read_output("\n".join(lines)[cut:], server_name=name, at=AT)
    for entry in output.evidence if output else ():
        assert entry.value is not None
        assert printable(entry.because or "") == entry.because
        words = entry.value if isinstance(entry.value, tuple) else (str(entry.value),)
        assert all(printable(word) == word for word in words)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_long_hostile_text_ends(beginning: str) -> None:
    """A pattern's beginning, over and over, on one line and on many, is read to its end."""
    read_output(beginning * (200_000 // len(beginning)), server_name="sql01", at=AT)
    read_output((beginning * 3 + "\n") * (200_000 // len(beginning)), server_name="sql01", at=AT)


def test_names_cannot_act_on_the_terminal() -> None:
    """Escape codes and marks that turn the reading direction do not get into facts."""
    text = "notAfter=Oct 22 07:02:38 2027 GMT\nsubject=CN = a\x1b[2Jb\u202ec\nissuer=CN = \x07d\n"
    output = read_output(text, at=AT)
    assert output is not None
    shown = "".join(f"{entry.value}{entry.because}" for entry in output.evidence)
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)
