"""The JSON Schema files that editors use are those of the types."""

from __future__ import annotations

from wizard.knowledge.graph import as_mermaid, as_svg
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.knowledge.schema import schemas


def test_the_committed_schemas_are_up_to_date() -> None:
    """`dbtls knowledge schema --write knowledge/schema` was run after the last change of a type."""
    folder = knowledge_folder() / "schema"
    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    assert committed == schemas()


def test_a_changed_type_changes_its_schema() -> None:
    """The twin: the schemas are really made from the types, one for each kind."""
    found = schemas()
    assert len(set(found.values())) == len(found)
    assert '"severity"' in found["causes.json"]
    assert '"severity"' not in found["clients.json"]


def test_the_graph_shows_every_node_and_every_verdict() -> None:
    """Both drawings hold all nodes' words and all causes that the tree can name."""
    known = load(knowledge_folder())
    verdicts = {
        way.verdict for node in known.nodes for way in (*node.branches, node.otherwise) if way.verdict
    }
    for drawn in (as_mermaid(known), as_svg(known)):
        assert all(known.fact(node.fact).title in drawn for node in known.nodes)
        assert all(verdict in drawn for verdict in verdicts)
        assert "weak-link" not in drawn
