"""More entries of the kinds the other modules describe: further sizes, languages and fields of work."""

from __future__ import annotations

from typing import Any

from catalogue.others import NVIDIA, wav2vec, whisper
from catalogue.texts import (
    AFL,
    APACHE,
    BASE_LIMITS,
    CC_BY,
    E5_LIMITS,
    E5_SAID,
    GAP_LIMITS,
    MIT,
    NOT_STATED,
    bert,
    distilbert,
    roberta,
)
from catalogue.writers import CAUSAL, CHANGER, GEMMA, INVENTS, LLAMA32, bart, llama, t5

CC_BY_SA = ("CC-BY-SA-4.0", "https://creativecommons.org/licenses/by-sa/4.0/")
ARXIV = "https://arxiv.org/abs/"
CAMEMBERT = roberta(vocab=32005, kind="camembert", bos_token_id=5, eos_token_id=6)
COCO = "COCO: 118,000 photos with boxes around 80 everyday things."
COCO_LIMITS = "Knows 80 everyday things only; small or crowded ones are missed."


def _modernbert(**more: Any) -> dict[str, Any]:
    return {"model_type": "modernbert", "vocab_size": 50368, "hidden_size": 768, "intermediate_size": 1152, "num_hidden_layers": 22, "num_attention_heads": 12, **more}  # fmt: skip


def _electra(embedding: int, hidden: int, heads: int) -> dict[str, Any]:
    return {"model_type": "electra", "vocab_size": 30522, "embedding_size": embedding, "hidden_size": hidden, "num_hidden_layers": 12, "num_attention_heads": heads, "intermediate_size": hidden * 4}  # fmt: skip


_MODERN = "Two trillion tokens of English web pages, books and program code."
_ELECTRA = "English Wikipedia and 11,000 unpublished books."
# id, name, ref, config, family, languages, licence, trained on, paper, summary, strengths, has a gap filler
_BASES: list[tuple[Any, ...]] = [
    ("modernbert-base", "ModernBERT base", "answerdotai/ModernBERT-base", _modernbert(), "ModernBERT", ["en"], APACHE, _MODERN, "2412.13663", "A new BERT with today's methods that reads long texts.", "More accurate and quicker than BERT; can read about 6,000 words at once.", True),
    ("modernbert-large", "ModernBERT large", "answerdotai/ModernBERT-large", _modernbert(hidden_size=1024, intermediate_size=2624, num_hidden_layers=28, num_attention_heads=16), "ModernBERT", ["en"], APACHE, _MODERN, "2412.13663", "The large form of the new BERT.", "Among the most accurate of its size after training.", False),
    ("electra-small", "ELECTRA small", "google/electra-small-discriminator", _electra(128, 256, 4), "ELECTRA", ["en"], APACHE, _ELECTRA, "2003.10555", "A very small network that learnt to spot swapped words.", "Learns your labels well for its tiny size.", False),
    ("electra-base", "ELECTRA base", "google/electra-base-discriminator", _electra(768, 768, 12), "ELECTRA", ["en"], APACHE, _ELECTRA, "2003.10555", "A network that learnt to spot swapped words.", "Often more accurate than BERT after training.", False),
    ("camembert-base", "CamemBERT base, French", "almanach/camembert-base", CAMEMBERT, "CamemBERT", ["fr"], MIT, "138 GB of French web text.", "1911.03894", "A RoBERTa for French.", "Clearly better on French than networks for many languages.", True),
    ("legal-bert-base", "LEGAL-BERT base", "nlpaueb/legal-bert-base-uncased", bert(), "BERT", ["en"], CC_BY_SA, "12 GB of English laws, court cases and contracts.", "2010.02559", "A BERT that grew up on legal texts; a beginning for sorting them.", "Knows the words of contracts, laws and courts.", False),
]  # fmt: skip

