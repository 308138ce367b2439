"""What the loop page shows of this room's two stages."""

from __future__ import annotations

from django.db.models import Sum

from lifecycle.contracts.loop import Figure, StageState, StageSummary, count_figure
from lifecycle.contracts.wording import count_words
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors.collections import get_dataset, list_collections
from lifecycle.datasets.selectors.versions import find_latest_version, has_uncommitted_changes
from lifecycle.projects.models import Project, Stage


def summarize_collect(project: Project) -> StageSummary:
    """The collect stage: imports and what came of them."""
    collections = list(list_collections(project)[:5])
    total = estimate_items(project)
    running = [c for c in collections if c.job and not c.is_draft and c.job.state in ("queued", "running")]
    failed = [c for c in collections[:1] if c.job and not c.is_draft and c.job.state == "failed"]
    state = StageState.WORKING if running else StageState.ATTENTION if failed else StageState.DONE
    headline = count_words(total, "item")
    if failed and not running:
        headline = "The last import failed"
    elif running:
        headline = "Importing"
    elif not total:
        state, headline = StageState.READY, "Nothing collected yet"
    figures = (count_figure("item", total), count_figure("import", list_collections(project).count()))
    label = "Look at it" if failed else "Upload data" if not total else "Upload more"
    return StageSummary(Stage.COLLECT, state, headline, figures, "datasets.upload", label)


def summarize_version(project: Project) -> StageSummary:
    """The version stage: the newest snapshot and whether it is still what is there."""
    dataset, latest = get_dataset(project), find_latest_version(project)
    has_items = Item.objects.filter(dataset=dataset).exists()
    if latest is None:
        state = StageState.READY if has_items else StageState.EMPTY
        return StageSummary(Stage.VERSION, state, "No version yet", (), "datasets.versions", "Commit a version")
    changed = has_uncommitted_changes(dataset, latest)
    figures = (Figure("newest", str(latest)), count_figure("item", latest.item_count))
    headline = f"Changes since {latest}" if changed else f"{latest} is what is there"
    state = StageState.READY if changed else StageState.DONE
    return StageSummary(Stage.VERSION, state, headline, figures, "datasets.versions", "Commit a version")


def estimate_items(project: Project) -> int:
    """Items in the project, excluded ones too, by what the imports counted."""
    return list_collections(project).order_by().aggregate(n=Sum("accepted"))["n"] or 0
