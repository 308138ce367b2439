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
