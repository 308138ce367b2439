from django.db import migrations, models


class Migration(migrations.Migration):
    """Which rows and files a source does not have any more, and in which file a row stands."""

    dependencies = [
        ("datasets", "0012_newest_items_grow_at_the_end"),
        ("sources", "0002_rows_without_a_second_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="sourceobject",
            name="gone_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sourcerow",
            name="excluded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sourcerow",
            name="gone_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sourcerow",
            name="path_hash",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
        migrations.AddField(
            model_name="sourcerun",
            name="gone",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="sourcerow",
            index=models.Index(
                condition=models.Q(("gone_at__isnull", False)), fields=["source"], name="source_row_gone"
            ),
        ),
    ]
