"""What the rules need of the one store, part by part; what one feature alone needs is in its own `ports`."""
