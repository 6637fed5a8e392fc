"""Those whom the gateway calls besides upstreams, and the first that it learns of them."""
