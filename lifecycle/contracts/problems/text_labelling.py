"""Text labelling: any question about a text; labels to keep and to export, nothing is trained on them."""

from collections.abc import Sequence

from lifecycle.contracts.label_config import build_multiple_config
from lifecycle.contracts.problems import AGREEMENT_METRICS, ItemKind, LabelKind, ProblemType


def _build_label_config(classes: Sequence[str]) -> str:
    return build_multiple_config('<Text name="item" value="$text"/>', classes)


PROBLEM_TYPE = ProblemType(
    key="text_labelling",
    title="Text labelling",
    summary="Ask anything about a text: several classes, an answer, ratings, a taxonomy. Nothing is trained on it.",
    item_kind=ItemKind.TEXT,
    label_kind=LabelKind.FREE,
    metrics=AGREEMENT_METRICS,
    default_recipe="",
    build_label_config=_build_label_config,
)
