from django.db import migrations, models

# imports had left the random arm empty: what nobody has answered yet is drawn as every new task is from now on
DRAW = """
UPDATE annotations_task t SET is_random = true
FROM datasets_item i, datasets_dataset d
LEFT JOIN annotations_queuesettings q ON q.project_id = d.project_id
WHERE i.id = t.item_id AND d.id = t.dataset_id AND t.state = 'open' AND t.answers = 0 AND NOT t.is_random
  AND ('x' || substr(md5(i.content_hash), 1, 8))::bit(32)::bigint / 4294967296.0 < coalesce(q.random_share, 0.1)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("annotations", "0011_export_of_final_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignmentrule",
            name="stale_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="queuesettings",
            name="stale_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunSQL(DRAW, migrations.RunSQL.noop),
    ]
