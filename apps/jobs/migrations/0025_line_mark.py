from django.db import migrations, models

# While an old snapshot is held, each mark leaves a version of its row: room for them on the page.
TURNS_OVER = """
ALTER TABLE jobs_line_mark SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
"""

# Return whether a job waits in a queue's line, read from its mark on: before it the index may hold a million removed
# rows. The function with one argument belongs to earlier releases.
STANDS = """
CREATE FUNCTION job_line_stands(asked text, mark jobs_line_mark) RETURNS boolean LANGUAGE plpgsql STABLE
   SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
    IF mark.queue IS NULL THEN
        PERFORM FROM jobs_ready WHERE queue = asked ORDER BY queue, lane, rank, id LIMIT 1;
        RETURN FOUND;
    END IF;
    PERFORM FROM jobs_ready WHERE queue = asked AND lane = '' AND (rank, id) >= (mark.begins_at, mark.begins_id)
      ORDER BY queue, lane, rank, id LIMIT 1;
    IF NOT FOUND AND mark.waiting_id IS NOT NULL THEN
        PERFORM FROM jobs_ready WHERE queue = asked AND lane = mark.waiting_lane AND rank = mark.waiting_rank
                                  AND id = mark.waiting_id;
    END IF;
    IF NOT FOUND AND mark.has_lanes THEN
        PERFORM FROM jobs_ready WHERE queue = asked AND lane > '' AND rank >= mark.begins_at
          ORDER BY queue, lane, rank, id LIMIT 1;
    END IF;
    RETURN FOUND;
END $$;
"""
NOTHING = "DROP FUNCTION job_line_stands(text, jobs_line_mark);"


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0024_jobs_of_an_action"),
    ]

    operations = [
        migrations.CreateModel(
            name="LineMark",
            fields=[
                ("queue", models.TextField(primary_key=True, serialize=False)),
                ("begins_at", models.DateTimeField()),
                ("begins_id", models.UUIDField()),
                ("has_lanes", models.BooleanField()),
                ("waiting_lane", models.TextField(null=True)),
                ("waiting_rank", models.DateTimeField(null=True)),
                ("waiting_id", models.UUIDField(null=True)),
                ("marked_at", models.DateTimeField()),
            ],
            options={
                "db_table": "jobs_line_mark",
            },
        ),
        migrations.RunSQL(TURNS_OVER, migrations.RunSQL.noop),
        migrations.RunSQL(STANDS, NOTHING),
    ]
