-- What the harness watches by, beside the sink. No constraint keeps a doubled effect out: it has to be seen.
CREATE TABLE IF NOT EXISTS chaos_effect (n bigint GENERATED ALWAYS AS IDENTITY, job uuid NOT NULL);
CREATE TABLE IF NOT EXISTS chaos_copied (job uuid NOT NULL, number int NOT NULL);
CREATE TABLE IF NOT EXISTS chaos_held AS SELECT 1 AS row;
