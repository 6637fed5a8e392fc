"""Those that are measured beside the product: each as a command, or None where it is not installed."""
