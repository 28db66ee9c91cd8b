"""An export that is killed leaves every file whole, the old one or the new one."""

import subprocess
import sys
from pathlib import Path

from prompt_kernel.store import Store

FILES, KILLS = 16, 30

#: Kills itself again and again: each round forks an export, reads a random part of its progress, and kills it.
SCRIPT = """
import os, random, signal, sys
from pathlib import Path
from prompt_kernel.store import Store

place, rounds, files = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
stores = [place / "old.db", place / "new.db"]
chance = random.Random(20)
mixed = leftovers = 0

def export(store, progress=None):
    with Store(place / store) as opened:
        opened.export_folder(place / "to", progress=progress)

def contents():
    return {file.name: file.read_bytes() for file in (place / "to").rglob("*.md")}

wanted = []
for store in stores:
    export(store)
    wanted.append(contents())

for round in range(rounds):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        while True:
            for store in stores:
                export(store, lambda done, _: os.write(writing, b"."))
    os.close(writing)
    for _ in range(chance.randrange(1, 3 * files)):
        assert os.read(reading, 1) == b".", "the export ended by itself"
    for _ in range(chance.randrange(100_000)):
        pass  # so that the kill does not always meet the export at the same step
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    found = contents()
    assert found.keys() == wanted[0].keys()
    torn = [name for name in found if found[name] not in (wanted[0][name], wanted[1][name])]
    assert not torn, torn
    mixed += found not in wanted
    leftovers += any(name.suffix == ".tmp" for name in (place / "to").rglob(".*"))
    export(stores[round % 2])
    assert contents() == wanted[round % 2]
    assert not list((place / "to").rglob(".*"))
print(mixed, leftovers)
"""


def test_a_killed_export_leaves_every_file_old_or_new(tmp_path: Path) -> None:
    for age in ("old", "new"):
        with Store(tmp_path / f"{age}.db") as store:
            for number in range(FILES):
                store.save(f"d{number % 3}/p{number}", f"{age} {number}\n" * 2_000, description=age)
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(KILLS), str(FILES)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    mixed, leftovers = map(int, ran.stdout.split())
    assert mixed > 0, f"no export was killed in the middle; {leftovers} left a temporary file"
