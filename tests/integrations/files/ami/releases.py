"""Miniatures of AMI's release of annotations, written by hand or from a meeting record."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

HEAD = '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
SPACE = 'xmlns:nite="http://nite.sourceforge.net/"'


def root(name: str, *elements: str) -> str:
    body = "\n   ".join(elements)
    return f'{HEAD}<nite:root nite:id="{name}" {SPACE}>\n   {body}\n</nite:root>\n'


MEETINGS = root(
    "meetings",
    """<meeting nite:id="meet_1" observation="ES2003a" type="scenario" duration="40">
      <speaker nite:id="s_2" channel="1" nxt_agent="B" global_name="MEE009" role="PM"/>
      <speaker nite:id="s_1" channel="0" nxt_agent="A" global_name="FEE005" role="UI"/>
   </meeting>""",
    """<meeting nite:id="meet_2" observation="EN2001a" type="nonscenario" duration="9">
      <speaker nite:id="t_1" channel="0" nxt_agent="A" global_name="FEE100"/>
   </meeting>""",
    """<meeting nite:id="meet_3" observation="ES2002a" type="scenario" duration="9">
      <speaker nite:id="u_1" channel="0" nxt_agent="A" global_name="FEE101" role="PM"/>
   </meeting>""",
)
PARTICIPANTS = root(
    "participants",
    '<participant nite:id="FEE005" sex="F" age_at_collection="23" native_language="English"/>',
)
WORDS_B = root(
    "ES2003a.B.words",
    '<w nite:id="ES2003a.B.words0" starttime="1.0" endtime="1.5">Right</w>',
    '<w nite:id="ES2003a.B.words1" starttime="1.5" endtime="1.5" punc="true">,</w>',
    '<w nite:id="ES2003a.B.words2" starttime="1.9" endtime="2.5">let&#39;s</w>',
    '<vocalsound nite:id="ES2003a.B.words3" starttime="2.6" endtime="3.1" type="laugh"/>',
    '<w nite:id="ES2003a.B.words4" starttime="2.9" endtime="3.4" trunc="true">sta</w>',
    '<disfmarker nite:id="ES2003a.B.words5" starttime="3.4" endtime="3.4"/>',
    '<w nite:id="ES2003a.B.words6" starttime="3.9" endtime="4.4">start</w>',
    '<w nite:id="ES2003a.B.words7" starttime="4.4" endtime="4.4" punc="true">.</w>',
    '<w nite:id="ES2003a.B.words8">lost</w>',
    '<w nite:id="ES2003a.B.words9" punc="true">?</w>',
    '<gap nite:id="ES2003a.B.words10" starttime="20.0" endtime="21.0"/>',
    '<vocalsound nite:id="ES2003a.B.words11" starttime="22.0"/>',
)
WORDS_A = root(
    "ES2003a.A.words",
    '<w nite:id="ES2003a.A.words0" starttime="5.0" endtime="6.0">caf\xe9</w>',
    '<w nite:id="ES2003a.A.words1" starttime="6.2" endtime="6.8">L_C_D_</w>',
)
DA_TYPES = f"""{HEAD}<da-type nite:id="cmrda" name="da-type" {SPACE}>
   <da-type nite:id="ami_daclass_1" name="task" gloss="Task">
      <da-type nite:id="ami_da_4" name="inf" gloss="Inform"/>
   </da-type>
   <da-type nite:id="ami_daclass_2" name="elicit" gloss="Elicit">
      <da-type nite:id="ami_da_5" name="el.inf" gloss="Elicit-Inform"/>
   </da-type>
</da-type>"""
TOPIC_TYPES = f"""{HEAD}<topicname nite:id="top" name="topics" {SPACE}>
   <topicname nite:id="tops" name="standard">
      <topicname nite:id="top.1" name="opening"/><topicname nite:id="top.4" name="other"/>
   </topicname>
