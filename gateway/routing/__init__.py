"""Routing: from the route file to the route that a request takes."""
