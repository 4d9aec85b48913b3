"""Broken and hostile inputs for everything that reads what comes from outside.

`mutations` breaks valid inputs, the other modules name what reads them; `child` tries one reader
after the other in a process of its own, which `watch` ends when it hangs.
"""
