"""`rnd version next` without options, which every job calls.

Git starts first and answers while Python imports the rest. Arguments are not parsed, since argparse takes 6 ms.
"""

from __future__ import annotations

from rnd.version import refs


def print_next(pending: str | None = None) -> int:
    """Print the next version.

    Args:
        pending: A commit whose release may still be being made: the version that was set there then counts as one.
    """
    asked = refs.ask(refs.HERE)
    from rnd.version.derivation import derive_free

    answer, _ = derive_free(pending, asked)
    print(answer["version"], flush=True)
    return 0
