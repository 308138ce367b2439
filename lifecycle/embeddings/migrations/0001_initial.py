import django.db.models.deletion
import pgvector.django.halfvec
from django.conf import settings
from django.db import migrations, models
from pgvector.django import VectorExtension

# Each encoder gets a partition: its vectors have one dimension, its index is its own, and building one locks nobody
# else out. Django cannot say so.
PARTITIONED = """
CREATE TABLE embeddings_vector (
    encoder_id bigint NOT NULL,
    item_id bigint NOT NULL,
    embedding halfvec,
    label text,
    confidence double precision,
    problem varchar(300) NOT NULL DEFAULT '',
    PRIMARY KEY (encoder_id, item_id)
) PARTITION BY LIST (encoder_id)
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("datasets", "0004_selections"),
        ("jobs", "0001_initial"),
        ("registry", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        VectorExtension(),
        migrations.CreateModel(
            name="Encoder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("mobilenet", "Mobilenet"),
                            ("minilm", "Minilm"),
                            ("columns", "Columns"),
                            ("model", "Model"),
                        ],
                        max_length=12,
                    ),
                ),
                ("dimension", models.PositiveSmallIntegerField(default=0)),
                ("state", models.JSONField(default=dict)),
                ("has_index", models.BooleanField(default=False)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="encoders", to="datasets.dataset"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="encoders",
                        to="registry.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["-updated_at"],
            },
        ),
        migrations.CreateModel(
            name="Map",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("method", models.CharField(choices=[("pca", "PCA"), ("umap", "UMAP")], max_length=8)),
                ("parameters", models.JSONField(default=dict)),
                ("points_blob", models.CharField(blank=True, max_length=64)),
                ("clusters", models.JSONField(default=list)),
                ("point_count", models.PositiveIntegerField(default=0)),
                ("fitted_on", models.PositiveIntegerField(default=0)),
                ("seconds", models.FloatField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "encoder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="maps", to="embeddings.encoder"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Search",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("text", models.TextField(blank=True)),
                ("blob", models.CharField(blank=True, max_length=64)),
                ("content_hash", models.CharField(max_length=64)),
                ("embedding", pgvector.django.halfvec.HalfVectorField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "encoder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="searches", to="embeddings.encoder"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Vector",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "encoder_id", "item_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("item_id", models.BigIntegerField()),
                        ("embedding", pgvector.django.halfvec.HalfVectorField(null=True)),
                        ("label", models.TextField(blank=True, null=True)),
                        ("confidence", models.FloatField(null=True)),
                        ("problem", models.CharField(blank=True, max_length=300)),
                        (
                            "encoder",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="vectors",
                                to="embeddings.encoder",
                            ),
                        ),
                    ],
                ),
            ],
            database_operations=[migrations.RunSQL(PARTITIONED, "DROP TABLE embeddings_vector")],
        ),
        migrations.AddConstraint(
            model_name="encoder",
            constraint=models.UniqueConstraint(
                fields=("dataset", "kind", "model_version"), name="encoder_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="search",
            constraint=models.UniqueConstraint(fields=("encoder", "content_hash"), name="search_once"),
        ),
    ]
