"""Token by token gives what whole passages give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from moderator.events import Word
from moderator.mind.moderator_lm.backbone import new_backbone
from moderator.mind.moderator_lm.checkpoint import trained
from moderator.mind.moderator_lm.floor_features import ROLE
from moderator.mind.moderator_lm.lora import merge
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.passage import Passage, decide_passages, read_below
from moderator.mind.moderator_lm.script import (
    CONTEXT,
    LONG_AGO,
    OPENING,
    SPAN,
    Script,
    Tokens,
    segment_of,
)
from moderator.mind.moderator_lm.shape import BackboneShape, Shape
from moderator.mind.moderator_lm.stream import MOST, Stream, decide, read_prompt
from moderator.timeline import Samples, to_samples
from tests.moderator.mind.moderator_lm.tiny import encode, network

WORDS = [
    Word("AB"[index % 3 // 2], text, to_samples(3.7 * index), to_samples(3.7 * index + 0.4))
    for index, text in enumerate(["so", "what", "now", "well", "we", "could", "go", "on"] * 8)
]
GOLDEN = [
    [-3.2155, 0.6708, -1.7512, 0.0636],
    [-1.8377, 0.9772, -0.0856, -2.3556],
    [-1.1835, -2.066, 1.2521, 1.6098],
]
LABELS = {"A": "A", "B": "B"}
PROMPTS = [encode("You are A."), encode("You are B, chair.")]
TIMES = [to_samples(s) for s in (7.0, 30.5, 60.0, 60.1, 64.4, 119.9, 130.0, 185.2)]


def floor(model: Network, seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    features = torch.rand(count, model.shape.features, generator=random)
    return features, torch.rand(count, ROLE, generator=random)


def whole(model: Network, prompt: list[int], at: Samples, seed: int) -> torch.Tensor:
    """The same decision in one pass over its segment."""
    after, _ = segment_of(at)
    tokens = Script(encode, LABELS).add(WORDS).between(after, at)
    opening = np.array(encode(OPENING), dtype=np.int64)
    known = np.concatenate([np.full(len(opening), LONG_AGO), tokens.known])
    ids = np.concatenate([opening, tokens.ids])
    words = read_below(model, [ids], model.shape.prompt_tokens)[0]
    below = read_below(model, [np.array(prompt, dtype=np.int64)], 0)[0]
    passage = Passage([below], words, known, [np.array([at])])
    with torch.inference_mode():
        return decide_passages(model, [passage], *floor(model, seed, 1)).logits[0]


def streamed(model: Network, prompt: list[int]) -> list[torch.Tensor]:
    stream, script, memory = Stream(model, encode(OPENING)), Script(encode, LABELS), 0
    read = read_prompt(model, prompt)
    rest, out = list(WORDS), []
    for seed, at in enumerate(TIMES):
        new = [word for word in rest if word.end <= at]
        rest = [word for word in rest if word.end > at]
        stream.add(script.add(new))
        stream.catch_up(at)
        memory = max(memory, len(stream))
        with torch.inference_mode():
            reading = model.floor(*floor(model, seed, 1))
        out.append(decide(model, [stream], [read], reading)[0])
    return out


@pytest.mark.parametrize("prompt", PROMPTS)
def test_streaming_equals_whole_passages(prompt: list[int]) -> None:
    model = network()
    for seed, (at, got) in enumerate(zip(TIMES, streamed(model, prompt), strict=True)):
        torch.testing.assert_close(got, whole(model, prompt, at, seed), atol=1e-4, rtol=1e-4)


def test_merged_lora_equals_unmerged() -> None:
    before = streamed(network(), PROMPTS[1])
    model = network()
    merge(model.layers[model.shape.enter : model.shape.depth])
    for one, other in zip(before, streamed(model, PROMPTS[1]), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def rooms(model: Network) -> list[Stream]:
    """Three rooms with more and less said in them."""
    made = []
    for count in (3, 9, 14):
        stream = Stream(model, encode(OPENING))
        stream.add(Script(encode, LABELS).add(WORDS[:count]))
        stream.catch_up(to_samples(55.0))
        made.append(stream)
    return made


def test_several_rooms_at_once_equal_one_after_the_other() -> None:
    model = network()
    streams = rooms(model)
    prompts = [read_prompt(model, PROMPTS[index % 2]) for index in range(3)]
    with torch.inference_mode():
        reading = model.floor(*floor(model, 5, 3))
    together = decide(model, streams, prompts, reading)
    for index in range(3):
        one = replace(
            reading,
            embedding=reading.embedding[index : index + 1],
            logits=reading.logits[index : index + 1],
        )
        alone = decide(model, [streams[index]], [prompts[index]], one)[0]
        torch.testing.assert_close(together[index], alone, atol=1e-5, rtol=1e-5)


def test_the_state_can_be_saved_and_restored() -> None:
    model = network()
    first = rooms(model)[1]
    second = Stream(model, encode(OPENING))
    first.add_sounds(torch.ones(2, model.shape.backbone.hidden), to_samples(55.5))
    second.restore(safetensors.torch.load(safetensors.torch.save(first.save())))
    read = read_prompt(model, PROMPTS[0])
    more = Script(encode, LABELS).add([Word("B", "yes", to_samples(56.0), to_samples(56.3))])
    with torch.inference_mode():
        reading = model.floor(*floor(model, 1, 1))
    given = []
    for stream in (first, second):
        stream.add(more)
        stream.catch_up(to_samples(57.0))
        given.append(decide(model, [stream], [read], reading))
    torch.testing.assert_close(given[0], given[1], atol=0, rtol=0)


def test_memory_is_bounded_however_long_the_meeting() -> None:
    model = network()
    stream = Stream(model, encode(OPENING))
    a_word = encode(" word")
    most = 0
    for second in range(0, 8 * 3600, 2):
        known = np.full(len(a_word), to_samples(second + 1.0))
        stream.add(Tokens(np.array(a_word, dtype=np.int64), known))
        if second % 600 == 0:  # asked now and then; tokens wait in between
            stream.catch_up(to_samples(second + 2.0))
        most = max(most, len(stream), len(stream.save()["ids"]))
    within_reach = (SPAN + CONTEXT) / to_samples(2.0) * len(a_word)
    assert most <= within_reach + len(encode(OPENING)) + len(a_word)


def test_asking_seldom_gives_what_asking_often_gives() -> None:
    model, script = network(), Script(encode, LABELS)
    often, seldom = (Stream(model, encode(OPENING)) for _ in range(2))
    read = read_prompt(model, PROMPTS[0])
    with torch.inference_mode():
        reading = model.floor(*floor(model, 3, 1))
    for word in WORDS[:16]:
        tokens = script.add([word])
        often.add(tokens)
        seldom.add(tokens)
        often.catch_up(word.end)
        last = decide(model, [often], [read], reading)
    seldom.catch_up(WORDS[15].end)
    torch.testing.assert_close(last, decide(model, [seldom], [read], reading), atol=1e-4, rtol=1e-4)


def test_one_role_leaves_nothing_behind_for_another() -> None:
    model = network()
    alone, shared = rooms(model)[2], rooms(model)[2]
    first, second = (read_prompt(model, prompt) for prompt in PROMPTS)
    with torch.inference_mode():
        reading = model.floor(*floor(model, 3, 1))
    decide(model, [shared], [first], reading)
    got = decide(model, [shared], [second], reading)
    torch.testing.assert_close(got, decide(model, [alone], [second], reading), atol=1e-5, rtol=0)
    assert not torch.equal(got, decide(model, [shared], [first], reading))


def test_words_that_come_late_are_read_in_the_order_in_which_they_came() -> None:
    model = network()
    stream = Stream(model, encode(OPENING))
    for ids, known in (([65, 66], 20.0), ([67], 12.0), ([68], 21.0)):
        stream.add(Tokens(np.array(ids), np.full(len(ids), to_samples(known))))
    stream.catch_up(to_samples(20.0))
    assert len(stream) == len(encode(OPENING)) + 3
    stream.catch_up(to_samples(21.0))
    assert len(stream) == len(encode(OPENING)) + 4


def test_more_talk_than_people_can_utter_costs_no_more() -> None:
    model = network()
    stream = Stream(model, encode(OPENING))
    for index in range(12):
        flood = np.full(1000, 65 + index)
        stream.add(Tokens(flood, np.full(1000, to_samples(10.0 + index))))
    stream.catch_up(to_samples(30.0))
    assert len(stream) <= MOST + len(encode(OPENING))


def test_sounds_stand_among_the_words_and_are_remembered() -> None:
    model = network()
    ids = np.array([65, 66, 67])
    rows = model.embed(torch.from_numpy(ids)).detach()
    words, sounds = (Stream(model, encode(OPENING)) for _ in range(2))
    for at in (10.0, 40.0, 70.0):
        words.add(Tokens(ids, np.full(3, to_samples(at))))
        words.add(Tokens(ids[:1], np.full(1, to_samples(at))))
        sounds.add_sounds(rows, to_samples(at))
        sounds.add(Tokens(ids[:1], np.full(1, to_samples(at))))
    read = read_prompt(model, PROMPTS[0])
    with torch.inference_mode():
        reading = model.floor(*floor(model, 3, 1))
    for at in (41.0, 71.0):
        given = []
        for stream in (words, sounds):
            stream.catch_up(to_samples(at))
            given.append(decide(model, [stream], [read], reading))
        torch.testing.assert_close(given[0], given[1], atol=1e-5, rtol=1e-5)


def test_a_seeded_model_gives_the_values_it_always_gave() -> None:
    got = torch.stack(streamed(network(), PROMPTS[1]))[[0, 3, 7]]
    torch.testing.assert_close(got, torch.tensor(GOLDEN), atol=2e-3, rtol=2e-3)


def test_a_backbone_of_several_billion_parameters_is_a_matter_of_numbers() -> None:
    backbone = BackboneShape(
        hidden=2560,
        intermediate=9728,
        layers=36,
        heads=32,
        kv_heads=8,
        head_dim=128,
        vocabulary=151_936,
        rope_theta=5e6,
    )
    with torch.device("meta"):
        large = Network(Shape(backbone=backbone, enter=12, depth=24), new_backbone(backbone))
    assert sum(one.numel() for one in large.backbone.parameters()) > 3.5e9
    assert sum(one.numel() for one in trained(large).values()) < 60e6
