"""Broken and hostile inputs for everything that reads what comes from outside.

    python -m tests.fuzz [READER …] [--times 10000 | --minutes 10] [--seed 1] [--again FILE]

`mutations` breaks valid inputs, the other modules name what reads them; `child` tries one reader
after the other in a process of its own, which `watch` ends when it hangs.
"""
