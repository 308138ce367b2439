"""Row labelling: any question about the columns of a row; labels to keep and to export, nothing is trained on them."""

from collections.abc import Sequence

from lifecycle.contracts.label_config import build_multiple_config
from lifecycle.contracts.problems import AGREEMENT_METRICS, ItemKind, LabelKind, ProblemType


def _build_label_config(classes: Sequence[str]) -> str:
    return build_multiple_config('<Table name="item" value="$row"/>', classes)


PROBLEM_TYPE = ProblemType(
    key="row_labelling",
    title="Row labelling",
    summary="Ask anything about rows: two texts to compare, a sound, a time series. Nothing is trained on it.",
    item_kind=ItemKind.ROW,
    label_kind=LabelKind.FREE,
    metrics=AGREEMENT_METRICS,
    default_recipe="",
    build_label_config=_build_label_config,
)
