"""In words: how the answers to each question of a project come to one final label."""

from __future__ import annotations

from lifecycle.contracts.label_interface import CONTROLS, Control, Interface

_CLASS = "the class that most say, or the likeliest by Dawid-Skene"
_SET = "each class is a yes or no of its own, by vote or by Dawid-Skene with one skill a person for all classes"
_NUMBER = "the lower median, a number that somebody gave; sure is the share within 5 % of it"
_TEXT = "what most wrote, blanks aside; else the text nearest to the others"
_REGION = (
    "what at least half of the people drew (overlap from half of both for shapes, any for stretches), "
    "named by vote, placed where the most central of their regions lies"
)
_RELATION = "between regions that were kept, as at least half of those who drew both of them say"
_RULES = {"Rating": _NUMBER, "Number": _NUMBER, "TextArea": _TEXT, "Relations": _RELATION}


def list_rules(interface: Interface) -> list[tuple[str, str]]:
    """(question, rule) of every control, in the schema's order."""
    return [(interface.call(control.name), _find_rule(control)) for control in interface.controls]


def _find_rule(control: Control) -> str:
    if CONTROLS[control.tag].draws:
        return _REGION
    rule = _RULES.get(control.tag) or (_SET if control.multiple else _CLASS)
    return f"of each region, {rule}, among those who drew it" if control.per_region else rule
