"""Every language says and understands the same."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from moderator.events import Command
from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import Phrases, languages, load_phrases, normalise
from moderator.language.vocabulary import Vocabulary, phrase
from moderator.mind.grounding.checking import Check
from moderator.mind.grounding.quoting import quote
from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.grounding.wording import Wording
from moderator.spacing import joined, spaceless, tokens

ENGLISH = load_phrases("en")
OTHERS = [language for language in languages() if language != "en"]
MAY_BE_EMPTY = {"honorifics", "elisions", "counters", "number_joins", "auxiliaries", "joins"}


def facts(templates: list[str]) -> list[set[str]]:
    return [set(re.findall(r"{(\w+)}", text)) for text in templates]


def test_there_are_eight() -> None:
    assert languages() == ["de", "en", "es", "fr", "it", "ja", "pt", "zh"]


@pytest.mark.parametrize("language", OTHERS)
def test_it_has_the_same_as_english(language: str) -> None:
    phrases = load_phrases(language)
    assert set(phrases.templates) == set(ENGLISH.templates)
    for name, variants in ENGLISH.templates.items():
        assert facts(phrases.templates[name]) == facts(variants), name
    assert set(phrases.commands) == set(ENGLISH.commands)
    assert set(phrases.questions) == set(ENGLISH.questions)
    assert set(phrases.language_names) == set(ENGLISH.language_names)
    for name in Phrases.model_fields:
        value = getattr(phrases, name)
        given = value.entries if isinstance(value, Vocabulary) else value
        assert given or name in MAY_BE_EMPTY, name


@pytest.mark.parametrize("language", languages())
def test_what_is_compared_is_written_as_it_is_heard(language: str) -> None:
    phrases = load_phrases(language)
    lists = [*phrases.commands.values(), *phrases.questions.values(), phrases.stop_over_agent]
    for text in chain(*lists, phrases.fillers, phrases.openers, phrases.hush_openings):
        assert phrase(text) == tuple(normalise(word) for word in phrase(text)), text


CALLS = {
    "de": ["Robin, wie viel Zeit haben wir noch?", "Was meinst du, Robin?", "Robin kannst du das"],
    "fr": ["Robin, combien de temps reste-t-il ?", "Qu'en penses-tu, Robin ?", "Robin peux-tu le"],
    "es": ["Robin, ¿cuánto tiempo queda?", "¿Qué opinas tú, Robin?", "Robin puedes resumir"],
    "pt": ["Robin, quanto tempo falta?", "O que você acha, Robin?", "Robin você pode resumir"],
    "it": ["Robin, quanto tempo resta?", "Che cosa ne pensi, Robin?", "Robin puoi riassumere"],
    "ja": [
        "ロビン、あと何分ですか。",
        "ロビンさん、まとめてください。",
        "ロビンさんあと何分ですか",
    ],
    "zh": ["罗宾，还剩多少时间？", "你怎么看，罗宾？", "罗宾请总结一下"],
}
MENTIONS = {
    "de": ["Robin sagt, wir warten.", "Das hat Robin gesagt.", "Frag Robin.", "Robin ist krank."],
    "fr": [
        "Robin dit qu'on attend.",
        "C'est l'idée de Robin.",
        "Demande à Robin.",
        "Robin est là.",
    ],
    "es": ["Robin dijo que esperemos.", "Es la idea de Robin.", "Pregúntale a Robin."],
    "pt": ["Robin disse para esperar.", "É a ideia de Robin.", "Pergunte ao Robin."],
    "it": ["Robin ha detto di aspettare.", "È l'idea di Robin.", "Chiedi a Robin."],
    "ja": ["ロビンがそう言いました。", "それはロビンに聞いてください。", "ロビンさんの案です。"],
    "zh": ["罗宾说我们等一下。", "这是罗宾的主意。", "去问罗宾。"],
}
NAMES = {"ja": "ロビン", "zh": "罗宾"}


def detector(language: str) -> AddresseeDetector:
    return AddresseeDetector([NAMES.get(language, "Robin")], load_phrases(language))


@pytest.mark.parametrize("language", OTHERS)
def test_a_call_against_a_mention(language: str) -> None:
    calls = [text for text in CALLS[language] if detector(language).calls(tokens(text.split()))]
    assert calls == CALLS[language]
    taken = [text for text in MENTIONS[language] if detector(language).calls(tokens(text.split()))]
    assert taken == []


COMMANDS = {
    "de": {
        Command.HUSH: [
            "Robin, sei bitte still.",
            "Robin, stopp.",
            "Robin, kannst du bitte warten?",
        ],
        Command.RESUME: ["Robin, du kannst wieder sprechen."],
        Command.LEAVE: ["Robin, verlassen Sie bitte das Meeting.", "Robin, du kannst gehen."],
        Command.LISTEN_ONLY: ["Robin, bitte nur zuhören."],
        Command.STATUS: ["Robin, bist du noch da?"],
        None: ["Robin, warte auf Ben.", "Robin, wann hören wir auf?"],
    },
    "fr": {
        Command.HUSH: ["Robin, tais-toi, s'il te plaît.", "Robin, pouvez-vous arrêter de parler ?"],
        Command.RESUME: ["Robin, tu peux reprendre."],
        Command.LEAVE: ["Robin, quitte la réunion."],
        Command.LISTEN_ONLY: ["Robin, écoutez seulement."],
        Command.STATUS: ["Robin, tu es là ?"],
        None: ["Robin, attends la réponse de Ben.", "Robin, quand est-ce qu'on arrête ?"],
    },
    "es": {
        Command.HUSH: ["Robin, cállate, por favor.", "Robin, ¿puedes dejar de hablar?"],
        Command.RESUME: ["Robin, ya puedes hablar."],
        Command.LEAVE: ["Robin, sal de la reunión."],
        Command.LISTEN_ONLY: ["Robin, solo escucha."],
        Command.STATUS: ["Robin, ¿estás ahí?"],
        None: ["Robin, espera a Ben.", "Robin, ¿cuándo paramos?"],
    },
    "pt": {
        Command.HUSH: ["Robin, fique quieto, por favor.", "Robin, você pode parar de falar?"],
        Command.RESUME: ["Robin, pode voltar a falar."],
        Command.LEAVE: ["Robin, saia da reunião."],
        Command.LISTEN_ONLY: ["Robin, só escute."],
        Command.STATUS: ["Robin, você está aí?"],
        None: ["Robin, espere pelo Ben.", "Robin, quando paramos?"],
    },
    "it": {
        Command.HUSH: ["Robin, stai zitto, per favore.", "Robin, puoi smettere di parlare?"],
        Command.RESUME: ["Robin, puoi parlare di nuovo."],
        Command.LEAVE: ["Robin, esci dalla riunione."],
        Command.LISTEN_ONLY: ["Robin, ascolta e basta."],
        Command.STATUS: ["Robin, ci sei?"],
        None: ["Robin, aspetta Ben.", "Robin, quando finiamo?"],
    },
    "ja": {
        Command.HUSH: ["ロビン、静かにしてください。", "ロビンさん、ちょっと待ってください。"],
        Command.RESUME: ["ロビン、もう話していいですよ。"],
        Command.LEAVE: ["ロビン、退出してください。"],
        Command.LISTEN_ONLY: ["ロビン、聞くだけにしてください。"],
        Command.STATUS: ["ロビンさん、聞こえますか。"],
        None: ["ロビン、ベンさんを待ってください。", "ロビン、いつ止めますか。"],
    },
    "zh": {
        Command.HUSH: ["罗宾，请安静一下。", "罗宾，别说话了。", "罗宾，请等一下。"],
        Command.RESUME: ["罗宾，你可以说话了。"],
        Command.LEAVE: ["罗宾，请退出会议。"],
        Command.LISTEN_ONLY: ["罗宾，只听就好。"],
        Command.STATUS: ["罗宾，你在吗？"],
        None: ["罗宾，等一下小王。", "罗宾，我们什么时候停？"],
    },
}


@pytest.mark.parametrize("language", OTHERS)
def test_commands(language: str) -> None:
    phrases = load_phrases(language)
    for expected, texts in COMMANDS[language].items():
        for text in texts:
            call = detector(language).find(tokens(text.split()))
            assert call is not None, text
            assert phrases.command(call.rest) == expected, text


QUESTIONS = {
    "de": {
        "time_left": [
            "wie viel Zeit haben wir noch?",
            "Können Sie sagen, wie lange wir noch haben?",
        ],
        "time_run": ["wie lange läuft die Sitzung schon?"],
        "agenda": ["was steht als Nächstes an?", "wo sind wir auf der Tagesordnung?"],
        "talked_least": ["wer hat bisher am wenigsten gesprochen?"],
        "talked_most": ["wer hat am meisten geredet?"],
        "summary": ["kannst du kurz zusammenfassen?"],
        "identity": ["wer bist du?"],
    },
    "fr": {
        "time_left": ["combien de temps nous reste-t-il ?", "il nous reste combien de minutes ?"],
        "time_run": ["depuis combien de temps parlons-nous ?"],
        "agenda": ["quel est le prochain point ?", "où en sommes-nous dans l'ordre du jour ?"],
        "talked_least": ["qui a le moins parlé ?"],
        "talked_most": ["qui a le plus parlé jusqu'ici ?"],
        "summary": ["peux-tu résumer la discussion ?"],
        "identity": ["qui es-tu ?"],
    },
    "es": {
        "time_left": ["¿cuánto tiempo nos queda?", "¿cuántos minutos quedan?"],
        "time_run": ["¿cuánto tiempo llevamos hablando?"],
        "agenda": ["¿cuál es el siguiente punto?"],
        "talked_least": ["¿quién ha hablado menos?"],
        "talked_most": ["¿quién ha hablado más?"],
        "summary": ["¿puedes hacer un resumen breve?"],
        "identity": ["¿quién eres?"],
    },
    "pt": {
        "time_left": ["quanto tempo nos resta?", "quantos minutos faltam?"],
        "time_run": ["há quanto tempo estamos falando?"],
        "agenda": ["qual é o próximo item da pauta?"],
        "talked_least": ["quem falou menos até agora?"],
        "talked_most": ["quem falou mais?"],
        "summary": ["você pode fazer um resumo?"],
        "identity": ["quem é você?"],
    },
    "it": {
        "time_left": ["quanto tempo ci resta?", "quanti minuti mancano?"],
        "time_run": ["da quanto tempo stiamo parlando?"],
        "agenda": ["qual è il prossimo punto all'ordine del giorno?"],
        "talked_least": ["chi ha parlato di meno?"],
        "talked_most": ["chi ha parlato di più finora?"],
        "summary": ["puoi fare un breve riassunto?"],
        "identity": ["chi sei?"],
    },
    "ja": {
        "time_left": ["あと何分ですか。", "残り時間はどのくらいですか？"],
        "time_run": ["会議が始まってからどのくらい経ちましたか。"],
        "agenda": ["次の議題は何ですか。"],
        "talked_least": ["一番話していない人は誰ですか。"],
        "talked_most": ["一番話したのは誰ですか。"],
        "summary": ["ここまでの内容をまとめてください。"],
        "identity": ["あなたは誰ですか。"],
    },
    "zh": {
        "time_left": ["还剩多少时间？", "我们还有几分钟？"],
        "time_run": ["会议已经开了多久？"],
        "agenda": ["下一个议题是什么？"],
        "talked_least": ["谁说得最少？"],
        "talked_most": ["到目前为止谁发言最多？"],
        "summary": ["请总结一下刚才的讨论。"],
        "identity": ["你是谁？"],
    },
}
OTHER_QUESTIONS = {
    "de": ["wie viel Zeit hat Ben mit den Zelten verbracht?", "woher bekommen wir die Stühle?"],
    "fr": ["combien de temps Ben a-t-il passé sur les tentes ?", "qui écrira le compte rendu ?"],
    "es": ["¿cuánto tiempo dedicó Ben a las tiendas?", "¿de dónde sacamos las sillas?"],
    "pt": ["quanto tempo o Ben gastou com as barracas?", "de onde vêm as cadeiras?"],
    "it": ["quanto tempo ha dedicato Ben alle tende?", "da dove prendiamo le sedie?"],
    "ja": ["駅まで歩いてあと何分かかりますか。", "倉庫の家賃はいくらですか。"],
    "zh": ["去车站还有多少时间的路？", "仓库的租金是多少？"],
}


@pytest.mark.parametrize("language", OTHERS)
def test_questions(language: str) -> None:
    phrases = load_phrases(language)
    name, found = NAMES.get(language, "Robin"), {}
    for text in chain(*QUESTIONS[language].values()):
        call = detector(language).find(tokens(f"{name}, {text}".split()))
        assert call is not None, text
        found[text] = phrases.question(joined(call.rest))
    assert found == {text: kind for kind, texts in QUESTIONS[language].items() for text in texts}
    assert {phrases.question(text) for text in OTHER_QUESTIONS[language]} == {None}


SAID = {
    "de": "Die Miete für das neue Lager kostet dreitausend Euro im Monat.",
    "fr": "Le loyer du nouvel entrepôt coûte trois mille euros par mois.",
    "es": "El alquiler del nuevo almacén cuesta tres mil euros al mes.",
    "pt": "O aluguel do novo armazém custa três mil euros por mês.",
    "it": "L'affitto del nuovo magazzino costa tremila euro al mese.",
    "ja": "新しい倉庫の家賃は月に三千ユーロです。",
    "zh": "新仓库的租金每个月三千欧元。",
}
ASKED = {
    "de": "Wie viel kostet die Miete für das neue Lager?",
    "fr": "Combien coûte le loyer du nouvel entrepôt ?",
    "es": "¿Cuánto cuesta el alquiler del nuevo almacén?",
    "pt": "Quanto custa o aluguel do novo armazém?",
    "it": "Quanto costa l'affitto del nuovo magazzino?",
    "ja": "新しい倉庫の家賃はいくらですか。",
    "zh": "新仓库的租金是多少？",
}
TRUE = {
    "de": "Die Miete für das Lager kostet 3.000 € im Monat.",
    "fr": "Le loyer de l'entrepôt coûte 3 000 € par mois.",
    "es": "El alquiler del almacén cuesta 3.000 € al mes.",
    "pt": "O aluguel do armazém custa 3.000 € por mês.",
    "it": "L'affitto del magazzino costa 3.000 € al mese.",
    "ja": "倉庫の家賃は月に3000ユーロです。",
    "zh": "仓库的租金每个月3000欧元。",
}
FALSE = {
    "de": ["Die Miete kostet 4.000 € im Monat.", "Die Miete für das Lager kostet nichts."],
    "fr": ["Le loyer coûte 4 000 € par mois.", "Le loyer de l'entrepôt ne coûte pas 3 000 €."],
    "es": ["El alquiler cuesta 4.000 € al mes.", "El alquiler del almacén no cuesta 3.000 €."],
    "pt": ["O aluguel custa 4.000 € por mês.", "O aluguel do armazém não custa 3.000 €."],
    "it": ["L'affitto costa 4.000 € al mese.", "L'affitto del magazzino non costa 3.000 €."],
    "ja": ["倉庫の家賃は月に4000ユーロです。", "倉庫の家賃は月に3000ユーロではありません。"],
    "zh": ["仓库的租金每个月4000欧元。", "仓库的租金不是每个月3000欧元。"],
}
DENIED = {
    "de": ("Wir liefern die neue Fassung am Freitag nicht.", "Wir liefern die Fassung am Freitag."),
    "fr": ("Nous ne livrons pas la version vendredi.", "Nous livrons la version vendredi."),
    "es": ("No entregamos la versión el viernes.", "Entregamos la versión el viernes."),
    "pt": ("Não entregamos a versão na sexta.", "Entregamos a versão na sexta."),
    "it": ("Non consegniamo la versione venerdì.", "Consegniamo la versione venerdì."),
    "ja": ("金曜日には新版を出荷しません。", "金曜日には新版を出荷します。"),
    "zh": ("我们星期五不发布新版本。", "我们星期五发布新版本。"),
}


@pytest.mark.parametrize("language", OTHERS)
def test_a_quote_answers(language: str) -> None:
    phrases = load_phrases(language)
    lines = [
        SaidLine("ana", "Ana", 0, DENIED[language][0]),
        SaidLine("ben", "Ben", 9, SAID[language]),
    ]
    found = quote(ASKED[language], lines, phrases, Wording(phrases))
    assert found is not None
    assert found.words == SAID[language]
    assert quote(OTHER_QUESTIONS[language][0], lines, phrases, Wording(phrases)) is None


@pytest.mark.parametrize("language", OTHERS)
def test_an_answer_is_held_to_what_was_said(language: str) -> None:
    wording = Wording(load_phrases(language))
    denied, asserted = DENIED[language]
    lines = [SaidLine("ben", "Ben", 0, SAID[language]), SaidLine("ana", "Ana", 1, denied)]
    check = Check(lines, "", ["Ana", "Ben"], wording)
    assert check.supported(SAID[language], {1})
    assert check.supported(TRUE[language], {1}), [t.plain for t in wording.tokens(TRUE[language])]
    assert [text for text in FALSE[language] if check.supported(text, {1})] == []
    assert not check.supported(asserted, {2})


def test_scripts_without_spaces() -> None:
    assert tokens(["ロビン、3分", "です。"]) == ["ロ", "ビ", "ン、", "3", "分", "で", "す。"]
    assert tokens(["don't", "stop."]) == ["don't", "stop."]
    assert joined(["ロ", "ビ", "ン、", "OK", "で", "す。"]) == "ロビン、 OK です。"
    assert joined(["Guten", "Tag."]) == "Guten Tag."
    assert not spaceless("안녕하세요")
    cut = tokens(["ロビン、3分です。"])
    assert tokens(cut) == cut


@pytest.mark.parametrize(
    ("language", "text", "values"),
    [
        ("de", "zweihundertfünfzig Stühle, einundzwanzig Tische, 1.500 Gläser", {250, 21, 1500}),
        ("fr", "quatre-vingt-dix-sept chaises, soixante et onze tables, dix-huit", {97, 71, 18}),
        ("es", "treinta y cinco sillas, doscientas mesas", {35, 200}),
        ("pt", "trinta e cinco cadeiras, duzentas mesas", {35, 200}),
        ("it", "trentacinque sedie, duecento tavoli", {35, 200}),
        ("ja", "三百五十二万円と二十一人", {3520000, 21}),
        ("zh", "两百五十万元，二十一个人，一起", {2500000, 21}),
    ],
)
def test_numbers_in_words(language: str, text: str, values: set[int]) -> None:
    wording = Wording(load_phrases(language))
    assert wording.numbers(wording.tokens(text)) == values
