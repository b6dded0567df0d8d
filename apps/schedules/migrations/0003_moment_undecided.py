from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # beats go on writing moments meanwhile

    dependencies = [
        ('schedules', '0002_policies'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='moment',
            index=models.Index(models.F('outcome'), models.F('id'), condition=models.Q(('outcome__in', ['waits', 'asked'])), name='moment_undecided'),
        ),
    ]
