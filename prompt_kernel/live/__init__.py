"""Live editing: several people, in several processes, on the text of one prompt at the same time.

What somebody types is in everybody's editor at once, and acknowledged when the store has committed it. The live text is
no version: one is made when somebody saves, when everybody has left, and after ten quiet minutes.
"""

from prompt_kernel.live.document import draft_text
from prompt_kernel.live.hub import Hub
from prompt_kernel.live.seats import Seat
from prompt_kernel.live.settings import Connection, Participant, Settings, color_of

__all__ = ["Connection", "Hub", "Participant", "Seat", "Settings", "color_of", "draft_text"]
