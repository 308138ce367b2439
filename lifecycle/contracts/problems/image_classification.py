"""Image classification: one class for one picture."""

from functools import partial

from lifecycle.contracts.classification_metrics import CLASSIFICATION_METRICS
from lifecycle.contracts.label_config import build_choices_config
from lifecycle.contracts.problems import ItemKind, LabelKind, ProblemType

PROBLEM_TYPE = ProblemType(
    key="image_classification",
    title="Image classification",
    summary="Say which one of a few classes a picture belongs to.",
    item_kind=ItemKind.IMAGE,
    label_kind=LabelKind.CLASS,
    metrics=CLASSIFICATION_METRICS,
    default_recipe="image_cnn",
    build_label_config=partial(build_choices_config, '<Image name="item" value="$image"/>'),
    controls=frozenset({"Choices"}),
)
