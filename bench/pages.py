"""How long the item pages take with 200,000 items in a project: list, filters, counts, one item, deep pages."""

from __future__ import annotations

import json
import statistics
import sys
import time

from bench import _product
from bench.import_rows import write_table

ROWS = 200_000
REPEATS = 7


def main(rows: int = ROWS) -> None:
    home = _product.start()
    project, owner = _product.make_project("tabular_classification")
    path = home / "table.csv"
    write_table(path, rows)
    _product.import_file(project, owner, path, mapping={"label": "cut"})
    for name, seconds in measure(project, owner).items():
        print(json.dumps({"what": name, "items": rows, "median_ms": round(seconds * 1000, 1), "target_ms": 300}))


def measure(project, owner) -> dict[str, float]:
    """Median seconds of each page and of the counting inside them."""
    from django.test import Client

    from lifecycle.datasets import selectors
    from lifecycle.datasets.filters import ItemFilters

    client = Client(HTTP_HOST="localhost")
    client.force_login(owner)
    base = f"/projects/{project.slug}/items"
    middle = str(selectors.list_items(project, ItemFilters()).items[0].pk // 2)
    item = selectors.list_items(project, ItemFilters(), at=middle).items[0]
    dataset = selectors.get_dataset(project)
    pages = {
        "items page, newest": base,
        "items page, one label": f"{base}?label=Ideal",
        "items page, unlabeled test items": f"{base}?labeled=no&split=test",
        "items page, label and split": f"{base}?label=Fair&split=test",
        "items page, by label": f"{base}?sort=label",
        "items page, deep": f"{base}?at={middle}",
        "items page, a column's value": f"{base}?col.color=D",
        "items page, sorted by a column": f"{base}?sort=-col.carat",
        "items page, words": f"{base}?q=Premium",
        "items page, words found nowhere": f"{base}?q=nowhere",
        "one item": f"{base}/{item.pk}",
        "versions page": f"/projects/{project.slug}/versions",
    }
    found = {name: _time(lambda url=url: _get(client, url)) for name, url in pages.items()}
    found["counts of labels and splits"] = _time(lambda: selectors.count_facets(dataset))
    found["REST list"] = _time(lambda: _get(client, f"/api/v1/projects/{project.slug}/items/?label=Ideal"))
    return found


def _get(client, url: str) -> None:
    response = client.get(url)
    if response.status_code != 200:
        raise RuntimeError(f"{url}: {response.status_code}")


def _time(work) -> float:
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
