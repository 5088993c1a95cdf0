"""`tinynas batch` of the native program: `python -m tinynas.batch`, or how to get the package."""

from __future__ import annotations

import sys

try:
    from tinynas.batch.__main__ import main
except ImportError as error:
    line = str(error).partition("\n")[0]
    print(
        f"tinynas: error: batch is written in Python, and {sys.executable} lacks it ({line}); in "
        "the source tree run scripts/setup --test, elsewhere pip install 'tinynas[batch]'",
        file=sys.stderr,
    )
    sys.exit(2)

if __name__ == "__main__":
    main()
