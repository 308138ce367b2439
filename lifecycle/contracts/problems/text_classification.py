"""Text classification: one class for one text."""

from functools import partial

from lifecycle.contracts.classification_metrics import CLASSIFICATION_METRICS
from lifecycle.contracts.label_config import build_choices_config
from lifecycle.contracts.problems import ItemKind, LabelKind, ProblemType

PROBLEM_TYPE = ProblemType(
    key="text_classification",
    title="Text classification",
    summary="Say which one of a few classes a text belongs to.",
    item_kind=ItemKind.TEXT,
    label_kind=LabelKind.CLASS,
    metrics=CLASSIFICATION_METRICS,
    default_recipe="text_fast",
    build_label_config=partial(build_choices_config, '<Text name="item" value="$text"/>'),
    controls=frozenset({"Choices"}),
)
