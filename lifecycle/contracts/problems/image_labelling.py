"""Image labelling: any question about a picture; labels to keep and to export, nothing is trained on them."""

from collections.abc import Sequence

from lifecycle.contracts.label_config import build_multiple_config
from lifecycle.contracts.problems import AGREEMENT_METRICS, ItemKind, LabelKind, ProblemType


def _build_label_config(classes: Sequence[str]) -> str:
    return build_multiple_config('<Image name="item" value="$image"/>', classes)


PROBLEM_TYPE = ProblemType(
    key="image_labelling",
    title="Image labelling",
    summary="Ask anything about a picture: several classes, captions, ratings, a taxonomy. Nothing is trained on it.",
    item_kind=ItemKind.IMAGE,
    label_kind=LabelKind.FREE,
    metrics=AGREEMENT_METRICS,
    default_recipe="",
    build_label_config=_build_label_config,
)
