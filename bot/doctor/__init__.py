"""Examines the hall, from inside or beside it: small checks, none of which can hide another."""
