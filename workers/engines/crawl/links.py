"""Which addresses a page leads to, and which of them the crawl follows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import tldextract
from scrapy.linkextractors import IGNORED_EXTENSIONS

from lifecycle.contracts.crawl import CrawlSpec
from workers.engines.crawl.addresses import Address, find_origin, parse_address

MAX_LINKS = 10_000  # taken from one page
REMEMBERED = 200_000  # addresses whose verdict is kept, and that are told to the frontier only once
PICTURES = frozenset(["jpg", "jpeg", "jpe", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "jp2", "ico"])
VECTORS = frozenset(("svg", "svgz"))
OTHER_FILES = frozenset(IGNORED_EXTENSIONS) | {"gz", "bz2", "xz", "epub", "json", "csv", "txt", "xml"}
REFRESH_SECONDS = 10.0  # a page that stays longer is one to be read
_REFRESH = re.compile(
    r"\s*(?P<seconds>\d{1,6}(\.\d*)?)\s*[;,]\s*(?:url\s*=)?\s*(?P<url>\S.*)", re.IGNORECASE | re.DOTALL
)
_BACKGROUND = re.compile(r"background(?:-image)?\s*:[^;]{0,2000}?url\(\s*['\"]?([^'\")]+)", re.IGNORECASE)
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)", re.IGNORECASE)
_NAMED = (
    "//meta[@property='og:image' or @name='twitter:image' or @property='twitter:image']/@content",
    "//link[@rel='image_src']/@href", "//video/@poster",
)  # fmt: skip
# where pages put a picture that is loaded when it comes in sight
LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy")
LAZY_BACKGROUNDS = ("data-bg", "data-background-image")
WORDS_CHARS = 1_000  # kept of what a page says of a picture
SITEMAP_SUFFIXES = (".xml", ".xml.gz", ".txt", ".gz")
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


class Words(NamedTuple):
    """What a page says of a picture: its alternative text, and the caption of its figure."""

    alt: str = ""
    caption: str = ""


NO_WORDS = Words()


def find_domain(host: str) -> str:
    """The registered domain of a host; an address or a plain name stands for itself."""
    name = host.rsplit("@", 1)[-1]
    found = _suffixes(name)
    return found.top_domain_under_public_suffix or name


class LinkRules:
    """The crawl's rules about addresses, with a memory of those it has seen."""

    def __init__(self, spec: CrawlSpec):
        self.spec = spec
        self._allow = [re.compile(pattern) for pattern in spec.allow]
        self._deny = [re.compile(pattern) for pattern in spec.deny]
        self.start_hosts = {urlsplit(url).netloc.lower() for url in (*spec.start_urls, *spec.sitemaps)}
        self.start_origins = {find_origin(url) for url in (*spec.start_urls, *spec.sitemaps)}
        self._bare_hosts = {host.removeprefix("www.") for host in self.start_hosts}
        self._domains = {find_domain(host) for host in self.start_hosts}
        self._known: dict[tuple[str, str], Address | str] = {}
        self._told: dict[str, int] = {}  # fingerprint -> the least depth the frontier was told

    def judge(self, url: str, role: str) -> Address | str:
        """The address, or why it is not followed."""
        key = (url, role)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._judge(url, role)
        return known

    def _judge(self, url: str, role: str) -> Address | str:
        try:
            address = parse_address(url)
        except ValueError as error:
            return f"not fetchable: {error}" if "http" in str(error) else f"not a usable address: {error}"
        if role == "image":
            return "a vector picture" if address.extension in VECTORS else address
        if role == "sitemap":
            return address
        return self._judge_page(address)

    def _judge_page(self, address: Address) -> Address | str:
        if not self.is_in_scope(address.host):
            return "another site"
        if any(pattern.search(address.url) for pattern in self._deny):
            return "a pattern denies it"
        if self._allow and not any(pattern.search(address.url) for pattern in self._allow):
            return "no pattern allows it"
        if address.extension in OTHER_FILES and not (self.spec.take == "images" and address.extension in PICTURES):
            return f"a .{address.extension} file, not a page"
        return address

    def is_in_scope(self, host: str) -> bool:
        if self.spec.scope == "any":
            return True
        if self.spec.scope == "domain":
            return find_domain(host) in self._domains
        return host.removeprefix("www.") in self._bare_hosts

    def is_news(self, fingerprint: str, depth: int) -> bool:
        """Has the frontier not been told of this address at this depth or nearer?"""
        told = self._told.get(fingerprint)
        if told is not None and told <= depth:
            return False
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[fingerprint] = depth
        return True


class LinkCollector:
    """Collects the links of one page within the limits, and counts what is left out and why."""

    def __init__(self, rules: LinkRules, *, depth: int, hops: int = 0):
        self.rules, self.depth, self.hops = rules, depth, hops
        self.links: list[dict[str, Any]] = []
        self.dropped: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._counted = 0

    @property
    def is_full(self) -> bool:
        return self._counted >= MAX_LINKS

    def add(self, url: str, role: str, depth: int, words: Words = NO_WORDS) -> None:
        """Judge one address, with what the page says of a picture; call until `is_full`."""
        self._counted += 1
        verdict = self.rules.judge(url, role)
        if isinstance(verdict, str):
            self.dropped[verdict] += 1
        elif role == "page" and depth > self.rules.spec.max_depth:
            self.dropped[f"deeper than {self.rules.spec.max_depth} links"] += 1
        elif verdict.fingerprint not in self._seen:
            self._seen.add(verdict.fingerprint)
            if self.rules.is_news(verdict.fingerprint, depth):
                link = {"url": verdict.url, "fingerprint": verdict.fingerprint, "host": verdict.host, "role": role}
                self.links.append(link | {"depth": depth, "hops": self.hops, **words._asdict()})


