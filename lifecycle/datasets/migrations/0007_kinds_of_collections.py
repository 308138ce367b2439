from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("datasets", "0006_versions_in_chunks"),
    ]

    operations = [
        migrations.AlterField(
            model_name="collection",
            name="kind",
            field=models.CharField(
                choices=[
                    ("upload", "Uploaded files"),
                    ("sql", "Database"),
                    ("folder", "Server folder"),
                    ("bucket", "Bucket"),
                    ("crawl", "Web crawl"),
                ],
                default="upload",
                max_length=16,
            ),
        ),
    ]
