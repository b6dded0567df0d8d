"""Operating: what people do with jobs and ask about them."""
