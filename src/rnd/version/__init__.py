"""From commits to the next version, and the reasons for it."""
