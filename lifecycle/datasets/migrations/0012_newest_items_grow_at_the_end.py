from django.db import migrations, models


class Migration(migrations.Migration):
    """Ids only grow: an index by ascending ones is filled at its end, and half as large."""

    dependencies = [
        ("datasets", "0011_rows_without_fingerprints"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="item", name="item_newest"),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["dataset", "id"], name="item_newest"),
        ),
    ]
