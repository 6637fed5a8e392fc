"""Following the registry: the change feed and its stream, and what a consumer keeps true by them."""
