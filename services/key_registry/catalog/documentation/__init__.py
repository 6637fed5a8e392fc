"""What OpenAPI says of the members of the catalog's models."""
