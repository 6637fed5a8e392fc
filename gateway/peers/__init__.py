"""Those whom the gateway calls besides upstreams."""