_REVIEWED = "Prejudices of the texts it learnt from carry over; irony misleads it."
# id, name, ref, config, family, languages, licence, labels, trained on, paper, summary, strengths, limits, options
_SORTERS: list[tuple[Any, ...]] = [
    ("finbert", "Financial news (FinBERT)", "ProsusAI/finbert", bert(num_labels=3), "BERT", ["en"], NOT_STATED, ["positive", "negative", "neutral"], "Financial news, then 4,800 sentences judged by people from finance.", "1908.10063", "Says whether a sentence of English financial news sounds good, bad or neutral.", "Understands the language of markets.", f"Made for news of firms; not advice on what to buy. {_REVIEWED}", {}),
    ("go-emotions", "Feelings in English posts (RoBERTa)", "SamLowe/roberta-base-go_emotions", roberta(num_labels=28), "RoBERTa", ["en"], MIT, ["admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire", "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy", "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral"], "58,000 comments from Reddit with the feelings people read in them.", "2005.00547", "Says which of 27 feelings an English comment shows.", "Several feelings can be true at once.", f"Rare feelings such as grief and pride are often missed. Readers themselves often disagree. {_REVIEWED}", {"multi_label": True}),
    ("german-sentiment", "German sentiment (BERT)", "oliverguhr/german-sentiment-bert", bert(vocab=30000, num_labels=3), "BERT", ["de"], MIT, ["positive", "negative", "neutral"], "1.8 million German reviews, posts and news lines.", "1810.04805", "Says whether a German text sounds positive, negative or neutral.", "Learnt from many kinds of German texts.", _REVIEWED, {}),
    ("language-finder", "Which language is it? (XLM-RoBERTa)", "papluca/xlm-roberta-base-language-detection", roberta(vocab=250002, kind="xlm-roberta", num_labels=20), "XLM-RoBERTa", ["multilingual"], MIT, ["Japanese", "Dutch", "Arabic", "Polish", "German", "Italian", "Portuguese", "Turkish", "Spanish", "Hindi", "Greek", "Urdu", "Bulgarian", "English", "French", "Chinese", "Russian", "Thai", "Swahili", "Vietnamese"], "70,000 texts in 20 languages.", "1911.02116", "Says in which of 20 languages a text is written.", "Right nearly always on whole sentences.", "Knows twenty languages only and always names one of them; single words and mixtures mislead it.", {}),
]  # fmt: skip

_PAIRS = "About a billion pairs of English sentences that belong together."
_NEAR = "Nearness of meaning is not agreement: “good” and “not good” can lie close together. It carries over the prejudices of web text."
_GTE = "Some 800 million pairs of English texts that belong together."
# id, name, ref, config, languages, licence, tokens, trained on, paper, strengths, dtype
_EMBEDDERS: list[tuple[Any, ...]] = [
    ("all-distilroberta-v1", "DistilRoBERTa sentence embedder", "sentence-transformers/all-distilroberta-v1", roberta(layers=6), ["en"], APACHE, 512, _PAIRS, "1908.10084", "Reads longer texts than MiniLM.", "float32"),
    ("paraphrase-multilingual-mpnet", "MPNet sentence embedder, 50 languages", "sentence-transformers/paraphrase-multilingual-mpnet-base-v2", roberta(vocab=250002, kind="xlm-roberta"), ["multilingual"], APACHE, 128, "Translated sentence pairs in more than 50 languages.", "2004.09813", "More accurate than the MiniLM for many languages, and larger.", "float32"),
    ("e5-large-v2", "E5 large", "intfloat/e5-large-v2", bert(1024, 24, 16), ["en"], MIT, 512, "270 million pairs of English web texts.", "2212.03533", "Very accurate on search.", "float32"),
    ("multilingual-e5-large", "E5 large, 100 languages", "intfloat/multilingual-e5-large", roberta(1024, 24, 16, 250002, "xlm-roberta"), ["multilingual"], MIT, 512, "A billion pairs of web texts in a hundred languages.", "2402.05672", "Very accurate in a hundred languages.", "float32"),
    ("gte-small", "GTE small", "thenlper/gte-small", bert(384, 12, 12), ["en"], MIT, 512, _GTE, "2308.03281", "Small to download, accurate on search.", "float16"),
    ("gte-base", "GTE base", "thenlper/gte-base", bert(), ["en"], MIT, 512, _GTE, "2308.03281", "Accurate on search at half the usual download.", "float16"),
]  # fmt: skip

