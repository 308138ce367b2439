"""The table of tags: what is supported, what each answers with, and what it can be about."""

from __future__ import annotations

from dataclasses import dataclass

ANY = frozenset({"Image", "Text", "HyperText", "Paragraphs", "Table", "TimeSeries", "Audio"})
OBJECTS = ANY
TEXTS = frozenset({"Text", "HyperText", "Paragraphs"})
IMAGE = frozenset({"Image"})
# what arranges or explains and neither shows data nor answers
LAYOUT = frozenset({"View", "Header", "Collapse", "Panel", "Filter"})
IGNORED = frozenset({"Style"})
UNUSED = {"Style": "its rules could reach the whole page"}
PARTS = frozenset({"Choice", "Label", "Relation", "Channel", "Shortcut"})  # of the tag around them


@dataclass(frozen=True)
class ControlTag:
    """`key` is where a result entry's `value` keeps the answer; `part` is the child that is one label."""

    type: str
    key: str
    about: frozenset[str]
    part: str = ""
    draws: bool = False  # its entries are regions
    can_be_per_region: bool = False


def _draws(type: str, about: frozenset[str]) -> ControlTag:
    return ControlTag(type, type, about, part="Label", draws=True)


CONTROLS: dict[str, ControlTag] = {
    "Choices": ControlTag("choices", "choices", ANY, part="Choice", can_be_per_region=True),
    "Rating": ControlTag("rating", "rating", ANY, can_be_per_region=True),
    "Number": ControlTag("number", "number", ANY, can_be_per_region=True),
    "TextArea": ControlTag("textarea", "text", ANY, can_be_per_region=True),
    "Taxonomy": ControlTag("taxonomy", "taxonomy", ANY, part="Choice", can_be_per_region=True),
    "Pairwise": ControlTag("pairwise", "selected", ANY),
    "RectangleLabels": _draws("rectanglelabels", IMAGE),
    "PolygonLabels": _draws("polygonlabels", IMAGE),
    "KeyPointLabels": _draws("keypointlabels", IMAGE),
    "EllipseLabels": _draws("ellipselabels", IMAGE),
    "BrushLabels": _draws("brushlabels", IMAGE),
    "Labels": _draws("labels", TEXTS | {"Audio"}),
    "HyperTextLabels": _draws("hypertextlabels", frozenset({"HyperText", "Text"})),
    "ParagraphLabels": _draws("paragraphlabels", frozenset({"Paragraphs"})),
    "TimeSeriesLabels": _draws("timeserieslabels", frozenset({"TimeSeries"})),
    "Relations": ControlTag("relation", "labels", frozenset(), part="Relation"),
}

# shapes on pictures: label files bring outlines where boxes are asked for, and each kind is kept as what it is
SHAPES = {rule.type: tag for tag, rule in CONTROLS.items() if rule.draws and rule.about == IMAGE}


def find_tag(control_tag: str, entry_type: object) -> str:
    """The tag whose rule reads an entry: the control's own, or on a picture that of another shape."""
    if control_tag in SHAPES.values() and isinstance(entry_type, str):
        return SHAPES.get(entry_type, control_tag)
    return control_tag


SUPPORTED = ANY | CONTROLS.keys() | LAYOUT | IGNORED | PARTS
