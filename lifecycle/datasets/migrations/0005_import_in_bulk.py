import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("datasets", "0004_selections"),
    ]

    operations = [
        migrations.AddField(
            model_name="collection",
            name="labels_differ",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="item",
            name="fingerprint",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="item",
            name="collection",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="datasets.collection",
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="dataset",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="datasets.dataset",
            ),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("fingerprint__isnull", False)),
                fields=["dataset", "id"],
                include=("fingerprint", "split"),
                name="item_fingerprint",
            ),
        ),
    ]
