"""Short texts and small pictures that are the same but for what does not count stay on one side."""

from __future__ import annotations

import io
from collections import defaultdict

import numpy as np
import pytest
from PIL import Image

from lifecycle.datasets.models import Item
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_split_rounds import commit

pytestmark = pytest.mark.django_db


def list_parted(project, unit_of) -> list[str]:
    sides = defaultdict(set)
    for item in Item.objects.filter(dataset__project=project):
        sides[unit_of(item)].add(item.split)
    return [unit for unit, splits in sides.items() if len(splits) > 1]


def test_short_texts_that_differ_in_case_and_marks_stay_together(owner, run_jobs):
    project = make_project(owner, "text_classification", ["a", "b"])
    for start, write in enumerate(["yes it is {}", "Yes, it is {}!"]):
        lines = "\n".join(["text,label", *(f'"{write.format(n)}",a' for n in range(60))])
        bring(project, owner, {f"{start}.csv": lines.encode()}, run_jobs)
    commit(project, owner, run_jobs)

    assert Item.objects.filter(dataset__project=project).count() == 120
    assert list_parted(project, lambda item: item.text.split()[-1].strip("!")) == []


def test_small_pictures_with_the_same_pixels_stay_together(owner, run_jobs):
    project = make_project(owner, "image_classification", ["a", "b"])
    files = {}
    for n, pixels in enumerate(np.random.default_rng(1).integers(0, 255, (30, 20, 20), np.uint8)):
        for kind in ("PNG", "BMP"):
            out = io.BytesIO()
            Image.fromarray(pixels).save(out, kind)
            files[f"{n}.{kind.lower()}"] = out.getvalue()
    bring(project, owner, files, run_jobs)
    commit(project, owner, run_jobs)

    assert Item.objects.filter(dataset__project=project).count() == 60
    assert list_parted(project, lambda item: item.source_uri.split("/")[-1].split(".")[0]) == []
