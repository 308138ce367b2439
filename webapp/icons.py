"""Tabler's icons as inline SVG, read once from the file that set-up copies to static/vendor."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import orjson
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

log = logging.getLogger(__name__)
FILLED = "-filled"
FALLBACK = "point"


@cache
def _load(style: str) -> dict:
    path = Path(settings.BASE_DIR) / "static" / "vendor" / "tabler-icons" / f"{style}.json"
    if not path.exists():
        log.warning("%s is missing: run `make install`; pages show no icons until then", path)
        return {}
    return orjson.loads(path.read_bytes())


@cache
def draw_icon(name: str, size: int = 18, css_class: str = "", label: str = "") -> SafeString:
    """The icon as SVG in the text's color; "x-filled" takes the filled form. Without a label it is decoration."""
    is_filled = name.endswith(FILLED)
    shapes = _load("filled" if is_filled else "outline").get(name.removesuffix(FILLED))
    if shapes is None:
        log.warning("there is no icon named %s", name)
        shapes = _load("outline").get(FALLBACK, [])
    attributes = format_html('{}="{}"', "aria-label" if label else "aria-hidden", label or "true")
    paint = "is-filled" if is_filled else "is-outline"
    return format_html(
        '<svg class="icon {} {}" width="{}" height="{}" viewBox="0 0 24 24" role="img" {}>{}</svg>',
        paint,
        css_class,
        size,
        size,
        attributes,
        format_html_join("", "<{} {}/>", ((tag, _write_attributes(values)) for tag, values in shapes)),
    )


def _write_attributes(values: dict) -> SafeString:
    return format_html_join(" ", '{}="{}"', values.items())
