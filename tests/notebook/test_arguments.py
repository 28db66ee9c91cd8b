import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from prompt_kernel.notebook._commands import PARSERS
from prompt_kernel.notebook.arguments import (
    EXPAND,
    PROMPT,
    SAVE,
    Binding,
    HelpRequested,
    Word,
    overview,
    read_command,
    read_values,
    scan,
    split,
)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a   b ", ["a", "b"]),
        ("name='Ada L' x=\"a # b\"", ["name=Ada L", "x=a # b"]),
        ("a''b \"\"", ["ab", ""]),
        (r"p=C:\tmp\n", [r"p=C:\tmp\n"]),
        ("{{x}} $HOME {name} [[a]]", ["{{x}}", "$HOME", "{name}", "[[a]]"]),
        ("x='it''s' y=\"it's\"", ["x=its", "y=it's"]),
        ("n:=1", ["n:=1"]),
        ("n:=len(a b)", ["n:=len(a b)"]),
        ("n:='a b'+\"c d\" m=1", ["n:='a b'+\"c d\"", "m=1"]),
        (r"n:='it\'s so' m=1", [r"n:='it\'s so'", "m=1"]),
        ("n:='''a 'b' c''' m=1", ["n:='''a 'b' c'''", "m=1"]),
        ('n:={"k": [1, (2, 3)]}["k"] m', ['n:={"k": [1, (2, 3)]}["k"]', "m"]),
        ("n:=a) b", ["n:=a)", "b"]),
        ("n:='open", ["n:='open"]),
        ("'n:=len(x) + 1'", ["n:=len(x) + 1"]),
        ("größe:=1+ 1", ["größe:=1+", "1"]),
    ],
)
def test_a_line_is_split_at_spaces_outside_of_quotes_and_brackets(line: str, words: list[str]) -> None:
    assert split(line) == words


def test_words_know_where_they_start_and_whether_they_are_open() -> None:
    assert scan("a  b='c d") == [Word(0, "a"), Word(3, "b=c d", is_open=True)]


@pytest.mark.parametrize("line", ["a 'b", 'x="', "it's"])
def test_a_quote_that_nothing_closes_is_named(line: str) -> None:
    with pytest.raises(UsageError, match="A quote is not closed in: ") as raised:
        split(line)
    assert line.endswith(str(raised.value).removeprefix("A quote is not closed in: "))


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)))))
def test_quoted_words_come_out_as_they_went_in(words: list[str]) -> None:
    quoted = ['"' + word.replace('"', '"\'"\'"') + '"' for word in words]
    assert split(" ".join(quoted)) == words


def test_a_prompt_line_takes_its_arguments_in_any_order() -> None:
    read = vars(PROMPT.read("--lenient review tone=plain -o text code:=x"))
    assert read == {
        "help": False,
        "path": "review",
        "values": ["tone=plain", "code:=x"],
        "lenient": True,
        "raw": False,
        "draft": False,
        "edit": False,
        "out": "text",
    }


def test_a_save_line_takes_what_a_version_has() -> None:
    read = vars(SAVE.read("style/tone -m 'two words' --tag a --tag b --description D --engine plain --mine"))
    assert read == {
        "help": False,
        "path": "style/tone",
        "message": "two words",
        "tag": ["a", "b"],
        "description": "D",
        "engine": "plain",
        "mine": True,
        "theirs": False,
        "out": None,
    }


def test_values_are_texts_or_expressions() -> None:
    assert read_values(["a=b=c", "n:=1 + 1", "empty=", "s==x"], "%prompt") == [
        Binding("a", "b=c", is_expression=False),
        Binding("n", "1 + 1", is_expression=True),
        Binding("empty", "", is_expression=False),
        Binding("s", "=x", is_expression=False),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "%prompt: the following arguments are required: PATH@PIN. See %prompt --help"),
        ("a --no", "%prompt: unrecognized arguments: --no. See %prompt --help"),
        ("a -o", "%prompt: argument -o/--out: expected one argument. See %prompt --help"),
        ("a -o 1x", "%prompt: argument -o/--out: '1x' is no name for a variable. See %prompt --help"),
        ("a --len", "%prompt: unrecognized arguments: --len. See %prompt --help"),
    ],
)
def test_a_wrong_line_is_one_sentence_that_leads_to_the_help(line: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        PROMPT.read(line)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["two", "words"], "%prompt: 'two' is not name=value. A word with spaces needs quotes. See %prompt --help"),
        (["1a=b"], "%prompt: '1a=b' is not name=value. A word with spaces needs quotes. See %prompt --help"),
        (["a=1", "a:=2"], "%prompt: a is given twice"),
    ],
)
def test_a_value_without_a_name_or_with_one_twice_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_values(words, "%prompt")
    assert str(raised.value) == message


def test_a_cell_can_be_settled_one_way_only() -> None:
    with pytest.raises(UsageError, match="not allowed with argument"):
        SAVE.read("a --mine --theirs")


@pytest.mark.parametrize("parser", [PROMPT, SAVE, EXPAND], ids=["prompt", "save", "expand"])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_tells_of_every_option(parser: object, flag: str) -> None:
    with pytest.raises(HelpRequested) as asked:
        parser.read(f"{flag} more")  # type: ignore[attr-defined]  # it is a parser
    assert all(option in str(asked.value) for option in parser.options)  # type: ignore[attr-defined]  # the same


@pytest.mark.parametrize("name", PARSERS)
def test_every_command_has_help(name: str) -> None:
    with pytest.raises(HelpRequested) as asked:
        read_command(f"{name} --help", PARSERS, "%prompts")
    assert str(asked.value).startswith(f"usage: %prompts {name} [-h]")


def test_help_lists_the_commands() -> None:
    with pytest.raises(HelpRequested) as asked:
        read_command("--help", PARSERS, "%prompts")
    assert str(asked.value) == overview(PARSERS, "%prompts")
    assert [line.split()[0] for line in str(asked.value).splitlines()[2:]] == list(PARSERS)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("hist a", "%prompts has no command 'hist'. Did you mean history?"),
        ("restore a", "%prompts restore: the following arguments are required: VERSION. See %prompts restore --help"),
        ("list --limit x", "%prompts list: argument --limit: 'x' is no number. See %prompts list --help"),
    ],
)
def test_a_wrong_command_is_one_sentence(line: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_command(line, PARSERS, "%prompts")
    assert str(raised.value) == message


def test_a_command_that_is_like_no_other_is_answered_with_all_of_them() -> None:
    with pytest.raises(UsageError, match="It has list, search, browse, show,"):
        read_command("xyzzy", PARSERS, "%prompts")
