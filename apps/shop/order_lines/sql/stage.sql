-- A chunk's checked rows and the orders they belong to, on their way into the tables; emptied by every commit,
-- gone with the session.
CREATE TEMPORARY TABLE IF NOT EXISTS shop_staged_line (
    row integer NOT NULL,
    nth integer NOT NULL, -- 1, 2, ... among the rows of this chunk that say the same
    number text NOT NULL,
    kind text NOT NULL,
    stock_code text NOT NULL,
    code text NOT NULL,
    product_kind text NOT NULL,
    description text NOT NULL,
    quantity integer NOT NULL,
    invoiced_at timestamptz NOT NULL,
    unit_price numeric(12, 4) NOT NULL,
    customer integer,
    country text NOT NULL,
    fingerprint bigint GENERATED ALWAYS AS (
        shop_line_fingerprint(stock_code, description, quantity, unit_price, invoiced_at)) STORED
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS shop_staged_order (
    number text NOT NULL,
    kind text NOT NULL,
    customer integer,
    country text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    row integer NOT NULL,
    agrees boolean NOT NULL -- all its rows name one customer (or none) and one country
) ON COMMIT DELETE ROWS
;

-- Two chunks in one transaction are possible too.
DELETE FROM shop_staged_line;
DELETE FROM shop_staged_order
