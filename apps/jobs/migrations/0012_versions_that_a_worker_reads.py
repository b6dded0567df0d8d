from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0011_batch"),
    ]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="reads",
            field=models.JSONField(null=True),
        ),
    ]
