"""The data card of a version in Markdown: what is in it, where it came from, who labeled it, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lifecycle.datasets.card_profile import describe_columns, describe_contents, describe_suspects
from lifecycle.datasets.card_text import build_table, escape, quote

SHOWN_CLASSES = 40
NEAR_DUPLICATES = {
    "image": (
        "pictures that were resized, recompressed or cropped (down to 70 % of their sides), of pictures up to 64 "
        "pixels those that are nearly the same as a whole, and below 32 pixels those with the same pixels"
    ),
    "text": (
        "texts with most of their wording in common, and of texts of a few words those with the same letters and digits"
    ),
    "row": "rows with the same words, whose numbers differ by little (0.2 % of the range of their column)",
}
WIDE_SET = 131_072  # as decision 014 says
WIDE = (
    "In a set of more than 131,072 texts only closer ones are kept together (7 of 64 bits, not 10); the search for "
    "faults names the others."
)
SHOWN_SOURCES = 50
SPLITS = ("train", "validation", "test")
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
         (10_000_000, "1M<n<10M"))  # fmt: skip
# The names that Hugging Face knows for what people write most often; anything else is "other" with a name.
LICENSES = ("apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
            "cc-by-sa-3.0", "cc-by-3.0", "odbl", "odc-by", "pddl", "bsd-3-clause", "gpl-3.0", "unlicense")  # fmt: skip


@dataclass(frozen=True)
class CardFacts:
    """What the card says. All of it is settled with the version but for `tags`, `profile` and `found`: each of these
    says when it was made."""

    title: str
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
    is_of_then: bool = True  # policy and columns are those of the commit, not today's
    sources: Sequence[Mapping[str, Any]] = ()
    pages: Sequence[Sequence[str]] = ()  # (site, what its pages say, items)
    labels_by: Sequence[tuple[str, int]] = ()  # (person or import, labels)
    columns: Sequence[tuple[str, str]] = ()  # (name, kind)
    issues: Sequence[str] = ()
    tags: Sequence[str] = field(default_factory=tuple)  # with their days
    profile: Mapping[str, Any] | None = None  # contracts.profile.ProfileResult.profile of this version
    profiled_on: str = ""
    found: Sequence[str] = ()  # by searches since, with their days


def build_card(facts: CardFacts) -> str:
    """The whole card."""
    parts = [_front(facts), f"# {escape(facts.title)}\n"]
    parts += [f"{escape(text)}\n" for text in (facts.message, facts.purpose) if text.strip()]
    parts += [_contents(facts), _labels(facts), _profile(facts), _sources(facts), _pages(facts), _issues(facts)]
    return "\n".join(part for part in parts if part.strip())


def _front(facts: CardFacts) -> str:
    """YAML that Hugging Face reads at the top of a README."""
    lines = [f"pretty_name: {quote(facts.title)}", *_license(facts)]
    languages = [name for name, _ in ((facts.profile or {}).get("texts") or {}).get("languages", [])]
    if languages:
        lines.append(f"language: [{', '.join(quote(name) for name in languages)}]")
    size = next((name for limit, name in SIZES if facts.item_count < limit), "n>10M")
    lines.append(f"size_categories: [{quote(size)}]")
    return "---\n" + "\n".join(lines) + "\n---\n"


def _license(facts: CardFacts) -> list[str]:
    stated = sorted({str(source["license"]) for source in facts.sources if source["license"].strip()})
    if not stated:
        return ['license: "unknown"']
    known = {name.lower().replace(" ", "-") for name in stated}
    if len(known) == 1 and known <= set(LICENSES):
        return [f"license: {quote(known.pop())}"]
    return ['license: "other"', f"license_name: {quote('; '.join(stated))}"]


def _contents(facts: CardFacts) -> str:
    rows = [["split", "items", "labeled"]]
    for split in SPLITS:
        items = facts.summary.get("splits", {}).get(split, 0)
        rows.append([split, f"{items:,}", f"{facts.summary.get('labeled', {}).get(split, 0):,}"])
    rows.append(["all", f"{facts.item_count:,}", f"{facts.labeled_count:,}"])
    today = "" if facts.is_of_then else " (as it is today: the version is older than the record of it)"
    return (
        f"## Contents\n\nItems are {escape(facts.item_kind)}s for {escape(facts.problem.lower())}. "
        f"Committed {escape(facts.created)}; content hash `{facts.content_hash}`.\n\n"
        f"{build_table(rows)}\n\nSplits: {escape(facts.policy)}{today}. No item ever moves from one split to another; "
        "near-duplicates and groups stay on one side, unless an import said which split an item belongs to. "
        f"Near-duplicates are {NEAR_DUPLICATES.get(facts.item_kind, 'copies with small changes')}.\n"
        + _dates(facts)
        + ("" if facts.item_kind != "text" or facts.item_count <= WIDE_SET else f"\n{WIDE}\n")
        + (f"\nTags: {', '.join(escape(tag) for tag in facts.tags)}.\n" if facts.tags else "")
    )


def _dates(facts: CardFacts) -> str:
    dates = facts.summary.get("dates")
    if not dates:
        return ""
    missing = facts.item_count - dates["items"]
    rest = f"; items without a date of their own: {missing:,}" if missing else ""
    return (
        f"\nDates that the items are of (`event_time`, in UTC): {dates['first'][:10]} to {dates['last'][:10]}{rest}. "
        "They are those of the items, not of their import.\n"
    )


def _labels(facts: CardFacts) -> str:
    parts = []
    totals = _count_classes(facts)
    if totals:
        largest = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
        rows = [["class", "items"], *([label, f"{count:,}"] for label, count in largest[:SHOWN_CLASSES])]
        parts.append(build_table(rows, more=len(largest) - SHOWN_CLASSES, of="classes"))
        if len(largest) > 1:
            parts.append(
                f"The largest class has {largest[0][1] / largest[-1][1]:,.1f} times the items of the smallest."
            )
    edges = (facts.summary.get("histogram") or {}).get("edges")
    if edges:
        parts.append(f"Numbers from {edges[0]:g} to {edges[-1]:g}.")
    if facts.labels_by:
        parts.append(build_table([["label by", "labels"], *([who, f"{count:,}"] for who, count in facts.labels_by)]))
    return "## Labels\n\n" + "\n\n".join(parts) + "\n" if parts else ""


def _count_classes(facts: CardFacts) -> dict[str, int]:
    """Items of each class. Where a label can name several, only a profile takes them apart."""
    classes = (facts.profile or {}).get("classes") or {}
    if classes.get("several"):
        return dict(classes["balance"])
    totals: dict[str, int] = {}
    for counts in (facts.summary.get("balance") or {}).values():
        for label, count in counts.items():
            totals[label] = totals.get(label, 0) + count
    return totals


def _profile(facts: CardFacts) -> str:
    columns = describe_columns(facts.columns, facts.profile)
    if facts.profile is None:
        said = "This version has not been profiled yet: nothing was measured of what its items are like.\n"
        return "\n".join(part for part in (columns, f"## Profile\n\n{said}") if part)
    said = f"{facts.profile['items']:,} items of this version were looked at on {facts.profiled_on}.\n"
    parts = [f"## Profile\n\n{said}", columns, describe_contents(facts.profile), describe_suspects(facts.profile)]
    return "\n".join(part for part in parts if part)


def _sources(facts: CardFacts) -> str:
    if not facts.sources:
        return ""
    rows: list[list[object]] = [["source", "kind", "license", "items", "collected"]]
    for source in facts.sources[:SHOWN_SOURCES]:
        when = f"{source['at']:%Y-%m-%d} by {source['by']}"
        rows.append([source["title"], source["kind"], source["license"] or "not stated", f"{source['items']:,}", when])
    return f"## Sources\n\n{build_table(rows, more=len(facts.sources) - SHOWN_SOURCES, of='sources')}\n"


def _pages(facts: CardFacts) -> str:
    if not facts.pages:
        return ""
    return (
        "## What the crawled pages said\n\nHints found on the pages themselves, counted by item: no promise of a "
        f"license.\n\n{build_table([['site', 'what', 'said', 'items'], *facts.pages])}\n"
    )


def _issues(facts: CardFacts) -> str:
    lines = [f"- {escape(issue)}" for issue in (*facts.issues, *facts.found)]
    return "## Known issues\n\n" + "\n".join(lines or ["- None are known."]) + "\n"
