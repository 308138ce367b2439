"""5,000 linked local pages: a crawl with its durable frontier, beside Scrapy alone on the same site.

Both follow every link and take title and paragraphs of each page, polite limits off, 16 requests at a time. Scrapy
keeps its queue in memory and drops what it found; the crawl commits addresses, items, tasks and their origins. The
whole job is set beside the whole command of Scrapy, both with their start; the time in which pages come in beside the
time in which its reactor runs.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from bench import _product

PAGES, LINKS, CONCURRENT, RUNS = 5_000, 20, 16, 3
SERVER = """
import http.server, pathlib, socketserver, sys
pages = {f"/{p.name}": p.read_bytes() for p in pathlib.Path(sys.argv[1]).iterdir()}
class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    def handle(self):
        while line := self.rfile.readline():
            path = line.split(b" ")[1].decode()
            while self.rfile.readline() not in (b"\\r\\n", b""):
                pass
            body = pages.get(path)
            head = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n" if body else b"HTTP/1.1 404 Not Found\\r\\n"
            body = body or b""
            self.wfile.write(head + b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
    request_queue_size = 256
server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
SPIDER = """
import scrapy, sys, time
from scrapy.crawler import CrawlerProcess
class S(scrapy.Spider):
    name = "s"
    custom_settings = {"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "ROBOTSTXT_OBEY": False,
                       "CONCURRENT_REQUESTS": int(sys.argv[2]), "CONCURRENT_REQUESTS_PER_DOMAIN": int(sys.argv[2]),
                       "DOWNLOAD_DELAY": 0}
    start_urls = [sys.argv[1] + "/p0.html"]
    count = 0
    def parse(self, r):
        S.count += 1
        yield {"url": r.url, "title": r.css("title::text").get(), "text": " ".join(r.css("p::text").getall())}
        for a in r.css("a::attr(href)").getall():
            yield r.follow(a)
p = CrawlerProcess()
p.crawl(S)
start = time.perf_counter()
p.start()
print("GOT", S.count, time.perf_counter() - start)
"""


def write_site(folder: Path, pages: int) -> None:
    """Pages of about 7 kB with a link to the next one and to others at random."""
    folder.mkdir()
    rng = random.Random(1)
    words = [f"word{i}" for i in range(500)]
    for i in range(pages):
        links = [(i + 1) % pages] + [rng.randrange(pages) for _ in range(LINKS - 1)]
        body = "".join(f"<p>{' '.join(rng.choices(words, k=60))}</p>\n" for _ in range(16))
        nav = "".join(f'<li><a href="p{k}.html">page {k}</a></li>' for k in links)
        page = f"<html><head><title>Page {i}</title></head><body><ul>{nav}</ul>{body}</body></html>"
        (folder / f"p{i}.html").write_text(page)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The folder on loopback, out of the memory of a process of its own."""
    with subprocess.Popen([sys.executable, "-c", SERVER, folder], stdout=subprocess.PIPE, text=True) as server:
        try:
            base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            urlopen(f"{base}/p0.html").read()
            yield base
        finally:
            server.kill()


def crawl_with_scrapy(base: str, spider: Path, pages: int) -> tuple[float, float]:
    """Pages a second, over the whole command with its start, and while its reactor runs."""
    command = [sys.executable, spider, base, str(CONCURRENT)]
    start = time.perf_counter()
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    whole = time.perf_counter() - start
    count, seconds = text.split("GOT")[1].split()
    if int(count) not in (pages, pages + 1):
        raise RuntimeError(f"Scrapy fetched {count} pages of {pages}")
    return int(count) / whole, int(count) / float(seconds)


def crawl_with_product(project, owner, base: str, pages: int) -> tuple[float, float]:
    """Pages a second, over the whole job with its start, and over the time in which pages came in."""
    import workers.tasks.crawl  # noqa: F401  registers the body
    from lifecycle.crawls import services
    from lifecycle.crawls.models import CrawlUrl
    from lifecycle.datasets.models import Item

    Item.objects.all().delete()
    rules = [
        {"name": "title", "selector": "title", "role": "group"},
        {"name": "words", "selector": "p", "role": "text"},
    ]
    config = {
        "start_urls": [f"{base}/p0.html"], "take": "fields", "fields": rules, "requests_per_second": 0,
        "is_adaptive": False, "obeys_robots": False, "robots_reason": "A site made for this measurement.",
        "concurrency": CONCURRENT, "concurrency_per_host": CONCURRENT, "max_depth": 1_000, "max_pages": 10 * pages,
    }  # fmt: skip
    source = services.create_site(dataset=project.datasets.get(), user=owner, title="bench", config=config)
    crawl = services.start_crawl(source=source, user=owner)
    start = time.perf_counter()
    _product.run_jobs()
    seconds = time.perf_counter() - start
    crawl.refresh_from_db()
    if crawl.fetched != pages or Item.objects.count() != pages:
        raise RuntimeError(f"fetched {crawl.fetched} pages of {pages}, {Item.objects.count()} items")
    fetched = CrawlUrl.objects.filter(crawl=crawl).order_by("fetched_at").values_list("fetched_at", flat=True)
    first, last = fetched[0], fetched[pages - 1]
    inside = sum(at > first for at in fetched)
    return pages / seconds, inside / max((last - first).total_seconds(), 0.001)


def main(pages: int = PAGES, runs: int = RUNS) -> None:
    home = _product.start()
    from django.conf import settings

    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    project, owner = _product.make_project("text_classification")
    spider = home / "spider.py"
    spider.write_text(SPIDER)
    write_site(home / "site", pages)
    rates: list[tuple[float, ...]] = []
    with serve(home / "site") as base:
        for _ in range(runs):
            rates.append((*crawl_with_scrapy(base, spider, pages), *crawl_with_product(project, owner, base, pages)))
    bare_whole, bare_steady, whole, steady = (statistics.median(column) for column in zip(*rates, strict=True))
    compared = (
        ("crawl, whole job", whole, "Scrapy alone, whole command", bare_whole),
        ("crawl, while pages come in", steady, "Scrapy alone, in its reactor", bare_steady),
    )
    for what, rate, limit, bare in compared:
        figures = {"what": what, "pages": pages, "pages_per_s": round(rate), "raw_limit": limit}
        print(json.dumps(figures | {"raw_pages_per_s": round(bare), "ratio": round(rate / bare, 2)}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
