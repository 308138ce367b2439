"""Coloring by anything that is known of items: columns of their rows, classes that they have among others, metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F, Func, JSONField, Value
from django.db.models.functions import Length
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware

from lifecycle.annotations.models import Annotation
from lifecycle.annotations.selectors import find_schema, read_interface
from lifecycle.contracts.label_interface.names import NameReader, list_names
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Dataset, Item
from lifecycle.embeddings.codec import Points
from lifecycle.embeddings.models import Map
from lifecycle.embeddings.selectors.coloring import Coloring, Reader, as_codes, as_values, to_number
from lifecycle.sources.models import SourceRun

COLUMN, CLASS = "col.", "class."
NUMBER_SHARE = 0.95  # of the values of a column that nobody described
MAX_CLASSES = 200

Values = list[tuple[int, Any]]


def list_choices(dataset: Dataset) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(by, title)]), only what items of this kind can have."""
    known = [(by, title) for by, (title, kinds, _) in _FIELDS.items() if dataset.item_kind in kinds]
    columns = [(COLUMN + column["name"], column["name"]) for column in dataset.columns or _guess_columns(dataset)]
    classes = [(CLASS + name, name) for name in _list_classes(dataset)]
    groups = [("Metadata", known), ("Columns", columns), ("Has the class", classes)]
    return [(title, choices) for title, choices in groups if choices]


def find_reader(dataset: Dataset, by: str) -> Reader | None:
    """None for what items of this kind do not have."""
    if by.startswith(COLUMN) and dataset.item_kind == "row" and "\0" not in by:
        name = by.removeprefix(COLUMN)
        return Reader(name, lambda drawn, points: _read_column(drawn, points, name))
    if by.startswith(CLASS) and (name := by.removeprefix(CLASS)) in (names := _list_classes(dataset)):
        return Reader(f"Has {name}", lambda drawn, points: _read_class(drawn, points, name, names))
    title, kinds, read = _FIELDS.get(by, ("", (), None))
    return Reader(title, read) if read and dataset.item_kind in kinds else None


def _read_column(drawn: Map, points: Points, name: str) -> Coloring:
    """Numbers and dates on a scale, the rest as categories."""
    dataset = drawn.encoder.dataset
    cell = Func(F("row"), Value(name), function="jsonb_extract_path", output_field=JSONField())
    pairs: Values = list(_items(drawn).annotate(cell=cell).values_list("pk", "cell"))
    kind = next((column["kind"] for column in dataset.columns if column["name"] == name), None) or _guess(pairs)
    if kind == "number":
        return as_values(points, [(item_id, to_number(value)) for item_id, value in pairs])
    if kind == "date":
        return as_values(points, [(item_id, _to_seconds(value)) for item_id, value in pairs], is_time=True)
    return as_codes(points, [(item_id, _say(value)) for item_id, value in pairs], nothing="no value")


def _read_class(drawn: Map, points: Points, name: str, names: tuple[str, ...]) -> Coloring:
    reader = NameReader(names)
    said: dict[str | None, str | None] = {None: None}
    pairs: Values = []
    for item_id, label in _items(drawn).values_list("pk", "label"):
        if label not in said:
            said[label] = "yes" if name in reader.read(label) else "no"
        pairs.append((item_id, said[label]))
    return as_codes(points, pairs, nothing="unlabeled")


def _by_annotator(drawn: Map, points: Points) -> Coloring:
    """Who gave the label that counts now."""
    answers = Annotation.objects.filter(item__dataset=drawn.encoder.dataset_id)
    pairs = answers.filter(pk=F("item__label_annotation_id")).values_list("item_id", "user__username")
    return as_codes(points, list(pairs.order_by()), nothing="not labeled here")


def _by_source(drawn: Map, points: Points) -> Coloring:
    runs = SourceRun.objects.filter(source__dataset=drawn.encoder.dataset_id)
    titles = dict(runs.values_list("collection_id", "source__title"))
    pairs = [(item_id, titles.get(number)) for item_id, number in _items(drawn).values_list("pk", "collection_id")]
    return as_codes(points, pairs, nothing="uploaded directly")


