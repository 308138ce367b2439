from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crawls", "0002_crawl_is_seeded")]

    operations = [
        migrations.AddField("crawl", "gone", models.BigIntegerField(default=0)),
        migrations.AddField("crawlurl", "moved_to", models.UUIDField(blank=True, null=True)),
        migrations.AddField("crawlitem", "gone_at", models.DateTimeField(blank=True, null=True)),
    ]
