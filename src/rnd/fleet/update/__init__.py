"""The pull requests that bring a release of the template to repositories.

`observe.py` reads them, `state.py` has what is known, `decide.py` decides for each repository, `render.py` makes the
commits in a process without secrets, `carry_out.py` pushes them and opens the pull requests, and `tick.py` puts these
together: one run of `rnd fleet update` is one tick.
"""
