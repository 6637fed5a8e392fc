"""The connections to upstreams: how many, who waits for one, and what comes over them."""
