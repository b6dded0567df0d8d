-- Write facts down; one whose key another has is left out, once that other's transaction has ended.
INSERT INTO events_fact (id, name, data, emitted_at, owner_id, tenant, request_id, parent_id, key)
SELECT id, name, data::jsonb, clock_timestamp(), %(owner_id)s, %(tenant)s, %(request_id)s, %(parent_id)s, %(key)s
  FROM unnest(%(ids)s::uuid[], %(names)s::text[], %(datas)s::text[]) AS new (id, name, data)
ON CONFLICT (name, key) WHERE key > '' DO NOTHING
RETURNING id
