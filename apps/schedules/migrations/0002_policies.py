import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


# A policy is part of what a schedule's plan follows from, and goes with its schedule.
MARK_EDITS = """
CREATE FUNCTION schedules_policy_was_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE schedules_plan SET edited = true WHERE schedule_id IN (SELECT schedule_id FROM changed);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION schedules_are_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM schedules_plan WHERE schedule_id IN (SELECT id FROM was);
    DELETE FROM schedules_policy WHERE schedule_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;

CREATE TRIGGER schedules_policy_is_new AFTER INSERT ON schedules_policy
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION schedules_policy_was_edited();
CREATE TRIGGER schedules_policy_was_edited AFTER UPDATE ON schedules_policy
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION schedules_policy_was_edited();
CREATE TRIGGER schedules_policy_is_gone AFTER DELETE ON schedules_policy
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION schedules_policy_was_edited();
"""

FORGET_EDITS = """
CREATE OR REPLACE FUNCTION schedules_are_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM schedules_plan WHERE schedule_id IN (SELECT id FROM was);
    RETURN NULL;
END $$;
DROP FUNCTION schedules_policy_was_edited() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('django_celery_beat', '0019_alter_periodictasks_options'),
        ('schedules', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Policy',
            fields=[
                ('schedule', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='policy', serialize=False, to='django_celery_beat.periodictask')),
                ('missed', models.TextField(choices=[('latest', 'Run the latest one'), ('skip', 'Skip them; each gap is written down'), ('all', 'Run all of them, in order, up to the cap'), ('ask', 'Ask: they wait in the inbox for somebody to decide')], db_default='latest', default='latest', verbose_name='missed moments')),
                ('missed_cap', models.PositiveSmallIntegerField(db_default=12, default=12, help_text='How many missed moments run or are asked about: the latest.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)], verbose_name='at most')),
                ('overlap', models.TextField(choices=[('allow', 'Run beside it'), ('skip', 'Skip the new one; it is written down'), ('queue one', 'Let one wait until it has ended'), ('cancel previous', 'Cancel it and run the new one')], db_default='allow', default='allow', verbose_name='while the last one runs')),
                ('jitter_s', models.PositiveIntegerField(db_default=0, default=0, help_text='Each job starts a random while later, up to so much, so that not all start at once.', validators=[django.core.validators.MaxValueValidator(86400)], verbose_name='jitter in seconds')),
                ('paused_until', models.DateTimeField(blank=True, help_text='Its moments before then pass without a job.', null=True)),
                ('max_runs', models.PositiveIntegerField(blank=True, help_text='Then the schedule switches itself off.', null=True, verbose_name='runs at most')),
            ],
            options={
                'verbose_name_plural': 'policies',
            },
        ),
        migrations.AddField(
            model_name='moment',
            name='outcome',
            field=models.TextField(choices=[('ran', 'ran'), ('by hand', 'run by hand'), ('missed', 'missed, skipped'), ('overlapped', 'skipped: the last one still ran'), ('waits', 'waits for the last one to end'), ('asked', 'missed: somebody has to decide'), ('declined', 'missed, declined')], db_default='ran'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('missed__in', ['latest', 'skip', 'all', 'ask'])), name='missed_moments_have_a_policy'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('overlap__in', ['allow', 'skip', 'queue one', 'cancel previous'])), name='overlaps_have_a_policy'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('missed_cap__gte', 1), ('missed_cap__lte', 1000)), name='missed_moments_are_capped'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('jitter_s__lte', 86400)), name='jitter_is_at_most_a_day'),
        ),
        migrations.RunSQL(MARK_EDITS, FORGET_EDITS),
    ]
