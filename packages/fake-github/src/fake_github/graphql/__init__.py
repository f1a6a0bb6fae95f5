"""GitHub's GraphQL API: its own schema, executed over the same state as the REST API.

`schema.py` loads the schema, `fields.py` knows which of its fields are modelled, `resolvers/` models them, `cost.py`
computes what a query costs, `execution.py` runs it, `endpoint.py` answers the request.
"""
