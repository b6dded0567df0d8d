-- The time, which is the database's.
SELECT clock_timestamp()
