"""Days as people write them, and which of several suits: knows nothing of visits."""
