"""The labels that count, for an export of one answer an item: which it is, how sure it is, what it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from django.db import connection

from lifecycle.contracts.label_exports import LabeledTask

# a label is no longer the final one that was worked out once the item got another since
_FINALS = """
SELECT t.id, f.posterior, f.sources::text FROM annotations_finallabel f
JOIN datasets_item i ON i.id = f.item_id JOIN annotations_task t ON t.item_id = i.id
WHERE t.id = ANY(%s) AND i.label = f.value
  AND (f.annotation_id IS NULL OR f.parts = '[]' OR f.annotation_id = i.label_annotation_id)
"""


def keep_final(tasks: Sequence[tuple[Any, ...]], answers: Iterable[tuple[Any, ...]], merged_sql: str) -> list[Any]:
    """Of the rows of answers those that labels come from, and of labels merged out of several the merged ones.

    A row of a task ends with the id of the answer that its label comes from; `merged_sql` reads answers by their ids.
    """
    counting = {row[15] for row in tasks} - {None}
    kept = [row for row in answers if row[0] in counting]
    if missing := counting - {row[0] for row in kept}:
        with connection.cursor() as cursor:
            cursor.execute(merged_sql, [sorted(missing)])
            kept += cursor.fetchall()
    return kept


def mark_final(labeled: Sequence[LabeledTask]) -> Iterator[LabeledTask]:
    """Tasks with one annotation at most; it says that it is final, how sure that is (0 to 1; None where one answer was
    all there was), and under "sources" who said what.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FINALS, [[task.body["id"] for task in labeled]])
        known = {pk: (posterior, orjson.loads(sources)) for pk, posterior, sources in cursor.fetchall()}
    for task in labeled:
        for one in task.body["annotations"]:
            posterior, sources = known.get(task.body["id"], (None, None))
            one |= {"is_final": True, "posterior": posterior}
            one["sources"] = sources or [{"annotation": one["id"], "user": one["completed_by"]}]
        yield task
