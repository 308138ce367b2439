"""The shapes of models and their versions over REST."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.registry.models import Alias, Model, ModelVersion

LARGEST = 2**31 - 1


class AliasSerializer(serializers.ModelSerializer):
    version = serializers.IntegerField(source="version.number")

    class Meta:
        model = Alias
        fields = ["name", "version", "updated_at"]


class ModelSerializer(serializers.ModelSerializer):
    version_count = serializers.IntegerField(read_only=True, default=0)
    aliases = AliasSerializer(many=True, read_only=True)

    class Meta:
        model = Model
        fields = ["name", "description", "version_count", "aliases", "created_at"]


class ModelVersionSerializer(serializers.ModelSerializer):
    model = serializers.CharField(source="model.name")
    aliases: serializers.Field = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    run = serializers.IntegerField(source="artifact.run.number")
    dataset_version = serializers.IntegerField(source="artifact.run.dataset_version.number")
    metrics = serializers.DictField(source="evaluation.metrics", default=dict)
    byte_size = serializers.IntegerField(source="artifact.byte_size")
    content_hash = serializers.CharField(source="artifact.content_hash")
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "model",
            "number",
            "aliases",
            "run",
            "dataset_version",
            "evaluation",
            "metrics",
            "byte_size",
            "content_hash",
            "created_at",
            "created_by",
        ]


class ModelVersionDetailSerializer(ModelVersionSerializer):
    files = serializers.DictField(source="artifact.files", child=serializers.CharField())
    manifest = serializers.DictField(source="artifact.manifest")

    class Meta(ModelVersionSerializer.Meta):
        fields = [*ModelVersionSerializer.Meta.fields, "card", "files", "manifest"]


class RegisterSerializer(serializers.Serializer):
    """Which run's artifact to register; the project's name names the model unless `name` does."""

    run = serializers.IntegerField(min_value=1, max_value=LARGEST)
    name = serializers.CharField(required=False, default="", allow_blank=True, max_length=60)


class CardSerializer(serializers.Serializer):
    card = serializers.CharField(max_length=100_000, allow_blank=True, trim_whitespace=False)
