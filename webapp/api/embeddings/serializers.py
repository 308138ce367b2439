"""JSON of encoders, maps, selections and searches."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lifecycle.contracts.embeddings import MapMethod
from lifecycle.contracts.profile import FindingKind
from lifecycle.datasets.models import Selection
from lifecycle.datasets.services.selections import MAX_SELECTED
from lifecycle.embeddings.models import Encoder, Map, Search
from lifecycle.exploration.rules import ACTIONS
from webapp.api.datasets.serializers import ItemOut

BIGINT = (1 << 63) - 1


class EncoderChoice(serializers.Serializer):
    model_version = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=BIGINT,
        help_text="id of a version of one of the project's models; left out, the pretrained encoder or the columns",
    )  # fmt: skip


class EncoderOut(serializers.ModelSerializer):
    title = serializers.CharField(source="__str__")
    model_version = serializers.IntegerField(source="model_version_id", allow_null=True)
    job = serializers.IntegerField(source="job_id", allow_null=True)

    class Meta:
        model = Encoder
        fields = ("id", "kind", "title", "model_version", "dimension", "has_index", "job", "created_at", "updated_at")


class MapStart(EncoderChoice):
    method = serializers.ChoiceField(choices=[method.value for method in MapMethod], default=MapMethod.UMAP.value)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)
    neighbors = serializers.IntegerField(default=15, min_value=2, max_value=200)
    min_distance = serializers.FloatField(default=0.1, min_value=0, max_value=1)


class ClusterOut(serializers.Serializer):
    number = serializers.IntegerField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    x = serializers.FloatField()
    y = serializers.FloatField()


class MapOut(serializers.ModelSerializer):
    encoder = serializers.IntegerField(source="encoder_id")
    is_ready = serializers.SerializerMethodField()
    parameters = serializers.DictField(read_only=True)
    clusters = ClusterOut(many=True)
    job = serializers.IntegerField(source="job_id", allow_null=True)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = Map
        fields = (
            "id", "encoder", "method", "parameters", "is_ready", "point_count", "fitted_on", "clusters", "seconds",
            "job", "created_by", "created_at",
        )  # fmt: skip

    def get_is_ready(self, drawn) -> bool:
        return bool(drawn.points_blob)


class SelectionStart(serializers.Serializer):
    """Either `items`, or a cluster of a map."""

    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGINT), required=False, max_length=MAX_SELECTED
    )
    map = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT)
    cluster = serializers.IntegerField(required=False, min_value=0, max_value=1 << 15)
    title = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class SelectionOut(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = Selection
        fields = ("id", "title", "item_count", "created_by", "created_at")


class SelectionChange(serializers.Serializer):
    action = serializers.ChoiceField(choices=ACTIONS)
    tag = serializers.CharField(
        required=False, allow_blank=True, max_length=50, default="", help_text="for tag and untag"
    )
    finding = serializers.ChoiceField(
        list(FindingKind), required=False, default="", help_text="for keep and unkeep: the list"
    )


class NeighborOut(serializers.Serializer):
    item = ItemOut()
    distance = serializers.FloatField(help_text="Euclidean, in the encoder's space")
    similarity = serializers.FloatField(allow_null=True, help_text="cosine; null where only distances mean something")


class NeighborQuery(serializers.Serializer):
    limit = serializers.IntegerField(required=False, default=24, min_value=1, max_value=200)


class SearchText(serializers.Serializer):
    text = serializers.CharField(max_length=2_000)


class SearchOut(serializers.ModelSerializer):
    encoder = serializers.IntegerField(source="encoder_id")
    state = serializers.SerializerMethodField(help_text="ready, or the state of the job that encodes it")
    job = serializers.IntegerField(source="job_id", allow_null=True)
    results = serializers.SerializerMethodField()

    class Meta:
        model = Search
        fields = ("id", "encoder", "text", "state", "job", "results", "created_at")

    def get_state(self, search) -> str:
        return "ready" if search.embedding is not None else (search.job.state if search.job else "failed")

    @extend_schema_field(NeighborOut(many=True))
    def get_results(self, search) -> list[dict]:
        neighbors = self.context.get("neighbors") or []
        return list(NeighborOut(neighbors, many=True, context=self.context).data)
