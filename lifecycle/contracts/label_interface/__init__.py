"""One reading of a labelling configuration, for pages, doors, imports, agreement and exports (docs/decisions/011)."""

from lifecycle.contracts.label_interface.model import (
    MAIN_CONTROL,
    MAIN_OBJECT,
    NOTHING,
    Condition,
    Control,
    Interface,
    Label,
    ObjectTag,
)
from lifecycle.contracts.label_interface.palette import CLASS_KEYS, assign_keys
from lifecycle.contracts.label_interface.parsing import list_unused, parse_interface
from lifecycle.contracts.label_interface.questions import find_question_of_sets, guess_problem_type
from lifecycle.contracts.label_interface.tags import CONTROLS, OBJECTS

__all__ = [
    "CLASS_KEYS",
    "CONTROLS",
    "MAIN_CONTROL",
    "MAIN_OBJECT",
    "NOTHING",
    "OBJECTS",
    "Condition",
    "Control",
    "Interface",
    "Label",
    "ObjectTag",
    "assign_keys",
    "find_question_of_sets",
    "guess_problem_type",
    "list_unused",
    "parse_interface",
]
