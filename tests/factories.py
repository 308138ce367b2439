"""Ready-made rows, one factory per model; tests say only what matters to them."""

from __future__ import annotations

import hashlib

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from lifecycle.accounts.models import User
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Collection, Dataset, DatasetVersion, Item
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments.models import Artifact, Experiment, Run
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Charter, Membership, Project

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda o: f"{o.username}@example.org")
    password = factory.django.Password(PASSWORD)


class ProjectFactory(DjangoModelFactory):
    """A project whose `owner` is a member with that role, with a charter and a main dataset."""

    class Meta:
        model = Project
        skip_postgeneration_save = True

    class Params:
        owner = factory.SubFactory(UserFactory)

    slug = factory.Sequence(lambda n: f"project-{n}")
    name = factory.LazyAttribute(lambda o: o.slug.replace("-", " ").title())
    problem_type = "image_classification"
    created_by = factory.LazyAttribute(lambda o: o.owner)

    @factory.post_generation
    def membership(self, create, extracted, **kwargs):
        MembershipFactory(project=self, user=self.created_by, role=Membership.Role.OWNER)
        CharterFactory(project=self, created_by=self.created_by)
        DatasetFactory(project=self, item_kind=get_problem_type(self.problem_type).item_kind)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    role = Membership.Role.VIEWER


def _choose_metric(problem_type: str) -> str:
    keys = [metric.key for metric in get_problem_type(problem_type).metrics]
    return "accuracy" if "accuracy" in keys else keys[0]


class CharterFactory(DjangoModelFactory):
    class Meta:
        model = Charter

    version = 1
    problem_statement = "Sort pictures into classes."
    target_metric = factory.LazyAttribute(lambda o: _choose_metric(o.project.problem_type))
    target_threshold = 0.9


class DatasetFactory(DjangoModelFactory):
    class Meta:
        model = Dataset

    name = "main"
    item_kind = "image"
    split_ratios = factory.LazyFunction(lambda: {"train": 0.8, "validation": 0.1, "test": 0.1})


class CollectionFactory(DjangoModelFactory):
    class Meta:
        model = Collection

    title = "Upload"
    created_by = factory.LazyAttribute(lambda o: o.dataset.project.created_by)


class ItemFactory(DjangoModelFactory):
    """A text item by default; `dataset` is required, its collection is made when none is given."""

    class Meta:
        model = Item

    text = factory.Sequence(lambda n: f"text number {n}")
    content_hash = factory.LazyAttribute(lambda o: hashlib.sha256(o.text.encode()).hexdigest())
    collection = factory.LazyAttribute(
        lambda o: Collection.objects.filter(dataset=o.dataset).first() or CollectionFactory(dataset=o.dataset)
    )


class DatasetVersionFactory(DjangoModelFactory):
    """A committed version with labels in every split, without a manifest; `dataset` is required.

    tests.versions.commit_rows makes one that can be trained on.
    """

    class Meta:
        model = DatasetVersion

    number = factory.LazyAttribute(lambda o: o.dataset.versions.count() + 1)
    content_hash = factory.Sequence(lambda n: hashlib.sha256(f"version {n}".encode()).hexdigest())
    manifest_blob = factory.LazyAttribute(lambda o: o.content_hash)
    classes = factory.LazyFunction(lambda: ["cat", "dog"])
    item_count = 100
    labeled_count = 100
    summary = factory.LazyFunction(
        lambda: {
            "splits": {"train": 80, "validation": 10, "test": 10},
            "balance": {
                "train": {"cat": 40, "dog": 40},
                "validation": {"cat": 5, "dog": 5},
                "test": {"cat": 5, "dog": 5},
            },
        }
    )
    created_by = factory.LazyAttribute(lambda o: o.dataset.project.created_by)


class JobFactory(DjangoModelFactory):
    class Meta:
        model = Job

    kind = "train"
    queue = "cpu"
    title = "Train"
    state = Job.State.SUCCEEDED


