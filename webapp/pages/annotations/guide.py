"""The labelling guide's Markdown as HTML that is safe to show, whoever wrote it; and what changed between versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import nh3
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
_ITEM = re.compile(r"item:(\d{1,18})")
_WORDS = re.compile(r"\s+|[^\s]+")
_PICTURE = 320
MAX_COMPARED = 20_000  # words; longer guides are compared line by line


@lru_cache(maxsize=256)
def render_guide(body: str, slug: str = "") -> SafeString:
    """Markdown to sanitized HTML: no raw HTML, no scripts, links that cannot reach back into this page.

    `[words](item:12)` leads to item 12 of the project, `![words](item:12)` shows its picture.
    """
    tokens = _markdown.parse(body)
    if slug:
        _point_at_items(tokens, slug)
    html = nh3.clean(
        _markdown.renderer.render(tokens, _markdown.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return format_html("{}", SafeString(html))


def compare_guides(old: str, new: str) -> list[tuple[str, str]]:
    """[(“same”, “added” or “removed”, text)] from one version to the next, word by word."""
    before, after = _split(old), _split(new)
    if len(before) + len(after) > MAX_COMPARED:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    parts = list(_compare(before, after))
    return [(kind, text) for kind, text in parts if text]


def _compare(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    for kind, i1, i2, j1, j2 in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(after[j1:j2])
        else:
            yield "removed", "".join(before[i1:i2])
            yield "added", "".join(after[j1:j2])


def _split(text: str) -> list[str]:
    return _WORDS.findall(text)


def _point_at_items(tokens: Sequence[Token], slug: str) -> None:
    for token in tokens:
        _point_at_items(token.children or [], slug)
        name = "src" if token.type == "image" else "href"
        found = _ITEM.fullmatch(str(token.attrs.get(name, "")))
        if not found:
            continue
        where = {"slug": slug, "item_id": int(found[1])}
        if name == "src":
            token.attrs[name] = reverse("annotations:item-picture", kwargs=where | {"size": _PICTURE})
        else:
            token.attrs[name] = reverse("annotations:item", kwargs=where)
