"""Text models that read: encoders to train, sorters, markers, answerers, gap fillers, embedders."""

from __future__ import annotations

from typing import Any

APACHE = ("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0")
MIT = ("MIT", "https://opensource.org/license/mit")
CC_BY = ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/")
AFL = ("AFL-3.0", "https://opensource.org/license/afl-3-0-php")
NOT_STATED = ("not stated", "")

WIKI = "English Wikipedia and 11,000 unpublished books."
MANY = "Wikipedia in 104 languages."
ROBERTA = "160 GB of English text: books, news, stories and web pages."
XLM = "2.5 TB of filtered web text in 100 languages."
GAP_LIMITS = "It repeats the prejudices of the texts it learnt from, about work and gender for example. It only guesses words; it knows no facts."
BASE_LIMITS = "Sorts nothing until you train it. It carries over the prejudices of the texts it learnt from."
MANY_LANGUAGES = ["multilingual"]


def bert(hidden: int = 768, layers: int = 12, heads: int = 12, vocab: int = 30522, **more: Any) -> dict[str, Any]:
    return {
        "model_type": "bert", "vocab_size": vocab, "hidden_size": hidden, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": hidden * 4, **more,
    }  # fmt: skip


def roberta(
    hidden: int = 768, layers: int = 12, heads: int = 12, vocab: int = 50265, kind: str = "roberta", **more: Any
) -> dict[str, Any]:
    return {
        "model_type": kind, "vocab_size": vocab, "hidden_size": hidden, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": hidden * 4, "max_position_embeddings": 514,
        "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, **more,
    }  # fmt: skip


def distilbert(vocab: int = 30522, **more: Any) -> dict[str, Any]:
    return {
        "model_type": "distilbert",
        "vocab_size": vocab,
        "dim": 768,
        "n_layers": 6,
        "n_heads": 12,
        "hidden_dim": 3072,
        **more,
    }


def xlnet(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "model_type": "xlnet",
        "vocab_size": 32000,
        "d_model": hidden,
        "n_layer": layers,
        "n_head": heads,
        "d_inner": hidden * 4,
    }


def albert(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "model_type": "albert", "vocab_size": 30000, "embedding_size": 128, "hidden_size": hidden,
        "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": hidden * 4,
    }  # fmt: skip


def deberta(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "model_type": "deberta-v2", "vocab_size": 128100, "hidden_size": hidden, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": hidden * 4, "relative_attention": True,
        "max_relative_positions": -1, "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0, "position_biased_input": False,
    }  # fmt: skip


MPNET = {
    "model_type": "mpnet", "vocab_size": 30527, "hidden_size": 768, "num_hidden_layers": 12,
    "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 514,
}  # fmt: skip

