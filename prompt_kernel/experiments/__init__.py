"""Experiments: prompts over data on models, each answer kept with what made it.

`Experiment` has the verbs. `_grid` says what the cells are, `_models` asks, `_round` conducts and `_recorder` writes;
`scorers` says what an output is worth, and `results` what came of it all.
"""

from prompt_kernel.experiments._answers import Answer, messages
from prompt_kernel.experiments._endpoint import Endpoint
from prompt_kernel.experiments._experiment import Experiment
from prompt_kernel.experiments._grid import swap
from prompt_kernel.experiments._plan import Plan, PlannedModel, Problem
from prompt_kernel.experiments._retries import Retry

__all__ = ["Answer", "Endpoint", "Experiment", "Plan", "PlannedModel", "Problem", "Retry", "messages", "swap"]
