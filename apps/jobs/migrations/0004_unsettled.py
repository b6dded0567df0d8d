import django.db.models.functions.datetime
from django.db import migrations, models


# A job may be ended by its worker, a person, a rescue or its expiry. Those that wait for it in a chain or a chord
# are found through this table; a trigger fills it, so that no way of ending can forget them. The condition is
# looked at before the function is called: jobs without a canvas pay for one comparison.
FILLED = """
CREATE FUNCTION job_ended_badly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_unsettled (job_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER job_is_unsettled AFTER UPDATE OF state ON jobs_job FOR EACH ROW
  WHEN (NEW.state IN (7, 8) AND OLD.state NOT IN (7, 8) AND NEW.options ? 'then')
  EXECUTE FUNCTION job_ended_badly();
"""

NOT_FILLED = """
DROP TRIGGER job_is_unsettled ON jobs_job;
DROP FUNCTION job_ended_badly();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0003_dead_letters_and_replays'),
    ]

    operations = [
        migrations.CreateModel(
            name='Unsettled',
            fields=[
                ('job_id', models.UUIDField(primary_key=True, serialize=False)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tries', models.SmallIntegerField(db_default=0, default=0)),
            ],
            options={
                'db_table': 'jobs_unsettled',
                'indexes': [models.Index(models.F('due_at'), name='unsettled_by_due_at')],
            },
        ),
        migrations.RunSQL(FILLED, NOT_FILLED),
    ]
