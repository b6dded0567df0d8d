from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0013_replays_of_unique_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="reads",
            field=models.JSONField(null=True),
        ),
    ]
