"""What a page, its headers or a picture itself say about their license: hints to look at, not the law."""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from PIL import Image

LICENSE_CHARS = 300
MAX_JSON_CHARS = 500_000
MAX_NODES = 10_000  # of a page's structured data
# what Pillow raises for headers that are none
BROKEN = (OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, struct.error, MemoryError,
          Image.DecompressionBombError)  # fmt: skip
COPYRIGHT_TAG = 0x8298  # of EXIF
MAX_XMP_BYTES = 1 << 20
_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_XMP_NAMES = (
    "{http://creativecommons.org/ns#}license", "{http://ns.adobe.com/xap/1.0/rights/}WebStatement",
    "{http://ns.adobe.com/xap/1.0/rights/}UsageTerms", "{http://purl.org/dc/elements/1.1/}rights",
)  # fmt: skip
_METAS = frozenset(("dc.rights", "dcterms.rights", "dcterms.license", "license", "copyright", "rights"))
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*\"?([^\";]*)", re.IGNORECASE)


def find_in_page(tree: Any) -> str:
    """A link marked so, a Creative Commons link, structured data (schema.org), or a rights statement."""
    for element in tree.iter("a", "link"):
        href = element.get("href") or ""
        if "license" in (element.get("rel") or "").lower().split() or "creativecommons.org/" in href:
            return href.strip()[:LICENSE_CHARS]
    for element in tree.iter("script"):
        is_data = (element.get("type") or "").strip().lower() == "application/ld+json"
        if is_data and (found := _find_in_json(element.text or "")):
            return found[:LICENSE_CHARS]
    for element in tree.iter("meta"):
        if (element.get("name") or element.get("property") or "").lower() in _METAS:
            return (element.get("content") or "").strip()[:LICENSE_CHARS]
    return ""


def find_in_header(values: Sequence[str]) -> str:
    """Of ``Link: <https://example.org/by>; rel="license"`` the address."""
    for value in values:
        for url, parameters in _LINK.findall(value):
            rel = _REL.search(parameters)
            if rel and "license" in rel[1].lower().split():
                return url.strip()[:LICENSE_CHARS]
    return ""


def find_in_picture(content: bytes) -> str:
    """The license in its XMP, else the copyright in its EXIF; the pixels are not looked at."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            said, packet = image.getexif().get(COPYRIGHT_TAG), image.info.get("xmp")
    except BROKEN:  # the picture itself is checked elsewhere
        return ""
    text = said.decode("latin-1") if isinstance(said, bytes) else str(said or "")
    return _find_in_xmp(packet) or " ".join(text.replace("\0", " ").split())[:LICENSE_CHARS]


def _find_in_xmp(packet: Any) -> str:
    """The address of the license or of the rights' page, the terms of use, or the rights themselves, as XMP has them:
    https://developer.adobe.com/xmp/docs/XMPNamespaces/xmpRights/"""
    if not isinstance(packet, bytes) or len(packet) > MAX_XMP_BYTES:
        return ""
    try:
        root = fromstring(packet.strip(b"\0 \t\r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return ""
    said: dict[str, str] = {}
    for node in root.iter():
        for name in _XMP_NAMES:
            words = node.get(name) or (node.get(_RESOURCE) or "".join(node.itertext()) if node.tag == name else "")
            if words.strip():
                said.setdefault(name, " ".join(words.split()))
    return next((said[name] for name in _XMP_NAMES if name in said), "")[:LICENSE_CHARS]


def _find_in_json(text: str) -> str:
    if len(text) > MAX_JSON_CHARS or "license" not in text:
        return ""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    for node in walk_json(parsed):
        said = node.get("license")
        if isinstance(said, dict):
            said = said.get("url") or said.get("@id") or said.get("name")
        if isinstance(said, str) and said.strip():
            return said.strip()
    return ""


def walk_json(parsed: Any) -> Iterator[dict[str, Any]]:
    """The objects in it, the outer ones first."""
    waiting, seen = [parsed], 0
    while waiting and seen < MAX_NODES:
        node = waiting.pop(0)
        seen += 1
        if isinstance(node, dict):
            yield node
            waiting += [value for value in node.values() if isinstance(value, dict | list)]
        elif isinstance(node, list):
            waiting += node[:MAX_NODES]
