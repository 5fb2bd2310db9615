"""The coordinator's Monday: what a week was about, drafted, looked at, sent."""
