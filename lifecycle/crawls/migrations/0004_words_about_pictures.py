from django.db import migrations, models


class Migration(migrations.Migration):
    """What a page says of a picture that it shows."""

    dependencies = [("crawls", "0003_pages_that_moved_or_are_gone")]

    operations = [
        migrations.AddField(model, name, models.TextField(blank=True, default=""))
        for model in ("crawlurl", "crawlitem")
        for name in ("alt", "caption")
    ]
