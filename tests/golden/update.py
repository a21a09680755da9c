"""Write what the golden cases compile to now: ``python -m tests.golden.update [case …]``.

To add a case, make ``tests/golden/<case>/workflow.json`` (and ``profile.json`` if it needs one), run
this, and read what it wrote before you commit it.
"""

from __future__ import annotations

import sys

from tests.golden.case import FOLDER, Case, all_cases


def main(names: list[str]) -> None:
    """Update the named cases, or all of them, and say which changed."""
    for case in [Case(FOLDER / name) for name in names] or all_cases():
        compiled = case.compile()
        for name, value in (("definition", compiled.definition), ("report", compiled.report)):
            is_new = not (case.folder / f"{name}.json").exists()
            if is_new or case.read(name) != value:
                case.write(name, value)
                print(f"{'added' if is_new else 'changed'} {case.folder.name}/{name}.json")


if __name__ == "__main__":
    main(sys.argv[1:])
