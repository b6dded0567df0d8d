from django.db import migrations

# Whose turn is next is found without reading all lanes: a queue may have a million. That the relay moves a lane within
# the index at each of its turns is not to be seen in what a turn costs.
BY_TURN = "CREATE INDEX CONCURRENTLY lane_by_turn ON jobs_lane (queue, vtime, lane) WHERE has_ready"
# One that is invalid, since this was cut off, would keep its name for ever.
NOT_BY_TURN = "DROP INDEX CONCURRENTLY IF EXISTS lane_by_turn"


class Migration(migrations.Migration):

    atomic = False  # built beside a running relay

    dependencies = [
        ("jobs", "0016_rolled_up_open_since"),
    ]

    operations = [
        migrations.RunSQL(NOT_BY_TURN, migrations.RunSQL.noop),
        migrations.RunSQL(BY_TURN, NOT_BY_TURN),
    ]
