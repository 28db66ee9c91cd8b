"""What is built can be installed, holds all that it should and nothing else, and works outside the checkout."""

import subprocess
import sys
import sysconfig
import threading
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "prompt_kernel" / "live" / "static"
#: What is no Python: the mark that we have types, Streamlit's manifest, and the browser module with its licences.
DATA = {"prompt_kernel/py.typed", "prompt_kernel/pyproject.toml"} | {
    f"prompt_kernel/live/static/{name}" for name in (next(STATIC.glob("editor-*.js")).name, "THIRD_PARTY_LICENSES.txt")
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, without the network."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    [built] = out.glob("prompt_kernel-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a new environment, and return where its programs are.

    The dependencies are those of the environment that runs the tests. They are added afterwards and by name, so that
    the checkout, which is installed there too, cannot be found from here.
    """
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, symlinks=True)
    programs = home / "bin"
    run(sys.executable, "-m", "pip", "--python", programs / "python", "install", "--no-deps", "--no-index", wheel)
    [site] = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def run(*command: str | Path, cwd: Path | None = None, stdin: str = "") -> str:
    """Run `command` and return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own command
        [str(part) for part in command], cwd=cwd, input=stdin, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_every_module_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {file.relative_to(ROOT).as_posix() for file in (ROOT / "prompt_kernel").rglob("*.py")}
    pages = {file.relative_to(ROOT / "dashboard").as_posix() for file in (ROOT / "dashboard").rglob("*.py")}
    assert names == modules | pages | DATA


def test_the_wheel_carries_its_licence_its_program_and_its_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        information = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(information["METADATA"]).decode()
        entry_points = archive.read(information["entry_points.txt"]).decode()
    assert "LICENSE" in information
    assert "License-Expression: Apache-2.0\n" in metadata
    assert "Provides-Extra: notebook\n" in metadata
    assert "Provides-Extra: dashboard\n" in metadata
    assert "prompt-kernel = prompt_kernel.cli:main" in entry_points


def test_the_installed_package_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    program, python = installed / "prompt-kernel", installed / "python"
    where = run(python, "-c", "import prompt_kernel; print(prompt_kernel.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    assert run(program, "--help", cwd=tmp_path).startswith("usage: prompt-kernel")

    (tmp_path / "prompts" / "style").mkdir(parents=True)
    (tmp_path / "prompts" / "style" / "tone.md").write_text("---\nvariables: {tone: plain}\n---\nBe {{ tone }}.\n")
    (tmp_path / "prompts" / "ask.md").write_text("[[tone]]Why {{ what }}?\n")
    store = ("--store", "here.db")
    run(program, *store, "import", "prompts", cwd=tmp_path)
    assert run(program, *store, "expand", "ask", "what=this", cwd=tmp_path) == "Be plain.\nWhy this?\n"
    assert (tmp_path / "here.db").exists()


def test_the_extension_loads_from_the_installed_package(installed: Path, tmp_path: Path) -> None:
    lines = ["import prompt_kernel", "%load_ext prompt_kernel", "%prompts use here.db", "print(prompt_kernel.__file__)"]
    (tmp_path / "load.ipy").write_text("\n".join(lines))
    printed = run(installed / "python", "-m", "IPython", "--no-banner", "load.ipy", cwd=tmp_path)
    assert Path(printed.strip().splitlines()[-1]).is_relative_to(installed.parent)
    assert (tmp_path / "here.db").exists()


def test_the_dashboard_of_the_installed_package_serves_the_browser_module_without_node(
    installed: Path, tmp_path: Path
) -> None:
    command = [installed / "python", "-m", "prompt_kernel.cli", "dashboard", "--no-open", "--port", "0"]
    environment = {"PATH": str(installed), "HOME": str(tmp_path), "PROMPT_KERNEL_URL": str(tmp_path / "here.db")}
    running = subprocess.Popen(  # noqa: S603 - our own command
        [str(part) for part in command], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
    )
    guard = threading.Timer(60, running.kill)
    guard.start()
    with running:
        address = running.stdout.readline().split()[3] if running.stdout else ""
        module = next(STATIC.glob("editor-*.js"))
        asset = f"{address}/_stcore/bidi-components/prompt-kernel.editor/{module.name}"
        with urllib.request.urlopen(asset) as answer:  # noqa: S310 - our own address
            served = answer.read()
        running.terminate()
    guard.cancel()
    assert (served, running.returncode) == (module.read_bytes(), 0)
