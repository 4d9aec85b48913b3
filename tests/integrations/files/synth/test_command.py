"""`moderator synth` from end to end: scripts in, records out that the benchmark takes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from integrations.files.bench.records import find_seats, read_meetings
from integrations.files.synth.making import read_timing, write_meetings
from integrations.files.synth.scripts import read_scripts
from moderator.cli import app
from moderator.errors import InputError
from moderator.synth.timing import measured
from tests.moderator.synth.scripts import plain


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "scripts" / "rp-t1.json"
    path.parent.mkdir()
    path.write_text(json.dumps(plain()))
    return path


def test_made_meetings_are_scored_in_the_agents_seat(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert app.run(["synth", "make", str(written.parent), "--out", str(out)]) == 0
    assert "2 meetings of 1 scripts" in capsys.readouterr().out
    meetings = read_meetings([out])
    seats = find_seats(meetings, "agent")
    assert [seat.speaker for seat in seats] == ["A-agent", "B-agent"]
    assert seats[0].position == "Date keeper"
    assert (
        seats[1].meeting.participants["B-agent"].description == plain()["agents"][1]["description"]
    )
    assert app.run(["bench", str(out), "--seat", "agent", "--protocol", "stream"]) == 0


def test_an_archive_is_as_good_as_a_directory(written: Path, tmp_path: Path) -> None:
    packed = tmp_path / "scripts.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(written, "some/rp-t1.json")
    for place, name in ((written, "a"), (packed, "b")):
        write_meetings(read_scripts([place]), tmp_path / name, measured(), 0)
    assert (tmp_path / "a" / "rp-t1.a1.json").read_bytes() == (
        tmp_path / "b" / "rp-t1.a1.json"
    ).read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.json", "{}", "id"),
        ("no.json", "no", "JSON"),
        ("broken.zip", "PK", "a damaged zip archive"),
    ],
)
def test_what_is_no_script_is_one_line(name: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=rf"{said}[^\n]*$"):
        list(read_scripts([tmp_path / name]))
    assert not (tmp_path / "out").exists()


def test_one_script_twice_and_an_empty_directory_are_refused(written: Path) -> None:
    with pytest.raises(InputError, match="twice"):
        list(read_scripts([written, written.parent]))
    (written.parent / "sub").mkdir()
    with pytest.raises(InputError, match="no scripts"):
        list(read_scripts([written.parent / "sub"]))


def test_a_timing_that_is_none_is_refused(tmp_path: Path) -> None:
    assert read_timing(None) == measured()
    (tmp_path / "timing.json").write_text("{}")
    with pytest.raises(InputError, match=r"timing\.json"):
        read_timing(tmp_path / "timing.json")


def test_made_talk_is_compared_with_real(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    write_meetings(read_scripts([written]), out, measured(), 0)
    assert app.run(["synth", "compare", str(out), "--against", str(out)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert any(row.startswith("overlapping, %") for row in rows)
