"""The colours: a dark and a light theme of our own, beside Textual's and the terminal's."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="dbtls-dark",
    primary="#5fb0e8",
    secondary="#8fa8c8",
    accent="#7fd1c7",
    success="#7ccf8a",
    warning="#e8bf6a",
    error="#f08c84",
    foreground="#dfe5ec",
    background="#12161c",
    surface="#171c24",
    panel="#202733",
    dark=True,
    variables={
        "footer-key-foreground": "#7fd1c7",
        "block-cursor-text-style": "none",
        "block-cursor-background": "#2c3c4e",
        "block-cursor-foreground": "#ffffff",
    },
)
LIGHT = Theme(
    name="dbtls-light",
    primary="#0b5c94",
    secondary="#40566e",
    accent="#0a6b62",
    success="#1c6b2c",
    warning="#7a5200",
    error="#a3211a",
    foreground="#1b232c",
    background="#fbfcfd",
    surface="#f3f5f8",
    panel="#e6ebf1",
    dark=False,
    variables={
        "footer-key-foreground": "#0a6b62",
        "block-cursor-text-style": "none",
        "block-cursor-background": "#d3e4f1",
        "block-cursor-foreground": "#10171e",
    },
)
