-- Forget the oldest facts and their deliveries when they are older than wanted, some at a time.
WITH oldest AS MATERIALIZED (
    SELECT id FROM events_fact ORDER BY id LIMIT %(batch)s
), gone AS (
    DELETE FROM events_fact AS fact USING oldest
     WHERE fact.id = oldest.id AND fact.emitted_at < clock_timestamp() - make_interval(days => %(days)s)
    RETURNING fact.id
), their_deliveries AS (
    DELETE FROM events_delivery AS delivery USING gone WHERE delivery.fact_id = gone.id
)
SELECT count(*) FROM gone
