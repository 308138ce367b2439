"""Small pictures with what is marked in them, wherever a page shows many: one query for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Func, IntegerField

from lifecycle.annotations.selectors import find_schema, list_annotations, read_interface
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project
from webapp.pages.annotations.answer_view import build_view

MOST_BYTES = 50_000  # of an answer as Postgres keeps it; painted masks are larger, and not drawn on a small picture
MOST_SHAPES = 400


def draw_labels(project: Project, user: Any, items: Iterable[Item | None]) -> None:
    """Gives each picture whose label comes from shapes its `drawn`, an AnswerView; others have none."""
    pictures = {item.label_annotation_id: item for item in items if item and item.is_picture}
    pictures.pop(None, None)
    if not pictures:
        return
    schema = find_schema(project)
    if schema is None or not read_interface(project, schema).find_region_controls():
        return
    size = Func(F("result"), function="pg_column_size", output_field=IntegerField())
    answers = (
        list_annotations(project, user, role=project.role)
        .filter(pk__in=[pk for pk in pictures if pk])
        .select_related(None)
    )
    for answer in answers.alias(bytes=size).filter(bytes__lte=MOST_BYTES).order_by():
        answer.item = pictures[answer.pk]
        view = build_view(answer, list(schema.classes))
        if 0 < len(view.shapes) <= MOST_SHAPES:
            vars(answer.item)["drawn"] = view