_SQUAD = {"summary": "Finds the place in a text that answers your question.", "trained_on": "100,000 questions people asked about Wikipedia articles (SQuAD).", "limits": "It copies words from the text and cannot combine or count. Trick questions mislead it."}  # fmt: skip
_NER = {"summary": "Marks people, places, firms and other names in texts.", "limits": "Learnt from news and encyclopedias: in chats and with new names it misses more. Half-words are sometimes marked."}  # fmt: skip
_ANSWER, _TAG = "AutoModelForQuestionAnswering", "AutoModelForTokenClassification"
# id, name, ref, config, class, task, family, languages, licence, strengths, paper, the rest
_READERS: list[tuple[Any, ...]] = [
    ("distilbert-squad-uncased", "Answers from a text (DistilBERT, uncased)", "distilbert/distilbert-base-uncased-distilled-squad", distilbert(num_labels=2), _ANSWER, "question-answering", "DistilBERT", ["en"], APACHE, "Quick; does not mind lower-case text.", "1910.01108", _SQUAD),
    ("tinyroberta-squad2", "Answers from a text, or none (small RoBERTa)", "deepset/tinyroberta-squad2", roberta(layers=6, num_labels=2), _ANSWER, "question-answering", "RoBERTa", ["en"], CC_BY, "Twice as quick as the RoBERTa, nearly as good, and says when there is no answer.", "1909.10351", {**_SQUAD, "options": {"no_answer": True}}),
    ("roberta-large-squad2", "Answers from a text, or none (RoBERTa large)", "deepset/roberta-large-squad2", roberta(1024, 24, 16, num_labels=2), _ANSWER, "question-answering", "RoBERTa", ["en"], CC_BY, "The most accurate of this list, and says when there is no answer.", "1907.11692", {**_SQUAD, "options": {"no_answer": True}}),
    ("camembert-ner", "Names in French texts (CamemBERT)", "Jean-Baptiste/camembert-ner", {**CAMEMBERT, "num_labels": 5}, _TAG, "token-classification", "CamemBERT", ["fr"], MIT, "Made for French; also finds names written in lower case.", "1911.03894", {**_NER, "trained_on": "French Wikipedia in which names are marked."}),
    ("xlm-roberta-ner", "Names in ten languages (XLM-RoBERTa)", "Davlan/xlm-roberta-base-ner-hrl", roberta(vocab=250002, kind="xlm-roberta", num_labels=9), _TAG, "token-classification", "XLM-RoBERTa", ["ar", "de", "en", "es", "fr", "it", "lv", "nl", "pt", "zh"], AFL, "Ten languages in one model.", "1911.02116", {**_NER, "trained_on": "News in ten languages in which people marked the names."}),
]  # fmt: skip


