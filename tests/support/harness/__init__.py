"""What starts and stops the real things: stores, services, the whole stack."""
