"""The command palette: what the keys of this screen do, and a search over the knowledge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from wizard.model.knowledge import CauseEntry, FactEntry, FixEntry, Knowledge
from wizard.model.recognition import ClientEntry, SymptomEntry
from wizard.tui import articles
from wizard.tui.text import MUTED, literal


class Keys(Provider):
    """Offers what the keys of the screen do, with the keys beside them."""

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.description and active.enabled:
                key = self.app.get_key_display(binding)
                node, action = active.node, binding.action

                async def run(node: object = node, action: str = action) -> None:
                    await self.app.run_action(action, node)  # type: ignore[arg-type]

                yield binding.description, key, run

    async def discover(self) -> Hits:
        """Lists all of them."""
        for words, key, run in self._entries():
            yield DiscoveryHit(_with_key(literal(words), key), run, text=words)

    async def search(self, query: str) -> Hits:
        """Lists those that fit."""
        matcher = self.matcher(query)
        for words, key, run in self._entries():
            if (score := matcher.match(words)) > 0:
                yield Hit(score, _with_key(matcher.highlight(words), key), run, text=words)


Readable = CauseEntry | SymptomEntry | ClientEntry | FactEntry | FixEntry


class _Known(NamedTuple):
    title: str
    kind: str
    haystack: str
    content: Callable[[], articles.Rows]


class KnowledgeSearch(Provider):
    """Searches causes, symptoms, facts, clients and fixes; an entry opens as an article."""

    async def startup(self) -> None:
        """Makes the index; all of it is in memory."""
        known: Knowledge | None = getattr(self.app, "knowledge", None)
        self._index = tuple(_index(known)) if known is not None else ()

    async def search(self, query: str) -> Hits:
        """Lists the entries of which the title, or all words, fit."""
        matcher = self.matcher(query)
        words = query.lower().split()
        show = self.app.show_article  # type: ignore[attr-defined]
        for entry in self._index:
            score = matcher.match(entry.title)
            if score <= 0 and all(word in entry.haystack for word in words):
                score = 0.3
            if score > 0:
                shown = matcher.highlight(entry.title) + Content.styled(f"  {entry.kind}", MUTED)
                yield Hit(score * 0.9, shown, lambda made=entry.content: show(made()), text=entry.title)


def _with_key(words: Content, key: str) -> Content:
    return words + Content.styled(f"  {key}", MUTED)


def _index(known: Knowledge) -> Iterator[_Known]:
    for cause in known.causes:
        yield _known("cause", cause, partial(articles.of_cause, cause, known), cause.summary)
    for symptom in known.symptoms:
        yield _known("symptom", symptom, partial(articles.of_symptom, symptom, known), symptom.meaning)
    for client in known.clients:
        yield _known("client", client, partial(articles.of_client, client, known), *client.notes)
    for fact in known.facts:
        yield _known("fact", fact, partial(articles.of_fact, fact, known), fact.question or "")
    for fix in known.fixes:
        yield _known("fix", fix, partial(articles.of_fix, fix, known))


def _known(kind: str, entry: Readable, content: Callable[[], articles.Rows], *words: str) -> _Known:
    return _Known(entry.title, kind, " ".join((entry.id, entry.title, *words)).lower(), content)
