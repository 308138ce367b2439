"""Reads on reviews: what waits for a verdict, drawn as the reviewer asks, and the verdicts there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from lifecycle.annotations import selectors
from lifecycle.annotations.authors import IS_SAID
from lifecycle.annotations.label_filters import filter_class
from lifecycle.annotations.models import Annotation, Review
from lifecycle.common.errors import NotFound
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

SAMPLES = {
    "all": "Every answer",
    "random": "A random share",
    "disagreement": "People disagree",
    "doubtful": "Consensus in doubt",
    "imported": "Imported",
}
IN_MIND = timedelta(hours=1)
COUNT_LIMIT = 1_000  # a longer list is not counted to its end
_HASH_RANGE = 16**8


@dataclass(frozen=True)
class Wanted:
    """Which answers a reviewer wants to look at; empty means any."""

    person_id: int | None = None
    value: str = ""  # a class that the answer says, alone or among others
    sample: str = "all"
    share: float = 0.1  # of the random sample


@dataclass(frozen=True)
class Tally:
    """How many of one person's answers got which verdict."""

    accepted: int = 0
    fixed: int = 0
    rejected: int = 0

    @property
    def total(self) -> int:
        return self.accepted + self.fixed + self.rejected

    @property
    def accepted_share(self) -> float | None:
        return self.accepted / self.total if self.total else None


def list_pending(project: Project, reviewer, wanted: Wanted) -> QuerySet[Annotation]:
    """Current answers of people without a verdict, oldest first, or those people differ most on first where that is
    the sample; one's own only where they are asked for by name.

    What people said in another tool counts as well. All that was imported, also what names nobody, is a sample of its
    own; one that names nobody is nobody's own, whoever brought it.
    """
    is_imported = wanted.sample == "imported"
    found = Annotation.objects.filter(
        ~Exists(Review.objects.filter(annotation=OuterRef("pk"))),
        ~Exists(Review.objects.filter(fixed_by=OuterRef("pk"))),
        task__dataset__project=project,
        is_current=True,
        kind=Annotation.Kind.ANSWER,
        item__excluded_at=None,
    ).filter(Q(origin=Annotation.Origin.IMPORT) if is_imported else IS_SAID)
    own = Q(user=reviewer) & IS_SAID
    found = found.filter(user=wanted.person_id) if wanted.person_id else found.exclude(own)
    if wanted.value:
        found = filter_class(found, selectors.find_interface(project), wanted.value)
    order = ["-task__disagreement", "task"] if wanted.sample == "disagreement" else []
    return _draw(project, found, wanted).select_related("user", "item", "task").order_by(*order, "pk")


def _draw(project: Project, found: QuerySet[Annotation], wanted: Wanted) -> QuerySet[Annotation]:
    if wanted.sample == "random":  # by a hash of the id: everybody sees the same share, and it stays
        limit = f"{min(int(wanted.share * _HASH_RANGE), _HASH_RANGE - 1):08x}"
        return found.annotate(drawn=MD5(Cast("pk", CharField()))).filter(drawn__lt=limit)
    if wanted.sample == "disagreement":
        datasets = list(project.datasets.values_list("pk", flat=True))  # by their ids, so that an index has the order
        return found.filter(task__disagreement__gt=0, task__dataset__in=datasets)
    if wanted.sample == "doubtful":
        return found.filter(item__final_label__is_doubtful=True)
    return found


def count_pending(project: Project, reviewer, wanted: Wanted) -> int:
    """How many wait, counted up to COUNT_LIMIT."""
    return count_listed(list_pending(project, reviewer, wanted))


def count_listed(pending: QuerySet[Annotation]) -> int:
    """How many are in a list of list_pending, counted up to COUNT_LIMIT."""
    return pending.order_by()[:COUNT_LIMIT].count()


def get_answer(project: Project, annotation_id: int) -> Annotation:
    """Any version of any answer of a project, with its item and author."""
    found = Annotation.objects.filter(task__dataset__project=project, pk=annotation_id)
    answer = found.select_related("user", "item", "task", "previous__user").first()
    if answer is None:
        raise NotFound("There is no such answer in this project.")
    return answer


def list_beside(answer: Annotation) -> list[Annotation]:
    """What other people say about the same item now."""
    beside = Annotation.objects.filter(task=answer.task_id, is_current=True).exclude(user=answer.user_id)
    return list(beside.exclude(kind=Annotation.Kind.WITHDRAWN).select_related("user").order_by("pk"))


def list_reviews(
    project: Project,
    user,
    *,
    role: str,
    person_id: int | None = None,
    verdict: str = "",
    annotation_id: int | None = None,
    task_id: int | None = None,
) -> QuerySet[Review]:
    """Verdicts, newest first: all for a reviewer, below that those on one's own answers."""
    found = Review.objects.filter(project=project).select_related("reviewer", "annotator", "annotation")
    if not is_allowed(role, "reviewer"):
        found = found.filter(annotator=user)
    given = {"annotator": person_id, "verdict": verdict, "annotation": annotation_id, "task": task_id}
    return found.filter(**{name: value for name, value in given.items() if value not in (None, "")}).order_by("-pk")


def get_review(project: Project, review_id: int) -> Review:
    """A verdict that nobody took back."""
    found = Review.objects.filter(project=project, pk=review_id).first()
    if found is None:
        raise NotFound("There is no such verdict in this project. Somebody may have taken it back already.")
    return found


def find_last_own(project: Project, user) -> Review | None:
    """The verdict that somebody gave last, while they may still have it in mind."""
    found = Review.objects.filter(project=project, reviewer=user, created_at__gt=timezone.now() - IN_MIND)
    return found.select_related("annotation", "annotator").order_by("-pk").first()


def tally_reviews(project: Project) -> dict[int, Tally]:
    """{annotator id: how their answers fared}."""
    rows = (
        Review.objects.filter(project=project)
        .values("annotator")
        .annotate(
            accepted=Count("pk", filter=Q(verdict=Review.Verdict.ACCEPTED)),
            fixed=Count("pk", filter=Q(verdict=Review.Verdict.FIXED)),
            rejected=Count("pk", filter=Q(verdict=Review.Verdict.REJECTED)),
        )
    )
    found = rows.order_by("annotator").values_list("annotator", "accepted", "fixed", "rejected")
    return {annotator: Tally(*counts) for annotator, *counts in found}


def find_returned(user, task_ids: Sequence[int]) -> dict[int, Review]:
    """{task: why this person's answer to it was sent back to them, and what it said}, the newest of each."""
    sent = Review.objects.filter(task__in=task_ids, annotator=user, verdict=Review.Verdict.REJECTED, return_to="same")
    return {one.task_id: one for one in sent.select_related("reviewer", "annotation").order_by("pk")}


def list_returned(project: Project, user, limit: int = 20) -> list[Review]:
    """One's own answers that were sent back and wait for a better one."""
    current = Annotation.objects.filter(task=OuterRef("task"), user=user, is_current=True)
    redone = current.exclude(kind=Annotation.Kind.WITHDRAWN)
    sent = Review.objects.filter(project=project, annotator=user, verdict=Review.Verdict.REJECTED, return_to="same")
    open_still = sent.filter(~Exists(redone), task__state="open").select_related("task__item", "reviewer")
    return list(open_still.order_by("-pk")[:limit])
