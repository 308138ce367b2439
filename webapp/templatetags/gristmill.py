"""Template tags and filters that every page may use; templates/ui/README.md shows each."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.paginator import Page
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from lifecycle.contracts.sounds import read_reference
from lifecycle.contracts.wording import inflect
from lifecycle.datasets.rules import SPLITS
from lifecycle.datasets.selectors import list_free_uploads
from webapp.icons import draw_icon
from webapp.navigation import are_states_fresh, build_bar, build_navigation
from webapp.tones import find_look

register = template.Library()

AVATAR_TONES = 8
PROBLEM_ICONS = {
    "image_classification": "photo",
    "object_detection": "focus-2",
    "text_classification": "align-left",
    "span_labelling": "highlight",
    "tabular_classification": "table",
    "tabular_regression": "chart-line",
}
_FIGURE_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


@register.simple_tag(name="icon")
def icon(name: str, size: int = 18, css_class: str = "", label: str = "") -> SafeString:
    """{% icon "database" %}, {% icon "trophy" size=24 label="Champion" %}"""
    return draw_icon(name, int(size), css_class, label)


@register.simple_tag
def problem_icon(key: str, size: int = 18) -> SafeString:
    """{% problem_icon project.problem_type %}"""
    return draw_icon(PROBLEM_ICONS.get(key, "cube"), int(size), "", "")


@register.inclusion_tag("ui/_badge.html")
def badge(state: Any, text: str = "") -> dict:
    """{% badge job.state %}: a state as icon, word and color, the same everywhere."""
    look = find_look(str(state))
    return {"state": state, "look": look, "text": text or look.word}


@register.inclusion_tag("ui/_progress.html")
def progress(job: Any, show_message: bool = False) -> dict:
    """{% progress job %}: the bar of anything with `state`, `progress` (0 to 1) and `message`."""
    percent = round(100 * min(max(float(job.progress or 0), 0.0), 1.0))
    is_unknown = job.state == "running" and percent == 0
    return {"job": job, "percent": percent, "is_unknown": is_unknown, "show_message": show_message}


@register.simple_tag
def max_upload_bytes() -> str:
    """{% max_upload_bytes %}: the largest file, as upload.js reads it."""
    return str(settings.MAX_UPLOAD_BYTES)


@register.inclusion_tag("sources/_upload.html", takes_context=True)
def upload_fields(context: dict, number: Any) -> dict:
    """{% upload_fields "new" %}: inside a form of the module "upload", files that are sent in pieces and go on after a
    break. `number` tells several on one page apart."""
    return {
        "number": str(number),
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
        "unfinished_uploads": list_free_uploads(context["project"], context["request"].user),
        "kept_uploads": context.get("kept_uploads", ()),
    }


@register.inclusion_tag("ui/_pager.html", takes_context=True)
def pager(context: dict, page: Page, noun: str = "") -> dict:
    """{% pager page %} or {% pager page "item" %}: pages by URL, other query parameters stay."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ellipsis = page.paginator.ELLIPSIS
    return {
        "request": context.get("request"),
        "page": page,
        "numbers": list(numbers),
        "ellipsis": ellipsis,
        "noun": noun and inflect(noun, page.paginator.count),
        "is_capped": getattr(page.paginator, "is_capped", False),
    }


def _describe_empty(
    title: str, text: str = "", icon: str = "inbox", action_url: str = "", action: str = "", hint: str = ""
) -> dict:
    return {"title": title, "text": text, "icon": icon, "action_url": action_url, "action": action, "hint": hint}


# Django's {% for %} takes an {% empty %} directly inside its body as its own: write {% empty_state %} there.
register.inclusion_tag("ui/_empty.html", name="empty")(_describe_empty)
register.inclusion_tag("ui/_empty.html", name="empty_state")(_describe_empty)


@register.simple_tag
def chart(figure: dict, height: int = 320, label: str = "Chart") -> str:
    """{% chart figure height=420 %}: a Plotly figure as a dict, drawn by static/js/modules/chart.js."""
    if not figure:
        return ""
    plain = orjson.loads(orjson.dumps(figure, option=_FIGURE_OPTIONS, default=str))  # NaN, which is no JSON, to null
    return format_html(
        '<div class="chart" data-module="chart" style="height:{}px" role="figure" aria-label="{}">{}</div>',
        int(height),
        label,
        json_script(plain),
    )


