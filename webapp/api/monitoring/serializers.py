"""JSON of live traffic, drift reports and alerts."""

from rest_framework import serializers

from lifecycle.monitoring.models import Alert, DriftReport


class FeatureDriftSerializer(serializers.Serializer):
    name = serializers.CharField()
    side = serializers.ChoiceField(["input", "output"])
    kind = serializers.ChoiceField(["number", "category"])
    count = serializers.IntegerField()
    psi = serializers.FloatField(allow_null=True)
    psi_p_value = serializers.FloatField(allow_null=True)
    ks = serializers.FloatField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True)
    missing_share = serializers.FloatField()
    labels = serializers.ListField(child=serializers.CharField())
    reference_shares = serializers.ListField(child=serializers.FloatField())
    live_shares = serializers.ListField(child=serializers.FloatField())
    verdict = serializers.CharField()


class WindowSerializer(serializers.Serializer):
    model_version = serializers.CharField(source="model_version.__str__", allow_null=True, default=None)
    count = serializers.IntegerField()
    start = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True)
    verdict = serializers.CharField()
    features = FeatureDriftSerializer(many=True)


class WindowFilterSerializer(serializers.Serializer):
    size = serializers.IntegerField(required=False, default=1000, min_value=1, max_value=10_000)


class DriftReportSerializer(serializers.ModelSerializer):
    class Meta:
        model = DriftReport
        fields = ("id", "created_at", "window_start", "window_end", "prediction_count", "worst_psi", "features")


class AlertSerializer(serializers.ModelSerializer):
    deployment: serializers.Field = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Alert
        fields = ("id", "deployment", "kind", "level", "summary", "details", "created_at", "resolved_at")


class AlertFilterSerializer(serializers.Serializer):
    is_open = serializers.BooleanField(required=False, allow_null=True, default=None)
