"""What admins do: create, change, rotate, revoke and find objects; receipts, and reading the audit trail."""
