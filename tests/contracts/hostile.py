"""A text that attacks, put wherever a text can be stored, and what of it came to life in a page."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.sax.saxutils import escape

from django.apps import apps
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Cast, Concat

from lifecycle.annotations.models import Annotation, LabelSchema, QueueSettings
from lifecycle.datasets.models import Item
from tests.contracts.world import World

ATTACK = "'\"></script><img src=xss onerror=__xss()>"
ROOM_FOR_KEY = 12  # characters: the row's key makes it unique
# checked by a pattern when they are set, and part of addresses or of what programs read
PATTERNED = {"slug", "language", "mime", "kind", "recipe", "seed", "algorithm", "device", "entrypoint"}
CONFIG = """<View><Header value="{0}"/><Text name="item" value="$text"/><Choices name="label" toName="item">
<Choice value="{0}" hint="{0}"/><Choice value="b"/></Choices></View>"""
# names that are chosen from a list, or checked by a pattern because they are part of addresses
CHOSEN = {
    "datasets.dataset.name",
    "projects.charter.target_metric",
    "projects.project.target_metric",
    "registry.model.name",
}
SCRIPTS = ("javascript:", "data:text")
SECRET = ("blob", "hash", "password", "secret", "token", "prefix", "digest", "key", "sha256")


def list_text_fields() -> list[tuple[type[models.Model], models.Field]]:
    """Every column of ours that can hold free text with room for the attack."""
    found = []
    for model in apps.get_models():
        if not model.__module__.startswith("lifecycle."):
            continue
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, models.CharField | models.TextField) and not field.primary_key
            has_room = field.max_length is None or field.max_length >= len(ATTACK) + ROOM_FOR_KEY
            is_free = not field.choices and field.name not in PATTERNED and not field.name.endswith(SECRET)
            if is_text and has_room and is_free:
                found.append((model, field))
    return found


def poison(world: World) -> set[str]:
    """Put the attack into every such column; returns where it could not be put."""
    refused = set()
    for model, field in list_text_fields():
        place = f"{model._meta.label_lower}.{field.name}"
        if place in CHOSEN:
            continue
        has_key = not isinstance(model._meta.pk, models.CompositePrimaryKey)
        text = Concat(Value(ATTACK), Cast("pk", models.TextField())) if has_key else Value(ATTACK)
        try:
            with transaction.atomic():
                model._base_manager.update(**{field.name: text})
        except Exception as error:  # noqa: BLE001 — whatever the database says of it
            refused.add(f"{place}: {str(error).splitlines()[0]}")
    _poison_structures(world)
    return refused


def _poison_structures(world: World) -> None:
    """What is kept as JSON: rows and the names of their columns, answers, classes, reasons."""
    said = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": [ATTACK]}}]
    said += [{"from_name": ATTACK, "to_name": "item", "type": "textarea", "value": {"text": [ATTACK]}}]
    Annotation.objects.update(result=said, value=ATTACK)
    asked = CONFIG.format(escape(ATTACK, {'"': "&quot;"}))
    LabelSchema.objects.update(classes=[ATTACK, "b"], config=asked)
    Item.objects.update(row={ATTACK: ATTACK})
    QueueSettings.objects.update_or_create(project=world.project, defaults={"skip_reasons": [ATTACK]})


class _Finder(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            given = (value or "").strip().lower()
            is_handler = name.startswith("on")
            is_ours = name == "src" and given == "xss"
            is_script = name in ("href", "src", "action", "formaction") and given.startswith(
                ("javascript:", "data:text")
            )
            if is_handler or is_ours or is_script:
                self.found.append(f"<{tag} {name}={given[:60]}>")


def list_injected(html: str) -> list[str]:
    """Elements of the page that only the attack can have made."""
    finder = _Finder()
    finder.feed(html)
    finder.close()
    return finder.found
