"""Tasks that a test runs in a process of its own, to kill it or to let it compete; the outcome is printed as JSON."""

import json
import os
import random
import select
import signal
import sqlite3
import sys
import time
from pathlib import Path

from prompt_kernel.errors import ConflictError, PromptKernelError
from prompt_kernel.expansion import hash_of
from prompt_kernel.locations import url_of
from prompt_kernel.records import Draft
from prompt_kernel.store import Store, _migrations, _schema
from prompt_kernel.store._engine import open_database


def count(url: str, times: str) -> None:
    """Read a counter and write it back, one higher, `times` times; whoever loses the race tries again."""
    lost_races = 0
    with Store(url, author=str(os.getpid())) as store:
        _started()
        for turn in range(int(times)):
            while True:
                seen = store["counter"]
                number = int(seen.text.split("\n")[0]) + 1
                try:
                    store.save("counter", f"{number}\nwritten by {os.getpid()} in turn {turn}\n", expected=seen.version)
                except ConflictError:
                    lost_races += 1
                else:
                    break
    print(json.dumps({"saved": int(times), "lost_races": lost_races}))  # noqa: T201 - the outcome


def write(url: str, path: str) -> None:
    """Save `path` again and again, and print each version once it is saved, until the input ends."""
    with Store(url) as store:
        _started()
        number = 0
        while not select.select([sys.stdin], [], [], 0)[0]:
            saved = store.save(path, f"{number} " * 200)
            print(saved.version, flush=True)  # noqa: T201 - the acknowledgement
            number += 1


def wait(url: str) -> None:
    """Wait for a change that another process makes, and print when it was heard of, and what was told besides."""
    with Store(url) as store:
        known = store.revision
        store.live.hear(known, 0)
        print("ready", flush=True)  # noqa: T201 - the signal
        revision, messages = store.live.hear(known, 30)
        heard = time.time()
        while revision == known:
            revision, more = store.live.hear(known, 30)
            messages += more
        print(json.dumps([heard, revision != known, messages]))  # noqa: T201 - the outcome


def save(url: str, path: str, text: str) -> None:
    """Save one prompt."""
    with Store(url) as store:
        print(json.dumps(store.save(path, text).version))  # noqa: T201 - the outcome


def crash(url: str, rounds: str, seed: str) -> None:
    """Kill a writer `rounds` times at random, and look each time for what it said it had saved."""
    dice = random.Random(int(seed))  # noqa: S311 - dice
    acknowledged: dict[str, str] = {}
    problems: list[str] = []
    for turn in range(int(rounds)):
        acknowledged |= _killed_writer(url, turn, dice)
        with Store(url) as store:
            problems += _problems(store, acknowledged)
    print(json.dumps({"acknowledged": len(acknowledged), "problems": problems}))  # noqa: T201 - the outcome


def _problems(store: Store, acknowledged: dict[str, str]) -> list[str]:
    """Return what is damaged, what is missing, and what is not what was acknowledged (`path@version` to hash)."""
    problems = [str(finding) for finding in store.doctor()]
    for path in store:
        numbers = [version.number for version in store.history(path)]
        if numbers != list(range(store[path].version, 0, -1)):
            problems.append(f"{path} has versions {numbers}")
    return problems + [f"{name} is lost" for name, sha256 in acknowledged.items() if store[name].sha256 != sha256]


def _killed_writer(url: str, turn: int, dice: random.Random) -> dict[str, str]:
    """Let a process write until it is killed; return what it acknowledged: path and version, and the hash."""
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        os.close(reader)
        _write_for_ever(url, turn, writer, random.Random(dice.random()))  # noqa: S311 - dice
    os.close(writer)
    lines = os.fdopen(reader)
    said = [lines.readline() for _ in range(dice.randrange(1, 8))]
    select.select([reader], [], [], dice.random() * 0.01)
    os.kill(process, signal.SIGKILL)
    said += lines.readlines()
    lines.close()
    os.waitpid(process, 0)
    return dict(line.split() for line in said if line.endswith("\n"))


def _write_for_ever(url: str, turn: int, acknowledge: int, dice: random.Random) -> None:
    """Save, import, label and rename, and acknowledge what was saved once it is."""
    store = Store(url)
    for number in range(10**6):
        path, text = dice.choice(["a", "b", "c"]), f"{turn} {number} [[a]] [[d/*]]\n" * dice.randrange(1, 400)
        saved = [store.save(path, text)]
        if number % 3 == 1:
            drafts = [Draft(f"d/p{item}", f"{text}{item}") for item in dice.sample(range(30), 5)]
            store.save_many(drafts)
            saved += [store[draft.path] for draft in drafts]
        elif number % 3 == 2:
            store.label(path, "latest")
            names = set(store)
            old, new = ("moved", "b") if "moved" in names else ("b", "moved")
            if old in names:
                store.rename(old, new)
        lines = "".join(f"{prompt.path}@{prompt.version} {hash_of(prompt.text)}\n" for prompt in saved)
        os.write(acknowledge, lines.encode())


