"""What older items lack is made up for: fingerprints and prints that came later, pairs of crops that were not looked
for, languages that a profile had no time for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, Subquery

from lifecycle.datasets.models import Dataset, Item, PicturePrint
from lifecycle.exploration.models import ItemFacts
from lifecycle.exploration.services.profiles import start_profile
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.jobs.selectors import ACTIVE

KIND = "catch_up"
AT_ONCE = 500  # texts of one transaction
MOST_LANGUAGES = 20_000  # of one job, some ten seconds
_WRITE = """
    UPDATE exploration_itemfacts AS known SET language = new.language
    FROM unnest(%s::bigint[], %s::text[]) AS new (item_id, language) WHERE known.item_id = new.item_id"""


def catch_up_due() -> int:
    """Begin the next piece for a dataset that lacks something; the clock calls it every minute. One at a time, and none
    where the last one failed or was canceled: a person decides about it. Returns how many began."""
    if Job.objects.filter(kind=KIND, state__in=ACTIVE).exists():
        return 0
    unprinted = Item.objects.filter(
        dataset=OuterRef("pk"), pk__gt=OuterRef("printed_to"), fingerprint__isnull=True, row__isnull=True
    )
    last = Job.objects.filter(kind=KIND, subject_type="dataset", subject_id=OuterRef("pk")).order_by("-pk")
    datasets = Dataset.objects.filter(item_kind__in=["text", "image"], project__archived_at=None)
    datasets = datasets.annotate(last=Subquery(last.values("state")[:1]))
    datasets = datasets.filter(Q(last=None) | ~Q(last__in=["failed", "canceled"])).order_by("pk")
    pictures = datasets.filter(item_kind="image")
    unviewed = Item.objects.filter(dataset=OuterRef("pk"), pk__gt=OuterRef("viewed_to"))
    uncompared = PicturePrint.objects.filter(dataset=OuterRef("pk"), pk__gt=OuterRef("compared_to"))
    due = datasets.filter(Exists(unprinted)).first() or pictures.filter(Exists(unviewed) | Exists(uncompared)).first()
    due = due or datasets.filter(Exists(_list_unknown(OuterRef("pk")))).first()
    if due is None:
        return 0
    jobs.enqueue(
        kind=KIND,
        title="Look at items of earlier imports",
        spec={"dataset_id": due.pk},
        project=due.project,
        subject_type="dataset",
        subject_id=due.pk,
    )
    return 1


def look_up_languages(
    *,
    dataset: Dataset,
    find_language: Callable[[str], str],
    recording: Callable[[], AbstractContextManager],
    report: Callable[[float, str], None],
) -> int:
    """The languages of texts that a profile measured without it; once none is left, the profile is made anew. Returns
    how many were looked up."""
    done = 0
    while done < MOST_LANGUAGES:
        report(done / MOST_LANGUAGES, f"Looked up the language of {done:,} texts")
        rows = list(_list_unknown(dataset.pk).values_list("item_id", "item__text")[:AT_ONCE])
        if not rows:
            break
        languages = [find_language(text) for _, text in rows]
        with recording(), connection.cursor() as cursor:
            cursor.execute(_WRITE, [[pk for pk, _ in rows], languages])
        done += len(rows)
    if done and not _list_unknown(dataset.pk).exists() and dataset.items.filter(excluded_at=None).exists():
        with recording():
            start_profile(dataset=dataset, user=None)
    return done


def _list_unknown(dataset_id):
    texts = ItemFacts.objects.filter(dataset=dataset_id, language=None, words__isnull=False)
    return texts.filter(dataset__item_kind="text").order_by(F("item_id"))