def texts() -> list[dict[str, Any]]:
    """Text models that read."""
    made: list[dict[str, Any]] = []
    mean = {"max_tokens": 512, "pooling": "mean"}
    for id_, name, ref, config, family, languages, licence, trained, paper, summary, strengths, gap in _BASES:
        common = {"ref": ref, "config": config, "family": family, "languages": languages, "licence": licence, "trained_on": trained, "paper": ARXIV + paper}  # fmt: skip
        made.append({**common, "id": id_, "name": name, "runtime": "transformers", "arch": "AutoModel", "tasks": [], "trainable_for": ["text-classification", "token-classification", "question-answering"], "summary": summary, "strengths": strengths, "limits": BASE_LIMITS, "preparation": mean})  # fmt: skip
        if gap:
            made.append({**common, "id": f"{id_}-gap", "name": f"{name}, filling gaps", "runtime": "transformers_text", "arch": "AutoModelForMaskedLM", "tasks": ["fill-mask"], "summary": "Guesses which word fits into a gap of a sentence.", "strengths": "Shows what the network has learnt about words and how they go together.", "limits": GAP_LIMITS})  # fmt: skip
    for id_, name, ref, config, family, languages, licence, labels, trained, paper, summary, strengths, limits, options in _SORTERS:  # fmt: skip
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "family": family, "languages": languages, "licence": licence, "label_names": labels, "options": options, "runtime": "transformers", "arch": "AutoModelForSequenceClassification", "tasks": ["text-classification"], "trainable_for": ["text-classification", "token-classification", "question-answering"], "trained_on": trained, "paper": ARXIV + paper, "summary": summary, "strengths": strengths, "limits": limits, "preparation": {"max_tokens": 510, "pooling": "cls"}})  # fmt: skip
    for id_, name, ref, config, languages, licence, tokens, trained, paper, strengths, dtype in _EMBEDDERS:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "family": "Sentence embedder", "languages": languages, "licence": licence, "dtype": dtype, "runtime": "transformers", "arch": "AutoModel", "tasks": ["sentence-embedding", "keyword-extraction"], "trainable_for": ["text-classification", "token-classification", "question-answering"], "trained_on": trained, "paper": ARXIV + paper, "summary": "Turns texts into numbers that lie close together when their meaning does; also a quick beginning for training.", "strengths": strengths, "limits": _NEAR + (E5_LIMITS if "e5-" in id_ else ""), "preparation": {"max_tokens": tokens, "pooling": "mean"}, **({"options": E5_SAID} if "e5-" in id_ else {})})  # fmt: skip
    for id_, name, ref, config, arch, task, family, languages, licence, strengths, paper, rest in _READERS:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers_text", "arch": arch, "tasks": [task], "family": family, "languages": languages, "licence": licence, "strengths": strengths, "paper": ARXIV + paper, **rest})  # fmt: skip
    molecules = roberta(384, 3, 12, 600, max_position_embeddings=515, intermediate_size=464)
    made.append({"id": "chemberta-77m-mtr", "name": "ChemBERTa 77M, taught properties", "ref": "DeepChem/ChemBERTa-77M-MTR", "config": molecules, "family": "ChemBERTa", "languages": ["SMILES"], "licence": NOT_STATED, "runtime": "transformers", "arch": "AutoModel", "tasks": [], "trainable_for": ["molecule-classification", "molecule-property", "text-classification"], "trained_on": "77 million molecules of the PubChem collection with 200 computed properties each.", "paper": f"{ARXIV}2209.01712", "summary": "Reads molecules written as SMILES formulas; it has learnt to foretell 200 of their properties.", "strengths": "Usually the better beginning for foretelling properties from few examples.", "limits": "Made for research: it knows formulas, not effects, and its guesses say nothing about safety. Only small organic molecules.", "preparation": mean})  # fmt: skip
    return made


