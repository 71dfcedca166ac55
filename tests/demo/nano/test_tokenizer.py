"""The tokenizer: any text encodes, codes are single tokens, turn marks have Gemma's ids."""

from __future__ import annotations

from random import Random

import pytest

from clinical.tables import actions, conditions, findings
from demo.nano.architecture import BOS, END_OF_TURN
from demo.nano.dataset import prefix_text, write
from demo.nano.examples import draw_example
from demo.nano.tokenizer import image_ids, train_tokenizer
from demo.nano.training import nano_tokenizer
from demo.nano.wording import LANGUAGES


def encode(tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False)


@pytest.mark.parametrize(
    "text",
    [
        "2yr old fitting and won't drink anything",
        "bébé 5 jours, ne tète plus; 38,5 °C",
        "mtoto wa miezi 8 anaharisha",
        "头痛 \U0001f631 עברית",
        "two  spaces\tand a tab\nand a line",
    ],
)
def test_any_text_comes_back_as_it_was(checkpoint_tokenizer, text):
    ids = encode(checkpoint_tokenizer, text)
    assert checkpoint_tokenizer.decode(ids) == text
    assert checkpoint_tokenizer.unk_token_id not in ids


def test_training_makes_every_code_one_token():
    """As many texts as a training run has, so that common words compete with rare codes."""
    rng = Random(1)
    rows = [write(draw_example(rng)) for _ in range(150)] * 40
    trained = nano_tokenizer(rows)
    codes = {*findings(), *conditions(), *actions()}
    sizes = {code: len(trained.encode(code, add_special_tokens=False).ids) for code in codes}
    assert {code for code, size in sizes.items() if size != 1} == set()


def test_turn_marks_and_the_beginning_have_gemmas_ids(checkpoint_tokenizer):
    assert encode(checkpoint_tokenizer, "<end_of_turn>") == [END_OF_TURN]
    assert encode(checkpoint_tokenizer, "<start_of_turn>") == [END_OF_TURN - 1]
    assert checkpoint_tokenizer("a")["input_ids"][0] == BOS


def test_the_chat_template_keeps_the_system_text_and_alternates(checkpoint_tokenizer):
    turns = [
        {"role": "system", "content": "Rules."},
        {"role": "user", "content": " hot child "},
        {"role": "assistant", "content": "Age?"},
        {"role": "user", "content": "2"},
    ]
    assert checkpoint_tokenizer.apply_chat_template(
        turns, tokenize=False, add_generation_prompt=True
    ) == (
        "<bos><start_of_turn>user\nRules.\n\nhot child<end_of_turn>\n"
        "<start_of_turn>model\nAge?<end_of_turn>\n"
        "<start_of_turn>user\n2<end_of_turn>\n<start_of_turn>model\n"
    )


def test_two_user_turns_in_a_row_are_refused(checkpoint_tokenizer):
    turns = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    with pytest.raises(Exception, match="must alternate"):
        checkpoint_tokenizer.apply_chat_template(turns, tokenize=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_system_text_leaves_room_for_a_long_conversation(checkpoint_tokenizer, language):
    """Laptops serve it with 4,096 tokens for prompt and answer."""
    assert len(encode(checkpoint_tokenizer, prefix_text(language))) < 1500


def test_training_is_deterministic_and_fills_the_asked_size():
    texts = ["child fever cough", "child convulsions"] * 20
    first, second = (train_tokenizer(texts, size=600) for _ in range(2))
    assert first.to_str() == second.to_str()
    assert first.get_vocab_size() == 600
    assert image_ids(first).soft == 599
