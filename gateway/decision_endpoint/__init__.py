"""The decision endpoint, for a proxy that forwards itself: how it describes a request, and what it gets."""