@register.inclusion_tag("ui/_avatar.html")
def avatar(user: Any, size: str = "") -> dict:
    """{% avatar user %}: initials on a color that stays the person's own; size "sm" or "lg"."""
    name = _name(user)
    words = name.replace(".", " ").replace("-", " ").replace("_", " ").split()
    initials = "".join(word[0] for word in words[:2]).upper() or "?"
    return {"name": name, "initials": initials, "tone": zlib.crc32(name.encode()) % AVATAR_TONES, "size": size}


@register.inclusion_tag("ui/_avatars.html")
def avatars(users: list, limit: int = 4) -> dict:
    """{% avatars people %}: overlapping avatars, the rest as "+3"."""
    people = list(users)
    return {"shown": people[:limit], "more": max(len(people) - limit, 0), "names": ", ".join(map(_name, people))}


def _name(user: Any) -> str:
    if user is None:
        return "system"
    full = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return full or getattr(user, "username", "") or str(user)


@register.filter
def person(user: Any) -> str:
    """{{ user|person }}: the full name, else the user name, else "system"."""
    return _name(user)


@register.simple_tag
def ago(moment: Any) -> SafeString:
    """{% ago job.created_at %}: "3 minutes ago", the exact time on hover."""
    if moment is None:
        return format_html('<span class="text-secondary">{}</span>', "never")
    text = naturaltime(moment).split(",")[0].replace("\xa0", " ")
    text = text if text.endswith(("ago", "now")) or "from now" in text else f"{text} ago"
    exact = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, text)


class CaptureNode(template.Node):
    """Renders its content into a variable instead of the page."""

    def __init__(self, nodelist: template.NodeList, name: str):
        self.nodelist, self.name = nodelist, name

    def render(self, context) -> str:
        context[self.name] = self.nodelist.render(context).strip()
        return ""


@register.tag
def capture(parser, token) -> CaptureNode:
    """{% capture name %}…{% endcapture %}: so that one block can fill both the title and the heading."""
    name = token.split_contents()[1]
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(nodelist, name)


@register.filter
def duration(seconds: float | None) -> str:
    """{{ 75|duration }} is "1 min 15 s"; below ten seconds with one decimal."""
    if seconds is None or seconds == "":
        return "–"
    seconds = float(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours == 0:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"


@register.filter
def compact(number: float | None) -> str:
    """{{ 12345|compact }} is "12.3k"; small numbers stay whole."""
    if number is None:
        return "–"
    for limit, suffix in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= limit:
            scale = 1e3 if suffix == "k" else limit
            return f"{number / scale:.1f}".removesuffix(".0") + suffix
    return f"{number:,}" if isinstance(number, int) else f"{number:,.4g}"


@register.filter
def score(value: float | None) -> str:
    """A metric with four significant digits; a dash when there is none. No powers of ten below a billion."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


@register.filter
def percent(share: float | None) -> str:
    """A share as percent with as many digits as say something: 0.034 → 3.4 %."""
    return "–" if share is None else f"{100 * share:.{1 if abs(share) < 0.1 else 0}f} %"


@register.filter
def bytesize(count: float | None) -> str:
    """{{ 8_600_000|bytesize }} is "8.6 MB" (powers of ten, as charters are written)."""
    if count is None:
        return "–"
    for limit, suffix in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {suffix}"
    return f"{count:g} B"


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """{{ mapping|lookup:key }}; None when it has no such key."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.filter
def refers_to_sound(value: Any) -> bool:
    """Whether a row's cell stands for a sound: not for reading, but for a player."""
    return bool(read_reference(value))


@register.filter
def pairs(text: str) -> list[tuple[str, str]]:
    """{% for value, label in "open:Open,all:All"|pairs %}"""
    return [(value, label) for value, _, label in (part.partition(":") for part in text.split(","))]


@register.filter
def in_split_order(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Train first and test last: Postgres keeps the keys of a JSON object in an order of its own."""
    return [(split, counts[split]) for split in SPLITS if split in counts]


@register.inclusion_tag("ui/_project_nav.html")
def project_nav(project: Any, section: str = "") -> dict:
    """The left navigation of a project, and its bottom bar on phones."""
    groups, bar = build_navigation(project, section), build_bar(project, section)
    return {"groups": groups, "bar": bar, "project": project, "section": section, "is_fresh": are_states_fresh(project)}
