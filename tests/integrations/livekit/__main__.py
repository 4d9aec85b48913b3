"""Runs the room tests in a network of their own: ``python -m tests.integrations.livekit``.

No packet can leave it. Arguments are passed on to pytest.
"""

from __future__ import annotations

import sys

from tests.integrations.livekit.namespace import enter_and_run

if __name__ == "__main__":
    sys.exit(enter_and_run(sys.argv[1:]))
