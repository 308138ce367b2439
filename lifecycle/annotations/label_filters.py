"""Which answers say a label: conditions for queries, on the names that `value` joins and on the result itself."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Replace

from lifecycle.contracts.label_interface import CONTROLS, Control, Interface
from lifecycle.contracts.label_interface.labels import JOINT as STEP
from lifecycle.contracts.label_interface.tags import SHAPES
from lifecycle.contracts.label_interface.values import CUT, JOINT


def split_value() -> Func:
    """The names in `value`, and CUT as one more where some are missing; an index knows them."""
    names = Replace("value", Value(CUT), Value(JOINT + CUT))
    return Func(names, Value(JOINT), function="STRING_TO_ARRAY", output_field=ArrayField(TextField()))


def filter_class(answers: QuerySet, interface: Interface | None, name: str) -> QuerySet:
    """The answers whose main control says a class, alone or among others, or whose `value` is just this."""
    main = interface.main_control if interface else None
    if main is None or not (main.multiple or main.nested or CONTROLS[main.tag].draws):
        return answers.filter(value=name)
    if main.nested:  # what it says is a path
        key = CONTROLS[main.tag].key
        within = Q(result__contains=[{"from_name": main.name, "value": {key: [name.split(STEP)]}}])
        return answers.filter(Q(value=name) | (Q(value__contains=name) | Q(value__endswith=CUT)) & within)
    names = name.replace(CUT, JOINT + CUT).split(JOINT)  # as the index has it: it may hold either itself
    among = Q(joined__contains=names) | Q(joined__contains=[CUT])
    several = Q(value__contains=JOINT) & among & says_label(main, name)
    return answers.alias(joined=split_value()).filter(Q(value=name) | several)


def says_label(control: Control, label: str) -> Q:
    """Results in which a control with plain labels says one of them; on a picture, by whatever shape."""
    keys = list(SHAPES) if control.type in SHAPES else [CONTROLS[control.tag].key]
    asked = Q(pk__in=[])
    for key in keys:
        asked |= Q(result__contains=[{"from_name": control.name, "value": {key: [label]}}])
    return asked
