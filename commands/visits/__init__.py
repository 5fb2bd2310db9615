"""Visits: a date in a day, and what was promised still visible three months later."""
