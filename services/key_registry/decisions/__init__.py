"""What gateways and services report of their decisions: refusals, and what would have been refused."""
