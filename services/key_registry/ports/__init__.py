"""What several features need of the store, part by part; what one alone needs is in its own `ports`."""
