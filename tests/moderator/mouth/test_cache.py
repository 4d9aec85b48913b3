from __future__ import annotations

from moderator.mouth.cache import CachedVoice
from moderator.testing.mouth import ToneVoice


def test_a_repeated_sentence_is_made_once() -> None:
    voice = ToneVoice()
    cached = CachedVoice(voice)
    first = list(cached.say("Hello there. How are you?"))
    again = list(cached.say("How are you? Hello there."))
    assert voice.said == ["Hello there.", "How are you?"]
    assert [s.text for s in again] == ["How are you?", "Hello there."]
    assert again[1].samples is first[0].samples
    assert not first[0].samples.flags.writeable
    assert cached.spec == voice.spec


def test_the_least_recently_spoken_goes_first() -> None:
    voice = ToneVoice(word_s=1.0, gap_s=0.0)
    cached = CachedVoice(voice, capacity_s=2.5)
    for text in ("One.", "Two.", "One.", "Three.", "One.", "Two."):
        list(cached.say(text))
        assert cached.samples_kept <= 2.5 * 16_000
    assert voice.said == ["One.", "Two.", "Three.", "Two."]


def test_a_sentence_larger_than_the_cache_is_not_kept() -> None:
    voice = ToneVoice(word_s=1.0)
    cached = CachedVoice(voice, capacity_s=2.0)
    list(cached.say("One."))
    list(cached.say("This one is too long."))
    list(cached.say("One."))
    assert voice.said == ["One.", "This one is too long."]


def test_it_stays_lazy() -> None:
    voice = ToneVoice()
    next(CachedVoice(voice).say("One. Two."))
    assert voice.said == ["One."]
