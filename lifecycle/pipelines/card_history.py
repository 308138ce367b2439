"""What rows that never change say of a version's items: who labeled them, what crawled pages said.

A million scattered answers take seconds to look up. A worker does it once, with the commit or right after it, and the
version keeps what it found: whoever reads the card only reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lifecycle.annotations.authors import count_by_author
from lifecycle.annotations.models import Annotation
from lifecycle.crawls.origins import Origin, count_origins
from lifecycle.datasets import manifests
from lifecycle.datasets import selectors as datasets
from lifecycle.datasets import services as datasets_services
from lifecycle.datasets.models import Collection, DatasetVersion
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job

QUICK_ITEMS = 20_000  # so many are counted at once, well within a second
SHOWN_PEOPLE = 20
SHOWN_PAGES = 100  # lines of what crawled pages said
WORDS: dict[str, str] = {
    Annotation.Origin.IMPORT: "imported by {}",
    Annotation.Origin.FEEDBACK: "feedback, taken in by {}",
    Annotation.Origin.CONSENSUS: "merged out of several answers, for {}",
}


class History(NamedTuple):
    """As it is shown, and kept as JSON."""

    labels_by: list[tuple[str, int]]  # (who, labels)
    pages: list[list[str]]  # (site, what, said, items)
    wishes: dict[str, int]  # {directive of robots: items}


def is_quick(version: DatasetVersion) -> bool:
    """Whether a request may write the card: its history is kept, or few items are to be counted."""
    return version.history is not None or version.item_count <= QUICK_ITEMS


def read_history(version: DatasetVersion) -> History | None:
    """As it was kept; None before."""
    return History(**version.history) if version.history is not None else None


def start_card(version: DatasetVersion) -> Job:
    """Have a worker count the history, once for a version; whoever asks again is given the same job."""
    return jobs.enqueue(
        kind="card",
        title=f"Count who labeled {version} and where it came from",
        spec={"version_id": version.pk},
        project=version.dataset.project,
        created_by=version.created_by,
        subject_type="version",
        subject_id=version.pk,
        idempotency_key=f"card:{version.pk}",
    )


def keep_history(version: DatasetVersion, history: History) -> DatasetVersion:
    """Keep what was counted. Call within the job's transaction."""
    return datasets_services.record_history(version=version, history=history._asdict())


def keep_history_soon(version: DatasetVersion) -> None:
    """Right now where that is quick, else by a job of its own: a commit does not wait for it. Call within the job's
    transaction."""
    if version.history is None and is_quick(version):
        keep_history(version, count_history(version))
    elif version.history is None:
        start_card(version)


def count_history(version: DatasetVersion) -> History:
    """Of a version with a million scattered answers this takes seconds."""
    paths, sources = datasets.fetch_chunks(version), datasets.describe_sources(version)
    origins = list_origins(paths, sources)
    pages = describe_pages(origins, {source["id"]: source["title"] for source in sources})
    wishes = sum((origin.wishes for origin in origins), Counter[str]())
    return History(count_labels_by(paths), pages, dict(wishes))


def count_labels_by(paths: Sequence[Path]) -> list[tuple[str, int]]:
    """(who, labels) of the answers that the version holds: people, imports, feedback, merged ones."""
    rows = count_by_author(*manifests.list_runs(paths, "annotation_id"))
    shown = [(WORDS.get(origin, "{}").format(name), count) for origin, name, count in rows[:SHOWN_PEOPLE]]
    rest = sum(count for _, _, count in rows[SHOWN_PEOPLE:])
    return [*shown, (f"{len(rows) - SHOWN_PEOPLE:,} others", rest)] if rest else shown


def list_origins(paths: Sequence[Path], sources: Sequence[dict]) -> list[Origin]:
    """What crawled pages say, where the version has items of crawls."""
    crawled = [source["id"] for source in sources if source["kind"] == Collection.Kind.CRAWL]
    return count_origins(*manifests.list_runs(paths, "item_id", crawled)) if crawled else []


def describe_pages(origins: Sequence[Origin], titles: dict[int, str]) -> list[list[str]]:
    """(site, what, said, items) for hosts, days, license hints and wishes about robots."""
    rows = []
    for origin in origins:
        days = [f"{moment:%Y-%m-%d}" for moment in (origin.first_at, origin.last_at)]
        found = [("fetched", " to ".join(dict.fromkeys(days)), origin.items)]
        found += [("host", host, items) for host, items in origin.hosts]
        found += [("host", f"{origin.more_hosts:,} more", 0)] if origin.more_hosts else []
        found += [("license", text or "nothing", items) for text, items in origin.licenses]
        found += [("license", f"{origin.more_licenses:,} other statements", 0)] if origin.more_licenses else []
        found += [("robots", wish, items) for wish, items in sorted(origin.wishes.items())]
        site = titles.get(origin.collection_id, "a site")
        rows += [[site, what, said, f"{items:,}" if items else ""] for what, said, items in found]
    return rows[:SHOWN_PAGES]
