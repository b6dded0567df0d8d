-- Find the fact that has this key.
SELECT id FROM events_fact WHERE name = %(name)s AND key = %(key)s
