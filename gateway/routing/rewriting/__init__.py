"""What a route changes about a request and its response on their way through."""
