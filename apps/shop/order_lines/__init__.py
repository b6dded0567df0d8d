"""What a file of order lines means to the shop: its columns, and how its rows become rows of ours."""