_CHATS: list[tuple[Any, ...]] = [
    ("gemma-3-270m", "Gemma 3 270M", "google/gemma-3-270m-it", llama("gemma3_text", 262144, 640, 2048, 18, 4, 1, head_dim=256), GEMMA, "Gemma", ["en"], "2503.19786", True),
    ("llama-3.2-3b", "Llama 3.2 3B", "meta-llama/Llama-3.2-3B-Instruct", llama("llama", 128256, 3072, 8192, 28, 24, 8, head_dim=128), LLAMA32, "Llama", ["en", "de", "fr", "it", "pt", "es", "th"], "2407.21783", True),
    ("phi-4-mini", "Phi-4 mini (3.8B)", "microsoft/Phi-4-mini-instruct", llama("phi3", 200064, 3072, 8192, 32, 24, 8, partial_rotary_factor=0.75), MIT, "Phi", ["multilingual"], "2503.01743", False),
    ("qwen3-4b", "Qwen3 4B", "Qwen/Qwen3-4B", llama("qwen3", 151936, 2560, 9728, 36, 32, 8, head_dim=128), APACHE, "Qwen", ["multilingual"], "2505.09388", False),
]  # fmt: skip
_SUMS: list[tuple[Any, ...]] = [
    ("bart-large-xsum", "BART large, one-sentence summaries", "facebook/bart-large-xsum", bart(1024, 12, 12, 16, 50264), MIT, "1910.13461"),
    ("distilbart-xsum", "DistilBART, one-sentence summaries", "sshleifer/distilbart-xsum-12-6", bart(1024, 12, 6, 16, 50264), APACHE, "2010.13002"),
]  # fmt: skip


def writers() -> list[dict[str, Any]]:
    """Models that write."""
    made: list[dict[str, Any]] = []
    for id_, name, ref, config, licence, family, languages, paper, gated in _CHATS:
        small = config["hidden_size"] < 1100
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers_writer", "arch": CAUSAL, "tasks": ["chat", "text-generation"], "licence": licence, "family": family, "languages": languages, "dtype": "bfloat16", "gated": gated, "trained_on": "Trillions of words of web pages, books and program code, then conversations.", "summary": "Answers questions and follows requests in its own words, on your computer.", "strengths": "Small enough for a computer without a graphics card." if small else "Clearly more able than smaller ones, at the price of speed and memory.", "limits": INVENTS, "paper": ARXIV + paper})  # fmt: skip
    for id_, name, ref, config, licence, paper in _SUMS:
        made.append({"id": id_, "name": name, "ref": ref, "config": config, "runtime": "transformers_writer", "arch": CHANGER, "tasks": ["summarisation"], "licence": licence, "family": "BART", "languages": ["en"], "trained_on": "English books and web pages, then 200,000 BBC articles with a one-sentence summary each (XSum).", "summary": "Sums up an English news article in one sentence.", "strengths": "Very short summaries in its own words.", "limits": "Often adds things that are not in the article: compare with the text. Made for news.", "paper": ARXIV + paper})  # fmt: skip
    made.append({"id": "t5-3b", "name": "T5 3B", "ref": "google-t5/t5-3b", "config": t5(1024, 16384, 24, 32, kv=128), "runtime": "transformers_writer", "arch": CHANGER, "tasks": ["summarisation"], "licence": APACHE, "family": "T5", "languages": ["en"], "options": {"prefix": "summarize: "}, "trained_on": "C4: 750 GB of cleaned English web text, then translation, summing up and questions.", "summary": "The large form of Google's model that turns every task into text.", "strengths": "More accurate than the smaller ones.", "limits": "Needs a large computer. Summaries can leave out what matters or twist it. Compare with the text.", "paper": f"{ARXIV}1910.10683"})  # fmt: skip
    return made


