"""Writing scores and reading them as curves."""

import math

import pytest

from lifecycle.common.errors import DomainError
from lifecycle.experiments import services
from lifecycle.experiments.curves import read_curves
from lifecycle.experiments.models import Metric
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(project):
    return factories.RunFactory(project=project)


def test_a_point_written_again_overwrites(run):
    services.record_metrics(run=run, points=[("loss", 1, 0.5), ("loss", 2, 0.4)])
    services.record_metrics(run=run, points=[("loss", 2, 0.3), ("loss", 2, 0.2), ("loss", 3, 0.1)])

    assert list(Metric.objects.filter(run=run).order_by("step").values_list("step", "value")) == [
        (1, 0.5),
        (2, 0.2),
        (3, 0.1),
    ]


def test_not_a_number_is_kept(run):
    services.record_metrics(run=run, points=[("loss", 1, math.nan)])

    assert math.isnan(Metric.objects.get(run=run).value)


def test_a_nameless_metric_is_refused(run):
    with pytest.raises(DomainError):
        services.record_metrics(run=run, points=[("", 1, 0.5)])


def test_a_long_curve_is_thinned_with_both_ends_kept(run):
    services.record_metrics(run=run, points=[("loss", step, 1 / (step + 1)) for step in range(12_345)])

    (curve,) = read_curves([run.pk]).curves

    assert len(curve.steps) <= 1_001
    assert curve.steps[0] == 0 and curve.steps[-1] == 12_344
    assert curve.steps == sorted(curve.steps)


def test_a_poll_gets_only_what_is_new(run, monkeypatch):
    monkeypatch.setattr("lifecycle.experiments.curves.OVERLAP_SECONDS", 0)
    services.record_metrics(run=run, points=[("loss", 1, 0.5)])
    first = read_curves([run.pk])
    services.record_metrics(run=run, points=[("loss", 2, 0.4)])

    (curve,) = read_curves([run.pk], since=first.cursor).curves

    assert curve.steps == [2]


def test_only_the_newest_checkpoints_are_kept(run):
    for step in (10, 20, 30):
        services.record_checkpoint(run=run, step=step, files={"state.json": "0" * 64}, byte_size=5)

    assert list(run.checkpoints.values_list("step", flat=True)) == [30, 20]


def test_names_with_tabs_backslashes_and_emoji_come_back_as_they_were(run):
    names = ["a\tb", "c\\n", "d\ne", "é 🙂", r"\N"]
    services.record_metrics(run=run, points=[(name, 1, math.inf) for name in names])

    assert set(Metric.objects.values_list("key", flat=True)) == set(names)