# Upgrades


def _step_two(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE prompt ADD COLUMN rating INTEGER NOT NULL DEFAULT 0")
    connection.execute("UPDATE prompt SET rating = length(path)")
    connection.execute("CREATE INDEX prompt_rating ON prompt (rating)")
    connection.execute("CREATE TABLE ran (step INTEGER NOT NULL)")
    connection.execute("INSERT INTO ran VALUES (2)")


def _step_three(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE stars (prompt_id INTEGER PRIMARY KEY, rating INTEGER NOT NULL)")
    connection.execute("INSERT INTO stars SELECT id, rating FROM prompt")
    connection.execute("DROP INDEX prompt_rating")
    connection.execute("ALTER TABLE prompt DROP COLUMN rating")
    connection.execute("INSERT INTO ran VALUES (3)")


STEPS = (*_schema.STEPS, _step_two, _step_three)


def upgrade(url: str) -> None:
    """Bring a store to the schema of our own steps, and print what it says of itself then."""
    _started()
    database = open_database(url_of(url))
    try:
        _migrations.upgrade(database, STEPS)
        ran = [row[0] for row in database.raw.execute("SELECT step FROM ran ORDER BY rowid")]
        print(json.dumps(ran))  # noqa: T201 - the outcome
    except PromptKernelError as error:
        print(json.dumps(str(error)))  # noqa: T201 - the outcome
    finally:
        database.close()


def kill_upgrades(old: str, folder: str) -> None:
    """Upgrade a copy of the store `old` once for each statement of it, killed there, and then again to the end."""
    content = Path(old).read_bytes()
    whole = _upgraded(Path(folder) / "whole.db", content, None)
    outcomes = []
    statement = 1
    while True:
        file = Path(folder) / f"{statement}.db"
        file.write_bytes(content)
        process = os.fork()
        if not process:
            _upgraded(file, None, statement)
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
        backup = file.with_name(f"{file.name}.schema-1.backup")
        outcomes.append((statement, _upgraded(file, None, None) == whole, backup.exists()))
        if not killed:
            break
        statement += 1
    print(json.dumps({"outcomes": outcomes, "tables": len(whole)}))  # noqa: T201 - the outcome


def _upgraded(file: Path, content: bytes | None, kill_at: int | None) -> dict[str, object]:
    """Upgrade a store, killing this process at a statement if one is given; return all that is in it then."""
    if content is not None:
        file.write_bytes(content)
    database = open_database(url_of(file))
    seen = 0

    def trace(_: str) -> None:
        nonlocal seen
        seen += 1
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    database.raw.set_trace_callback(trace)
    _migrations.upgrade(database, STEPS)
    database.raw.set_trace_callback(None)
    names = [row[0] for row in database.raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    found: dict[str, object] = {
        name: database.raw.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()  # noqa: S608 - names of tables
        for name in names
    }
    found["schema"] = database.raw.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
    found["version"] = database.raw.execute("PRAGMA user_version").fetchone()
    database.close()
    return found


# Live documents


def open_live(url: str, uid: str) -> None:
    """Open a live document, and print its epoch and the state that somebody has seeded it with."""
    with Store(url) as store:
        _started()
        document = store.live.open(uid, lambda text: f"{text} seeded by {os.getpid()}".encode())
        print(json.dumps([document.epoch, document.state.decode(), document.synced]))  # noqa: T201 - the outcome


def absorb_live(url: str, uid: str, versions: str) -> None:
    """Save a version and absorb what there is, so many times; print which versions were taken in here."""
    with Store(url, author=str(os.getpid())) as store:
        _started()
        absorbed = []
        for number in range(int(versions)):
            store.save("a", f"{os.getpid()} {number}")
            found = store.live.absorb(uid, _rebased, str(os.getpid()))
            if found is not None:
                absorbed.append(found.version)
        print(json.dumps(absorbed))  # noqa: T201 - the outcome


def _rebased(state: bytes, before: str, after: str, _live: object) -> tuple[bytes, bytes]:
    """Be a document that is nothing but its text, and say what it was changed from."""
    if state.decode() != before:
        raise ValueError(before)
    return f"{before} -> {after}".encode(), after.encode()


def _started() -> None:
    """Say that the imports are done, and wait until the others are there."""
    print("ready", flush=True)  # noqa: T201 - the signal
    sys.stdin.readline()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
