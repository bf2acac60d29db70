"""What an inventory is apart from its text: its owner, its mode and more survive every sale."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from booking.core.protocols import Place
from booking.core.steps import driven_by
from booking.errors import InventoryError
from booking.stores.common import spare_file
from booking.stores.common.run_lock import file_run_lock
from booking.stores.json_inplace import JsonInplaceStore
from booking.stores.json_replaced import JsonStore
from booking.system.file_attributes import ACCESS_LIST, attributes_of
from booking.testing.contracts.drivers import StepRecorder
from tests.support.users import ANNA, BEN, ROOT_ONLY, TEAM, as_user, team_folder

Program = Callable[..., subprocess.CompletedProcess[str]]


def access_list(*users: int) -> bytes:
    """Return an access list with rights for these users, as the kernel keeps it."""
    none = 0xFFFFFFFF
    entries = [(0x01, 6, none), *((0x02, 6, user) for user in users), (0x04, 4, none)]
    entries += [(0x10, 6, none), (0x20, 4, none)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "data.json"
    file.write_text('{"ticket_num": 50}\n')
    return file


@pytest.fixture
def store(path: Path) -> Iterator[JsonStore]:
    opened = JsonStore(Place(str(path), path.parent))
    opened.prepare()
    yield opened
    opened.close()


def sell(store: JsonStore, times: int = 3) -> None:
    for _ in range(times):
        store.write(store.read() - 1)


def set_extended(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError:
        pytest.skip(f"no {name} on this file system")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666])
@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_the_mode_is_kept_whatever_the_umask(path: Path, mode: int, mask: int) -> None:
    """Also by a file that a reset makes: the umask's mode stays as it is."""
    path.chmod(mode)
    before = os.umask(mask)
    try:
        store = JsonStore(Place(str(path), path.parent))
        sell(store)
        new = JsonStore(Place(str(path.with_name("new.json")), path.parent))
        new.reset(3)
        made = new.path.stat().st_mode
        sell(new)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == mode
    assert new.path.stat().st_mode == made
    assert made & 0o777 == 0o666 & ~mask
    store.close()
    new.close()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_extended_attributes_and_access_lists_are_kept(
    store: JsonStore, path: Path, number: int
) -> None:
    """Whichever of the two files is the inventory in the end."""
    set_extended(path, "user.origin", b"the tutorial")
    set_extended(path, ACCESS_LIST, access_list(ANNA))
    before = attributes_of(str(path))
    sell(store, number)
    assert attributes_of(str(path)) == before


def test_a_default_list_of_the_folder_adds_nothing_to_the_inventory(path: Path) -> None:
    """A new file in the folder gets rights from it that the inventory does not have."""
    set_extended(path.parent, "system.posix_acl_default", access_list(BEN))
    before = attributes_of(str(path))
    store = JsonStore(Place(str(path), path.parent))
    sell(store)
    store.close()
    assert attributes_of(str(path)) == before


CHANGES: dict[str, Callable[[Path], object]] = {
    "chmod": lambda path: path.chmod(0o600),
    "setfattr": lambda path: set_extended(path, "user.origin", b"a friend"),
    "setfacl": lambda path: set_extended(path, ACCESS_LIST, access_list(ANNA)),
}
if os.geteuid() == 0:
    CHANGES["chown"] = lambda path: os.chown(path, ANNA, TEAM)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("again", [0, 1, 2])
def test_a_change_between_two_sales_is_not_undone(
    store: JsonStore, path: Path, change: Callable[[Path], object], again: int
) -> None:
    """The inventory is one of two files by turns: each gets what the other one was given."""
    sell(store)
    change(path)
    changed = attributes_of(str(path))
    sell(store, again)
    store.close()
    assert attributes_of(str(path)) == changed


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_does_not_come_and_go_with_each_sale(
    store: JsonStore, path: Path, change: Callable[[Path], object]
) -> None:
    """From the second sale after it on, both files have it."""
    sell(store)
    change(path)
    changed = attributes_of(str(path))
    sell(store, 2)
    for _ in range(3):
        assert attributes_of(str(path)) == changed
        sell(store, 1)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("reused", [False, True])
