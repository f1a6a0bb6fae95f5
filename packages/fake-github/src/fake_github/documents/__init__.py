"""What a forge knows, in the form that GitHub's API gives it: one file for each kind of thing. Touches nothing."""
