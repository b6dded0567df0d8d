import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0010_found_by_their_end"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("job_id", models.UUIDField(primary_key=True, serialize=False)),
                ("look_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("looks", models.SmallIntegerField(db_default=0, default=0)),
                ("place", models.UUIDField(null=True)),
                ("is_sure", models.BooleanField(db_default=True, default=True)),
            ],
            options={
                "indexes": [models.Index(models.F("look_at"), name="batch_by_look_at")],
            },
        ),
    ]
