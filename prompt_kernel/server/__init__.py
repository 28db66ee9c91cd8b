"""What is served over HTTP: who may come in, the API with its events, MCP, and the sockets of live rooms.

It knows Starlette, and nothing of Streamlit: pages are the dashboard's. `live` needs the rooms of `prompt_kernel.live`,
`services` and `serving` need none, so that a server without pages can do without them.
"""

from prompt_kernel.server.security import Claim, Guard, Tokens, hosts_of, is_loopback

__all__ = ["Claim", "Guard", "Tokens", "hosts_of", "is_loopback"]
