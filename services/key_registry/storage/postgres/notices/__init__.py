"""Events, notices of expiries, webhooks and their deliveries in PostgreSQL."""
