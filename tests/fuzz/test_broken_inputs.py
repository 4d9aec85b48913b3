"""A few of the broken inputs that readers get by the ten thousand, and what would be noticed."""

from __future__ import annotations

import json
import random
from importlib import import_module
from pathlib import Path

import pytest

from tests.fuzz import child, folders, forms, harmful, watch
from tests.fuzz.child import attempt
from tests.fuzz.mutations import Form, mutated
from tests.fuzz.target import Read, input_of, seeds_of, targets
from tests.fuzz.watch import Plan, Reader

TIMES = 4
LEFT_OUT = ("own model's", "page's", "server's response")
"""Readers that import much or take long; they are tried by the command alone."""


@pytest.mark.parametrize("name", [name for name in targets() if not name.startswith(LEFT_OUT)])
def test_broken_inputs_do_no_harm(tmp_path: Path, name: str) -> None:
    target, _ = targets()[name]
    (tmp_path / "seeds").mkdir()
    seeds = seeds_of(target, tmp_path / "seeds")
    inputs = [*seeds, *(input_of(target, seeds, 7, number) for number in range(TIMES))]
    found = [attempt(target, data, tmp_path) for data in inputs]
    assert not [one for one in found if one is not None and one.what != child.SLOW]


def test_valid_inputs_are_read_and_not_refused(tmp_path: Path) -> None:
    """Else all mutations would end at the same first check."""
    for name in (
        "record",
        "seglst",
        "ctm",
        "role",
        "script",
        "journal run again",
        "answer",
        "gguf",
        *(target.name for target in (*forms.TARGETS, *folders.TARGETS)),
    ):
        target, _ = targets()[name]
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        for number, data in enumerate(seeds_of(target, folder)):
            place = folder / str(number)
            place.mkdir()
            target.read(data, place)


def test_each_reader_has_a_name_of_its_own() -> None:
    """Of two with one name, the first would never be tried."""
    modules = {module for _, module in targets().values()}
    assert sum(len(import_module(one).TARGETS) for one in modules) == len(targets())


@pytest.mark.parametrize("form", list(Form))
def test_mutations_are_the_same_each_time_and_all_different(form: Form) -> None:
    seeds = [json.dumps({"a": [1, {"b": "c"}], "d": None}).encode() + b"\n"]
    made = [mutated(seeds, form, random.Random(number)) for number in range(300)]
    assert made == [mutated(seeds, form, random.Random(number)) for number in range(300)]
    assert len(set(made)) > 200
    assert seeds[0] not in made[:3]


@pytest.mark.parametrize("read", [harmful.raises, harmful.in_a_thread, harmful.in_a_task])
def test_what_fails_anywhere_is_noticed(tmp_path: Path, read: Read) -> None:
    fault = attempt(harmful.harmful(read), b"x", tmp_path)
    assert fault is not None
    assert fault.what.startswith("ZeroDivisionError at tests/fuzz/harmful.py:")


def test_several_lines_are_noticed_and_one_is_none(tmp_path: Path) -> None:
    fault = attempt(harmful.harmful(harmful.in_lines), b"x", tmp_path)
    assert fault is not None
    assert fault.what == "told in several lines: InputError"
    assert attempt(harmful.harmful(harmful.refuses), b"x", tmp_path) is None


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("hangs", "hangs"),
        ("dies", "the process died"),
        ("swells", "MemoryError"),
        ("refuses", None),
    ],
)
def test_what_ends_a_process_is_noticed_and_the_input_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str | None
) -> None:
    monkeypatch.setattr(watch, "HANGS_S", 1.0)
    done: list[float] = []
    plan = Plan(seed=1, times=2, minutes=None, out=tmp_path)
    found = Reader(name, harmful.__name__, plan, done.append).run()
    assert found.tried == 2
    assert sum(done) == pytest.approx(1.0)
    if what is None:
        assert not found.faults
        assert not found.kept
        return
    assert [one.split(" at ")[0] for one in found.faults] == [what]
    assert found.faults.total() == 2
    assert [path.name for path in found.kept] == [f"{name}.1.0", f"{name}.1.1"]
    target = next(one for one in harmful.TARGETS if one.name == name)
    made = [input_of(target, [harmful.SEED], 1, number) for number in range(2)]
    assert [path.read_bytes() for path in found.kept] == made


def test_time_ends_it_where_no_number_is_given(tmp_path: Path) -> None:
    plan = Plan(seed=1, times=1, minutes=0.01, out=tmp_path)
    found = Reader("refuses", harmful.__name__, plan, lambda _: None).run()
    assert found.tried > 10
    assert not found.faults