# Pre-trained networks with no head of their own: id, name, ref, config, family, languages, licence, trained on, paper.
_BASES: list[tuple[Any, ...]] = [
    (
        "bert-base-uncased",
        "BERT base (uncased)",
        "google-bert/bert-base-uncased",
        bert(),
        "BERT",
        ["en"],
        APACHE,
        WIKI,
        "1810.04805",
    ),
    (
        "bert-base-cased",
        "BERT base (cased)",
        "google-bert/bert-base-cased",
        bert(vocab=28996),
        "BERT",
        ["en"],
        APACHE,
        WIKI,
        "1810.04805",
    ),
    (
        "bert-large-uncased",
        "BERT large (uncased)",
        "google-bert/bert-large-uncased",
        bert(1024, 24, 16),
        "BERT",
        ["en"],
        APACHE,
        WIKI,
        "1810.04805",
    ),
    (
        "bert-large-cased",
        "BERT large (cased)",
        "google-bert/bert-large-cased",
        bert(1024, 24, 16, 28996),
        "BERT",
        ["en"],
        APACHE,
        WIKI,
        "1810.04805",
    ),
    (
        "bert-base-multilingual-cased",
        "BERT base, 104 languages (cased)",
        "google-bert/bert-base-multilingual-cased",
        bert(vocab=119547),
        "BERT",
        MANY_LANGUAGES,
        APACHE,
        MANY,
        "1810.04805",
    ),
    (
        "bert-base-multilingual-uncased",
        "BERT base, 102 languages (uncased)",
        "google-bert/bert-base-multilingual-uncased",
        bert(vocab=105879),
        "BERT",
        MANY_LANGUAGES,
        APACHE,
        "Wikipedia in 102 languages.",
        "1810.04805",
    ),
    (
        "bert-base-german-cased",
        "BERT base, German",
        "google-bert/bert-base-german-cased",
        bert(vocab=30000),
        "BERT",
        ["de"],
        MIT,
        "German Wikipedia, court decisions and news.",
        "1810.04805",
    ),
    (
        "distilbert-base-uncased",
        "DistilBERT (uncased)",
        "distilbert/distilbert-base-uncased",
        distilbert(),
        "DistilBERT",
        ["en"],
        APACHE,
        WIKI,
        "1910.01108",
    ),
    (
        "distilbert-base-cased",
        "DistilBERT (cased)",
        "distilbert/distilbert-base-cased",
        distilbert(28996),
        "DistilBERT",
        ["en"],
        APACHE,
        WIKI,
        "1910.01108",
    ),
    (
        "distilbert-base-multilingual-cased",
        "DistilBERT, 104 languages",
        "distilbert/distilbert-base-multilingual-cased",
        distilbert(119547),
        "DistilBERT",
        MANY_LANGUAGES,
        APACHE,
        MANY,
        "1910.01108",
    ),
    (
        "roberta-base",
        "RoBERTa base",
        "FacebookAI/roberta-base",
        roberta(),
        "RoBERTa",
        ["en"],
        MIT,
        ROBERTA,
        "1907.11692",
    ),
    (
        "roberta-large",
        "RoBERTa large",
        "FacebookAI/roberta-large",
        roberta(1024, 24, 16),
        "RoBERTa",
        ["en"],
        MIT,
        ROBERTA,
        "1907.11692",
    ),
    (
        "distilroberta-base",
        "DistilRoBERTa",
        "distilbert/distilroberta-base",
        roberta(layers=6),
        "RoBERTa",
        ["en"],
        APACHE,
        "OpenWebText: web pages that were linked on Reddit.",
        "1910.01108",
    ),
    (
        "xlm-roberta-base",
        "XLM-RoBERTa base, 100 languages",
        "FacebookAI/xlm-roberta-base",
        roberta(vocab=250002, kind="xlm-roberta"),
        "XLM-RoBERTa",
        MANY_LANGUAGES,
        MIT,
        XLM,
        "1911.02116",
    ),
    (
        "xlm-roberta-large",
        "XLM-RoBERTa large, 100 languages",
        "FacebookAI/xlm-roberta-large",
        roberta(1024, 24, 16, 250002, "xlm-roberta"),
        "XLM-RoBERTa",
        MANY_LANGUAGES,
        MIT,
        XLM,
        "1911.02116",
    ),
    (
        "xlnet-base-cased",
        "XLNet base",
        "xlnet/xlnet-base-cased",
        xlnet(768, 12, 12),
        "XLNet",
        ["en"],
        MIT,
        "Books, Wikipedia, news and web pages in English.",
        "1906.08237",
    ),
    (
        "xlnet-large-cased",
        "XLNet large",
        "xlnet/xlnet-large-cased",
        xlnet(1024, 24, 16),
        "XLNet",
        ["en"],
        MIT,
        "Books, Wikipedia, news and web pages in English.",
        "1906.08237",
    ),
    (
        "albert-base-v2",
        "ALBERT base",
        "albert/albert-base-v2",
        albert(768, 12, 12),
        "ALBERT",
        ["en"],
        APACHE,
        WIKI,
        "1909.11942",
    ),
    (
        "albert-large-v2",
        "ALBERT large",
        "albert/albert-large-v2",
        albert(1024, 24, 16),
        "ALBERT",
        ["en"],
        APACHE,
        WIKI,
        "1909.11942",
    ),
    (
        "deberta-v3-small",
        "DeBERTa v3 small",
        "microsoft/deberta-v3-small",
        deberta(768, 6, 12),
        "DeBERTa",
        ["en"],
        MIT,
        ROBERTA,
        "2111.09543",
    ),
    (
        "deberta-v3-base",
        "DeBERTa v3 base",
        "microsoft/deberta-v3-base",
        deberta(768, 12, 12),
        "DeBERTa",
        ["en"],
        MIT,
        ROBERTA,
        "2111.09543",
    ),
]
_SAID = {
    "BERT": ("The network that started today's language models; a dependable beginning for sorting texts.", "Well studied; learns your labels from some hundred examples."),
    "DistilBERT": ("A smaller, quicker BERT.", "Keeps about 97 of 100 points of BERT's quality at 60 % of its size."),
    "RoBERTa": ("BERT trained longer on more text.", "Usually more accurate than BERT at the same size."),
    "XLM-RoBERTa": ("One network for a hundred languages.", "Learns from examples in one language and often works in another."),
    "XLNet": ("A rival of BERT that reads words in many orders.", "Strong on longer texts."),
    "ALBERT": ("A BERT whose layers share their weights.", "Very small to download."),
    "DeBERTa": ("One of the most accurate networks of its size for sorting texts.", "Clearly more accurate than BERT after training."),
    "ChemBERTa": ("Reads molecules written as SMILES formulas.", "A beginning for predicting properties of molecules from few examples."),
}  # fmt: skip

