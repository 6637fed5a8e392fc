"""What would have been refused where something is report-only, counted by day, company and cause."""
