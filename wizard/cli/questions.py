"""Asks a person the questions that no probe can answer, as numbered lines."""

from __future__ import annotations

import sys

from wizard.cli.terminal import talk
from wizard.diagnosis.walk import Ask
from wizard.model.evidence import Evidence, unknown
from wizard.model.knowledge import Knowledge
from wizard.workbench import Answerer


def ask(known: Knowledge) -> Answerer:
    """Returns an answerer that asks on stderr and reads stdin."""

    def answer(question: Ask) -> Evidence:
        fact = question.fact
        talk(["", fact.question or fact.title])
        talk(f"  {number}  {choice.label}" for number, choice in enumerate(fact.choices, start=1))
        talk(f"  {len(fact.choices) + 1}  I don't know")
        for how in fact.how_to:
            talk(f"     to find out ({how.platform}): {how.text}")
            talk(f"       {how.look_for}")
        while True:
            sys.stderr.write("Number: ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                return unknown(fact.id, "person", "there was no answer")
            typed = line.strip()
            if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(fact.choices):
                return Evidence(fact.id, fact.choices[int(typed) - 1].value, "person")
            if typed == str(len(fact.choices) + 1):
                return unknown(fact.id, "person", "you do not know")
            talk(f"Please type a number from 1 to {len(fact.choices) + 1}.")

    return answer