class ExperimentFactory(DjangoModelFactory):
    class Meta:
        model = Experiment

    name = factory.Sequence(lambda n: f"Experiment {n}")


class RunFactory(DjangoModelFactory):
    """A finished run; `project` is required, its dataset version is made when none is given."""

    class Meta:
        model = Run

    experiment = factory.LazyAttribute(lambda o: Experiment.objects.get_or_create(project=o.project, name="General")[0])
    number = factory.LazyAttribute(lambda o: o.project.runs.count() + 1)
    recipe = "image_cnn"
    parameters = factory.LazyFunction(lambda: {"epochs": 3, "learning_rate": 0.004})
    dataset_version = factory.LazyAttribute(
        lambda o: (
            DatasetVersion.objects.filter(dataset__project=o.project).first()
            or DatasetVersionFactory(dataset=o.project.datasets.first())
        )
    )
    job = factory.LazyAttribute(lambda o: JobFactory(project=o.project, subject_type="run"))
    metrics = factory.LazyFunction(lambda: {"accuracy": 0.95, "macro_f1": 0.94, "log_loss": 0.2})
    seconds = 12.5
    stopped = "completed"
    created_by = factory.LazyAttribute(lambda o: o.project.created_by)


class ArtifactFactory(DjangoModelFactory):
    """What a run left behind, without real files; `run` is required."""

    class Meta:
        model = Artifact

    manifest = factory.LazyAttribute(
        lambda o: {
            "format": 1,
            "problem_type": o.run.project.problem_type,
            "recipe": o.run.recipe,
            "item_kind": "image",
            "classes": ["cat", "dog"],
            "inputs": [],
            "outputs": [],
            "preprocess": [],
            "postprocess": [],
            "files": ["model.onnx"],
            "parity": {"tolerance": 1e-4, "max_abs_difference": 1e-6},
        }
    )
    files = factory.LazyFunction(lambda: {"manifest.json": "0" * 64, "model.onnx": "1" * 64})
    byte_size = 1_000_000
    content_hash = factory.Sequence(lambda n: hashlib.sha256(f"artifact {n}".encode()).hexdigest())


class EvaluationFactory(DjangoModelFactory):
    """A finished evaluation; `artifact` is required."""

    class Meta:
        model = Evaluation

    project = factory.LazyAttribute(lambda o: o.artifact.run.project)
    dataset_version = factory.LazyAttribute(lambda o: o.artifact.run.dataset_version)
    job = factory.LazyAttribute(lambda o: JobFactory(project=o.project, kind="evaluate", subject_type="evaluation"))
    metrics = factory.LazyFunction(lambda: {"accuracy": 0.93, "macro_f1": 0.92, "log_loss": 0.25})
    details = factory.LazyFunction(
        lambda: {
            "per_class": [
                {"class": "cat", "precision": 0.9, "recall": 0.96, "f1": 0.93, "support": 50},
                {"class": "dog", "precision": 0.96, "recall": 0.9, "f1": 0.93, "support": 50},
            ],
            "confusion": {"classes": ["cat", "dog"], "matrix": [[48, 2], [5, 45]]},
            "roc": {"cat": {"fpr": [0, 0.1, 1], "tpr": [0, 0.9, 1], "auc": 0.95}},
            "precision_recall": {"cat": {"precision": [0.5, 0.9, 1], "recall": [1, 0.9, 0], "average_precision": 0.9}},
            "calibration": {
                "edges": [0, 0.5, 1],
                "confidence": [0.4, 0.9],
                "accuracy": [0.5, 0.95],
                "counts": [10, 90],
            },
        }
    )
    latency_ms = factory.LazyFunction(lambda: {"p50": 1.5, "p95": 2.5})
    model_bytes = 1_000_000
    item_count = 100
    finished_at = factory.LazyFunction(timezone.now)
    created_by = factory.LazyAttribute(lambda o: o.project.created_by)
