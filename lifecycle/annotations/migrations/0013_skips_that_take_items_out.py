from django.db import migrations, models

import lifecycle.annotations.models


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0012_orders_and_rules_follow_what_comes_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="queuesettings",
            name="skips_to_leave",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="queuesettings",
            name="final_skip_reasons",
            field=models.JSONField(default=lifecycle.annotations.models.default_final_reasons),
        ),
        migrations.AddIndex(
            model_name="annotation",
            index=models.Index(
                condition=models.Q(("is_current", True), ("kind", "skip")), fields=["task"], name="annotation_skip"
            ),
        ),
    ]
