"""The scripts that stand in the repository are whole, and no agent can be told from another's."""

from __future__ import annotations

from pathlib import Path

from integrations.files.synth.scripts import read_scripts

SCRIPTS = Path(__file__).parents[4] / "data" / "roleplay" / "scripts.zip"


def test_every_script_is_one_and_its_agents_differ() -> None:
    scripts = list(read_scripts([SCRIPTS]))
    assert len(scripts) == 214
    agents = [agent for script in scripts for agent in script.agents]
    assert len(agents) == len({agent.description for agent in agents}) == 1511
    for script in scripts:
        moments = [tuple(one.after for one in agent.speaks) for agent in script.agents]
        speaking = [some for some in moments if some]
        assert len(speaking) == len(set(speaking))
        assert any(len(some) <= 1 for some in moments)
    assert SCRIPTS.stat().st_size < 4 * 2**20
