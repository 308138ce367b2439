"""Gathers what a data card says of a dataset version, from every room that knows something of it."""

from __future__ import annotations

from django.db.models import Count, Q

from lifecycle.annotations.models import Annotation
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets import selectors as datasets
from lifecycle.datasets.cards import CardFacts, build_card
from lifecycle.datasets.models import DatasetVersion
from lifecycle.datasets.rules import DEFAULT_RATIOS, check_ratios
from lifecycle.datasets.splitting import TITLES, SplitPolicy
from lifecycle.exploration.selectors.findings import find_scan, list_lists
from lifecycle.projects.models import Charter

SHOWN_PEOPLE = 20


def write_data_card(version: DatasetVersion) -> str:
    """The card of a version in Markdown."""
    dataset = version.dataset
    project = dataset.project
    problem = get_problem_type(project.problem_type)
    charter = Charter.objects.filter(project=project).order_by("-version").first()
    policy = TITLES[SplitPolicy.from_json(dataset.split_policy).kind].lower()
    shares = check_ratios(dataset.split_ratios or DEFAULT_RATIOS)
    facts = CardFacts(
        title=f"{project.name}, {version}",
        project=project.name,
        purpose=charter.problem_statement if charter else "",
        item_kind=str(problem.item_kind),
        problem=problem.title,
        message=version.message,
        content_hash=version.content_hash,
        created=f"{version.created_at:%Y-%m-%d} by {version.created_by.username}",
        item_count=version.item_count,
        labeled_count=version.labeled_count,
        summary=version.summary,
        policy=f"{policy} ({', '.join(f'{split} {share:.0%}' for split, share in shares.items())})",
        sources=datasets.describe_sources(version),
        labels_by=count_labels_by(version),
        columns=dataset.columns,
        issues=list_issues(version),
        tags=[tag.name for tag in version.tags.all()],
    )
    return build_card(facts)


def count_labels_by(version: DatasetVersion) -> list[tuple[str, int]]:
    """(who, labels) of the answers that count now for items this version may hold: people, imports, feedback."""
    answers = Annotation.objects.filter(
        Q(is_current=True),
        item__dataset=version.dataset,
        kind=Annotation.Kind.ANSWER,
        created_at__lte=version.created_at,
    )
    rows = answers.values_list("origin", "user__username").annotate(n=Count("pk")).order_by("-n")[:SHOWN_PEOPLE]
    words = {Annotation.Origin.IMPORT: "imported by {}", Annotation.Origin.FEEDBACK: "feedback, taken in by {}"}
    return [(words.get(origin, "{}").format(name), count) for origin, name, count in rows]


def list_issues(version: DatasetVersion) -> list[str]:
    """What is known to be wrong: of the version itself, and of the newest search for faults in its dataset."""
    issues = []
    if version.labeled_count < version.item_count:
        issues.append(f"{version.item_count - version.labeled_count:,} of {version.item_count:,} items have no label.")
    if any(not source["license"] for source in datasets.describe_sources(version)):
        issues.append("The license of some sources was not stated.")
    scan = find_scan(version.dataset)
    for found in list_lists(scan):
        if scan and found.count:
            issues.append(f"{found.title}: {found.count:,} items in the search of {scan.created_at:%Y-%m-%d}.")
    return issues
