"""Crops of pictures stay on the side of their original: in any order, over several versions, and for what came before
pictures had prints."""

from __future__ import annotations

import io
import random
from collections.abc import Collection
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_images

from lifecycle.contracts.engine import Canceled
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Dataset, Item, PicturePrint, PictureTwin
from lifecycle.datasets.services import content_prints, picture_prints, picture_twins
from lifecycle.datasets.splitting import KINDS
from lifecycle.exploration import services as exploration
from lifecycle.jobs.models import Job
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_split_rounds import RATIOS, commit, read_splits
from workers import crops
from workers.engines.ingest.picture_prints import VIEWS

pytestmark = pytest.mark.django_db


def cut_photographs() -> list[Image.Image]:
    """Tiles of 160 × 142 pixels of scikit-learn's two photographs, but for those that show plain sky."""
    tiles = []
    for pixels in load_sample_images().images:
        height, width = pixels.shape[0] // 3, pixels.shape[1] // 4
        corners = [(y * height, x * width) for y in range(3) for x in range(4)]
        tiles += [Image.fromarray(pixels[y : y + height, x : x + width]) for y, x in corners]
    return [tile for tile in tiles if np.asarray(tile.convert("L")).std() >= 12]


def crop(image: Image.Image, rng: random.Random) -> Image.Image:
    share = rng.uniform(0.7, 0.95)
    w, h = round(image.width * share), round(image.height * share)
    x, y = rng.randint(0, image.width - w), rng.randint(0, image.height - h)
    return image.crop((x, y, x + w, y + h))


def save(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def make_files(rng: random.Random, copies: int) -> dict[str, bytes]:
    """Photographs and crops of each, in any order; the name begins with the number of the photograph."""
    files = {}
    for number, tile in enumerate(cut_photographs()):
        files[f"{number}-0.jpg"] = save(tile)
        files |= {f"{number}-{copy}.jpg": save(crop(tile, rng), 80) for copy in range(1, copies + 1)}
    names = list(files)
    rng.shuffle(names)
    return {name: files[name] for name in names}


def make_pictures(owner):
    return make_project(owner, "image_classification", ["a", "b"])


def list_units(project) -> list[dict[str, Item]]:
    """Of each photograph {number of the copy: item}; its original is "0"."""
    units: dict[str, dict[str, Item]] = {}
    for item in Item.objects.filter(dataset__project=project).order_by("pk"):
        unit, copy = item.source_uri.rsplit("/", 1)[-1].removesuffix(".jpg").split("-")
        units.setdefault(unit, {})[copy] = item
    return list(units.values())


def list_parted(project, old: Collection[str] = ()) -> list[Item]:
    """Pictures that did not follow: a crop its original; and an original that came later one of its `old` crops, which
    may be on two sides, as two crops need not have anything in common."""
    parted = []
    for unit in list_units(project):
        original = unit.get("0")
        crops = [item for copy, item in unit.items() if copy != "0"]
        before = [item for item in crops if item.content_hash in old]
        if original is not None and original.content_hash not in old and before:
            parted += [original] * (original.split not in {item.split for item in before})
            crops = [item for item in crops if item not in before]
        parted += [item for item in crops if original is not None and item.split != original.split]
    return parted


@pytest.mark.parametrize(("seed", "kind"), list(enumerate(KINDS))[1:3])
def test_a_crop_goes_where_its_original_is_and_what_is_old_stays(kind, seed, owner, run_jobs):
    check_rounds(kind, seed, owner, run_jobs, copies=2)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10**6))
@hypothesis_settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_so_it_is_for_any_crops(kind, seed, owner, run_jobs):
    check_rounds(kind, seed, owner, run_jobs, copies=3)


