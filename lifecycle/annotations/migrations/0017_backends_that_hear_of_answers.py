"""ML backends can be told of every answer, and be asked while somebody draws."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotations", "0016_rule_of_gold_scores")]

    operations = [
        migrations.AddField(
            model_name="suggestionsource", name="is_interactive", field=models.BooleanField(default=False)
        ),
        migrations.AddField(
            model_name="suggestionsource",
            name="webhook",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="annotations.webhook",
            ),
        ),
    ]
