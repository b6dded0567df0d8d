"""Job types that clear away what is not needed any more."""
