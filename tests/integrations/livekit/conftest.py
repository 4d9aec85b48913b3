"""Room tests are collected only where they may run; `test_rooms.py` runs them elsewhere."""

from __future__ import annotations

import os

from tests.integrations.livekit.namespace import INSIDE
from tests.integrations.livekit.server import given

collect_ignore = [] if os.environ.get(INSIDE) or given() is not None else ["rooms"]
