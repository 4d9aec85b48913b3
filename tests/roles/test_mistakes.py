"""Every mistake in a role's file is told by line, column and what to do."""

from __future__ import annotations

import textwrap
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roles.errors import RoleError
from roles.loader import library, load_role, parse_role, role_text

HEAD = "id: x\nsummary: s\nidentity: {name: A}\n"


def mistakes(text: str) -> list[str]:
    with pytest.raises(RoleError) as caught:
        parse_role(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def first_after_head(yaml: str) -> str:
    return mistakes(HEAD + textwrap.dedent(yaml))[0]


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        (
            "turn:\n  eagernes: 0.5\n",
            "f.yaml:5:3: unknown key 'eagernes' in turn, did you mean 'eagerness'?",
        ),
        (
            "turn:\n  May-Speak: true\n",
            "f.yaml:5:3: unknown key 'May-Speak' in turn, did you mean 'may_speak'?",
        ),
        (
            "eagerness: 1\n",
            "f.yaml:4:1: unknown key 'eagerness' in the role, did you mean 'eagerness' in turn? "
            "check the indentation",
        ),
        (
            "voice: {qqq: 1}\n",
            "f.yaml:4:9: unknown key 'qqq' in voice, its keys are backend, speaker, speed",
        ),
        (
            "turn:\n  backchannels: {alowed: true}\n",
            "f.yaml:5:18: unknown key 'alowed' in turn.backchannels, did you mean 'allowed'?",
        ),
        (
            "duties:\n  - type: open\n    within: 3\n",
            "f.yaml:6:5: unknown key 'within' in open, did you mean 'within_s'?",
        ),
        (
            "duties:\n  - type: agenda\n    items: [{title: a, minuets: 3}]\n",
            "f.yaml:6:24: unknown key 'minuets' in agenda.items, did you mean 'minutes'?",
        ),
        (
            "authority: {commands: {hsh: everyone}}\n",
            "f.yaml:4:24: unknown key 'hsh' in authority.commands, did you mean 'hush'?",
        ),
        (
            "duties: [{type: opn}]\n",
            "f.yaml:4:17: there is no duty of type 'opn', did you mean 'open'?",
        ),
        (
            "turn: {share_ceiling: 2}\n",
            "f.yaml:4:23: share_ceiling must be a number from 0 to 1, not 2",
        ),
        (
            "turn: {share_ceiling: .nan}\n",
            "f.yaml:4:23: share_ceiling must be a number from 0 to 1, not nan",
        ),
        (
            "turn: {max_turn_s: 0}\n",
            "f.yaml:4:20: max_turn_s must be a number above 0 and up to 86400, not 0",
        ),
        (
            "turn: {max_turn_s: '30'}\n",
            "f.yaml:4:20: max_turn_s must be a number above 0 and up to 86400, not '30', "
            "remove the quotes",
        ),
        (
            "turn: {may_speak: no}\n",
            "f.yaml:4:19: may_speak must be true or false, not 'no', did you mean false?",
        ),
        ("turn: {may_speak: 1}\n", "f.yaml:4:19: may_speak must be true or false, not 1"),
        (
            "thought: {tokens: 1.5}\n",
            "f.yaml:4:19: tokens must be a whole number from 1 to 4096, not 1.5",
        ),
        (
            f"thought: {{tokens: {10**39}}}\n",
            "f.yaml:4:19: tokens must be a whole number from 1 to 4096, not a very large number",
        ),
        (
            "thought: {mode: On}\n",
            "f.yaml:4:17: mode must be 'off' or 'on', not 'On', did you mean 'on'?",
        ),
        (
            "turn: {yields_to: evryone}\n",
            "f.yaml:4:19: yields_to must be 'everyone', 'nobody' or a list of at most 100, "
            "not 'evryone', did you mean 'everyone'?",
        ),
        (
            "turn: {yields_to: Bob}\n",
            "f.yaml:4:19: yields_to must be 'everyone', 'nobody' or a list of at most 100, "
            "not 'Bob', write a list in brackets: [Bob]",
        ),
        (
            "turn: {yields_to: [Bob, 7]}\n",
            "f.yaml:4:25: an entry of yields_to must be text of 1 to 60 characters, not 7, "
            "put it in quotes",
        ),
        (
            "turn:\nduties: []\n",
            "f.yaml:4:1: turn must be a mapping of keys to values, not nothing, "
            "give it a value or remove the key",
        ),
        (
            "duties: {type: open}\n",
            "f.yaml:4:9: duties must be a list of at most 30, not a mapping",
        ),
        (
            "duties: [open]\n",
            "f.yaml:4:10: an entry of duties must be a mapping of keys to values, not 'open'",
        ),
        (
            "language: english\n",
            "f.yaml:4:11: language must be text such as 'en-GB', not 'english', "
            "its form is ^[a-z]{2,3}(-[A-Z]{2})?$",
        ),
        (
            'voice: {speaker: "a\\u001b[31m"}\n',
            "f.yaml:4:18: speaker holds a line break or a control character, "
            "write it on one line, as plain text",
        ),
        (
            "voice: {speaker: ''}\n",
            "f.yaml:4:18: speaker must be text of 1 to 60 characters or nothing, not empty",
        ),
        (
            "duties: [{type: agenda, items: []}]\n",
            "f.yaml:4:32: items must be a list of 1 to 50, not empty",
        ),
        (
            "duties: [{}]\n",
            "f.yaml:4:10: a duty has no type, add `type:`, one of open, agenda, time_check, "
            "invite_quiet, end_monologue, cut_in_crosstalk, break_silence, summarise, close, "
            "answer",
        ),
        (
            "turn: {eagerness: 1, eagerness: 0}\n",
            "f.yaml:4:22: the key 'eagerness' stands here for the second time, "
            "keep one of the two, the first is on line 4",
        ),
        (
            "turn:\n  ? [a, b]\n  : 1\n",
            "f.yaml:5:5: a key must be a word, write `key:`",
        ),
        (
            "duties: [{type: open}, {type: open}]\n",
            "f.yaml:4:31: two duties are named 'open', give one of them another `name`",
        ),
        (
            "duties: [{type: open, name: Hi}, {type: answer, name: hi}]\n",
            "f.yaml:4:55: two duties are named 'hi', give one of them another `name`",
        ),
        (
            "duties: [{type: agenda, items: [{title: A, minutes: 1}, {title: a, minutes: 1}]}]\n",
            "f.yaml:4:65: two agenda items are titled 'a', give one another title",
        ),
    ],
)
def test_one_mistake_is_told_exactly(yaml: str, expected: str) -> None:
    assert first_after_head(yaml) == expected


