"""Reads on final labels: those of one item with who said what, those in doubt, all of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from lifecycle.accounts.models import User
from lifecycle.annotations.models import FinalLabel
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project


@dataclass(frozen=True)
class FinalView:
    """A final label with names in place of ids. `counts` is false once the item got another label since."""

    final: FinalLabel
    sources: list[dict[str, Any]]  # those of FinalLabel with "username"
    parts: list[dict[str, Any]]  # those of FinalLabel with "people": user names of `annotations`
    counts: bool


def list_final_labels(
    project: Project, *, is_doubtful: bool | None = None, item_id: int | None = None
) -> QuerySet[FinalLabel]:
    """Final labels with the annotations behind them, in the order of their items."""
    found = FinalLabel.objects.filter(run__project=project).select_related("annotation")
    if is_doubtful is not None:
        found = found.filter(is_doubtful=is_doubtful)
    if item_id is not None:
        found = found.filter(item=item_id)
    return found.order_by("item_id")


def list_doubtful(project: Project, *, limit: int = 20) -> list[FinalLabel]:
    """Those in doubt that wait for a reviewer, the least sure first."""
    found = FinalLabel.objects.filter(run__project=project, is_doubtful=True, item__excluded_at=None)
    return list(found.select_related("item").order_by("posterior", "pk")[:limit])


def find_final(project: Project, item: Item) -> FinalView | None:
    """The final label of an item, and who said what of it."""
    final = list_final_labels(project, item_id=item.pk).select_related("annotation__user", "run").first()
    if final is None:
        return None
    if final.annotation:
        final.annotation.item = item  # known, so nobody has to ask for it again
    names = dict(User.objects.filter(pk__in=[source["user"] for source in final.sources]).values_list("pk", "username"))
    sources = [source | {"username": names.get(source["user"], "?")} for source in final.sources]
    by_answer = {source["annotation"]: source["username"] for source in sources}
    parts = [part | {"people": [by_answer.get(pk, "?") for pk in part["annotations"]]} for part in final.parts]
    counts = item.label == final.value and (
        final.annotation_id is None or not final.parts or item.label_annotation_id == final.annotation_id
    )
    return FinalView(final, sources, parts, counts)
