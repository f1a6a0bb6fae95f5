"""The state as JSON documents in the form of GitHub's API: one file for each kind of resource. Touches nothing."""