# Embedders: id, name, ref, config, languages, licence, max tokens, pooling, trained on, paper, strengths.
_PAIRS = "About a billion pairs of English sentences that belong together."
_EMBEDDERS: list[tuple[Any, ...]] = [
    (
        "all-minilm-l12-v2",
        "MiniLM L12 sentence embedder",
        "sentence-transformers/all-MiniLM-L12-v2",
        bert(384, 12, 12),
        ["en"],
        APACHE,
        128,
        "mean",
        _PAIRS,
        "2002.10957",
        "Quick, good at telling topics apart.",
    ),
    (
        "all-minilm-l6-v2",
        "MiniLM L6 sentence embedder",
        "sentence-transformers/all-MiniLM-L6-v2",
        bert(384, 6, 12),
        ["en"],
        APACHE,
        256,
        "mean",
        _PAIRS,
        "2002.10957",
        "The same network as the built-in text starter.",
    ),
    (
        "all-mpnet-base-v2",
        "MPNet sentence embedder",
        "sentence-transformers/all-mpnet-base-v2",
        MPNET,
        ["en"],
        APACHE,
        384,
        "mean",
        _PAIRS,
        "2004.09297",
        "The most accurate general embedder of its makers.",
    ),
    (
        "multi-qa-minilm-l6",
        "MiniLM for questions and answers",
        "sentence-transformers/multi-qa-MiniLM-L6-cos-v1",
        bert(384, 6, 12),
        ["en"],
        NOT_STATED,
        512,
        "mean",
        "215 million English questions with their answers.",
        "2002.10957",
        "Finds passages that answer a question.",
    ),
    (
        "paraphrase-multilingual-minilm",
        "MiniLM sentence embedder, 50 languages",
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        bert(384, 12, 12, 250037),
        MANY_LANGUAGES,
        APACHE,
        128,
        "mean",
        "Translated sentence pairs in more than 50 languages.",
        "2004.09813",
        "Puts the same meaning in different languages close together.",
    ),
    (
        "e5-small-v2",
        "E5 small",
        "intfloat/e5-small-v2",
        bert(384, 12, 12),
        ["en"],
        MIT,
        512,
        "mean",
        "270 million pairs of English web texts.",
        "2212.03533",
        "Small and accurate.",
    ),
    (
        "e5-base-v2",
        "E5 base",
        "intfloat/e5-base-v2",
        bert(),
        ["en"],
        MIT,
        512,
        "mean",
        "270 million pairs of English web texts.",
        "2212.03533",
        "Accurate on search.",
    ),
    (
        "multilingual-e5-small",
        "E5 small, 100 languages",
        "intfloat/multilingual-e5-small",
        bert(384, 12, 12, 250037),
        MANY_LANGUAGES,
        MIT,
        512,
        "mean",
        "A billion pairs of web texts in a hundred languages.",
        "2402.05672",
        "Small, for a hundred languages.",
    ),
    (
        "multilingual-e5-base",
        "E5 base, 100 languages",
        "intfloat/multilingual-e5-base",
        roberta(vocab=250002, kind="xlm-roberta"),
        MANY_LANGUAGES,
        MIT,
        512,
        "mean",
        "A billion pairs of web texts in a hundred languages.",
        "2402.05672",
        "Accurate in a hundred languages.",
    ),
    (
        "bge-small-en",
        "BGE small",
        "BAAI/bge-small-en-v1.5",
        bert(384, 12, 12),
        ["en"],
        MIT,
        512,
        "cls",
        "Hundreds of millions of pairs of English texts.",
        "2309.07597",
        "Small and accurate on search.",
    ),
    (
        "bge-base-en",
        "BGE base",
        "BAAI/bge-base-en-v1.5",
        bert(),
        ["en"],
        MIT,
        512,
        "cls",
        "Hundreds of millions of pairs of English texts.",
        "2309.07597",
        "Accurate on search.",
    ),
    (
        "bge-large-en",
        "BGE large",
        "BAAI/bge-large-en-v1.5",
        bert(1024, 24, 16),
        ["en"],
        MIT,
        512,
        "cls",
        "Hundreds of millions of pairs of English texts.",
        "2309.07597",
        "Among the most accurate English embedders.",
    ),
]

