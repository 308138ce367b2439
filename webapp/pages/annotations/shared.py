"""What the pages around the queue have in common: their context, and whole numbers out of forms."""

from __future__ import annotations

from lifecycle.annotations.grid_selectors import has_grid
from lifecycle.projects.rules import is_allowed


def build_base(project, tab: str) -> dict:
    """The context of every labelling page."""
    return {
        "project": project,
        "section": "label",
        "tab": tab,
        "can_edit": is_allowed(project.role, "engineer"),
        "can_review": is_allowed(project.role, "reviewer"),
        "has_grid": has_grid(project),
        "can_label": is_allowed(project.role, "annotator"),
    }


def read_ids(given) -> list[int]:
    """Whole numbers out of what a form sent; what is none is left out."""
    return [int(text) for text in given if text.isdecimal() and len(text) <= 18]


def read_number(text: str) -> float | str:
    """The number, or the text as it is: the service says what is wrong with it."""
    try:
        return float(text)
    except ValueError:
        return text


UNDOABLE_GOLD = "undoable_gold"  # in the session: the tasks that were made gold at once


def find_undoable_gold(request, project) -> list[int]:
    """The tasks that this person made gold last, many at once; none once that was undone."""
    kept = request.session.get(UNDOABLE_GOLD) or {}
    return kept["tasks"] if kept.get("project") == project.pk else []
