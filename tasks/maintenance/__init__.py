"""Job types that keep an installation well."""
