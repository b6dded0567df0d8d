"""Backline's Django applications, one subject each."""
