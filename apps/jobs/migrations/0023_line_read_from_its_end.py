from django.db import migrations

# While an old snapshot is held, rows that the relay took stay in the index, at the begin of each lane: a look from there
# reads over all of them. From the end of the line it meets a job that waits at once.
FUNCTION = """
CREATE OR REPLACE FUNCTION job_line_stands(asked text) RETURNS boolean LANGUAGE plpgsql STABLE
   SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
    PERFORM FROM jobs_ready WHERE queue = asked ORDER BY {order} LIMIT 1;
    RETURN FOUND;
END $$;
"""
FROM_THE_END = FUNCTION.format(order="queue DESC, lane DESC, rank DESC, id DESC")
FROM_THE_BEGIN = FUNCTION.format(order="queue, lane, rank, id")


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0022_lead_with_a_lease"),
    ]

    operations = [
        migrations.RunSQL(FROM_THE_END, FROM_THE_BEGIN),
    ]
