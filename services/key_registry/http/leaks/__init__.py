"""`/admin/v1/leaks`: reports by admins, and by GitHub."""