@pytest.mark.parametrize("again", [0, 1, 2])
def test_a_change_in_the_middle_of_a_sale_is_not_undone(
    store: JsonStore, path: Path, change: Callable[[Path], object], reused: bool, again: int
) -> None:
    """It comes when the new file is ready already: it is carried over after the swap."""
    sell(store, 3 if reused else 0)
    count = store.read()

    class Change(StepRecorder):
        def step(self, action: str, resource: str, value: int | None) -> None:
            change(path)

    with driven_by(Change()):
        store.write(count - 1)
    sell(store, again)
    store.close()
    wanted = path.with_name("wanted")
    wanted.touch(0o644)
    change(wanted)
    assert attributes_of(str(path)) == attributes_of(str(wanted))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_without_swaps_a_change_between_two_sales_is_kept(
    store: JsonStore, path: Path, change: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a new file is made for each sale, and gets what the old one has."""
    store._spare._reusable = False
    sell(store)
    change(path)
    changed = attributes_of(str(path))
    if changed.extended:
        sell(store, 0)  # nothing tells a read of it: the next process keeps it
        store = JsonStore(Place(str(path), path.parent))
        store._spare._reusable = False
    sell(store)
    store.close()
    assert attributes_of(str(path)) == changed


@ROOT_ONLY
@pytest.mark.parametrize("kind", [JsonStore, JsonInplaceStore])
def test_a_sale_by_root_takes_no_file_away_from_its_user(
    path: Path, kind: type[JsonStore] | type[JsonInplaceStore]
) -> None:
    """Owner and group are the user's, and nothing of root's is left beside it."""
    os.chown(path, ANNA, TEAM)
    store = kind(Place(str(path), path.parent))
    store.prepare()
    for _ in range(3):
        store.write(store.read() - 1)
    store.close()
    assert (path.stat().st_uid, path.stat().st_gid) == (ANNA, TEAM)
    assert os.listdir(path.parent) == ["data.json"]


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return Anna's inventory in a folder of her group."""
    module = "booking.system.file_attributes"
    monkeypatch.setattr(f"{module}._is_member", lambda wanted: wanted.group == TEAM)
    with team_folder() as inventory:
        yield inventory


def sale(path: Path) -> Callable[[], None]:
    def run() -> None:
        store = JsonStore(Place(str(path), path.parent))
        try:
            store.prepare()
            sell(store)
        finally:
            store.close()

    return run


@ROOT_ONLY
def test_in_a_groups_folder_every_member_sells_and_none_is_locked_out(team: Path) -> None:
    """Only root may give files away: a member's file belongs to that member, and to the group."""
    for user in (ANNA, BEN, ANNA, BEN):
        assert as_user(user, [TEAM], sale(team)) == ""
        assert (team.stat().st_gid, team.stat().st_mode & 0o777) == (TEAM, 0o664)
    assert team.read_text() == '{"ticket_num": 38}\n'
    assert os.listdir(team.parent) == ["data.json"]


@ROOT_ONLY
def test_a_sale_that_would_lock_the_owner_out_is_refused_before_it_starts(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner's rights are more than the group's, or the owner is no member of it."""
    text, number = team.read_text(), team.stat().st_ino
    set_extended(team, ACCESS_LIST, access_list(BEN))
    says = as_user(BEN, [TEAM], sale(team))
    assert "a sale replaces the file, and its owner (60001) would be lost" in says
    os.removexattr(team, ACCESS_LIST)
    team.chmod(0o664)
    monkeypatch.setattr("booking.system.file_attributes._is_member", lambda _wanted: False)
    says = as_user(BEN, [TEAM], sale(team))
    assert says.startswith("InventoryError: "), says
    assert "would be lost; sell as the owner or as root" in says
    assert (team.read_text(), team.stat().st_ino) == (text, number)
    assert os.listdir(team.parent) == ["data.json"]


@ROOT_ONLY
def test_a_file_that_the_seller_may_not_write_is_refused(team: Path) -> None:
    """Its folder would allow to replace it all the same."""
    team.chmod(0o644)
    assert "cannot be written to" in as_user(BEN, [TEAM], sale(team))
    assert team.stat().st_uid == ANNA


@ROOT_ONLY
def test_a_strangers_file_in_a_sticky_folder_is_refused_before_the_sale(team: Path) -> None:
    """The kernel would refuse the swap, in the middle of the sale."""
    team.parent.chmod(0o3777)
    os.chown(team.parent, 0, TEAM)
    assert "sticky" in as_user(BEN, [TEAM], sale(team))
    assert as_user(ANNA, [TEAM], sale(team)) == ""


def test_a_mounted_file_is_refused_before_the_sale(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container mounts single files, and no other file can take the place of one."""
    monkeypatch.setattr("booking.stores.json_replaced.is_mount_point", lambda name: True)
    with pytest.raises(InventoryError, match="is mounted by itself"):
        JsonStore(Place(str(path), path.parent)).prepare()


@ROOT_ONLY
@pytest.mark.parametrize("first", [0, BEN])
def test_a_marker_of_a_killed_sale_locks_no_other_seller_out(team: Path, first: int) -> None:
    """Neither that of a member of the group, nor that of root."""

    def killed() -> None:
        with file_run_lock(team):
            os.kill(os.getpid(), signal.SIGKILL)

    def again() -> None:
        with file_run_lock(team):
            pass

    as_user(first, [TEAM], killed)
    assert team.with_name(".data.json.sale").exists()
    assert as_user(ANNA, [TEAM], again) == ""
    assert os.listdir(team.parent) == ["data.json"]


def test_what_cannot_be_kept_leaves_nothing(
    store: JsonStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk for attributes, for example, in the middle of a sale."""
    monkeypatch.setattr(spare_file, "give", lambda fd, wanted: ["user.origin"])
    count = store.read()
    with pytest.raises(InventoryError, match=r"user\.origin would be lost"):
        store.write(count - 1)
    monkeypatch.undo()
    assert store.read() == count
    store.close()
    assert os.listdir(path.parent) == ["data.json"]


@ROOT_ONLY
def test_root_sells_a_users_inventory_with_a_lock_and_the_user_sells_on(
    program: Program, team: Path
) -> None:
    """Nothing beside it keeps the user out: lock files and markers are the user's, or gone."""
    os.chown(team.parent, ANNA, ANNA)
    team.parent.chmod(0o755)
    os.chown(team, ANNA, ANNA)
    team.chmod(0o600)
    words = ["--store", f"json:{team}", "--lock", "--buyers", "3", "--delay", "0ms"]
    done = program("simulate", *words, "--no-control")
    assert done.returncode in {0, 3}, done
    assert as_user(ANNA, [], sale(team)) == ""
    assert (team.stat().st_uid, team.stat().st_mode & 0o777) == (ANNA, 0o600)
    for left in team.parent.iterdir():
        assert left.stat().st_uid == ANNA, left
