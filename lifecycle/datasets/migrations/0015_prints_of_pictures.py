import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("datasets", "0014_moments_that_items_are_of"),
    ]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="viewed_to",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dataset",
            name="compared_to",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="PicturePrint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("views", models.BinaryField()),
                ("thumbnail", models.BinaryField()),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.dataset",
                    ),
                ),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="print", to="datasets.item"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["dataset", "id"], name="picture_print_order")],
            },
        ),
        migrations.CreateModel(
            name="PictureTwin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("likeness", models.FloatField()),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.dataset",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.item",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="datasets.item"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["dataset", "item"], name="picture_twin_newest")],
                "constraints": [models.UniqueConstraint(fields=("item", "other"), name="picture_twin_once")],
            },
        ),
    ]