</topicname>"""
ACTS_B = root(
    "ES2003a.B.dialog-act",
    """<dact nite:id="ES2003a.B.dialog-act.x.1">
      <nite:pointer role="da-aspect" href="da-types.xml#id(ami_da_4)"/>
      <nite:child href="ES2003a.B.words.xml#id(ES2003a.B.words0)..id(ES2003a.B.words1)"/>
   </dact>""",
    """<dact nite:id="ES2003a.B.dialog-act.x.2" reflexivity="true" addressee="A,Z">
      <nite:pointer role="da-aspect" href="da-types.xml#id(ami_da_5)"/>
      <nite:child href="ES2003a.B.words.xml#id(ES2003a.B.words2)..id(ES2003a.B.words9)"/>
   </dact>""",
    """<dact nite:id="ES2003a.B.dialog-act.x.3">
      <nite:child href="ES2003a.B.words.xml#id(ES2003a.B.words8)"/>
   </dact>""",
)
TOPICS = root(
    "ES2003a.topic",
    """<topic nite:id="ES2003a.topic.x.1" other_description="names">
      <nite:pointer role="scenario_topic_type" href="default-topics.xml#id(top.4)"/>
      <nite:child href="ES2003a.B.words.xml#id(ES2003a.B.words0)..id(ES2003a.B.words4)"/>
      <topic nite:id="ES2003a.topic.x.2">
         <nite:pointer role="scenario_topic_type" href="default-topics.xml#id(top.1)"/>
         <nite:child href="ES2003a.B.words.xml#id(ES2003a.B.words6)..id(ES2003a.B.words7)"/>
         <nite:child href="ES2003a.A.words.xml#id(ES2003a.A.words0)"/>
      </topic>
   </topic>""",
    """<topic nite:id="ES2003a.topic.x.3" description="the end">
      <nite:child href="ES2003a.A.words.xml#id(ES2003a.A.words1)"/>
      <nite:child href="ES2003a.C.words.xml#id(ES2003a.C.words0)"/>
   </topic>""",
)
EN2001A = root(
    "EN2001a.A.words",
    '<w nite:id="w0" starttime="1.0" endtime="1.5">Well</w>',
    "<gap nite:id='g'/>",
)
MINIATURE: Mapping[str, str] = {
    "LICENCE.txt": "CC BY 4.0",
    "corpusResources/meetings.xml": MEETINGS,
    "corpusResources/participants.xml": PARTICIPANTS,
    "ontologies/da-types.xml": DA_TYPES,
    "ontologies/default-topics.xml": TOPIC_TYPES,
    "words/ES2003a.A.words.xml": WORDS_A,
    "words/ES2003a.B.words.xml": WORDS_B,
    "words/EN2001a.A.words.xml": EN2001A,
    "dialogueActs/ES2003a.B.dialog-act.xml": ACTS_B,
    "topics/ES2003a.topic.xml": TOPICS,
}
"""A meeting of the scenario's development part, one outside it, and one without words."""