def test_missing_keys_say_what_to_add() -> None:
    assert mistakes("# nothing yet\nturn: {}\n") == [
        "f.yaml:2:1: the key 'id' is missing in the role, add `id:`, text such as 'facilitator'",
        "f.yaml:2:1: the key 'summary' is missing in the role, "
        "add `summary:`, text of 1 to 200 characters",
        "f.yaml:2:1: the key 'identity' is missing in the role, "
        "add `identity:`, a mapping of keys to values",
    ]


def test_a_misspelt_key_is_not_also_missing() -> None:
    assert mistakes("id: x\nsumary: s\nidentity: {name: A}\n") == [
        "f.yaml:2:1: unknown key 'sumary' in the role, did you mean 'summary'?"
    ]


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    text = HEAD + "turn:\n  foo: 1\n  eagerness: 7\nvoice: {speed: fast}\nturn: {}\n"
    places = [line.split(": ")[0] for line in mistakes(text)]
    assert places == ["f.yaml:5:3", "f.yaml:6:14", "f.yaml:7:16", "f.yaml:8:1"]


def test_the_error_is_its_first_problem_and_counts_the_others() -> None:
    with pytest.raises(RoleError) as caught:
        parse_role(HEAD + "turn: {eagernes: 1, foo: 2}\n", "f.yaml")
    error = caught.value
    assert (error.what, error.where) == ("unknown key 'eagernes' in turn", "f.yaml:4:8")
    assert error.todo == "did you mean 'eagerness'? (1 more problem in this role)"
    assert str(error) == ", ".join((error.what, error.where, error.todo))


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        (
            "turn: {may_speak: false}\nduties: [{type: answer}]\n",
            "f.yaml:5:11: duty 'answer' speaks, but turn.may_speak is false, "
            "remove the duty or let the role speak",
        ),
        (
            "turn: {only_when_addressed: true}\nduties: [{type: answer}, {type: open}]\n",
            "f.yaml:5:27: duty 'open' speaks unasked, but turn.only_when_addressed is true, "
            "remove one of the two",
        ),
        (
            "turn: {only_when_addressed: true}\nduties: [{type: summarise, every_minutes: 5}]\n",
            "f.yaml:5:11: duty 'summarise' speaks unasked, but turn.only_when_addressed is true, "
            "remove one of the two",
        ),
        (
            "duties: [{type: cut_in_crosstalk}]\n",
            "f.yaml:4:11: duty 'cut_in_crosstalk' cuts in, but turn.may_cut_in is not true, "
            "set turn.may_cut_in: true or remove the duty",
        ),
        (
            "duties: [{type: end_monologue, cut_in: true}]\n",
            "f.yaml:4:11: duty 'end_monologue' cuts in, but turn.may_cut_in is not true, "
            "set turn.may_cut_in: true or remove the duty",
        ),
        (
            "turn: {may_cut_in: true, never_interrupt: everyone}\n"
            "duties: [{type: cut_in_crosstalk}]\n",
            "f.yaml:5:11: duty 'cut_in_crosstalk' cuts in, but turn.never_interrupt is everyone, "
            "name the people who are never interrupted",
        ),
        (
            "turn: {banned_acts: [invite]}\nduties: [{type: invite_quiet}]\n",
            "f.yaml:5:11: duty 'invite_quiet' needs the act 'invite', which turn.banned_acts "
            "forbids, remove the duty or allow the act",
        ),
        (
            "duties: [{type: close}]\n",
            "f.yaml:4:11: duty 'close' does not know how long the meeting is to be, "
            "add `meeting_minutes:` or an agenda duty",
        ),
    ],
)
def test_a_duty_that_can_never_be_done_is_an_error(yaml: str, expected: str) -> None:
    assert mistakes(HEAD + yaml) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f.yaml:1:1: the file is empty, begin with `id:`, `summary:` and `identity:`"),
        (
            "# only a comment\n",
            "f.yaml:1:1: the file is empty, begin with `id:`, `summary:` and `identity:`",
        ),
        (
            "- id\n",
            "f.yaml:1:1: a role is a mapping of keys to values, "
            "begin with `id:`, `summary:` and `identity:`",
        ),
        (
            "id: x\nturn:\n\tmay_speak: true\n",
            "f.yaml:3:1: a tab stands where YAML wants spaces, indent with spaces",
        ),
        (
            "id: x\nsummary: a: b\n",
            "f.yaml:2:11: a second colon is not allowed in a plain value, "
            "put the value in quotes, or check the indentation",
        ),
        (
            "id: x\nsummary: \x07\n",
            "f.yaml:2:10: the character U+0007 is not allowed in YAML, remove it",
        ),
        (
            f'{HEAD}language: "\\ud800"\n',
            "f.yaml:4:11: an escape stands for half a character, "
            "write the character itself instead of \\ud800 to \\udfff",
        ),
        (
            'id: x\nsummary: "a \\U00110000"\n',
            "f.yaml:2:15: what stands here is not YAML, check escapes and directives",
        ),
        (
            'id: "\\UFFFFFFFF"\n',
            "f.yaml:1:8: what stands here is not YAML, check escapes and directives",
        ),
        (
            "%YAML 1.99999\n---\nid: x\n",
            "f.yaml:1:14: what stands here is not YAML, check escapes and directives",
        ),
        ("id: x\n---\nid: y\n", "f.yaml:2:1: a second document begins, keep one role to a file"),
        ("id: &a x\n", "f.yaml:1:5: the anchor &a is not allowed in a role, remove it"),
        ("id: *a\n", "f.yaml:1:5: the alias *a is not allowed in a role, write the value out"),
        (
            "id: !!python/object/apply:os.system [ls]\n",
            "f.yaml:1:5: the tag 'tag:yaml.org,2002:python/object/apply:os.system' "
            "is not allowed in a role, remove it",
        ),
        ("[" * 60_000, "f.yaml:1:17: values are nested more than 16 deep, a role needs 6 levels"),
        (
            "a: [" + "1," * 9_000,
            "f.yaml:1:8191: there are more than 4096 values, a role needs a few hundred",
        ),
        ("a" * 1_000_000, "f.yaml: is larger than 64 KiB, give the YAML file of a role"),
    ],
)
def test_what_is_no_role_at_all(text: str, expected: str) -> None:
    assert mistakes(text)[0] == expected


