"""What every HTTP service here does alike: bodies, errors, health, metrics, documentation, start and drain."""
