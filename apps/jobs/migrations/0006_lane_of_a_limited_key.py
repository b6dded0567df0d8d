from django.db import migrations

# While its key is full nobody looks at the lane; the old release knows no lanes and leaves this empty.
LIMIT_KEY = "ALTER TABLE jobs_lane ADD COLUMN limit_key text NOT NULL DEFAULT ''"
NO_LIMIT_KEY = "ALTER TABLE jobs_lane DROP COLUMN limit_key"


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_worker_lock_and_artifacts'),
    ]

    operations = [
        migrations.RunSQL(LIMIT_KEY, NO_LIMIT_KEY),
    ]