def test_an_unclosed_quote_says_where_it_was_opened() -> None:
    (told,) = mistakes("id: x\nsummary: 'it\nturn: {}\n")
    assert "that begins on line 2" in told


def test_a_yaml_bomb_is_refused_before_it_grows() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    begin = time.process_time()
    assert mistakes("\n".join(rows)) == [
        "f.yaml:1:5: the anchor &a0 is not allowed in a role, remove it"
    ]
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"key_{i}: {i}" for i in range(2000)),
        "\n".join(f"{'k' * 500}{i}: 1" for i in range(120)),
        "? " * 30_000,
        "a: " + "x\n " * 20_000,
        "'" * 60_000,
        "{a: " * 15_000,
        "- " * 30_000,
        "x" * 65_000 + ": 1",
        "a: " + "9" * 60_000,
    ],
    ids=["many keys", "long keys", "keys", "folded", "quotes", "braces", "dashes", "key", "digits"],
)
def test_hostile_files_are_refused_soon(text: str) -> None:
    begin = time.process_time()
    assert mistakes(text)
    assert time.process_time() - begin < 5


def test_text_that_looks_like_other_types_stays_text() -> None:
    role = parse_role(HEAD.replace("summary: s", "summary: 2026-01-01"))
    assert role.summary == "2026-01-01"


