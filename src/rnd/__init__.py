"""rnd: create research repositories from a template, publish from them, and keep many of them up to date."""
