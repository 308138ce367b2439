"""The data card of a version in Markdown: what is in it, where it came from, who labeled it, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SHOWN_CLASSES = 40
NEAR_DUPLICATES = {
    "image": "pictures that were resized, recompressed or slightly cropped",
    "text": "texts with most of their wording in common",
    "row": "rows with the same words, whose numbers differ by little (0.2 % of the range of their column)",
}
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class CardFacts:
    """What the card says; `front` is the YAML that Hugging Face reads at the top of a README."""

    title: str
    project: str
    purpose: str
    item_kind: str
    problem: str
    message: str
    content_hash: str
    created: str
    item_count: int
    labeled_count: int
    summary: Mapping[str, Any]
    policy: str
    sources: Sequence[Mapping[str, Any]] = ()
    labels_by: Sequence[tuple[str, int]] = ()  # (person or import, labels)
    columns: Sequence[Mapping[str, Any]] = ()
    issues: Sequence[str] = ()
    tags: Sequence[str] = field(default_factory=tuple)


def build_card(facts: CardFacts) -> str:
    """The whole card."""
    parts = [_front(facts), f"# {_line(facts.title)}\n", _line(facts.message), _line(facts.purpose), _contents(facts)]
    parts += [_labels(facts), _sources(facts), _columns(facts), _issues(facts)]
    return "\n".join(part for part in parts if part.strip()) + "\n"


def _front(facts: CardFacts) -> str:
    licenses = sorted({str(source["license"]) for source in facts.sources if source["license"]})
    named = ", ".join(_quote(name) for name in licenses) or "unknown"
    return f"---\npretty_name: {_quote(facts.title)}\nlicense: {named if len(licenses) < 2 else f'[{named}]'}\n---\n"


def _contents(facts: CardFacts) -> str:
    rows = [["split", "items", "labeled"]]
    for split in SPLITS:
        items = facts.summary.get("splits", {}).get(split, 0)
        rows.append([split, f"{items:,}", f"{facts.summary.get('labeled', {}).get(split, 0):,}"])
    rows.append(["all", f"{facts.item_count:,}", f"{facts.labeled_count:,}"])
    return (
        f"## Contents\n\nItems are {facts.item_kind}s for {facts.problem.lower()}. Committed {facts.created}"
        f"{', tagged ' + ', '.join(facts.tags) if facts.tags else ''}; content hash `{facts.content_hash}`.\n\n"
        f"{_table(rows)}\n\nSplits: {_line(facts.policy)}. No item ever moves from one split to another; "
        "near-duplicates and groups stay on one side, unless an import said which split an item belongs to. "
        f"Near-duplicates are {NEAR_DUPLICATES.get(facts.item_kind, 'copies with small changes')}.\n"
    )


def _labels(facts: CardFacts) -> str:
    text = "## Labels\n"
    balance = facts.summary.get("balance")
    if balance:
        totals: dict[str, int] = {}
        for counts in balance.values():
            for label, count in counts.items():
                totals[label] = totals.get(label, 0) + count
        largest = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
        rows = [["class", "items"], *([_cell(label), f"{count:,}"] for label, count in largest[:SHOWN_CLASSES])]
        more = f"\n\nand {len(largest) - SHOWN_CLASSES:,} more classes." if len(largest) > SHOWN_CLASSES else ""
        text += f"\n{_table(rows)}{more}\n"
    edges = (facts.summary.get("histogram") or {}).get("edges")
    if edges:
        text += f"\nNumbers from {edges[0]:g} to {edges[-1]:g}.\n"
    if facts.labels_by:
        rows = [["label by", "labels"], *([_cell(who), f"{count:,}"] for who, count in facts.labels_by)]
        text += f"\n{_table(rows)}\n"
    return text if text.strip() != "## Labels" else ""


def _sources(facts: CardFacts) -> str:
    if not facts.sources:
        return ""
    rows = [["source", "kind", "license", "items", "collected"]]
    for source in facts.sources:
        when = f"{source['at']:%Y-%m-%d} by {source['by']}"
        cells = [source["title"], source["kind"], source["license"] or "not stated", f"{source['items']:,}", when]
        rows.append([_cell(cell) for cell in cells])
    return f"## Sources\n\n{_table(rows)}\n"


def _columns(facts: CardFacts) -> str:
    if not facts.columns:
        return ""
    rows = [["column", "kind"], *([_cell(column["name"]), _cell(column["kind"])] for column in facts.columns)]
    return f"## Columns\n\n{_table(rows)}\n"


def _issues(facts: CardFacts) -> str:
    lines = [f"- {_line(issue)}" for issue in facts.issues] or ["- None were looked for yet: run a search for faults."]
    return "## Known issues\n\n" + "\n".join(lines) + "\n"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: object) -> str:
    return _line(str(text)).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.replace("<", "&lt;").split())


def _quote(text: str) -> str:
    return '"' + " ".join(text.split()).replace("\\", "").replace('"', "'") + '"'
