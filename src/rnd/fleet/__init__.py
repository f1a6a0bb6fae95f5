"""All repositories of the organisation together: seen, compared with org.yml, brought in order.

`view.py` looks at the fleet: `inventory.py` decides which repositories belong to it, `reading.py` sends the queries of
`queries.py`, `documents.py` turns the answers into the documents that `rnd.github.settings` compares, and `facts.py`
has the result for one repository. `governor.py` keeps within GitHub's limits.
"""