def check_rounds(kind, seed, owner, run_jobs, copies: int) -> None:
    """Three rounds of an import and a version each."""
    rng = random.Random(seed)
    project, files = make_pictures(owner), make_files(rng, copies)
    names, frozen = list(files), {}
    cuts = sorted(rng.sample(range(5, len(names)), 2))

    for start, end in zip([0, *cuts], [*cuts, len(names)], strict=True):
        bring(project, owner, {name: files[name] for name in names[start:end]}, run_jobs)
        if not frozen:
            services.update_splits(
                dataset=selectors.get_dataset(project), user=owner, ratios=RATIOS, policy={"kind": kind}
            )
        commit(project, owner, run_jobs)

        splits = read_splits(project)
        assert {key: splits[key] for key in frozen} == frozen
        parted = [item for item in list_parted(project, frozen) if item.content_hash not in frozen]
        assert len(parted) <= max(1, 0.05 * end), parted  # a crop in twenty is not recognized
        frozen = splits

    assert len(frozen) == len(files)
    assert kind == "time" or len(set(frozen.values())) > 1  # those of one import are of one time


def test_only_copies_are_joined(owner, run_jobs):
    project = make_pictures(owner)

    bring(project, owner, make_files(random.Random(9), copies=2), run_jobs)

    for twin in PictureTwin.objects.select_related("item", "other"):
        mine, other = (item.source_uri.rsplit("/", 1)[-1].split("-")[0] for item in (twin.item, twin.other))
        assert mine == other and twin.other_id < twin.item_id and 0.9 < twin.likeness <= 1
    assert PictureTwin.objects.count() > 30


def test_small_sets_are_topped_up_without_parting_a_crop(owner, run_jobs):
    project, rng = make_pictures(owner), random.Random(2)
    tiles = cut_photographs()[:8]
    files = {f"a/{number}-0.jpg": save(tile) for number, tile in enumerate(tiles)}
    files |= {f"a/{number}-1.jpg": save(crop(tile, rng)) for number, tile in enumerate(tiles)}

    bring(project, owner, files, run_jobs, folders_are_labels=True)
    commit(project, owner, run_jobs)

    assert Item.objects.filter(dataset__project=project, label="a").count() == 16
    assert list_parted(project) == []


def test_a_commit_looks_at_no_picture_that_was_compared(owner, run_jobs, monkeypatch):
    project = make_pictures(owner)
    bring(project, owner, make_files(random.Random(1), copies=1), run_jobs)
    monkeypatch.setattr(crops, "find_candidates", None)
    monkeypatch.setattr(crops, "pack_print", None)

    commit(project, owner, run_jobs)

    assert selectors.find_latest_version(project).item_count == 38


def test_the_views_that_are_stored_are_those_that_the_engine_makes():
    assert picture_prints.VIEWS_BYTES == VIEWS * 8


def test_older_pictures_get_their_prints_and_pairs_in_pieces(owner, run_jobs, monkeypatch):
    project = make_pictures(owner)
    bring(project, owner, make_files(random.Random(3), copies=1), run_jobs)
    dataset = selectors.get_dataset(project)
    known = read_pairs(dataset)
    assert exploration.catch_up_due() == 0
    forget_prints(dataset)
    monkeypatch.setattr(content_prints, "AT_ONCE", 5)
    monkeypatch.setitem(services.MOST_PRINTED, "image", 15)
    monkeypatch.setattr(picture_twins, "AT_ONCE", 7)
    monkeypatch.setattr(picture_twins, "KNOWN_AT_ONCE", 4)

    pieces = []
    while exploration.catch_up_due():
        assert exploration.catch_up_due() == 0, "one at a time"
        [job] = [job for job in run_jobs() if job.kind == "catch_up"]
        assert job.state == Job.State.SUCCEEDED, job.traceback
        pieces.append((job.result["viewed"], job.result["compared"]))

    assert pieces == [(15, 15), (15, 15), (8, 8)]
    assert read_pairs(dataset) == known and known
    dataset.refresh_from_db()
    assert dataset.splits_are_stale


def read_pairs(dataset) -> set[tuple[int, int]]:
    return set(PictureTwin.objects.filter(dataset=dataset).values_list("item_id", "other_id"))


def forget_prints(dataset) -> None:
    """As if all came in before there were prints."""
    PicturePrint.objects.filter(dataset=dataset).delete()
    PictureTwin.objects.filter(dataset=dataset).delete()
    Dataset.objects.filter(pk=dataset.pk).update(viewed_to=0, splits_are_stale=False)


