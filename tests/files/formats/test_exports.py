"""MLflow and promptfoo are written only."""

import json
from pathlib import Path

import yaml

from prompt_kernel.records import Loss
from prompt_kernel.store import Store


def test_mlflow_gets_the_arguments_of_register_prompt(library: Store, tmp_path: Path) -> None:
    library.save("chat", "system:\nBe {{ tone }}.\n\nuser:\nHi", message="a chat", tags=["x"])
    library.label("chat", "production", version=1)
    report = library.export_to(tmp_path / "out.json", format="mlflow")
    prompts = {each["register"]["name"]: each for each in json.loads((tmp_path / "out.json").read_text())["prompts"]}
    assert list(prompts) == ["chat", "format.json", "review", "style.base", "style.tone"]
    assert prompts["chat"] == {
        "register": {
            "name": "chat",
            "template": [{"role": "system", "content": "Be {{tone}}."}, {"role": "user", "content": "Hi"}],
            "commit_message": "a chat",
            "tags": {"x": "true", "path": "chat", "version": "1"},
        },
        "aliases": ["production"],
    }
    assert prompts["style.base"]["register"] == {
        "name": "style.base",
        "template": "Speak in a {{tone}} voice.\nBe brief.\n",
        "commit_message": None,
        "tags": {
            "style": "true",
            "path": "style/base",
            "version": "1",
            "variables": '{"tone": {"type": "enum", "values": ["formal", "plain"], "default": "plain"}}',
        },
    }
    assert report.losses == (
        Loss("format/json", "its name there is format.json"),
        Loss("review", "what it includes was written out"),
        Loss("style/base", "its name there is style.base"),
        Loss("style/base", "what it includes was written out"),
        Loss("style/tone", "its name there is style.tone"),
    )


def test_names_that_mlflow_would_confuse_are_told_apart(store: Store, tmp_path: Path) -> None:
    for path in ("a/b", "a.b", "A b"):
        store.save(path, "x")
    store.save("a/b", "y")
    report = store.export_to(tmp_path, format="mlflow")
    written = json.loads((tmp_path / "mlflow.json").read_text())["prompts"]
    assert [each["register"]["name"] for each in written] == ["A.b", "a.b-2", "a.b-3"]
    assert Loss("a/b", "its older versions are left out") in report.losses


def test_promptfoo_gets_prompts_and_one_test(library: Store, tmp_path: Path) -> None:
    library.save("odd", "{{#x}} {{ y }}")
    library.save("template", "{% if n %}{{ n }}{% endif %}", engine="jinja", variables={"n": {"type": "integer"}})
    report = library.export_to(tmp_path / "to" / "promptfooconfig.yaml", format="promptfoo")
    config = yaml.safe_load((tmp_path / "to" / "promptfooconfig.yaml").read_text())
    prompts = {each["id"]: each for each in config.pop("prompts")}
    assert config == {
        "description": "Prompts",
        "providers": ["echo"],
        "tests": [{"vars": {"y": "", "tone": "plain", "code": "", "n": ""}}],
    }
    assert prompts["style/base"] == {
        "id": "style/base",
        "label": "style/base",
        "raw": "Speak in a {{ tone }} voice.\nBe brief.\n",
    }
    assert prompts["odd"]["raw"] == "{% raw %}{{#x}} {% endraw %}{{ y }}"
    assert prompts["template"]["raw"] == "{% if n %}{{ n }}{% endif %}"
    assert Loss("style/tone", "the types of its variables are left out") in report.losses
