"""What only a workflow step calls: the merge gate, the environment of a job, its credentials."""
