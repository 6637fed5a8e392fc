"""Going on after a restore: what was known to be stopped is stopped again."""
