"""What the loop page shows of the explore stage."""

from __future__ import annotations

from lifecycle.contracts.loop import Figure, StageState, StageSummary, count_figure
from lifecycle.datasets.selectors import count_facets, get_dataset
from lifecycle.exploration.selectors.findings import find_scan, list_lists
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project, Stage


def summarize_explore(project: Project) -> StageSummary:
    """The explore stage: what is in, and what of it is worth a look."""
    dataset = get_dataset(project)
    facets = count_facets(dataset)
    if not facets.total:
        return StageSummary(Stage.EXPLORE, StageState.EMPTY, "Nothing to look at yet", (), "datasets.items", "Look")
    working = Job.objects.filter(project=project, kind__in=["profile", "findings"], state__in=["queued", "running"])
    scan = find_scan(dataset)
    open_count = sum(one.count for one in list_lists(scan, dataset)) if scan else 0
    figures = [count_figure("item", facets.total), Figure("excluded", f"{facets.excluded:,}")]
    if scan:
        figures.append(Figure("worth a look", f"{open_count:,}"))
    headline = f"{facets.labeled / facets.total:.0%} labeled"
    if working.exists():
        return StageSummary(Stage.EXPLORE, StageState.WORKING, headline, tuple(figures), "explore", "Look at it")
    label = "See what was found" if open_count else "Look at the profile"
    return StageSummary(Stage.EXPLORE, StageState.DONE, headline, tuple(figures), "explore", label)