def test_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert parse_role("\ufeff" + HEAD.replace("\n", "\r\n")).id == "x"


@settings(max_examples=150)
@given(data=st.data())
def test_damage_is_an_error_or_a_role_and_never_anything_else(data: st.DataObject) -> None:
    text = role_text(data.draw(st.sampled_from(library())))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 12))
        junk = data.draw(st.sampled_from(JUNK) | st.text(max_size=4))
        text = text[:at] + junk + text[at + cut :]
    try:
        parse_role(text, "f.yaml")
    except RoleError as error:
        lines = text.count("\n") + 2
        for problem in error.problems:
            assert problem.where == f"f.yaml:{problem.line}:{problem.column}"
            assert 1 <= problem.line <= lines


JUNK = ["\n", ": ", "- ", "[", "]", "{", "}", "'", '"', "\t", "#", "null", "1", "{a: 1}", "[1]"]
JUNK += ["\\U00110000", "\\UFFFFFFFF", "%YAML 1.9", "\\ud800", "\ud800", "9" * 5000, "1e999"]
JUNK += ["&a ", "*a", "!x ", "\n---\n", "|", ">", "?", "type", "\\", "%", "<<: "]


def test_names_that_are_nearly_right() -> None:
    with pytest.raises(RoleError) as caught:
        load_role("facilitatr")
    assert str(caught.value) == (
        "there is no role named 'facilitatr', role library, "
        "did you mean 'facilitator'?, or give the path of a .yaml file"
    )
