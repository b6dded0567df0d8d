-- Give up the lead on a clean stop.
DELETE FROM jobs_lead WHERE holder = %(holder)s