def sounds() -> list[dict[str, Any]]:
    """Sound models."""
    from catalogue.others import BSD3, WHISPER_LANGUAGES

    common = {"runtime": "transformers_sound"}
    large = {"arch": "AutoModelForSpeechSeq2Seq", "tasks": ["speech-recognition"], "family": "Whisper", "trained_on": "680,000 hours of recordings with their transcripts from the web.", **common}  # fmt: skip
    silence = "In silence and music it may invent sentences."
    bare = {**common, "arch": "AutoModel", "tasks": [], "trainable_for": ["sound-classification"], "licence": APACHE, "languages": ["en"], "summary": "A beginning for sound classes of your own, above all of voices and words.", "strengths": "Knows how speech sounds from many hours of it, so that few examples of each class do.", "limits": "Answers nothing before it is taught. Learnt from speech: of birds and machines it knows less than AST."}  # fmt: skip
    return [
        {**large, "id": "whisper-large-v2", "name": "Whisper large v2", "ref": "openai/whisper-large-v2", "config": whisper(1280, 32, 20), "licence": APACHE, "languages": ["multilingual"], "options": {"languages": WHISPER_LANGUAGES}, "summary": "Writes down speech in about a hundred languages.", "strengths": "Invents less than version 3 on some recordings.", "limits": f"{silence} Large and slow without a graphics card.", "paper": f"{ARXIV}2212.04356"},
        {**large, "id": "distil-whisper-large-v3", "name": "Distil-Whisper large v3, English", "ref": "distil-whisper/distil-large-v3", "config": whisper(1280, 32, 20, 51866, 128, 2), "licence": MIT, "dtype": "float16", "languages": ["en"], "summary": "Writes down spoken English; a much quicker version of the large Whisper.", "strengths": "Six times quicker than the large Whisper at nearly its accuracy.", "limits": f"English only. {silence}", "paper": f"{ARXIV}2311.00430"},
        {**common, "id": "ast-commands", "name": "Words of command (AST)", "ref": "MIT/ast-finetuned-speech-commands-v2", "config": {"model_type": "audio-spectrogram-transformer", "num_labels": 35, "max_length": 128}, "arch": "AutoModelForAudioClassification", "tasks": ["sound-classification"], "licence": BSD3, "languages": ["en"], "family": "AST", "trained_on": "105,000 recordings of single English words by thousands of people (Speech Commands).", "summary": "Recognises 35 English words of command such as yes, no, left and stop.", "strengths": "Right for about 98 of 100 recordings of its test.", "limits": "Listens to one second at a time; knows its 35 words only and always names one.", "paper": f"{ARXIV}2104.01778"},
        {**common, "id": "wav2vec2-commands", "name": "Words of command (Wav2Vec 2.0)", "ref": "superb/wav2vec2-base-superb-ks", "config": wav2vec(False, "group", num_labels=12, use_weighted_layer_sum=True), "arch": "AutoModelForAudioClassification", "tasks": ["sound-classification"], "licence": APACHE, "languages": ["en"], "family": "Wav2Vec 2.0", "trained_on": "Short recordings of single words by thousands of people (Speech Commands).", "summary": "Recognises ten English words of command such as yes, no, stop and go.", "strengths": "Quick to answer.", "limits": "Knows ten words, “unknown” and silence only.", "paper": f"{ARXIV}2105.01051"},
        {**bare, "id": "wav2vec2-beginning", "name": "Wav2Vec 2.0 base, to be taught", "ref": "facebook/wav2vec2-base", "config": wav2vec(False, "group"), "family": "Wav2Vec 2.0", "trained_on": "960 hours of read English (LibriSpeech) with nothing said about them.", "paper": f"{ARXIV}2006.11477"},
        {**bare, "id": "hubert-beginning", "name": "HuBERT base, to be taught", "ref": "facebook/hubert-base-ls960", "config": wav2vec(False, "group", kind="hubert"), "family": "HuBERT", "trained_on": "960 hours of read English (LibriSpeech) with nothing said about them.", "paper": f"{ARXIV}2106.07447"},
    ]  # fmt: skip


def _rtdetr(depths: list[int], **more: Any) -> dict[str, Any]:
    small = more.pop("small", False)
    backbone = {"model_type": "rt_detr_resnet", "depths": depths, "out_features": ["stage2", "stage3", "stage4"]}
    if small:
        backbone |= {"hidden_sizes": [64, 128, 256, 512], "layer_type": "basic"}
        more |= {"encoder_in_channels": [128, 256, 512], "hidden_expansion": 0.5}
    return {"model_type": "rt_detr", "num_labels": 80, "backbone_config": backbone, **more}


