"""The operator: is this API token good for this company and this application?

Owns no data; keeps records of the key registry for as long as they stay true.
"""
