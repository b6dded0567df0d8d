-- Every change of a job's state or lease, in the order in which the database made them.
CREATE TABLE IF NOT EXISTS chaos_history (
    n bigint GENERATED ALWAYS AS IDENTITY, job uuid NOT NULL, was smallint NOT NULL, became smallint NOT NULL,
    was_lease uuid, lease uuid, at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE OR REPLACE FUNCTION chaos_remember() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos_history (job, was, became, was_lease, lease)
    VALUES (OLD.id, OLD.state, NEW.state, OLD.lease, NEW.lease);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER chaos_remembers AFTER UPDATE OF state, lease ON jobs_job
   FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.lease IS DISTINCT FROM NEW.lease)
   EXECUTE FUNCTION chaos_remember();
