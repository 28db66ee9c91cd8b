"""A client where programs live: threads, forks, event loops, folders, and who is noted with what."""

import asyncio
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

import prompt_kernel as pk
from prompt_kernel.client import AsyncClient, Client
from prompt_kernel.errors import ImportFileError, PromptNotFoundError
from prompt_kernel.records import Draft
from prompt_kernel.store import Store
from tests.client.servers import Between, ServerProcess

# A collection


def test_it_is_a_collection_of_prompts(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, pk.connect(server.url) as store:
        assert (len(store), list(store), bool(store)) == (0, [], True)
        store.save_many([Draft(f"many/prompt{number:04}", "x") for number in range(1_234)])

        assert len(store) == 1_234
        assert list(store) == [f"many/prompt{number:04}" for number in range(1_234)]
        assert store["many/prompt0007"].path == store["prompt0007"].path == "many/prompt0007"
        assert [name in store for name in ("prompt0007", "nowhere", 7, "..")] == [True, False, False, False]
        assert len(store.prompts(limit=1_100)) == 1_100
        assert len(store.prompts(limit=5_000, after="many/prompt0033", descending=True)) == 33
        assert [change.id for change in store.changes(limit=1_200)] == list(range(1, 1_201))
        assert len(store.activity(limit=1_100)) == 1_100
        with pytest.raises(LookupError):
            _ = store["nowhere"]


async def test_it_can_be_gone_through_asynchronously(server: ServerProcess) -> None:
    async with AsyncClient(server.url) as client:
        await client.save_many([Draft(f"loop/number{number}", "x") for number in range(3)])
        paths = [path async for path in client]

    assert [path for path in paths if path.startswith("loop/")] == [f"loop/number{number}" for number in range(3)]


def test_the_engine_takes_it_for_a_store(client: Client) -> None:
    client.save("engine/a", "hello")

    assert pk.expand("[[engine/a]]!", client) == "hello!"


# Who is noted


def test_who_writes_and_by_which_end_is_noted(server: ServerProcess, direct: Store) -> None:
    with pk.connect(server.url, author="Zoë 株式会社 <z@x>", origin="notebook") as store:
        first = store.save("noted/a", "1")
        second = store.by("kim").save("noted/a", "2")
        third = store.by("kim", origin="cli").save("noted/a", "3", author="lee", origin="dashboard")
        report = store.save_many([Draft("noted/b", "x")], origin="import")

    assert [(saved.author, saved.origin) for saved in (first, second, third)] == [
        ("Zoë 株式会社 <z@x>", "notebook"),
        ("kim", "notebook"),
        ("lee", "dashboard"),
    ]
    assert report.created == ("noted/b",)
    assert (direct["noted/b"].author, direct["noted/b"].origin) == ("Zoë 株式会社 <z@x>", "import")


def test_without_a_name_it_is_the_account_of_who_writes(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    with pk.connect(server.url) as store:
        assert (store.author, store.origin) == ("somebody-else", "python")
        assert store.save("noted/account", "x").author == "somebody-else"


# What has changed


def test_the_revision_is_another_after_each_change(client: Client, direct: Store) -> None:
    direct.save("seen/a", "1")
    changes = [
        lambda: direct.save("seen/a", "2"),
        lambda: direct.describe("seen/a", description="x"),
        lambda: direct.label("seen/a", "new"),
        lambda: direct.rename("seen/a", "seen/b"),
        lambda: direct.update_directory("seen", enabled=False),
        lambda: direct.delete("seen/b"),
        lambda: direct.purge("seen/b"),
    ]
    revisions = [client.revision]
    for change in changes:
        change()
        revisions.append(client.revision)

    assert client.revision == revisions[-1]
    assert len(set(revisions)) == len(changes) + 1


async def test_waiting_ends_with_a_change_or_with_the_time(server: ServerProcess, direct: Store) -> None:
    with Client(server.url) as client:
        known = client.revision
        assert client.wait(known, 0) == known
        assert client.wait("another", 60) == known
        waiting = threading.Thread(target=lambda: client.wait(known, 60))
        waiting.start()
        direct.save("waited/for", str(known))
        waiting.join(30)
        assert not waiting.is_alive()
    async with AsyncClient(server.url) as aclient:
        now = await aclient.revision
        assert now != known
        assert await aclient.wait(known, 60) == now
        assert await aclient.wait(now, 0.01) == now


# Threads, forks, loops


def test_many_threads_share_one(client: Client, direct: Store) -> None:
    def work(number: int) -> list[str]:
        path = f"threads/number{number}"
        return [client.save(path, str(turn)).path and client.get(path).text for turn in range(10)]

    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(work, range(8)))

    assert read == [[str(turn) for turn in range(10)]] * 8
    assert direct.count("threads") == 8
    assert {entry.version for entry in direct.prompts(directory="threads")} == {10}


def test_a_child_has_connections_of_its_own(client: Client, direct: Store) -> None:
    """Were the sockets shared, each would read the other's answers."""
    direct.save("forked/parent", "parent")
    direct.save("forked/child", "child")
    client.get("forked/parent")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        wrong = [text for _ in range(50) if (text := client.get("forked/child").text) != "child"]
        os.write(writer, b"right" if not wrong else b"wrong")
        os._exit(0)
    mine = {client.get("forked/parent").text for _ in range(50)}
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as said:
        assert (mine, said.read()) == ({"parent"}, "right")


async def test_both_work_inside_of_a_running_loop(client: Client, aclient: AsyncClient) -> None:
    asyncio.get_running_loop()
    client.save("loops/a", "x")

    assert client["loops/a"] == await aclient.get("loops/a")


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # nobody can close what belongs to a loop that has ended
def test_one_client_for_one_loop_after_the_other(server: ServerProcess) -> None:
    client = AsyncClient(server.url)

    async def use() -> int:
        return (await client.save("loops/after", "x")).version

    async def end() -> None:
        await use()
        await client.close()

    assert [asyncio.run(use()) for _ in range(2)] == [1, 1]
    asyncio.run(end())
    gc.collect()


async def test_a_hundred_at_once(aclient: AsyncClient) -> None:
    saved = await asyncio.gather(*(aclient.save(f"hundred/number{number}", "x") for number in range(100)))
    found = await asyncio.gather(*(aclient.get(prompt.path) for prompt in saved))

    assert [prompt.path for prompt in found] == [f"hundred/number{number}" for number in range(100)]


async def test_who_is_cancelled_leaves_the_client_usable(aclient: AsyncClient) -> None:
    await aclient.save("cancelled/a", "x")
    with anyio.move_on_after(0):
        await aclient.get("cancelled/a")

    assert (await aclient.get("cancelled/a")).text == "x"


async def test_what_only_reads_is_told_so_when_it_is_awaited(aclient: AsyncClient, server: ServerProcess) -> None:
    assert await aclient.read_only == ""
    async with AsyncClient(server.url, read_only=True) as reader:
        assert "it was opened so" in await reader.read_only
        assert (await (await reader.opened()).summary()).url == server.url


# Environment


def test_a_proxy_of_the_environment_is_for_other_machines(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    with pk.connect(server.url) as store:
        assert store.count() >= 0


def test_connections_are_used_again(server: ServerProcess) -> None:
    with Between(server.port) as between, Client(between.url) as client:
        for _ in range(20):
            client.count()
        assert len(between.seen) == 20
        assert between.connections == 1


# Folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "prompts"
    (folder / "style").mkdir(parents=True)
    (folder / "style" / "tone.md").write_bytes(b"---\ndescription: How\nunknown: kept # so\n---\nSpeak {{ tone }}.\r\n")
    (folder / "review.md").write_bytes("[[style/tone]]é 🙂".encode())
    return folder


def test_a_folder_of_this_disk_goes_into_a_store_far_away_and_comes_back(
    client: Client, direct: Store, folder: Path, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    report = client.import_folder(folder, into="far", message="moved", progress=lambda *done: seen.append(done))
    back = client.export_folder(tmp_path / "back", directory="far")

    assert (report.created, report.source) == (("far/review", "far/style/tone"), str(folder))
    assert seen[-1] == (2, 2)
    assert (direct["far/style/tone"].description, direct["far/style/tone"].origin) == ("How", "import")
    assert sorted(back.written) == ["review.md", "style/tone.md"]
    for name in back.written:
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()
    assert client.export_folder(tmp_path / "back", directory="far").written == ()


async def test_the_same_awaited(aclient: AsyncClient, folder: Path, tmp_path: Path) -> None:
    report = await aclient.import_folder(folder, into="awaited")
    back = await aclient.export_folder(tmp_path / "back", directory="awaited")

    assert report.created == ("awaited/review", "awaited/style/tone")
    assert (tmp_path / "back" / "style" / "tone.md").read_bytes() == (folder / "style" / "tone.md").read_bytes()
    assert len(back.written) == 2
    with pytest.raises(ImportFileError):
        await aclient.import_folder(tmp_path / "nowhere")


def test_more_than_a_server_takes_is_one_sentence(client: Client) -> None:
    with pytest.raises(pk.errors.InvalidRequestError, match="The body is larger than 16 MiB"):
        client.save_many([Draft(f"large/number{number}", "x" * 2**20) for number in range(17)])
    with pytest.raises(PromptNotFoundError):
        client.get("large/number0")


# Linked folders, which are on the server's disk


async def test_a_linked_folder_is_synced_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "a.md").write_text("from the disk")
    with ServerProcess(tmp_path, "--root", str(tmp_path)) as server, Client(server.url) as client:
        client.add_directory("team", source=str(tmp_path / "linked"))
        report = client.sync("team")
        client.save("team/a", "from far away")
        everything = client.sync()
        async with AsyncClient(server.url) as aclient:
            again = await aclient.sync("team", delete=True)
        with pytest.raises(pk.errors.DirectoryNotFoundError):
            client.sync("nowhere")
        with pytest.raises(pk.errors.PromptKernelError, match="linked to no folder"):
            client.sync(client.add_directory("unlinked").path)

    assert (report.directory, report.pulled) == ("team", ("team/a",))
    assert (everything.directory, everything.pushed) == ("", ("team/a",))
    assert (again.changed, again.unchanged) == (False, 1)
    assert (tmp_path / "linked" / "a.md").read_text() == "from far away"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.csv"
    file.write_text('act,prompt\n"Linux Terminal","Act as a terminal."\n')
    return file


async def test_files_of_other_tools_come_and_go(
    client: Client, aclient: AsyncClient, table: Path, tmp_path: Path
) -> None:
    report = client.import_from(table, into="tools")
    again = await aclient.import_from(table, into="tools", format=report.format)
    out = client.export_to(tmp_path / "one", directory="tools")
    other = await aclient.export_to(tmp_path / "two", directory="tools")

    assert (len(report.created), again.created, again.unchanged) == (1, (), report.created)
    assert out.written == other.written
    assert client[report.created[0]].text == "Act as a terminal."


def test_more_rows_than_a_server_takes_at_a_time(client: Client) -> None:
    client.save("rows/a", "{{ n }}")

    assert client.render("rows/a", [{"n": number} for number in range(2_100)]) == list(map(str, range(2_100)))
