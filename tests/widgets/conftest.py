"""Fixtures of the widgets' tests: those of the notebook's, whose shell they are opened in."""

from tests.notebook.conftest import bare_shell, run, shell

__all__ = ["bare_shell", "run", "shell"]