def vision() -> list[dict[str, Any]]:
    """Picture models of the hub."""
    made: list[dict[str, Any]] = []
    common = {"runtime": "transformers_vision", "languages": []}
    wide = {"encoder_ffn_dim": 2048, "encoder_hidden_dim": 384, "decoder_in_channels": [384, 384, 384]}
    for id_, name, ref, config, family, paper, strengths in (
        ("rtdetr-r18", "RT-DETR ResNet-18", "PekingU/rtdetr_r18vd", _rtdetr([2, 2, 2, 2], small=True, decoder_layers=3), "RT-DETR", "2304.08069", "The smallest and quickest of its family."),
        ("rtdetr-r34", "RT-DETR ResNet-34", "PekingU/rtdetr_r34vd", _rtdetr([3, 4, 6, 3], small=True, decoder_layers=4), "RT-DETR", "2304.08069", "Quick and accurate."),
        ("rtdetr-r101", "RT-DETR ResNet-101", "PekingU/rtdetr_r101vd", _rtdetr([3, 4, 23, 3], **wide), "RT-DETR", "2304.08069", "The most accurate of its family."),
        ("yolos-base", "YOLOS base", "hustvl/yolos-base", {"model_type": "yolos", "image_size": [800, 1344], "num_detection_tokens": 100, "use_mid_position_embeddings": True, "num_labels": 91}, "YOLOS", "2106.00666", "The most accurate plain transformer of its kind."),
    ):  # fmt: skip
        made.append({**common, "id": id_, "name": name, "ref": ref, "config": config, "arch": "AutoModelForObjectDetection", "tasks": ["object-detection"], "licence": APACHE, "family": family, "summary": "Finds 80 kinds of everyday things with a transformer.", "trained_on": COCO, "strengths": strengths, "limits": COCO_LIMITS, "paper": ARXIV + paper, **({"trainable_for": ["object-detection"]} if family == "YOLOS" else {})})  # fmt: skip
    small, large = [32, 64, 160, 256], [64, 128, 320, 512]
    for number, widths, depths, inside in ((0, small, [2, 2, 2, 2], 256), (1, large, [2, 2, 2, 2], 256), (2, large, [3, 4, 6, 3], 768), (3, large, [3, 4, 18, 3], 768), (4, large, [3, 8, 27, 3], 768), (5, large, [3, 6, 40, 3], 768)):  # fmt: skip
        config = {"model_type": "segformer", "hidden_sizes": widths, "depths": depths, "decoder_hidden_size": inside, "num_labels": 19}  # fmt: skip
        made.append({**common, "id": f"segformer-b{number}-streets", "name": f"SegFormer B{number}, streets", "ref": f"nvidia/segformer-b{number}-finetuned-cityscapes-1024-1024", "config": config, "arch": "AutoModelForSemanticSegmentation", "tasks": ["semantic-segmentation"], "licence": NVIDIA, "family": "SegFormer", "summary": "Colours a street scene by 19 kinds: road, pavement, car, person, sign, sky.", "trained_on": "Cityscapes: 5,000 photos from cars in 50 German and neighbouring cities, every point labelled.", "strengths": "Small for its accuracy." if number < 2 else "Accurate.", "limits": "For research only by its licence. Learnt in daylight and good weather in Central Europe: night, snow and other countries' streets are harder. Not for driving.", "paper": f"{ARXIV}2105.15203"})  # fmt: skip
    for id_, name, size, heads, hidden in (("dinov2-small", "DINOv2 small", "small", 6, 384), ("dinov2-base", "DINOv2 base", "base", 12, 768)):  # fmt: skip
        config = {"model_type": "dinov2", "hidden_size": hidden, "num_attention_heads": heads, "image_size": 518, "patch_size": 14, "num_labels": 1000}  # fmt: skip
        made.append({**common, "id": id_, "name": name, "ref": f"facebook/dinov2-{size}-imagenet1k-1-layer", "config": config, "arch": "AutoModelForImageClassification", "tasks": ["image-classification"], "trainable_for": ["image-classification"], "labels": "imagenet-1k", "licence": APACHE, "family": "DINOv2", "summary": "Learnt to see from pictures alone, without labels; a very good beginning for your own classes.", "trained_on": "142 million chosen web photos without labels, then ImageNet's 1,000 kinds for its last layer.", "strengths": "Its features serve nearly any kind of picture, also with few examples.", "limits": "The photos come mostly from Europe and North America, which shows in its mistakes. Slow without a graphics card.", "paper": f"{ARXIV}2304.07193", "preparation": {"size": 224, "crop": 0.875, "interpolation": "bicubic"}})  # fmt: skip
    return made


