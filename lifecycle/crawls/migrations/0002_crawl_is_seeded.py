from django.db import migrations, models


class Migration(migrations.Migration):
    """Crawls that there are took over what those before them knew when they began."""

    dependencies = [("crawls", "0001_initial")]

    operations = [
        migrations.AddField("crawl", "is_seeded", models.BooleanField(default=True)),
        migrations.AlterField("crawl", "is_seeded", models.BooleanField(default=False)),
    ]
