"""Runs the command line: `python -m prompt_kernel.cli` is `prompt-kernel`."""

import sys

from prompt_kernel.cli import main

sys.exit(main())
