"""Lets an existing repository join: analysis, branch, proof, pull request. docs/how-to/adopt.md explains its use."""
