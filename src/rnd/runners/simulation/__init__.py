"""A simulation of the runner pools: waiting time against cost."""
