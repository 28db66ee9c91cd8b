"""What is served over HTTP: who may come in, and the sockets of live rooms.

It knows Starlette, and neither Streamlit nor the store: rooms are `prompt_kernel.live`, pages are the dashboard's.
"""

from prompt_kernel.server.live import live_routes
from prompt_kernel.server.security import Claim, Guard, Tokens, hosts_of, is_loopback

__all__ = ["Claim", "Guard", "Tokens", "hosts_of", "is_loopback", "live_routes"]
