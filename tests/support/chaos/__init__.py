"""Random changes and faults over a running stack, held against a plain model."""