def test_a_picture_that_cannot_be_read_is_tried_once(owner, run_jobs):
    project = make_pictures(owner)
    bring(project, owner, make_files(random.Random(3), copies=0), run_jobs)
    dataset = selectors.get_dataset(project)
    forget_prints(dataset)
    Item.objects.filter(pk=dataset.items.order_by("pk").first().pk).update(blob="0" * 64)

    assert exploration.catch_up_due() == 1
    run_jobs()

    assert PicturePrint.objects.filter(dataset=dataset).count() == 18
    assert exploration.catch_up_due() == 0


def test_a_commit_makes_the_prints_of_a_few_that_lack_them(owner, run_jobs):
    project = make_pictures(owner)
    files = make_files(random.Random(5), copies=1)
    bring(project, owner, files, run_jobs)
    forget_prints(selectors.get_dataset(project))

    commit(project, owner, run_jobs)

    assert len(list_parted(project)) <= 0.05 * len(files)


def test_both_of_two_jobs_that_compare_at_once_come_to_an_end(owner, run_jobs):
    project = make_pictures(owner)
    bring(project, owner, make_files(random.Random(3), copies=1), run_jobs)
    dataset = selectors.get_dataset(project)
    known = read_pairs(dataset)
    Dataset.objects.filter(pk=dataset.pk).update(compared_to=0)
    other = Dataset.objects.get(pk=dataset.pk)

    class Recording:
        """While the first one is about to write, a second one goes through."""

        is_first = True

        def __enter__(self):
            if Recording.is_first:
                Recording.is_first = False
                assert compare(other, Recording) == 38

        def __exit__(self, *_):
            return None

    assert compare(dataset, Recording) == 38
    assert read_pairs(dataset) == known
    assert compare(dataset, Recording) == 0


def test_an_import_waits_for_so_long_only_and_the_commit_finds_the_rest(owner, run_jobs, monkeypatch):
    for module in ("workers.tasks.ingest", "workers.collecting"):
        monkeypatch.setattr(f"{module}.IMPORT_SECONDS", 0)
    project = make_pictures(owner)
    bring(project, owner, make_files(random.Random(4), copies=1), run_jobs)
    dataset = selectors.get_dataset(project)
    assert not read_pairs(dataset)

    commit(project, owner, run_jobs)

    assert read_pairs(dataset)
    assert list_parted(project) == []


def test_what_comes_while_pictures_are_compared_is_left_for_the_next_time(owner, run_jobs, monkeypatch):
    monkeypatch.setattr(picture_twins, "AT_ONCE", 10)
    project = make_pictures(owner)
    bring(project, owner, make_files(random.Random(5), copies=1), run_jobs)
    dataset = selectors.get_dataset(project)
    prints = list(PicturePrint.objects.filter(dataset=dataset).order_by("pk"))
    late = prints[20:]
    PicturePrint.objects.filter(pk__in=[one.pk for one in late]).delete()
    Dataset.objects.filter(pk=dataset.pk).update(compared_to=0)
    said = []

    def report(fraction, message):
        said.append(fraction)
        PicturePrint.objects.bulk_create([late.pop(0)] if late else [])

    assert compare(dataset, nullcontext, report) == 20
    assert max(said) <= 1
    assert compare(dataset, nullcontext) > 0


def test_who_compares_is_asked_to_stop_before_every_few_looks(owner, run_jobs, monkeypatch):
    monkeypatch.setattr(picture_twins, "LOOKS_AT_ONCE", 5)
    project = make_pictures(owner)
    bring(project, owner, make_files(random.Random(6), copies=1), run_jobs)
    dataset = selectors.get_dataset(project)
    Dataset.objects.filter(pk=dataset.pk).update(compared_to=0)
    looks = []

    def look(one, other):
        looks.append(one)
        return 0.0

    def report(fraction, message):
        if looks:
            raise Canceled

    with pytest.raises(Canceled):
        compare(dataset, nullcontext, report, services.PictureSearch(crops.find_candidates, look))
    assert len(looks) == 5


def compare(dataset, recording, report=lambda fraction, message: None, search=None) -> int:
    search = search or services.PictureSearch(crops.find_candidates, crops._compare)
    return services.compare_pictures(dataset=dataset, search=search, recording=recording, report=report)
