"""Words whose times are estimated or that were misheard, in the journal and for who reads it."""

from __future__ import annotations

from pathlib import Path

from moderator.events import Act, Heard, Proposal, Word
from moderator.journal.erasure import Erasure
from moderator.journal.file import Journal
from moderator.journal.lines import heard_from, proposal_from, read, to_line
from moderator.measure.report.reading import read_journal
from moderator.testing import journals
from moderator.timeline import to_samples

WORDS = (
    Word("ben", "told", 100, 200),
    Word("ben", "estimated", 200, 300, True),
    Word("ben", "Robin,", 300, 400, heard="Robyn,"),
)


def test_they_are_marked() -> None:
    line = to_line(Heard(400, words=WORDS))
    assert line["words"] == [
        ["ben", "told", 100, 200],
        ["ben", "estimated", 200, 300, True],
        ["ben", "Robin,", 300, 400, False, "Robyn,"],
    ]
    assert heard_from(line).words == WORDS


def test_they_are_read_and_erased_like_all_others(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journals.write_journal(path, [journals.opened(), to_line(Heard(400, words=WORDS))])
    assert [text for _, text, *_ in read_journal(path).words] == ["told", "estimated", "Robin,"]
    erasure = Erasure(("ben",), to_samples(1.0))
    assert erasure.traces(read(path)).spoke == [(100, 200), (200, 300), (300, 400)]
    journal = Journal(tmp_path / "other.jsonl")
    journal.write(Heard(400, words=WORDS))
    journal.erase(erasure)
    journal.close()
    assert not [line for line in read(tmp_path / "other.jsonl") if line.get("words")]


def test_a_turn_that_takes_no_time_is_not_one_of_unknown_length() -> None:
    for takes_s in (0.0, 1.5, None):
        wish = Proposal(100, "scripted", 0.5, Act.ANSWER, takes_s=takes_s)
        assert proposal_from(to_line(wish)) == wish
