from django.db import migrations

# Whether somebody stands in a queue's line, by the index however small the table was when this was planned: a session
# plans it once, and a plan that reads the whole line would stay when a million have come.
STANDS = """
CREATE FUNCTION job_line_stands(asked text) RETURNS boolean LANGUAGE plpgsql STABLE
   SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
    PERFORM FROM jobs_ready WHERE queue = asked ORDER BY queue, lane, rank, id LIMIT 1;
    RETURN FOUND;
END $$;
"""
NOTHING = "DROP FUNCTION job_line_stands(text);"


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0007_page_of_queues"),
    ]

    operations = [
        migrations.RunSQL(STANDS, NOTHING),
    ]