# What E5 was taught with; without it the numbers are a little less telling.
E5_LIMITS = " It was taught with “query: ” or “passage: ” before each text and does best when you write that too."
# Searching in documents says them by itself.
E5_SAID = {"before_query": "query: ", "before_passage": "passage: "}

_NER9 = ["O", "B-MISC", "I-MISC", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
_HRL = ["O", "B-DATE", "I-DATE", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
_EMOTIONS = 28


def entries() -> list[dict[str, Any]]:
    """Plain cards; parameters and sizes are computed by the writer."""
    made: list[dict[str, Any]] = []
    for id_, name, ref, config, family, languages, licence, trained, paper in _BASES:
        summary, strengths = _SAID[family]
        common = {
            "ref": ref, "config": config, "family": family, "languages": languages, "licence": licence,
            "trained_on": trained, "paper": f"https://arxiv.org/abs/{paper}", "dtype": "float16" if family == "DeBERTa" else "float32",
        }  # fmt: skip
        tokens = {"max_tokens": 512, "pooling": "mean"}
        made.append({
            **common, "id": id_, "name": name, "runtime": "transformers", "arch": "AutoModel", "tasks": [],
            "trainable_for": ["text-classification", "token-classification", "question-answering"], "summary": summary, "strengths": strengths, "limits": BASE_LIMITS, "preparation": tokens,
        })  # fmt: skip
        if family not in ("XLNet", "DeBERTa", "ALBERT"):
            made.append({
                **common, "id": f"{id_}-gap", "name": f"{name}, filling gaps", "runtime": "transformers_text",
                "arch": "AutoModelForMaskedLM", "tasks": ["fill-mask"], "summary": "Guesses which word fits into a gap of a sentence.",
                "strengths": "Shows what the network has learnt about words and how they go together.", "limits": GAP_LIMITS,
            })  # fmt: skip
    for id_, name, ref, config, languages, licence, tokens, pooling, trained, paper, strengths in _EMBEDDERS:
        made.append({
            "id": id_, "name": name, "ref": ref, "config": config, "family": "Sentence embedder", "languages": languages,
            "licence": licence, "runtime": "transformers", "arch": "AutoModel", "tasks": ["sentence-embedding", "keyword-extraction"],
            "trainable_for": ["text-classification", "token-classification", "question-answering"], "trained_on": trained, "paper": f"https://arxiv.org/abs/{paper}",
            "summary": "Turns texts into numbers that lie close together when their meaning does; also a quick beginning for training.",
            "strengths": strengths, "limits": "Nearness of meaning is not agreement: “good” and “not good” can lie close together. It carries over the prejudices of web text." + (E5_LIMITS if "e5-" in id_ else ""),
            "preparation": {"max_tokens": tokens, "pooling": pooling}, **({"options": E5_SAID} if "e5-" in id_ else {}),
        })  # fmt: skip

    def sorter(id_: str, name: str, ref: str, config: dict[str, Any], **more: Any) -> None:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers", "arch": "AutoModelForSequenceClassification", "tasks": ["text-classification"], "trainable_for": ["text-classification", "token-classification", "question-answering"], "preparation": {"max_tokens": 512, "pooling": "cls"}, **more})  # fmt: skip

    sorter(
        "distilbert-sst2",
        "English sentiment (DistilBERT)",
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        distilbert(num_labels=2),
        family="DistilBERT",
        languages=["en"],
        licence=APACHE,
        label_names=["negative", "positive"],
        summary="Says whether an English sentence sounds positive or negative.",
        trained_on="English Wikipedia and books, then 67,000 short phrases from film reviews (SST-2).",
        strengths="Quick, and right for about 91 of 100 film-review phrases.",
        limits="Knows only positive and negative, no neutral. Its makers report that it judges otherwise equal sentences differently by the country they mention. Irony and specialist language mislead it.",
        paper="https://arxiv.org/abs/1910.01108",
    )
    sorter(
        "twitter-roberta-sentiment",
        "English social-media sentiment (RoBERTa)",
        "cardiffnlp/twitter-roberta-base-sentiment-latest",
        roberta(num_labels=3),
        family="RoBERTa",
        languages=["en"],
        licence=CC_BY,
        label_names=["negative", "neutral", "positive"],
        summary="Says whether an English post sounds negative, neutral or positive.",
        trained_on="124 million English tweets from 2018 to 2021, then the TweetEval sentiment set.",
        strengths="Understands slang, hashtags and emoji, and has a neutral answer.",
        limits="Made for short posts; long letters are read only in their first part. Reflects what Twitter's users wrote.",
        paper="https://arxiv.org/abs/2202.03829",
        preparation={"max_tokens": 510, "pooling": "cls"},
    )
    sorter(
        "multilingual-stars",
        "Product reviews in six languages (BERT)",
        "nlptown/bert-base-multilingual-uncased-sentiment",
        bert(vocab=105879, num_labels=5),
        family="BERT",
        languages=["en", "nl", "de", "fr", "es", "it"],
        licence=MIT,
        label_names=["1 star", "2 stars", "3 stars", "4 stars", "5 stars"],
        summary="Guesses how many stars a product review gives, in English, Dutch, German, French, Spanish or Italian.",
        trained_on="About 630,000 product reviews in the six languages.",
        strengths="Six languages in one model; off by more than one star in only about one of twenty reviews.",
        limits="Exactly right for only about two reviews in three. Other kinds of texts may confuse it.",
        paper="https://arxiv.org/abs/1810.04805",
    )
    sorter(
        "toxic-bert",
        "Insults and threats in English (BERT)",
        "unitary/toxic-bert",
        bert(num_labels=6),
        family="BERT",
        languages=["en"],
        licence=APACHE,
        label_names=["toxic", "severe toxic", "obscene", "threat", "insult", "identity hate"],
        options={"multi_label": True},
        summary="Says which kind of insult or threat an English comment holds, if any.",
        trained_on="160,000 comments from Wikipedia's talk pages, rated by people.",
        strengths="Finds plain insults reliably.",
        limits="Often takes mere mentions of a group, or harmless swearing, for an insult, and misses subtle ones. Never let it decide alone about people.",
        paper="https://arxiv.org/abs/1810.04805",
    )

    def reader(id_: str, name: str, ref: str, config: dict[str, Any], arch: str, task: str, **more: Any) -> None:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers_text", "arch": arch, "tasks": [task], **more})  # fmt: skip

    ner = "AutoModelForTokenClassification"
    ner_words = {
        "summary": "Marks people, places, firms and other names in texts.", "strengths": "Right for nine of ten names in news texts.",
        "limits": "Learnt from news: in other texts, in chats and with foreign or new names it misses more. Half-words are sometimes marked.", "paper": "https://arxiv.org/abs/1810.04805",
    }  # fmt: skip
    conll = "English news of the 1990s in which people marked the names (CoNLL-2003)."
    reader(
        "bert-base-ner",
        "Names in English texts (BERT base)",
        "dslim/bert-base-NER",
        bert(vocab=28996, num_labels=9),
        ner,
        "token-classification",
        family="BERT",
        languages=["en"],
        licence=MIT,
        trained_on=conll,
        **ner_words,
    )
    reader(
        "bert-large-ner",
        "Names in English texts (BERT large)",
        "dslim/bert-large-NER",
        bert(1024, 24, 16, 28996, num_labels=9),
        ner,
        "token-classification",
        family="BERT",
        languages=["en"],
        licence=MIT,
        trained_on=conll,
        **ner_words,
    )
    reader(
        "distilbert-ner",
        "Names in English texts (DistilBERT)",
        "dslim/distilbert-NER",
        distilbert(28996, num_labels=9),
        ner,
        "token-classification",
        family="DistilBERT",
        languages=["en"],
        licence=APACHE,
        trained_on=conll,
        **ner_words,
    )
    reader(
        "multilingual-ner",
        "Names in ten languages (BERT)",
        "Davlan/bert-base-multilingual-cased-ner-hrl",
        bert(vocab=119547, num_labels=9),
        ner,
        "token-classification",
        family="BERT",
        languages=["ar", "de", "en", "es", "fr", "it", "lv", "nl", "pt", "zh"],
        licence=AFL,
        trained_on="News in ten languages in which people marked the names.",
        **ner_words,
    )
    answer = "AutoModelForQuestionAnswering"
    answer_words = {
        "summary": "Finds the place in a text that answers your question.", "trained_on": "100,000 questions people asked about Wikipedia articles (SQuAD).",
        "limits": "It copies words from the text and cannot combine or count. Trick questions mislead it.",
    }  # fmt: skip
    reader(
        "distilbert-squad",
        "Answers from a text (DistilBERT)",
        "distilbert/distilbert-base-cased-distilled-squad",
        distilbert(28996, num_labels=2),
        answer,
        "question-answering",
        family="DistilBERT",
        languages=["en"],
        licence=APACHE,
        strengths="Quick.",
        paper="https://arxiv.org/abs/1910.01108",
        **answer_words,
    )
    reader(
        "bert-large-squad",
        "Answers from a text (BERT large)",
        "google-bert/bert-large-uncased-whole-word-masking-finetuned-squad",
        bert(1024, 24, 16, num_labels=2),
        answer,
        "question-answering",
        family="BERT",
        languages=["en"],
        licence=APACHE,
        strengths="About 93 of 100 points on its test questions.",
        paper="https://arxiv.org/abs/1810.04805",
        **answer_words,
    )
    two = {"no_answer": True}
    reader(
        "roberta-squad2",
        "Answers from a text, or none (RoBERTa)",
        "deepset/roberta-base-squad2",
        roberta(num_labels=2),
        answer,
        "question-answering",
        family="RoBERTa",
        languages=["en"],
        licence=CC_BY,
        options=two,
        strengths="Also says when the text holds no answer.",
        paper="https://arxiv.org/abs/1907.11692",
        **answer_words,
    )
    reader(
        "minilm-squad2",
        "Answers from a text, or none (MiniLM)",
        "deepset/minilm-uncased-squad2",
        bert(384, 12, 12, num_labels=2),
        answer,
        "question-answering",
        family="MiniLM",
        languages=["en"],
        licence=CC_BY,
        options=two,
        strengths="Small, and says when the text holds no answer.",
        paper="https://arxiv.org/abs/2002.10957",
        **answer_words,
    )
    reader(
        "xlm-roberta-squad2",
        "Answers from a text in many languages (XLM-RoBERTa)",
        "deepset/xlm-roberta-base-squad2",
        roberta(vocab=250002, kind="xlm-roberta", num_labels=2),
        answer,
        "question-answering",
        family="XLM-RoBERTa",
        languages=MANY_LANGUAGES,
        licence=CC_BY,
        options=two,
        strengths="Question and text may be in different languages.",
        paper="https://arxiv.org/abs/1911.02116",
        **answer_words,
    )
    for id_, name, ref, config, molecules in (
        ("chemberta-zinc", "ChemBERTa (ZINC)", "seyonec/ChemBERTa-zinc-base-v1", roberta(layers=6, vocab=767), "100,000 molecules of the ZINC collection"),
        ("chemberta-77m", "ChemBERTa 77M", "DeepChem/ChemBERTa-77M-MLM", roberta(384, 3, 12, 600, max_position_embeddings=515, intermediate_size=464), "77 million molecules of the PubChem collection"),
    ):  # fmt: skip
        summary, strengths = _SAID["ChemBERTa"]
        common = {
            "ref": ref,
            "config": config,
            "family": "ChemBERTa",
            "languages": ["SMILES"],
            "licence": NOT_STATED,
            "trained_on": f"{molecules}, as SMILES formulas.",
            "paper": f"https://arxiv.org/abs/{'2010.09885' if id_ == 'chemberta-zinc' else '2209.01712'}",
        }
        limits = "Made for research: it knows formulas, not effects, and its guesses say nothing about safety. Only small organic molecules."
        made.append({**common, "id": id_, "name": name, "runtime": "transformers", "arch": "AutoModel", "tasks": [], "trainable_for": ["molecule-classification", "molecule-property", "text-classification"], "summary": summary, "strengths": strengths, "limits": limits, "preparation": {"max_tokens": 512, "pooling": "mean"}})  # fmt: skip
        made.append({**common, "id": f"{id_}-gap", "name": f"{name}, filling gaps", "runtime": "transformers_text", "arch": "AutoModelForMaskedLM", "tasks": ["fill-mask"], "summary": "Guesses a missing part of a molecule's SMILES formula.", "strengths": strengths, "limits": limits})  # fmt: skip
    return made
