"""The operator: whether an API token is valid for a company and an application.

Owns no data; caches records of the key registry for as long as they stay true.
"""