def pack(path: Path, files: Mapping[str, str | bytes], folder: str = "") -> Path:
    """A release with these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            data = text.encode("iso-8859-1") if isinstance(text, str) else text
            archive.writestr(folder + name, data)
    return path


class Rewritten:
    """The NXT files that a meeting record could have come from.

    Punctuation stays with its word: where it was parted from it is not in a record.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self.meeting = record["meeting_id"]
        self.types = sorted({a["type"] for a in record["dialogue_acts"] if a["type"]})
        self.topic_types = sorted({t["type"] for t in record["topics"] if t["type"]})
        self.words: dict[str, list[dict[str, Any]]] = {one: [] for one in record["speakers"]}
        for turn in record["turns"]:
            self.words[turn["speaker"]] += turn["words"]

    def files(self) -> dict[str, str | bytes]:
        files: dict[str, str | bytes] = {
            "corpusResources/meetings.xml": root("meetings", self._meeting()),
            "corpusResources/participants.xml": root("participants", *self._people()),
            "ontologies/da-types.xml": _types("da-type", self.types),
            "ontologies/default-topics.xml": _types("topicname", self.topic_types),
            f"topics/{self.meeting}.topic.xml": root("topics", *self._topics()),
        }
        for agent in self.words:
            files[f"words/{self.meeting}.{agent}.words.xml"] = root("words", *self._words(agent))
            acts = f"dialogueActs/{self.meeting}.{agent}.dialog-act.xml"
            files[acts] = root("acts", *self._acts(agent))
        return {name: str(text).encode("iso-8859-1") for name, text in files.items()}

    def _meeting(self) -> str:
        speakers = "".join(
            f'<speaker nxt_agent="{agent}" role="{one["role"]}" '
            f'global_name="{one["global_name"]}"/>'
            for agent, one in self.record["speakers"].items()
        )
        return (
            f'<meeting observation="{self.meeting}" type="{self.record["type"]}" '
            f'duration="{self.record["duration"]:g}">{speakers}</meeting>'
        )

    def _people(self) -> list[str]:
        return [
            f'<participant nite:id="{one["global_name"]}" sex="{one["sex"]}" '
            f'native_language="{one["native_language"]}"/>'
            for one in self.record["speakers"].values()
            if "sex" in one
        ]

    def _words(self, agent: str) -> list[str]:
        words = [
            (word["s"], 0, f'<w nite:id="{agent}.w{i}" {_times(word["s"], word["e"])}>'
             f"{escape(word['w'])}</w>")
            for i, word in enumerate(self.words[agent])
        ]  # fmt: skip
        sounds = [
            (one["start"], 1, f'<vocalsound nite:id="{agent}.v{i}" type={quoteattr(one["type"])} '
             f"{_times(one['start'], one['end'])}/>")
            for i, one in enumerate(self.record["vocal"])
            if one["speaker"] == agent
        ]  # fmt: skip
        return [text for _, _, text in sorted(words + sounds, key=lambda one: one[:2])]

    def _child(self, agent: str, start: float, end: float) -> str | None:
        """A reference to a speaker's words within a time, if they span it exactly."""
        inner = [i for i, word in enumerate(self.words[agent]) if start <= word["s"] < end]
        spoken = [self.words[agent][i] for i in inner]
        if not inner or (spoken[0]["s"], max(word["e"] for word in spoken)) != (start, end):
            return None
        file = f"{self.meeting}.{agent}.words.xml"
        return f'<nite:child href="{file}#id({agent}.w{inner[0]})..id({agent}.w{inner[-1]})"/>'

    def acts(self) -> list[dict[str, Any]]:
        """Those that begin and end with words; others refer to what a record does not have."""
        return [
            act
            for act in self.record["dialogue_acts"]
            if self._child(act["speaker"], act["start"], act["end"])
        ]

    def _acts(self, agent: str) -> list[str]:
        return [
            f'<dact nite:id="act{i}"' + _addressee(act) + ">" + _pointer(self.types, act["type"])
            + f"{self._child(agent, act['start'], act['end'])}</dact>"
            for i, act in enumerate(self.acts())
            if act["speaker"] == agent
        ]  # fmt: skip

    def topics(self) -> list[dict[str, Any]]:
        """Those that begin and end with words."""
        return [one for one in self.record["topics"] if len(self._ends(one)) == 2]

    def _ends(self, topic: Mapping[str, Any]) -> list[str]:
        """References to a word that begins with the topic and to one that ends with it."""
        found = {}
        for agent, words in self.words.items():
            for i, word in enumerate(words):
                inside = topic["start"] <= word["s"] and word["e"] <= topic["end"]
                for edge, time in (("start", word["s"]), ("end", word["e"])):
                    if inside and time == topic[edge]:
                        file = f"{self.meeting}.{agent}.words.xml"
                        found[edge] = f'<nite:child href="{file}#id({agent}.w{i})"/>'
        return list(found.values())

    def _topics(self) -> list[str]:
        texts, depth = [], -1
        for one in self.topics():
            texts += ["</topic>"] * (depth - one["depth"] + 1)
            depth = one["depth"]
            said = f" other_description={quoteattr(one['desc'])}" if "desc" in one else ""
            pointer = _pointer(self.topic_types, one["type"])
            texts.append(f"<topic{said}>{pointer}{''.join(self._ends(one))}")
        return [*texts, *["</topic>"] * (depth + 1)]


def _times(start: float, end: float) -> str:
    return f'starttime="{start}" endtime="{end}"'


def _addressee(act: Mapping[str, Any]) -> str:
    return f' addressee="{",".join(act["to"])}"' if "to" in act else ""


def _pointer(types: list[str], name: str | None) -> str:
    return f'<nite:pointer role="type" href="o.xml#id(t{types.index(name)})"/>' if name else ""


def _types(tag: str, names: list[str]) -> str:
    inner = "".join(
        f'<{tag} nite:id="t{i}" name={quoteattr(name)}/>' for i, name in enumerate(names)
    )
    return f'{HEAD}<{tag} nite:id="root" name="root" {SPACE}>{inner}</{tag}>'
