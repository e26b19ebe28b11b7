"""Conversations written down for a model: as transformers does it, and safe from templates that mean harm."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from own_time import Watch

from workbench.control import Control
from workbench.errors import Cancelled, UserError
from workbench.runtimes.base import Talker, Writing
from workbench.runtimes.chat_template import write_down

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from talk_models import TEMPLATE, talker, tokens

TALK = [
    {"role": "system", "content": "Answer shortly."},
    {"role": "user", "content": "  What is a lamp? <b>  "},
    {"role": "assistant", "content": "A thing that gives light.\n"},
    {"role": "user", "content": "مرحبا 👋🏽 und “Grüße”"},
]
# As the templates of well-known families are written.
LLAMA_STYLE = (
    "{{ bos_token }}{%- set loop_messages = messages -%}{%- if messages[0]['role'] == 'system' -%}"
    "{%- set system_message = messages[0]['content'] | trim + '\n\n' -%}{%- set loop_messages = messages[1:] -%}"
    "{%- else -%}{%- set system_message = '' -%}{%- endif -%}{%- for message in loop_messages -%}"
    "{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}"
    "{{ raise_exception('Conversation roles must alternate user/assistant') }}{%- endif -%}"
    "{%- if loop.first -%}{%- set content = system_message + message['content'] -%}{%- else -%}"
    "{%- set content = message['content'] -%}{%- endif -%}{%- if message['role'] == 'user' -%}"
    "{{ '[INST] ' + content | trim + ' [/INST]' }}{%- else -%}{{ ' ' + content | trim + ' ' + eos_token }}{%- endif -%}"
    "{%- endfor -%}"
)
NAMESPACE_STYLE = (
    "{%- set ns = namespace(found=false, parts=[]) -%}{% for m in messages if m.role != 'tool' %}"
    "{%- if m.role == 'system' -%}{%- set ns.found = true -%}{%- endif -%}"
    "<|im_start|>{{ m.role ~ '\n' ~ (m.content if m.content is string else m.content | tojson) }}<|im_end|>\n"
    "{% endfor %}{{ '%d messages' % messages | length }}{{ '-' * 3 }}{% generation %}x{% endgeneration %}"
    "{% if add_generation_prompt and ns.found %}<|im_start|>assistant\n{% endif %}"
)


@pytest.mark.parametrize("template", [TEMPLATE, LLAMA_STYLE, NAMESPACE_STYLE])
@pytest.mark.parametrize("ask", [True, False])
def test_a_conversation_is_written_down_as_transformers_does_it(template: str, ask: bool) -> None:
    tokenizer = tokens(template)
    wanted = tokenizer.apply_chat_template(TALK, add_generation_prompt=ask, tokenize=False)
    assert write_down(tokenizer, TALK, ask, "M") == wanted
    model = talker(template)
    ids = model.tokenizer.apply_chat_template(TALK, add_generation_prompt=True, tokenize=True)["input_ids"]
    assert model._given(TALK) == ids and model.tokens_in(TALK) == len(ids)
    assert isinstance(model, Talker)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_long_conversation_is_gone_on_with_as_generate_does_it(kind: str) -> None:
    model = talker(kind=kind)
    long = [{"role": "user", "content": "What of lamps? " * 30}]  # read in several pieces
    encoded = model.tokenizer.apply_chat_template(long, add_generation_prompt=True, return_tensors="pt")
    with torch.inference_mode():
        ids = model.net.generate(**encoded, max_new_tokens=40, do_sample=False, pad_token_id=1)
    wanted = model.tokenizer.decode(ids[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
    assert encoded["input_ids"].shape[1] > 400
    assert "".join(model.write(long, Writing(max_tokens=40), Control())) == wanted != ""


def test_reading_a_long_conversation_can_be_stopped() -> None:
    model = talker(context=4096)
    control = Control(lambda share, _words: control.cancel() if share > 0.3 else None)
    with pytest.raises(Cancelled):
        next(model.write([{"role": "user", "content": "lamp " * 700}], Writing(max_tokens=4), control))


@pytest.mark.parametrize(
    "harm",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for a in range(10 ** 9) %}{{ a }}{% endfor %}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ 10 ** (10 ** 9) }}",
        "{% set n = namespace(s='x') %}{% for a in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s | length }}",
        "{% set n = namespace(s=[1]) %}{% for a in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ 'a' | replace('a', 'b' * 9000000) | replace('b', 'c' * 9000000) }}",
        "{% for a in range(99999) %}{{ 'xxxxxxxxxx' * 9999 }}{% endfor %}",
    ],
)
def test_a_template_that_means_harm_ends_in_one_clear_sentence(harm: str, recwarn: Any) -> None:
    watch = Watch()
    with pytest.raises(UserError, match="does what it must not") as found:
        write_down(tokens(harm), TALK, True, "Evil")
    assert "Evil" in str(found.value) and "do not trust" in found.value.hint
    assert watch.seconds < 6
    assert sys.gettrace() is None


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{% for m in %}", "damaged"),
        ("{{ raise_exception('Roles must alternate') }}", "Roles must alternate"),
        ("{{ messages[99].content.split() }}", "cannot be asked|fails on this"),
        ("{{ messages + 3 }}", "fails on this"),
    ],
)
def test_a_template_that_fails_says_so(template: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        write_down(tokens(template), TALK, True, "M")
