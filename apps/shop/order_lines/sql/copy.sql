COPY shop_staged_line (row, nth, number, kind, stock_code, code, product_kind, description, quantity, invoiced_at,
                       unit_price, customer, country) FROM STDIN
