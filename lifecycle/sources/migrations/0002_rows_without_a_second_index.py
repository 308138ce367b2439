import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The constraint of a source and a key finds the rows of a source as well."""

    dependencies = [("sources", "0001_initial")]

    operations = [
        migrations.AlterField(
            "sourcerow",
            "source",
            models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="sources.source"
            ),
        ),
    ]
