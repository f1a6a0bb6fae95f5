"""The services that a repository uses, on one machine, each real or validated against its published description."""
