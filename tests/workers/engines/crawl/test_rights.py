"""License hints: wherever a page, its headers or a picture give them."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from tests.sites import article
from tests.workers.engines.crawl.test_crawl import WORDS
from workers.engines.crawl.rights import COPYRIGHT_TAG, find_in_header, find_in_picture

BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    "data",
    [
        {"@type": "Article", "license": BY},
        {"@graph": [{"@type": "WebPage"}, {"image": {"license": {"@type": "CreativeWork", "url": BY}}}]},
    ],
)
def test_structured_data_names_the_license(site, walk, data):
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    broken = '<script type="application/ld+json">{"license": </script>'
    site.page("/", article("Start", WORDS).replace("<head>", f"<head>{broken}{script}"))

    assert walk(site)["/"].license == BY


def test_a_header_names_the_license_of_a_page(site, walk):
    site.page("/", article("Start", WORDS), Link=f'</next>; rel="next", <{BY}>; rel="license"')

    assert walk(site)["/"].license == BY


def test_of_links_in_a_header_only_the_license_counts():
    assert find_in_header(["</a>; rel=next", f"<{BY}>; title=x; rel=license"]) == BY
    assert find_in_header(["</a>; rel=next", "nonsense", ""]) == ""


def test_a_picture_that_names_its_owner_keeps_that(site, crawl):
    exif = Image.Exif()
    exif[COPYRIGHT_TAG] = "© 2024 The Mill"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG", exif=exif)
    site.page("/", '<img src="/a.jpg">')
    site.routes["/a.jpg"] = (200, {"Content-Type": "image/jpeg"}, out.getvalue())

    found = crawl(site, item_kind="image", take="images")

    assert "2024 The Mill" in found["/a.jpg"].license
    assert find_in_picture(b"\xff\xd8\xff\xe1 no picture") == ""


def packed(inner: str, attributes: str = "") -> bytes:
    """A picture with this XMP, and an EXIF that names an owner."""
    names = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#" '
        'xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    about = f"<rdf:Description rdf:about='' {names} {attributes}>{inner}</rdf:Description>"
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {names}>{about}</rdf:RDF></x:xmpmeta>'
    exif, out = Image.Exif(), io.BytesIO()
    exif[COPYRIGHT_TAG] = "The Mill"
    Image.new("RGB", (4, 4)).save(out, "JPEG", exif=exif, xmp=xmp.encode())
    return out.getvalue()


@pytest.mark.parametrize(
    ("inner", "attributes", "license"),
    [
        (f'<cc:license rdf:resource="{BY}"/>', 'xmpRights:WebStatement="https://mill.example/"', BY),
        ("", f'xmpRights:WebStatement="{BY}"', BY),
        ("<xmpRights:UsageTerms><rdf:Alt><rdf:li>Free to\nmill</rdf:li></rdf:Alt></xmpRights:UsageTerms>", "",
         "Free to mill"),
        ("<dc:rights><rdf:Alt><rdf:li>© Mill</rdf:li></rdf:Alt></dc:rights>", "", "© Mill"),
        ("<dc:title>Mill</dc:title>", "", "The Mill"),
        ("<cc:license>broken", "", "The Mill"),
    ],
)  # fmt: skip
def test_a_picture_names_its_license_in_xmp(inner, attributes, license):
    assert find_in_picture(packed(inner, attributes)) == license


@pytest.mark.parametrize(
    "packet",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>', b"<?xml version='1.0' encoding='no'?><x/>",
        b"<x>" * 50_000 + b"</x>" * 50_000, b"\xff\xfe<",
    ],
    ids=["bomb", "encoding", "deep", "bytes"],
)  # fmt: skip
def test_an_xmp_that_is_none_or_a_trap_says_nothing(packet):
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "WEBP", xmp=packet)

    assert find_in_picture(out.getvalue()) == ""
