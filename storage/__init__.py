"""What Moothall remembers: plain functions of a connection, and records that travel."""
