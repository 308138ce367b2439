"""Gathers what a data card says of a dataset version, from every room that knows something of it.

What is not kept with the version is read off rows that never change: the answers and items whose ids it holds. Only
tags, the version's profile and searches for faults may come later, and each says its day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets import manifests
from lifecycle.datasets import selectors as datasets
from lifecycle.datasets.cards import CardFacts, build_card
from lifecycle.datasets.models import DatasetVersion
from lifecycle.datasets.settling import Settled, list_empty_splits, read_settled
from lifecycle.datasets.splitting import EVENT_TIME, TITLES
from lifecycle.exploration.rules import TITLES as LISTS
from lifecycle.exploration.selectors import find_profile, find_scan, map_open_items
from lifecycle.pipelines.card_history import count_history, is_quick, read_history
from lifecycle.projects.models import Charter


def find_data_card(version: DatasetVersion) -> str | None:
    """The card of a version in Markdown; None while what it needs has to be counted first, which no request
    waits for: `card_history.start_card` has a worker do it."""
    return write_data_card(version) if is_quick(version) else None


def write_data_card(version: DatasetVersion) -> str:
    """The card of a version in Markdown. Of a large version whose history nobody counted yet this takes a while."""
    settled = read_settled(version)
    problem = get_problem_type(settled.problem_type)
    paths = datasets.fetch_chunks(version)
    sources = datasets.describe_sources(version)
    history = read_history(version) or count_history(version)
    profile = find_profile(version.dataset, version)
    facts = CardFacts(
        title=f"{settled.project}, {version}",
        purpose=describe_purpose(version),
        item_kind=str(problem.item_kind),
        problem=problem.title,
        message=version.message,
        content_hash=version.content_hash,
        created=f"{version.created_at:%Y-%m-%d} by {version.created_by.username}",
        item_count=version.item_count,
        labeled_count=version.labeled_count,
        summary=version.summary,
        policy=describe_policy(settled),
        is_of_then=settled.is_of_then,
        sources=sources,
        pages=history.pages,
        labels_by=history.labels_by,
        columns=settled.columns,
        issues=[*list_issues(version, sources, history.wishes), *settled.policy.list_notes()],
        tags=[f"{tag.name} (since {tag.updated_at:%Y-%m-%d})" for tag in version.tags.all()],
        profile=profile.result if profile else None,
        profiled_on=f"{profile.created_at:%Y-%m-%d}" if profile else "",
        found=list_found(version, paths),
    )
    return build_card(facts)


def describe_purpose(version: DatasetVersion) -> str:
    """The problem statement of the charter that was in force at the commit."""
    charters = Charter.objects.filter(project=version.dataset.project, created_at__lte=version.created_at)
    charter = charters.order_by("-version").first()
    return charter.problem_statement if charter else ""


def describe_policy(settled: Settled) -> str:
    """How items fell into splits."""
    shares = ", ".join(f"{split} {share:.0%}" for split, share in settled.ratios.items())
    column = f", column “{settled.policy.column}”" if settled.policy.column else ""
    column = ", the date of the item" if settled.policy.column == EVENT_TIME else column
    return f"{TITLES[settled.policy.kind].lower()}{column} ({shares}; seed {settled.seed})"


def list_issues(version: DatasetVersion, sources: Sequence[dict], wishes: Mapping[str, int]) -> list[str]:
    """What is known to be wrong of the version itself."""
    issues = list_empty_splits(version)
    if version.labeled_count < version.item_count:
        issues.append(f"{version.item_count - version.labeled_count:,} of {version.item_count:,} items have no label.")
    if any(not source["license"] for source in sources):
        issues.append("The license of some sources was not stated.")
    said = [(wish, wishes[wish]) for wish in ("noai", "noimageai", "noindex") if wishes.get(wish)]
    return issues + [f"Items from pages that say “{wish}”: {items:,}." for wish, items in said]


def list_found(version: DatasetVersion, paths: Sequence[Path]) -> list[str]:
    """What the newest search for faults in the dataset found among the items of this version."""
    scan = find_scan(version.dataset)
    if scan is None:
        return ["No search for faults was made yet."]
    open_items = map_open_items(scan)
    there = manifests.find_rows(paths, sorted({pk for ids in open_items.values() for pk in ids})).keys()
    day = f"{scan.created_at:%Y-%m-%d}"
    counts = [(title, len(there & set(open_items.get(kind, [])))) for kind, title in LISTS.items()]
    said = [f"{title}: {count:,} of this version’s items, by the search of {day}." for title, count in counts if count]
    return said or [f"The search of {day} found nothing among the items of this version."]
