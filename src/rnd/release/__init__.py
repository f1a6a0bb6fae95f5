"""Every pull request and merge: which version comes next, and why."""
