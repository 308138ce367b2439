"""Object detection: boxes on a picture, each with a class. No recipe trains it yet."""

from functools import partial

from lifecycle.contracts.label_config import build_regions_config
from lifecycle.contracts.problems import ItemKind, LabelKind, MetricDefinition, ProblemType

PROBLEM_TYPE = ProblemType(
    key="object_detection",
    title="Object detection",
    summary="Find things in a picture and say what each of them is.",
    item_kind=ItemKind.IMAGE,
    label_kind=LabelKind.REGIONS,
    metrics=(
        MetricDefinition("map_50", "mAP@50", True, "Mean average precision where boxes overlap by half or more."),
        MetricDefinition("map", "mAP@50:95", True, "Mean average precision over overlaps from 50 to 95 percent."),
    ),
    default_recipe="",
    build_label_config=partial(build_regions_config, '<Image name="item" value="$image"/>', "RectangleLabels"),
    controls=frozenset({"RectangleLabels", "PolygonLabels", "KeyPointLabels", "EllipseLabels", "BrushLabels"}),
)
