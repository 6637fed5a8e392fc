"""What operators look at now and then: notices, webhooks, hygiene, signing keys, and what is report-only."""
