"""Two evaluations item by item: who fixed and who broke what, joined by the database."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from lifecycle.common.errors import Conflict
from lifecycle.datasets.models import Item
from lifecycle.evaluations.models import Evaluation
from lifecycle.evaluations.rules import Outcome

# Without right and wrong (regression) the smaller error counts as right, and an equal one as no change.
OUTCOME = """
CASE
  WHEN a.is_correct IS NULL OR b.is_correct IS NULL THEN
    CASE WHEN b.loss < a.loss THEN 'fixed' WHEN b.loss > a.loss THEN 'broke' ELSE 'both_right' END
  WHEN b.is_correct AND NOT a.is_correct THEN 'fixed'
  WHEN a.is_correct AND NOT b.is_correct THEN 'broke'
  WHEN NOT a.is_correct THEN 'both_wrong'
  ELSE 'both_right'
END
"""
JOIN = """
FROM evaluations_itemresult a JOIN evaluations_itemresult b USING (item_id)
WHERE a.evaluation_id = %s AND b.evaluation_id = %s
"""


@dataclass(frozen=True)
class ComparedItem:
    """One item in both evaluations; `item` is None when it has been deleted since."""

    item_id: int
    truth: str
    first: str
    second: str
    first_confidence: float | None
    second_confidence: float | None
    first_loss: float
    second_loss: float
    item: Item | None = None


def check_comparable(first: Evaluation, second: Evaluation) -> None:
    """Raises Conflict unless both are finished and judged the same items."""
    if first.finished_at is None or second.finished_at is None:
        raise Conflict("Both evaluations must be finished before they can be compared.")
    if (first.dataset_version_id, first.split) != (second.dataset_version_id, second.split):
        raise Conflict(
            "These evaluations judged different items, so they cannot be compared item by item. "
            "Evaluate both models on the same dataset version and split."
        )


def count_outcomes(first: Evaluation, second: Evaluation) -> dict[Outcome, int]:
    """How many items the second fixed and broke against the first."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OUTCOME} AS outcome, count(*) {JOIN} GROUP BY 1", [first.pk, second.pk])
        found = {Outcome(outcome): count for outcome, count in cursor.fetchall()}
    return {outcome: found.get(outcome, 0) for outcome in Outcome}


def list_compared(
    first: Evaluation, second: Evaluation, outcome: Outcome, *, limit: int = 50, offset: int = 0
) -> list[ComparedItem]:
    """The items with one outcome, the largest change of loss first."""
    query = f"""
    SELECT item_id, a.truth, a.predicted, b.predicted, a.confidence, b.confidence, a.loss, b.loss {JOIN}
    AND {OUTCOME} = %s ORDER BY abs(a.loss - b.loss) DESC, item_id LIMIT %s OFFSET %s
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [first.pk, second.pk, outcome.value, limit, offset])
        rows = cursor.fetchall()
    items = Item.objects.in_bulk([row[0] for row in rows])
    return [ComparedItem(*(*row, items.get(row[0]))) for row in rows]