def collect_links(tree: Any, base: str, collector: LinkCollector) -> None:
    """All links of a parsed page, at most MAX_LINKS."""
    take_pictures = collector.rules.spec.take == "images"
    for url, role, words in _iterate(tree, find_base(tree, base), take_pictures):
        if collector.is_full:
            collector.dropped[f"the page has more than {MAX_LINKS:,} links"] += 1
            return
        depth = collector.depth if role == "image" else collector.depth + 1
        collector.add(url, role, depth, words)


def find_base(tree: Any, url: str) -> str:
    """What relative links are relative to."""
    for element in tree.iter("base"):
        if href := element.get("href"):
            return join_address(url, href) or url
    return url


def find_refresh(tree: Any, base: str) -> str:
    """Where a page sends everybody within moments by a meta tag; "" where it stays, or only loads itself again."""
    for element in tree.iter("meta"):
        if (element.get("http-equiv") or "").strip().lower() != "refresh":
            continue
        found = _REFRESH.match(element.get("content") or "")
        if found is None or float(found["seconds"]) > REFRESH_SECONDS:
            continue
        url = join_address(find_base(tree, base), found["url"].strip().strip("'\""))
        if url and url.partition("#")[0] != base.partition("#")[0]:
            return url
    return ""


def _iterate(tree: Any, base: str, take_pictures: bool) -> Iterator[tuple[str, str, Words]]:
    for element in tree.iter("a", "area", "frame"):
        href = element.get("src" if element.tag == "frame" else "href")
        if not href or href[0] == "#":
            continue
        url = join_address(base, href)
        if url and take_pictures and _looks_like_picture(url):
            yield url, "image", find_words(next(element.iter("img"), element))
        elif url:
            yield url, "page", NO_WORDS
    if take_pictures:
        for source, words in _iterate_pictures(tree):
            if url := join_address(base, source):
                yield url, "image", words


def _iterate_pictures(tree: Any) -> Iterator[tuple[str, Words]]:
    for element in tree.iter("img", "source"):
        sources = element.get("srcset") or element.get("data-srcset") or element.get("data-lazy-srcset")
        source = _pick_largest(sources) if sources else ""
        source = (
            source
            or next(filter(None, map(element.get, LAZY)), "")
            or (element.get("src") if element.tag == "img" else "")
        )
        if source and not source.startswith("data:"):
            yield source, find_words(element)
    for element in tree.iter("input", "image", "object"):
        if source := _find_other_picture(element):
            yield source, find_words(element)
    for path in _NAMED:
        yield from ((str(source), NO_WORDS) for source in tree.xpath(path) if source)
    yield from _iterate_backgrounds(tree)


def _iterate_backgrounds(tree: Any) -> Iterator[tuple[str, Words]]:
    for element in tree.xpath("//*[" + " or ".join(f"@{name}" for name in LAZY_BACKGROUNDS) + "]"):
        said = next(filter(None, map(element.get, LAZY_BACKGROUNDS)), "")  # an address, url(…), or only a color
        source = found[1] if (found := _URL.search(said)) else said
        if _looks_like_picture(source) and not source.startswith("data:"):
            yield source.strip(), find_words(element)
    for element in tree.xpath("//*[contains(@style, 'url(')]"):
        for source in _BACKGROUND.findall(element.get("style")):
            if not source.startswith("data:"):
                yield source.strip(), find_words(element)


def _find_other_picture(element: Any) -> str:
    """Of a button with a picture, a picture within a drawing, or an object that is one."""
    if element.tag == "input":
        source = element.get("src") if (element.get("type") or "").lower() == "image" else ""
    elif element.tag == "image":
        source = element.get("href") or element.get("xlink:href")
    else:
        source = element.get("data") or ""
        source = source if _looks_like_picture(source) else ""
    return "" if not source or source.startswith("data:") else source


def find_words(element: Any) -> Words:
    """What a page says of the picture of an element: its alternative text, or that of the picture it is a variant of,
    else its title; and the caption of the figure around it."""
    parent = element.getparent()
    pictures = [element, *(parent.iter("img") if parent is not None and parent.tag == "picture" else ())]
    names = (one.get(name) for name in ("alt", "aria-label", "title") for one in pictures)
    figure = next(element.iterancestors("figure"), None)
    caption = next(figure.iter("figcaption"), None) if figure is not None else None
    said = " ".join(caption.itertext()) if caption is not None else ""
    return Words(_clean_words(next(filter(None, names), "")), _clean_words(said))


def _clean_words(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())[:WORDS_CHARS]


def _pick_largest(srcset: str) -> str:
    """Of ``a.jpg 1x, b.jpg 2x`` the last and largest one."""
    best, best_size = "", -1.0
    for entry in re.split(r",\s+", srcset.strip()):
        words = entry.split()
        if not words:
            continue
        size = words[1][:-1] if len(words) > 1 else "1"
        number = float(size) if size.replace(".", "", 1).isdigit() else 0.0
        if number > best_size:
            best, best_size = words[0], number
    return best


def _looks_like_picture(url: str) -> bool:
    return url.partition("?")[0].rsplit(".", 1)[-1].lower() in PICTURES


def join_address(base: str, href: str) -> str:
    """What a link on `base` leads to; "" where it is no address at all."""
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return ""
