"""The change feed: what changed, in order, and who has applied it."""
