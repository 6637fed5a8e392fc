"""Sample resource services, for the first run and the tests: what a partner wants to reach through the gateway.

Nothing here is real and nothing is kept. Replace it in the route file with services of your own.
"""