def elsewhere() -> list[dict[str, Any]]:
    """Models behind plain addresses."""
    yolo = {"runtime": "darknet", "arch": "darknet", "tasks": ["object-detection"], "trainable_for": ["object-detection"], "family": "YOLO", "labels": "coco-80", "trained_on": COCO, "limits": "Knows 80 everyday things only. Its maker published the sizes of the files but no checksums, so only damage that changes the size is noticed before loading."}  # fmt: skip
    made: list[dict[str, Any]] = []
    red = "https://raw.githubusercontent.com/pjreddie/darknet/master/cfg"
    alexey = "https://raw.githubusercontent.com/AlexeyAB/darknet/master/cfg"
    tiny = "https://github.com/AlexeyAB/darknet/releases/download/darknet_yolo_v4_pre/yolov4-tiny.weights"
    for id_, name, cfg, weights, size, parameters, paper, licence, strengths in (
        ("yolov3-spp", "YOLOv3 SPP", f"{red}/yolov3-spp.cfg", "https://pjreddie.com/media/files/yolov3-spp.weights", 252_209_544, 62_998_749, "1804.02767", "https://github.com/pjreddie/darknet/blob/master/LICENSE", "More accurate than the plain YOLOv3 at nearly its speed."),
        ("yolov4-tiny", "YOLOv4 tiny", f"{alexey}/yolov4-tiny.cfg", tiny, 24_251_276, 6_056_606, "2011.08036", "https://github.com/AlexeyAB/darknet/blob/master/LICENSE", "Very quick on any computer, and more accurate than YOLOv3 tiny."),
    ):  # fmt: skip
        made.append({**yolo, "id": id_, "name": name, "parameters": parameters, "licence": ("YOLO", licence), "summary": "Finds 80 kinds of everyday things in one look.", "strengths": strengths, "paper": ARXIV + paper, "source": {"kind": "url", "ref": licence.partition("/blob")[0], "size": size, "files": [{"name": f"{id_}.cfg", "url": cfg}, {"name": f"{id_}.weights", "url": weights, "size": size}]}})  # fmt: skip
    made.append({"id": "unet-scratch-assay", "name": "U-Net, cells under the microscope", "runtime": "unet", "arch": "smp:Unet", "tasks": ["semantic-segmentation"], "trainable_for": ["semantic-segmentation"], "family": "U-Net", "parameters": 6_251_469, "label_names": ["background", "marked"], "options": {"encoder_name": "efficientnet-b0", "classes": 1}, "licence": MIT, "summary": "Marks one kind of area in microscope pictures of scratch assays (wound healing of cell layers).", "trained_on": "A public collection of scratch-assay pictures; its maker tells no more.", "strengths": "Small; its maker measured 97.5 % overlap (IoU) on the test pictures.", "limits": "One person's work with a short description: which of the two areas it marks must be seen by trying. For research only, never for diagnosis; other microscopes may mislead it.", "paper": f"{ARXIV}1505.04597", "preparation": {"size": 0}, "source": {"kind": "huggingface", "ref": "SeppSepp/binary-segmentation-scratchAssay", "revision": "main", "size": 25_200_000}})  # fmt: skip
    return made
