"""Existing repositories that cannot join, and one whose `setup.py` computes what it declares."""

from __future__ import annotations

from tests.helpers.existing import MANIFEST, SRC

DYNAMIC_SETUP_PY = {
    **SRC,
    "requirements.txt": "numpy>=1.24\n",
    "setup.py": """\
from setuptools import setup

setup(
    name="aligner",
    version=open("VERSION").read().strip(),
    install_requires=open("requirements.txt").read().splitlines(),
    packages=["aligner"],
    package_dir={"": "src"},
)
""",
    "VERSION": "0.3.1\n",
}


NOTEBOOKS = {"analysis.ipynb": "{}", "requirements.txt": "numpy\n"}


COMPILED_CONDA = {
    **SRC,
    "pyproject.toml": f'{MANIFEST}[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    "setup.py": "from setuptools import Extension, setup\n\nsetup(ext_modules=[Extension('a', ['a.c'])])\n",
    "environment.yml": "channels: [conda-forge]\ndependencies: [python=3.10, numpy]\n",
}


REFUSED = {"notebooks": NOTEBOOKS, "compiled conda": COMPILED_CONDA}


UNCLEAR = {"dynamic setup.py": DYNAMIC_SETUP_PY}
