"""One page over the OpenAPI documents of all services, as HTML without a script."""
