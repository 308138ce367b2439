"""Span labelling (NER): stretches of a text, each with a class. No recipe trains it yet."""

from functools import partial

from lifecycle.contracts.label_config import build_regions_config
from lifecycle.contracts.problems import ItemKind, LabelKind, MetricDefinition, ProblemType

PROBLEM_TYPE = ProblemType(
    key="span_labelling",
    title="Span labelling",
    summary="Find names, dates and other stretches of a text and say what each of them is.",
    item_kind=ItemKind.TEXT,
    label_kind=LabelKind.SPANS,
    metrics=(
        MetricDefinition("span_f1", "Span F1", True, "Of exact spans with the right class, over all classes."),
        MetricDefinition("span_macro_f1", "Macro span F1", True, "Mean of the classes' F1, each counting the same."),
    ),
    default_recipe="",
    build_label_config=partial(build_regions_config, '<Text name="item" value="$text"/>', "Labels"),
    controls=frozenset({"Labels", "HyperTextLabels", "ParagraphLabels"}),
)
