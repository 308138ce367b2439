"""Items as vectors: encoders, the vectors they made, maps drawn from them, and searches by example."""

from django.conf import settings
from django.db import models
from pgvector.django import HalfVectorField

from lifecycle.common.models import TimestampedModel
from lifecycle.contracts.embeddings import ENCODER_TITLES, EncoderKind
from lifecycle.datasets.models import Dataset
from lifecycle.jobs.models import Job
from lifecycle.registry.models import ModelVersion


class Encoder(TimestampedModel):
    """One way to turn a dataset's items into vectors that can be compared with each other."""

    class Kind(models.TextChoices):
        MOBILENET = "mobilenet"
        MINILM = "minilm"
        COLUMNS = "columns"
        MODEL = "model"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="encoders")
    kind = models.CharField(max_length=12, choices=Kind)
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="encoders"
    )
    dimension = models.PositiveSmallIntegerField(default=0)  # 0 before the first vector
    state = models.JSONField(default=dict)  # what the vectors depend on; another one starts them anew
    has_index = models.BooleanField(default=False)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")  # the last embed

    class Meta:
        ordering = ["-updated_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "kind", "model_version"], name="encoder_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return str(self.model_version) if self.model_version_id else ENCODER_TITLES[EncoderKind(self.kind)]

    @property
    def is_direction(self) -> bool:
        """Vectors have unit length, so that a distance says the same as a cosine."""
        return self.kind in (self.Kind.MOBILENET, self.Kind.MINILM) or (
            self.kind == self.Kind.MODEL and self.state.get("layer") != "probabilities"
        )


class Vector(models.Model):
    """What one encoder made of one item. Each encoder has a partition of its own, with its own dimension and index.

    An item that cannot be read has a row without `embedding`, so that it is not tried again and again.
    """

    pk = models.CompositePrimaryKey("encoder_id", "item_id")
    encoder = models.ForeignKey(
        Encoder, on_delete=models.CASCADE, related_name="vectors", db_index=False, db_constraint=False
    )
    item_id = models.BigIntegerField()  # datasets.Item; no foreign key, so bulk COPY stays cheap
    embedding = HalfVectorField(null=True)  # half the bytes; neighbors are the same
    label = models.TextField(null=True, blank=True)  # what the model says it is, where the encoder is a model
    confidence = models.FloatField(null=True)
    problem = models.CharField(max_length=300, blank=True)


class Map(TimestampedModel):
    """Vectors laid out on a plane. Points and clusters never change; colors are read when somebody looks."""

    class Method(models.TextChoices):
        PCA = "pca", "PCA"
        UMAP = "umap", "UMAP"
        TSNE = "tsne", "t-SNE"

    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="maps")
    method = models.CharField(max_length=8, choices=Method)
    parameters = models.JSONField(default=dict)  # {"seed", "neighbors", "min_distance"}
    points_blob = models.CharField(max_length=64, blank=True)  # see embeddings.codec; empty until the job is done
    clusters = models.JSONField(default=list)  # contracts.embeddings.Cluster, largest first
    point_count = models.PositiveIntegerField(default=0)
    fitted_on = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(null=True, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_method_display()} map of {self.encoder}"


class Search(TimestampedModel):
    """A sentence or a picture somebody looks for, and its vector once a worker has encoded it. Asked twice, one row."""

    encoder = models.ForeignKey(Encoder, on_delete=models.CASCADE, related_name="searches")
    text = models.TextField(blank=True)
    blob = models.CharField(max_length=64, blank=True)  # the uploaded picture
    content_hash = models.CharField(max_length=64)
    embedding = HalfVectorField(null=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["encoder", "content_hash"], name="search_once")]

    def __str__(self) -> str:
        return self.text or "a picture"
