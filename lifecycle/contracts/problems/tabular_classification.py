"""Tabular classification: one class for one row of a table."""

from functools import partial

from lifecycle.contracts.classification_metrics import CLASSIFICATION_METRICS
from lifecycle.contracts.label_config import build_choices_config
from lifecycle.contracts.problems import ItemKind, LabelKind, ProblemType

PROBLEM_TYPE = ProblemType(
    key="tabular_classification",
    title="Tabular classification",
    summary="Predict a class from the columns of a table.",
    item_kind=ItemKind.ROW,
    label_kind=LabelKind.CLASS,
    metrics=CLASSIFICATION_METRICS,
    default_recipe="tabular_lightgbm",
    build_label_config=partial(build_choices_config, '<Table name="item" value="$row"/>'),
    controls=frozenset({"Choices"}),
)