def _by_site(drawn: Map, points: Points) -> Coloring:
    """The host of an address, or the folder of a file."""
    pairs = [(item_id, _find_place(uri)) for item_id, uri in _items(drawn).values_list("pk", "source_uri")]
    return as_codes(points, pairs, nothing="no folder")


def _find_place(uri: str) -> str | None:
    if "://" in uri:
        try:
            return urlsplit(uri).hostname
        except ValueError:  # an address that nobody could fetch
            return None
    return uri.rpartition("/")[0] or None


def _codes(field: str, nothing: str) -> Callable[[Map, Points], Coloring]:
    return lambda drawn, points: as_codes(points, list(_items(drawn).values_list("pk", field)), nothing=nothing)


def _numbers(field: str) -> Callable[[Map, Points], Coloring]:
    return lambda drawn, points: as_values(points, list(_items(drawn).values_list("pk", field)))


def _by_labeled_at(drawn: Map, points: Points) -> Coloring:
    pairs = _items(drawn).values_list("pk", "labeled_at")
    return as_values(points, [(item_id, at and at.timestamp()) for item_id, at in pairs], is_time=True)


def _by_event_time(drawn: Map, points: Points) -> Coloring:
    pairs = _items(drawn).values_list("pk", "event_time")
    return as_values(points, [(item_id, at and at.timestamp()) for item_id, at in pairs], is_time=True)


def _by_aspect(drawn: Map, points: Points) -> Coloring:
    sides = _items(drawn).values_list("pk", "width", "height")
    return as_values(points, [(item_id, w / h if w and h else None) for item_id, w, h in sides])


def _by_length(drawn: Map, points: Points) -> Coloring:
    return as_values(points, list(_items(drawn).annotate(length=Length("text")).values_list("pk", "length")))


_ALL, _IMAGE, _TEXT = ("image", "text", "row"), ("image",), ("text",)
_FIELDS: Mapping[str, tuple[str, tuple[str, ...], Any]] = {  # by -> (title, kinds of items, where it is read)
    "annotator": ("Annotator", _ALL, _by_annotator),
    "labeled": ("Time it was labeled", _ALL, _by_labeled_at),
    "date": ("Date of the item", _ALL, _by_event_time),
    "source": ("Source", _ALL, _by_source),
    "site": ("Website or folder", _ALL, _by_site),
    "group": ("Group", _ALL, _codes("group", "no group")),
    "width": ("Width", _IMAGE, _numbers("width")),
    "height": ("Height", _IMAGE, _numbers("height")),
    "aspect": ("Width to height", _IMAGE, _by_aspect),
    "bytes": ("File size", _IMAGE, _numbers("byte_size")),
    "mime": ("File type", _IMAGE, _codes("mime", "unknown")),
    "length": ("Characters", _TEXT, _by_length),
}


def _items(drawn: Map):
    return Item.objects.filter(dataset=drawn.encoder.dataset_id).order_by()


def _list_classes(dataset: Dataset) -> tuple[str, ...]:
    """Classes of which an item may have several; () where it has one, and "label" says all."""
    project = dataset.project
    schema = find_schema(project)
    if schema is None or get_problem_type(project.problem_type).label_kind in (LabelKind.CLASS, LabelKind.NUMBER):
        return ()
    return (list_names(read_interface(project, schema)) or ())[:MAX_CLASSES]


def _guess_columns(dataset: Dataset) -> list[dict[str, str]]:
    """Of a table whose columns nobody described: those of an item."""
    if dataset.item_kind != "row":
        return []
    row = Item.objects.filter(dataset=dataset, row__isnull=False).values_list("row", flat=True).first()
    return [{"name": name} for name in row or {}]


def _guess(pairs: Values) -> str:
    present = [value for _, value in pairs if value is not None]
    numbers = sum(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
    return "number" if present and numbers >= NUMBER_SHARE * len(present) else "category"


def _say(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _to_seconds(value: Any) -> float | None:
    """Seconds since 1970; a moment without a zone is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = parse_datetime(value)
        day = None if moment else parse_date(value)
    except ValueError:  # the 30th of February
        return None
    moment = datetime(day.year, day.month, day.day) if day else moment
    if moment is None:
        return None
    return (make_aware(moment) if is_naive(moment) else moment).timestamp()
