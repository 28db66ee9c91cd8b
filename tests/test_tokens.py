"""Tokens: counted by whatever counts, and estimated where nothing does."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import tiktoken

from prompt_kernel.errors import MissingExtraError, TokenizerError
from prompt_kernel.tokens import ESTIMATE, Tokenizer, tokenizer

BYTES = tiktoken.Encoding(
    "bytes", pat_str=r"(?s).", mergeable_ranks={bytes([at]): at for at in range(256)}, special_tokens={"<|end|>": 256}
)


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("é", 1), ("中文字", 3), ("\ud800", 1)]
)
def test_without_anything_tokens_are_a_rule_of_thumb(text: str, count: int) -> None:
    assert tokenizer(None) is tokenizer() is ESTIMATE
    assert (ESTIMATE.count(text), ESTIMATE.is_exact, ESTIMATE.name) == (count, False, "estimate (bytes / 4)")


class Words:
    name = "words"
    is_exact = True

    def count(self, text: str) -> int:
        return len(text.split())


class Encodes:
    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]


def split(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    ("spec", "name", "count"),
    [
        (Words(), "words", 2),
        (split, "split", 2),
        (lambda text: len(text), "<lambda>", 7),  # noqa: PLW0108 - that it is a lambda is the case
        (Encodes(), "Encodes", 7),
        (BYTES, "bytes", 7),
    ],
    ids=["tokenizer", "tokens", "number", "encode", "tiktoken"],
)
def test_whatever_counts_is_a_tokenizer(spec: Any, name: str, count: int) -> None:
    found = tokenizer(spec)
    assert (found.name, found.is_exact, found.count("two wds")) == (name, True, count)
    assert isinstance(found, Tokenizer)


def test_what_looks_like_a_special_token_is_text() -> None:
    assert tokenizer(BYTES).count("<|end|>") == 7


@pytest.mark.parametrize("name", ["o200k_base", "gpt-4o"])
def test_a_name_is_an_encoding_of_tiktoken_or_a_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(tiktoken, "get_encoding", lambda encoding: asked.append(encoding) or BYTES)
    found = tokenizer(name)
    assert (found.name, found.count("abc"), asked) == ("o200k_base", 3, ["o200k_base"])


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        TokenizerError, match=r"The tokenizer wordy cannot be used: tiktoken knows no such model.*o200k_base"
    ):
        tokenizer("wordy")


@pytest.mark.parametrize("failure", [ConnectionError("no route"), ValueError("hash mismatch")])
def test_a_vocabulary_that_cannot_be_had_is_told(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(_: str) -> None:
        raise failure

    monkeypatch.setattr(tiktoken, "get_encoding", fetch)
    with pytest.raises(
        TokenizerError, match=r"The tokenizer cl100k_base cannot be used: .*TIKTOKEN_CACHE_DIR"
    ) as caught:
        tokenizer("gpt-4")
    assert caught.value.__cause__ is failure


def test_without_tiktoken_a_name_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    with pytest.raises(MissingExtraError, match=r"The tokenizer gpt-4o needs.*prompt-kernel\[frames\]"):
        tokenizer("gpt-4o")


def test_what_counts_nothing_is_no_tokenizer() -> None:
    with pytest.raises(TokenizerError, match="SimpleNamespace"):
        tokenizer(SimpleNamespace())
