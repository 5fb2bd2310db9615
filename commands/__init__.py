"""Everything Moothall can be asked to do: typed, tapped, edited, redacted, or due."""
