"""A server with one person in a process of its own, to kill it or to let it compete; what is committed is printed."""

import asyncio
import select
import sys

from client import Client  # a script finds what lies beside it

from prompt_kernel.live import Hub, Settings


async def write(url: str, uid: str, first: str) -> None:
    """Type one character after another, the first of which has the code `first`, until the input ends.

    Each is printed when it is acknowledged.
    """
    hub = Hub(url, settings=Settings(poll=0.02, rate=1e9, burst=10**9))
    await hub.start()
    client = await Client(hub, uid, f"writer {first}").join()
    code = int(first)
    await client.until_saved()
    while not select.select([sys.stdin], [], [], 0)[0]:
        client.insert(len(client.text) if code % 2 else 0, chr(code))
        await client.until_saved()
        print(code, flush=True)  # noqa: T201 - the acknowledgement
        code += 1
    await client.drop()
    await hub.stop()


if __name__ == "__main__":
    asyncio.run(write(*sys.argv[1:]))
