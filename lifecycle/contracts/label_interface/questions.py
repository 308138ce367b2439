"""Which control of a configuration answers which problem type."""

from __future__ import annotations

from lifecycle.contracts.label_interface.model import Control, Interface
from lifecycle.contracts.label_interface.tags import TEXTS
from lifecycle.contracts.problems import ItemKind, LabelKind, ProblemType, get_problem_type, list_problem_types

SHOWN_SMALL = frozenset({"Image", "Text", "Table"})  # objects that a tile shows as they are


def find_main(interface: Interface, problem_type: str = "") -> Control | None:
    """The first control that answers the problem type; without one given, the first that answers any."""
    if problem_type:
        problem = get_problem_type(problem_type)
        return next((one for one in interface.controls if answers(problem, one, interface)), None)
    return _find_any(interface)[1]


def guess_problem_type(interface: Interface) -> str:
    """The problem type that a configuration asks for, one that can be trained before one that is only labeled; empty
    where there is none."""
    return _find_any(interface)[0]


def _find_any(interface: Interface) -> tuple[str, Control | None]:
    free = [problem for problem in list_problem_types() if problem.label_kind == LabelKind.FREE]
    trained = [problem for problem in list_problem_types() if problem.label_kind != LabelKind.FREE]
    for problems in (trained, free):
        for control in interface.controls:
            for problem in problems:
                if answers(problem, control, interface):
                    return problem.key, control
    return "", None


def find_question_of_sets(interface: Interface) -> Control | None:
    """The only question, where it is: which of these classes, any number of them, has the item? Such items can be
    labeled many at a time."""
    if len(interface.controls) != 1 or len(interface.objects) != 1:
        return None
    [control], [shown] = interface.controls, interface.objects
    is_plain = not (control.per_region or control.nested or control.when or shown.when)
    is_list = control.tag == "Choices" and control.multiple and bool(control.labels)
    is_open = not any(label.is_selected for label in control.labels)  # nobody saw on a tile what was chosen for them
    return control if is_plain and is_list and is_open and shown.field and shown.tag in SHOWN_SMALL else None


def answers(problem: ProblemType, control: Control, interface: Interface) -> bool:
    """Whether this control can be the question of this problem type."""
    if control.per_region or control.tag == "Relations" or find_item_kind(control, interface) != problem.item_kind:
        return False
    if problem.label_kind == LabelKind.FREE:
        return True
    if problem.label_kind == LabelKind.CLASS and (control.multiple or control.nested):
        return False
    return control.tag in problem.controls


def find_item_kind(control: Control, interface: Interface) -> ItemKind:
    """What an item must be for a control to ask about it: a picture, a text, or a row with a field for every object."""
    shown = [one for one in interface.objects if one.field]
    about = {one.tag for one in interface.objects if one.name in control.to}
    if about == {"Image"} and len(control.to) == 1 and sum(one.tag == "Image" for one in shown) == 1:
        return ItemKind.IMAGE
    if about <= TEXTS and len(shown) == 1:
        return ItemKind.TEXT
    return ItemKind.ROW
