"""A hosted model against a real OpenAI-compatible server: transformers' own, started here with a small random model."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from own_time import Watch

from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.errors import Cancelled
from workbench.hub.store import ModelFiles
from workbench.runtimes.base import Writing
from workbench.runtimes.registry import open_model

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The server's address and the model's folder, which is its name on the server."""
    import torch
    import transformers as tf
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("chat")
    names = ["<s>", "<pad>", "</s>", "<unk>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    backend = Tokenizer(models.BPE({c: i for i, c in enumerate(names)}, [], unk_token="<unk>"))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = tf.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )
    tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"
    torch.manual_seed(0)
    config = tf.LlamaConfig(
        vocab_size=len(names), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=32, max_position_embeddings=4096, bos_token_id=0, eos_token_id=2, pad_token_id=1,
    )  # fmt: skip
    network = tf.LlamaForCausalLM(config)
    with torch.no_grad():  # letters that can be seen, and no end
        network.lm_head.weight[[i for i, c in enumerate(names) if not c.isascii() or len(c) > 1]] *= 0
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "transformers.cli.transformers", "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]  # fmt: skip
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        ends = time.monotonic() + 120
        try:
            while True:
                try:
                    urllib.request.urlopen(f"{address}/health", timeout=2).close()
                    break
                except OSError:
                    assert process.poll() is None and time.monotonic() < ends, log.read_text()[-3000:]
                    time.sleep(0.2)
            yield f"{address}/v1", folder
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def hosted(server: tuple[str, Path]) -> Any:
    address, folder = server
    card = ModelCard("h", "H", ("chat",), "endpoint", "", Source("endpoint", address, path=str(folder)))
    return open_model(card, ModelFiles(Path()))


def test_it_streams_what_the_model_writes(server: tuple[str, Path]) -> None:
    import torch
    import transformers as tf

    pieces = list(hosted(server).write([{"role": "user", "content": "Hello"}], Writing(max_tokens=12), Control()))
    assert len(pieces) > 1
    tokenizer = tf.AutoTokenizer.from_pretrained(server[1])
    network = tf.AutoModelForCausalLM.from_pretrained(server[1])
    encoded = tokenizer("<user>Hello\n<assistant>", return_tensors="pt")
    with torch.inference_mode():
        ids = network.generate(
            input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"], max_new_tokens=12, do_sample=False
        )
    assert "".join(pieces) == tokenizer.decode(ids[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)


def test_stop_is_heard_within_a_fifth_of_a_second(server: tuple[str, Path]) -> None:
    control = Control()
    stream = hosted(server).write([{"role": "user", "content": "Go on"}], Writing(max_tokens=3000), control)
    next(stream)
    control.cancel()
    watch = Watch()
    with pytest.raises(Cancelled):
        list(stream)
    assert watch.seconds < 0.2


def test_a_whole_conversation_goes_to_the_server_and_its_cost_is_told(server: tuple[str, Path]) -> None:
    from dataclasses import replace

    from voices import OneModel

    from workbench.engine.conversation import Conversation
    from workbench.engine.talk import answer
    from workbench.tasks.registry import get_task

    model = hosted(server)
    model.card = replace(model.card, options={"price_in": 1000.0, "price_out": 1000.0, "currency": "EUR"})
    talk = Conversation.new(values={"length": 10.0})
    task: Any = get_task("chat")
    for question in ("Hello", "And then?"):
        talk = list(answer(talk.asked(question), model.card, task, pool=OneModel(model)))[-1]
    first, second = talk.turns[1], talk.turns[3]
    assert first.text and second.text and first.sent_to == server[0] and "EUR" in second.note

    def sent(note: str) -> int:
        return int(note.split(" tokens sent")[0].split()[-1].replace(",", ""))

    assert sent(second.note) > sent(first.note) + len(first.text)  # what was said before goes along
