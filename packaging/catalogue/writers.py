"""Models that write: continuing, chatting, summing up, translating; and those that look ahead."""

from __future__ import annotations

from typing import Any

from catalogue.languages import M2M_LANGUAGES, NLLB_LANGUAGES
from catalogue.texts import APACHE, CC_BY, MIT

CAUSAL, CHANGER = "AutoModelForCausalLM", "AutoModelForSeq2SeqLM"
QWEN_LANGUAGES = ["en", "zh", "de", "fr", "es", "pt", "it", "ru", "ja", "ko", "vi", "th", "ar"]
INVENTS = "It invents facts, sources and numbers that sound true, and repeats the prejudices of web texts. Not for medical, legal or other weighty advice."


def gpt2(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "model_type": "gpt2",
        "vocab_size": 50257,
        "n_embd": hidden,
        "n_layer": layers,
        "n_head": heads,
        "n_positions": 1024,
        "bos_token_id": 50256,
        "eos_token_id": 50256,
    }


def gpt_neo(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "model_type": "gpt_neo",
        "vocab_size": 50257,
        "hidden_size": hidden,
        "num_layers": layers,
        "num_heads": heads,
        "attention_types": [[["global", "local"], layers // 2]],
        "max_position_embeddings": 2048,
        "window_size": 256,
        "bos_token_id": 50256,
        "eos_token_id": 50256,
    }


def llama(
    kind: str, vocab: int, hidden: int, inside: int, layers: int, heads: int, kv: int, tied: bool = True, **more: Any
) -> dict[str, Any]:
    return {
        "model_type": kind,
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": inside,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "tie_word_embeddings": tied,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        **more,
    }


def t5(
    hidden: int, inside: int, layers: int, heads: int, gated: bool = False, vocab: int = 32128, kv: int = 64
) -> dict[str, Any]:
    return {
        "model_type": "t5",
        "vocab_size": vocab,
        "d_model": hidden,
        "d_ff": inside,
        "num_layers": layers,
        "num_heads": heads,
        "d_kv": kv,
        "feed_forward_proj": "gated-gelu" if gated else "relu",
        "tie_word_embeddings": not gated,
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
    }


def bart(hidden: int, encoder: int, decoder: int, heads: int, vocab: int) -> dict[str, Any]:
    return {
        "model_type": "bart",
        "vocab_size": vocab,
        "d_model": hidden,
        "encoder_layers": encoder,
        "decoder_layers": decoder,
        "encoder_attention_heads": heads,
        "decoder_attention_heads": heads,
        "encoder_ffn_dim": hidden * 4,
        "decoder_ffn_dim": hidden * 4,
        "max_position_embeddings": 1024,
        "decoder_start_token_id": 2,
    }


def marian(vocab: int) -> dict[str, Any]:
    return {
        "model_type": "marian",
        "vocab_size": vocab,
        "d_model": 512,
        "encoder_layers": 6,
        "decoder_layers": 6,
        "encoder_attention_heads": 8,
        "decoder_attention_heads": 8,
        "encoder_ffn_dim": 2048,
        "decoder_ffn_dim": 2048,
        "max_position_embeddings": 512,
        "static_position_embeddings": True,
        "pad_token_id": vocab - 1,
        "decoder_start_token_id": vocab - 1,
        "eos_token_id": 0,
    }


def nllb(layers: int, inside: int) -> dict[str, Any]:
    return {
        "model_type": "m2m_100",
        "vocab_size": 256206,
        "d_model": 1024,
        "encoder_layers": layers,
        "decoder_layers": layers,
        "encoder_attention_heads": 16,
        "decoder_attention_heads": 16,
        "encoder_ffn_dim": inside,
        "decoder_ffn_dim": inside,
        "max_position_embeddings": 1024,
    }


# id, name, ref, config, licence, dtype, size given (0: from the weights)
_CONTINUE: list[tuple[Any, ...]] = [
    ("distilgpt2", "DistilGPT-2", "distilbert/distilgpt2", gpt2(768, 6, 12), APACHE, "GPT-2", 352824413),
    ("gpt2", "GPT-2 (124M)", "openai-community/gpt2", gpt2(768, 12, 12), MIT, "GPT-2", 548105171),
    (
        "gpt2-medium",
        "GPT-2 medium (355M)",
        "openai-community/gpt2-medium",
        gpt2(1024, 24, 16),
        MIT,
        "GPT-2",
        1519984962,
    ),
    ("gpt2-large", "GPT-2 large (774M)", "openai-community/gpt2-large", gpt2(1280, 36, 20), MIT, "GPT-2", 3247159078),
    ("gpt2-xl", "GPT-2 XL (1.5B)", "openai-community/gpt2-xl", gpt2(1600, 48, 25), MIT, "GPT-2", 6431829964),
    ("gpt-neo-125m", "GPT-Neo 125M", "EleutherAI/gpt-neo-125m", gpt_neo(768, 12, 12), MIT, "GPT-Neo", 0),
    ("gpt-neo-1.3b", "GPT-Neo 1.3B", "EleutherAI/gpt-neo-1.3B", gpt_neo(2048, 24, 16), MIT, "GPT-Neo", 0),
    ("gpt-neo-2.7b", "GPT-Neo 2.7B", "EleutherAI/gpt-neo-2.7B", gpt_neo(2560, 32, 20), MIT, "GPT-Neo", 0),
]
_GIVEN_SIZE = "The file also holds masks that are no weights."
LLAMA32 = ("Llama-3.2", "https://huggingface.co/meta-llama/Llama-3.2-1B/blob/main/LICENSE.txt")
GEMMA = ("Gemma", "https://ai.google.dev/gemma/terms")
_CHAT: list[tuple[Any, ...]] = [
    (
        "smollm2-135m",
        "SmolLM2 135M",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        llama("llama", 49152, 576, 1536, 30, 9, 3),
        APACHE,
        "SmolLM2",
        ["en"],
        "2502.02737",
        False,
    ),
    (
        "smollm2-360m",
        "SmolLM2 360M",
        "HuggingFaceTB/SmolLM2-360M-Instruct",
        llama("llama", 49152, 960, 2560, 32, 15, 5),
        APACHE,
        "SmolLM2",
        ["en"],
        "2502.02737",
        False,
    ),
    (
        "smollm2-1.7b",
        "SmolLM2 1.7B",
        "HuggingFaceTB/SmolLM2-1.7B-Instruct",
        llama("llama", 49152, 2048, 8192, 24, 32, 32),
        APACHE,
        "SmolLM2",
        ["en"],
        "2502.02737",
        False,
    ),
    (
        "qwen2.5-0.5b",
        "Qwen2.5 0.5B",
        "Qwen/Qwen2.5-0.5B-Instruct",
        llama("qwen2", 151936, 896, 4864, 24, 14, 2),
        APACHE,
        "Qwen",
        QWEN_LANGUAGES,
        "2412.15115",
        False,
    ),
    (
        "qwen2.5-1.5b",
        "Qwen2.5 1.5B",
        "Qwen/Qwen2.5-1.5B-Instruct",
        llama("qwen2", 151936, 1536, 8960, 28, 12, 2),
        APACHE,
        "Qwen",
        QWEN_LANGUAGES,
        "2412.15115",
        False,
    ),
    (
        "qwen3-0.6b",
        "Qwen3 0.6B",
        "Qwen/Qwen3-0.6B",
        llama("qwen3", 151936, 1024, 3072, 28, 16, 8, head_dim=128),
        APACHE,
        "Qwen",
        ["multilingual"],
        "2505.09388",
        False,
    ),
    (
        "qwen3-1.7b",
        "Qwen3 1.7B",
        "Qwen/Qwen3-1.7B",
        llama("qwen3", 151936, 2048, 6144, 28, 16, 8, head_dim=128),
        APACHE,
        "Qwen",
        ["multilingual"],
        "2505.09388",
        False,
    ),
    (
        "tinyllama-1.1b",
        "TinyLlama 1.1B chat",
        "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        llama("llama", 32000, 2048, 5632, 22, 32, 4, tied=False),
        APACHE,
        "Llama",
        ["en"],
        "2401.02385",
        False,
    ),
    (
        "phi-3.5-mini",
        "Phi-3.5 mini (3.8B)",
        "microsoft/Phi-3.5-mini-instruct",
        llama("phi3", 32064, 3072, 8192, 32, 32, 32, tied=False),
        MIT,
        "Phi",
        ["multilingual"],
        "2404.14219",
        False,
    ),
    (
        "llama-3.2-1b",
        "Llama 3.2 1B",
        "meta-llama/Llama-3.2-1B-Instruct",
        llama("llama", 128256, 2048, 8192, 16, 32, 8, head_dim=64),
        LLAMA32,
        "Llama",
        ["en", "de", "fr", "it", "pt", "es", "th"],
        "2407.21783",
        True,
    ),
    (
        "gemma-3-1b",
        "Gemma 3 1B",
        "google/gemma-3-1b-it",
        llama("gemma3_text", 262144, 1152, 6912, 26, 4, 1, head_dim=256),
        GEMMA,
        "Gemma",
        ["en"],
        "2503.19786",
        True,
    ),
]
T5_WORDS = (
    "Google's model that turns every task into text: it sums up and translates a little as it is, and learns more.",
    "C4: 750 GB of cleaned English web text, then translation, summing up and questions.",
)
_SUM: list[tuple[Any, ...]] = [
    ("t5-small", "T5 small", "google-t5/t5-small", t5(512, 2048, 6, 8), APACHE, "T5", "summarize: ", "1910.10683"),
    ("t5-base", "T5 base", "google-t5/t5-base", t5(768, 3072, 12, 12), APACHE, "T5", "summarize: ", "1910.10683"),
    ("t5-large", "T5 large", "google-t5/t5-large", t5(1024, 4096, 24, 16), APACHE, "T5", "summarize: ", "1910.10683"),
    ("bart-base", "BART base", "facebook/bart-base", bart(768, 6, 6, 12, 50265), APACHE, "BART", "", "1910.13461"),
    (
        "bart-large-cnn",
        "BART large, news summaries",
        "facebook/bart-large-cnn",
        bart(1024, 12, 12, 16, 50264),
        MIT,
        "BART",
        "",
        "1910.13461",
    ),
    (
        "distilbart-cnn",
        "DistilBART, news summaries",
        "sshleifer/distilbart-cnn-12-6",
        bart(1024, 12, 6, 16, 50264),
        APACHE,
        "BART",
        "",
        "2010.13002",
    ),
]
_FLAN: list[tuple[Any, ...]] = [
    ("flan-t5-small", "FLAN-T5 small", "google/flan-t5-small", t5(512, 1024, 8, 6, True)),
    ("flan-t5-base", "FLAN-T5 base", "google/flan-t5-base", t5(768, 2048, 12, 12, True)),
    ("flan-t5-large", "FLAN-T5 large", "google/flan-t5-large", t5(1024, 2816, 24, 16, True)),
    ("flan-t5-xl", "FLAN-T5 XL", "google/flan-t5-xl", t5(2048, 5120, 24, 32, True)),
]
# from, into, vocabulary, licence
_MARIAN = [
    ("en", "de", 58101, CC_BY), ("de", "en", 58101, APACHE), ("en", "fr", 59514, APACHE), ("fr", "en", 59514, APACHE),
    ("en", "es", 65001, APACHE), ("es", "en", 65001, APACHE), ("en", "zh", 65001, APACHE), ("zh", "en", 65001, CC_BY),
    ("en", "ru", 62518, APACHE), ("ru", "en", 62518, CC_BY), ("en", "it", 80035, APACHE), ("it", "en", 80035, APACHE),
]  # fmt: skip
NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "zh": "Chinese",
    "ru": "Russian",
    "it": "Italian",
}


def entries() -> list[dict[str, Any]]:
    """Plain cards; parameters and sizes are computed by the writer."""
    made: list[dict[str, Any]] = []

    def add(
        id_: str,
        name: str,
        ref: str,
        config: dict[str, Any],
        arch: str,
        tasks: list[str],
        licence: tuple[str, str],
        **more: Any,
    ) -> None:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers_writer", "arch": arch, "tasks": tasks, "licence": licence, **more})  # fmt: skip

    for id_, name, ref, config, licence, family, size in _CONTINUE:
        trained = (
            "The Pile: 825 GB of English web pages, books and program code."
            if family == "GPT-Neo"
            else "WebText: eight million web pages that were linked on Reddit."
        )
        paper = (
            "https://arxiv.org/abs/2101.00027"
            if family == "GPT-Neo"
            else "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf"
        )
        add(
            id_,
            name,
            ref,
            config,
            CAUSAL,
            ["text-generation"],
            licence,
            family=family,
            languages=["en"],
            size=size,
            trained_on=trained,
            summary="Goes on with an English text you began.",
            strengths="Fluent, well studied, small enough to run and to teach at home."
            if config.get("n_layer", 24) < 24
            else "More fluent than its smaller brothers.",
            limits=f"It does not answer or obey: it only goes on. {INVENTS}",
            paper=paper,
        )
    for id_, name, ref, config, licence, family, languages, paper, gated in _CHAT:
        add(
            id_,
            name,
            ref,
            config,
            CAUSAL,
            ["chat", "text-generation"],
            licence,
            family=family,
            languages=languages,
            dtype="bfloat16",
            gated=gated,
            trained_on="Trillions of words of web pages, books and program code, then conversations.",
            summary="Answers questions and follows requests in its own words, on your computer.",
            strengths="Small enough for a computer without a graphics card."
            if config["hidden_size"] < 1100
            else "Clearly more able than smaller ones, at the price of speed.",
            limits=INVENTS,
            paper=f"https://arxiv.org/abs/{paper}",
        )
    for id_, name, ref, config, licence, family, prefix, paper in _SUM:
        news = "cnn" in id_
        summary = (
            "Sums up English news articles in a few sentences."
            if news
            else T5_WORDS[0]
            if family == "T5"
            else "Restores and rewrites English text; a beginning for teaching summaries."
        )
        trained = (
            "English books and web pages, then 300,000 news articles with their summaries (CNN and Daily Mail)."
            if news
            else T5_WORDS[1]
            if family == "T5"
            else "English books, news and web pages with parts blotted out."
        )
        add(
            id_,
            name,
            ref,
            config,
            CHANGER,
            ["summarisation"],
            licence,
            family=family,
            languages=["en"],
            options={"prefix": prefix} if prefix else {},
            trained_on=trained,
            summary=summary,
            strengths="Good summaries of news." if news else "Well studied.",
            limits=f"Summaries can leave out what matters or twist it. {'Made for news. ' if news else ''}Compare with the text.",
            paper=f"https://arxiv.org/abs/{paper}",
        )
    for into, code in (("German", "de"), ("French", "fr")):
        add(
            f"t5-small-{into.lower()}",
            f"T5 small, English to {into}",
            "google-t5/t5-small",
            t5(512, 2048, 6, 8),
            CHANGER,
            ["translation"],
            APACHE,
            family="T5",
            languages=["en", code],
            options={"prefix": f"translate English to {into}: "},
            trained_on=T5_WORDS[1],
            summary=f"Translates English into {into}, roughly.",
            strengths="Small.",
            limits="Rough: Marian and NLLB translate better.",
            paper="https://arxiv.org/abs/1910.10683",
        )
    for id_, name, ref, config in _FLAN:
        add(
            id_,
            name,
            ref,
            config,
            CHANGER,
            ["text-generation", "summarisation"],
            APACHE,
            family="FLAN-T5",
            languages=["en", "multilingual"],
            trained_on="C4 web text, then more than a thousand written tasks.",
            summary="Follows short written requests: answer, sum up, rephrase, sort.",
            strengths="Obeys requests at a small size.",
            limits=f"Short answers. {INVENTS}",
            paper="https://arxiv.org/abs/2210.11416",
        )
    for source, target, vocab, licence in _MARIAN:
        add(
            f"opus-mt-{source}-{target}",
            f"{NAMES[source]} to {NAMES[target]} (Marian)",
            f"Helsinki-NLP/opus-mt-{source}-{target}",
            marian(vocab),
            CHANGER,
            ["translation"],
            licence,
            family="Marian",
            languages=[source, target],
            trained_on="OPUS: public translations, among them subtitles, parliament's debates and the Bible.",
            summary=f"Translates {NAMES[source]} into {NAMES[target]}.",
            strengths="Small and quick; good for everyday text.",
            limits="Sentence by sentence, without context; names, numbers and specialist words need checking.",
            paper="https://aclanthology.org/2020.eamt-1.61/",
        )
    for id_, name, ref, config in (
        ("nllb-600m", "NLLB 600M, 200 languages", "facebook/nllb-200-distilled-600M", nllb(12, 4096)),
        ("nllb-1.3b", "NLLB 1.3B, 200 languages", "facebook/nllb-200-distilled-1.3B", nllb(24, 8192)),
    ):  # fmt: skip
        add(
            id_,
            name,
            ref,
            config,
            CHANGER,
            ["translation"],
            ("CC-BY-NC-4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
            family="NLLB",
            languages=["multilingual"],
            options={"languages": NLLB_LANGUAGES},
            trained_on="Public and mined translations in 200 languages.",
            summary="Translates between two hundred languages, many of them small ones.",
            strengths="Languages no other free model knows.",
            limits="Made for research, sentence by sentence; not for medical or legal texts. Not for business.",
            paper="https://arxiv.org/abs/2207.04672",
        )
    add(
        "m2m100-418m",
        "M2M-100 418M, 100 languages",
        "facebook/m2m100_418M",
        {**nllb(12, 4096), "vocab_size": 128112},
        CHANGER,
        ["translation"],
        MIT,
        family="M2M-100",
        languages=["multilingual"],
        options={"languages": M2M_LANGUAGES},
        trained_on="7.5 billion pairs of sentences in 100 languages, mined from the web.",
        summary="Translates between a hundred languages, without going by way of English.",
        strengths="May be used for business, which NLLB may not.",
        limits="Sentence by sentence; less accurate than NLLB, above all in small languages. Names, numbers and specialist words need checking.",
        paper="https://arxiv.org/abs/2010.11125",
    )
    for id_, hidden, inside, layers, heads in (
        ("tiny", 256, 1024, 4, 4),
        ("mini", 384, 1536, 4, 8),
        ("small", 512, 2048, 6, 8),
        ("base", 768, 3072, 12, 12),
        ("large", 1024, 4096, 24, 16),
    ):
        config = t5(hidden, inside, layers, heads, vocab=4096) | {
            "chronos_config": {
                "tokenizer_class": "MeanScaleUniformBins",
                "tokenizer_kwargs": {"low_limit": -15.0, "high_limit": 15.0},
                "context_length": 512,
                "prediction_length": 64,
                "n_tokens": 4096,
                "n_special_tokens": 2,
                "pad_token_id": 0,
                "eos_token_id": 1,
                "use_eos_token": True,
                "model_type": "seq2seq",
                "num_samples": 20,
                "temperature": 1.0,
                "top_k": 50,
                "top_p": 1.0,
            }
        }
        made.append({"id": f"chronos-{id_}", "name": f"Chronos {id_}", "ref": f"amazon/chronos-t5-{id_}", "config": config, "runtime": "chronos", "arch": CHANGER, "tasks": ["forecasting"], "trainable_for": ["forecasting"], "licence": APACHE, "family": "Chronos", "languages": [], "trained_on": "Public rows of numbers from energy, traffic, shops, weather and more, and made-up ones.", "summary": "Goes on with a row of numbers, without being taught: sales, visits, temperatures.", "strengths": "Works at once on short rows and gives a range, not just one number.", "limits": "It sees only the numbers: not holidays, prices or plans. The past need not go on. At most 512 numbers are looked at.", "paper": "https://arxiv.org/abs/2403.07815"})  # fmt: skip
    for id_, hidden, inside, layers, heads in (
        ("tiny", 256, 1024, 4, 4),
        ("mini", 384, 1536, 4, 8),
        ("small", 512, 2048, 6, 8),
        ("base", 768, 3072, 12, 12),
    ):
        config = t5(hidden, inside, layers, heads, vocab=2) | {
            "chronos_config": {
                "context_length": 2048,
                "prediction_length": 64,
                "input_patch_size": 16,
                "input_patch_stride": 16,
                "quantiles": [round(level / 10, 1) for level in range(1, 10)],
                "use_reg_token": True,
            }
        }
        made.append({"id": f"chronos-bolt-{id_}", "name": f"Chronos-Bolt {id_}", "ref": f"amazon/chronos-bolt-{id_}", "config": config, "runtime": "chronos_bolt", "arch": "ChronosBolt", "tasks": ["forecasting"], "trainable_for": ["forecasting"], "licence": APACHE, "family": "Chronos-Bolt", "languages": [], "trained_on": "Nearly 100 billion numbers of public rows from energy, traffic, shops, weather and more, and made-up ones.", "summary": "Goes on with a row of numbers, without being taught. Far quicker than Chronos, since it says all steps at once.", "strengths": "Quick also without a graphics card; looks at up to 2,048 numbers and gives a range, not just one number.", "limits": "It sees only the numbers: not holidays, prices or plans. The past need not go on. Beyond 64 steps it goes on with what it said itself.", "paper": "https://arxiv.org/abs/2403.07815"})  # fmt: skip
    return made
