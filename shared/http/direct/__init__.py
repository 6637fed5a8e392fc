"""Endpoints for which a plain request is served without aiohttp's parser, router and writer: half of their cost.

A request counts as plain when it has come whole and holds nothing that needs a parser. Every other one, malformed
or not, is given to aiohttp as it came. Handlers, middleware, requests and responses are the same on both ways.
"""
