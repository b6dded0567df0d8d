"""Messages: what travels through the broker, on its way out and in."""
