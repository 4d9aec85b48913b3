"""What is taken for the address of a server."""

from __future__ import annotations

import pytest

from integrations.livekit.address import Address
from integrations.livekit.dashboard.server import Dashboard
from moderator.errors import InputError


@pytest.mark.parametrize(
    "url",
    ["", "host:7880", "ftp://host", "ws://", "ws://[::1", "ws://host:port", "ws://host:99999"],
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(InputError, match="not the address of a server"):
        Address(url, "room", "agent", "Robin", key="key", secret="s" * 32)


@pytest.mark.parametrize("url", ["ws://host", "wss://host:443/x", "http://[::1]:7880"])
def test_a_page_can_be_served_of_what_is_an_address(url: str) -> None:
    Dashboard(Address(url, "room", "agent", "Robin", key="key", secret="s" * 32), "host")
