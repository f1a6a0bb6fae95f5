"""The settings of a repository on GitHub: one file per resource, `diff.py` to compare, `plan.py` to apply them all.

The keys are those that org.yml has below `github.repository`, so that a difference reads like a line of that file.
Settings that org.yml does not mention stay unchanged.
"""
