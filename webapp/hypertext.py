"""HTML that came with the data, as HTML that can be shown beside everything else: it cannot run, load or lead away."""

from __future__ import annotations

import re
from functools import lru_cache

import nh3

_TAGS = {
    "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p", "pre", "q", "rp",
    "rt", "ruby", "s", "samp", "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr",
}  # fmt: skip
# no class, id, style or address: it stands inside our page
_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_GONE = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math", "title"}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")


def _keep(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    return value


@lru_cache(maxsize=128)
def clean_html(html: str) -> str:
    """By an allow-list of tags and attributes; scripts and styles go with what is in them."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        clean_content_tags=_GONE,
        url_schemes={"data"},
        link_rel=None,
    )
