"""Existing repositories that have one of each thing that a conversion can lose, for each form that it converts."""

from __future__ import annotations

from tests.helpers.existing import BODY, MANIFEST, POETRY_BACKEND

MANY = {
    "aligner/__init__.py": BODY,
    "aligner/small/__init__.py": "",
    "aligner/data/words.json": "{}\n",
    "aligner/data/private.json": "{}\n",
    "spare.py": "def main() -> int:\n    return 0\n",
    "bin/align-all": "#!/bin/sh\nexec align\n",
    "README.md": "# Aligner\n",
    "LICENSE": "MIT\n",
    "TERMS.md": "Parts are by others.\n",
    "requirements-dev.txt": "--index-url https://index.example/simple\nresponses>=0.20\n",
}


FULL_SETUP_PY = {
    **MANY,
    "setup.py": """\
from setuptools import find_packages, setup

setup(
    name="Aligner",
    version="0.3.1",
    description="Align speech",
    author="Ada Lovelace",
    author_email="ada@example.com",
    url="https://aligner.example",
    license="MIT",
    keywords="speech, text",
    classifiers=["Programming Language :: Python :: 3"],
    python_requires=">=3.9",
    install_requires=["numpy>=1.24", "scipy~=1.4.0", "tomli; python_version < '3.11' or os_name == 'nt'"],
    extras_require={
        "gpu": ["jax[cuda]>=0.4; sys_platform == 'linux'", "cupy"],
        "plot:python_version < '3.10'": ["matplotlib<3.9; os_name == 'nt' or os_name == 'posix'"],
        ":sys_platform == 'win32'": ["colorama"],
    },
    tests_require=["hypothesis"],
    entry_points={
        "console_scripts": ["align = aligner:main", "align-small = aligner.small:main"],
        "gui_scripts": ["align-window = aligner:main"],
        "aligner.formats": ["json = aligner.data:read"],
    },
    packages=find_packages(exclude=["tests*"]),
    py_modules=["spare"],
    scripts=["bin/align-all"],
    license_files=["LICENSE", "TERMS.md"],
    package_data={"aligner": ["data/*.json"]},
    exclude_package_data={"aligner": ["data/private.json"]},
)
""",
}


FULL_SETUP_CFG = {
    **MANY,
    "setup.py": "from setuptools import setup\n\nsetup()\n",
    "setup.cfg": """\
[metadata]
name = Aligner
version = 0.3.1
description = Align speech
author = Ada Lovelace
author_email = ada@example.com
url = https://aligner.example
project_urls =
    Changes = https://aligner.example/changes
license = MIT
license_files = LICENSE, TERMS.md
keywords = speech, text
classifiers =
    Programming Language :: Python :: 3
[options]
packages = find:
py_modules = spare
scripts = bin/align-all
python_requires = >=3.9
install_requires =
    numpy>=1.24
    tomli; python_version < '3.11' or os_name == 'nt'
[options.packages.find]
exclude = tests*
[options.package_data]
aligner = data/*.json
[options.exclude_package_data]
aligner = data/private.json
[options.extras_require]
gpu =
    jax[cuda]>=0.4; sys_platform == 'linux'
    cupy
[options.entry_points]
console_scripts =
    align = aligner:main
gui_scripts =
    align-window = aligner:main
aligner.formats =
    json = aligner.data:read
""",
}


FULL_POETRY = {
    **MANY,
    "pyproject.toml": f"""\
[tool.poetry]
name = "Aligner"
version = "0.3.1"
description = "Align speech"
authors = ["Ada Lovelace <ada@example.com>"]
maintainers = ["Grace Hopper <grace@example.com>"]
readme = "README.md"
license = "MIT"
homepage = "https://aligner.example"
keywords = ["speech"]
classifiers = ["Topic :: Text Processing"]
packages = [{{ include = "aligner" }}, {{ include = "spare.py" }}]
exclude = ["aligner/data/private.json"]
[tool.poetry.urls]
Changes = "https://aligner.example/changes"
[tool.poetry.dependencies]
python = "^3.9"
numpy = "^1.24"
scipy = "^0.9.1"
tomli = {{ version = "*", markers = "os_name == 'nt' or os_name == 'posix'", python = "<3.11" }}
jax = {{ version = "~0.4", extras = ["cuda"], optional = true, platform = "linux" }}
[tool.poetry.extras]
gpu = ["jax"]
[tool.poetry.group.dev.dependencies]
pytest = "^7"
[tool.poetry.scripts]
align = "aligner:main"
[tool.poetry.plugins."aligner.formats"]
json = "aligner.data:read"
[[tool.poetry.source]]
name = "acme"
url = "https://poetry.example/simple"
{POETRY_BACKEND}""",
}


FULL_PROJECT = {
    **MANY,
    "pyproject.toml": f"""\
{MANIFEST}description = "Align speech"
readme = "README.md"
license-files = ["LICENSE", "TERMS.md"]
keywords = ["speech"]
classifiers = ["Topic :: Text Processing"]
authors = [{{ name = "Ada Lovelace", email = "ada@example.com" }}]
dependencies = ["numpy>=1.24", "tomli; python_version < '3.11' or os_name == 'nt'"]

[project.urls]
Changes = "https://aligner.example/changes"

[project.optional-dependencies]
gpu = ["jax[cuda]>=0.4; sys_platform == 'linux'"]

[project.scripts]
align = "aligner:main"

[project.gui-scripts]
align-window = "aligner:main"

[project.entry-points."aligner.formats"]
json = "aligner.data:read"

[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[dependency-groups]
dev = ["responses>=0.20"]

[tool.setuptools]
py-modules = ["spare"]

[tool.setuptools.packages.find]
namespaces = false

[tool.setuptools.exclude-package-data]
aligner = ["data/private.json"]

[[tool.uv.index]]
name = "acme"
url = "https://index.example/simple"
explicit = true

[tool.uv.sources]
jax = {{ index = "acme" }}

[tool.mypy]
strict = true
""",
}


FULL = {
    "full setup.py": FULL_SETUP_PY,
    "full setup.cfg": FULL_SETUP_CFG,
    "full poetry": FULL_POETRY,
    "full project": FULL_PROJECT,
}
