"""AMI's scenario-only partition into training, development and test meetings.

Source: AMI Corpus, "Training, Test and Evaluation Sets for the AMI Corpus", scenario-only partition
(https://groups.inf.ed.ac.uk/ami/corpus/datasets.shtml): SA, SB and SC there. A team's four meetings
are in one part. Meetings that are not of the scenario are in none.
"""

from __future__ import annotations

from typing import Final

OTHER: Final = "other"
"""Meetings that the partition does not name."""

_TEAMS: Final = {
    "train": """
        ES2002 ES2005 ES2006 ES2007 ES2008 ES2009 ES2010 ES2012 ES2013 ES2015 ES2016
        IS1000 IS1001 IS1002 IS1003 IS1004 IS1005 IS1006 IS1007
        TS3005 TS3008 TS3009 TS3010 TS3011 TS3012
    """,
    "dev": "ES2003 ES2011 IS1008 TS3004 TS3006",
    "test": "ES2004 ES2014 IS1009 TS3003 TS3007",
}

SPLITS: Final = (*_TEAMS, OTHER)

_BY_TEAM = {team: split for split, teams in _TEAMS.items() for team in teams.split()}


def split_of(meeting: str) -> str:
    """The part that a meeting belongs to; its last letter tells a team's meetings apart."""
    return _BY_TEAM.get(meeting[:-1], OTHER)
