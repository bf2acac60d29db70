"""What the system says of memory and processes is read as it means it, in every layout."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from booking.errors import CapacityError
from booking.system import memory
from booking.system.cgroups import rooms
from booking.system.memory import Need, ensure_fits, own_room, total_room

GIB = 1 << 30
V2 = "0::/a/b\n"
V1 = "9:name=systemd:/x\n4:memory:/a/b\n3:cpu,pids:/a\n0::/\n"


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    memory.forget_allowed()
    yield
    memory.forget_allowed()


def system(root: Path, groups: str, files: dict[str, str], available: int | None = 8) -> Path:
    """Lay out the files of a system with so many GiB available."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    if available is not None:
        (root / "proc/meminfo").write_text(
            f"MemTotal: 99 kB\nMemAvailable: {available * GIB >> 10} kB\n"
        )
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


@pytest.mark.parametrize("groups, files, room, named", [
    (V2, {}, 8 * GIB, "MemAvailable"),
    ("", {}, 8 * GIB, "MemAvailable"),
    (V2, {"a/b/memory.max": "max", "a/b/memory.current": "5"}, 8 * GIB, "MemAvailable"),
    (V2, {"a/b/memory.max": f"{2 * GIB}", "a/b/memory.current": f"{GIB}"}, GIB, "a/b/memory.max"),
    # A group above has less left than this one.
    (V2, {"a/b/memory.max": f"{2 * GIB}", "a/b/memory.current": "0", "a/memory.max": f"{3 * GIB}",
          "a/memory.current": f"{3 * GIB - 7}"}, 7, "a/memory.max"),
    # What the kernel drops as soon as memory is needed is not used.
    (V2, {"a/b/memory.max": f"{GIB}", "a/b/memory.current": f"{GIB}",
          "a/b/memory.stat": "anon 1\ninactive_file 5000\ninactive_file_x 9"}, 5000, "memory.max"),
    # A container sees its own group at the mount, and another path.
    (V2, {"memory.max": f"{GIB}", "memory.current": "24"}, GIB - 24, "cgroup/memory.max"),
    (V1, {"memory/a/b/memory.limit_in_bytes": f"{GIB}", "memory/a/b/memory.usage_in_bytes": "24"},
     GIB - 24, "memory.limit_in_bytes"),
    (V1, {"memory/a/b/memory.limit_in_bytes": "9223372036854771712",
          "memory/a/b/memory.usage_in_bytes": "24"}, 8 * GIB, "MemAvailable"),
    (V1, {"memory/memory.limit_in_bytes": f"{GIB}", "memory/memory.usage_in_bytes": f"{GIB + 5}",
          "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 3"}, 0, "limit_in_bytes"),
    # More is used than there may be, for the moment.
    (V2, {"memory.max": "1000", "memory.current": "2000"}, 0, "cgroup/memory.max"),
    (V2, {"memory.max": "broken", "memory.current": "2"}, 8 * GIB, "MemAvailable"),
])  # fmt: skip
def test_the_least_of_all_limits_counts(
    tmp_path: Path, groups: str, files: dict[str, str], room: int, named: str
) -> None:
    found = total_room(system(tmp_path, groups, files))
    assert found is not None
    assert found.size == room
    assert found.limited_by.endswith(named)


def test_without_any_limit_nothing_is_refused(tmp_path: Path) -> None:
    root = system(tmp_path, V2, {}, available=None)
    assert total_room(root) is None
    ensure_fits("it", Need(1, 1 << 60), str, root)


def test_processes_have_limits_of_their_groups(tmp_path: Path) -> None:
    root = system(tmp_path, V1, {"cpu,pids/a/pids.max": "100", "cpu,pids/a/pids.current": "40",
                                 "cpu,pids/pids.max": "max"})  # fmt: skip
    assert list(rooms("pids", root)) == [(60, str(root / "sys/fs/cgroup/cpu,pids/a/pids.max"))]


def test_the_refusal_says_how_much_and_what_to_lower(tmp_path: Path) -> None:
    root = system(tmp_path, V2, {"memory.max": f"{GIB}", "memory.current": "0"})
    ensure_fits("a sale", Need(GIB, GIB), str, root)
    with pytest.raises(CapacityError) as refused:
        ensure_fits("a sale", Need(0, 3 * GIB // 2), lambda room: f"take {room >> 20}", root)
    assert str(refused.value) == (
        "a sale would take about 1.5 GiB of memory, and there are 1 GiB "
        f"({root}/sys/fs/cgroup/memory.max); take 1024, or allow more with --max-memory SIZE"
    )
    memory.allow(2 * GIB)
    ensure_fits("a sale", Need(0, 3 * GIB // 2), str, root)
    with pytest.raises(CapacityError, match=r"\(--max-memory\)"):
        ensure_fits("a sale", Need(0, 5 * GIB // 2), str, root)


def test_the_address_space_limits_this_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = system(tmp_path, V2, {})
    (root / "proc/self/statm").write_text("1000 5 5 5 0 5 0\n")
    assert own_room(root) is None or resource.getrlimit(resource.RLIMIT_AS)[0] > 0
    monkeypatch.setattr("resource.getrlimit", lambda _: (GIB, GIB))
    left = GIB - 1000 * resource.getpagesize()
    assert own_room(root) == (left, "ulimit -v")
    ensure_fits("it", Need(left, 8 * GIB), str, root)
    with pytest.raises(CapacityError, match="ulimit -v"):
        ensure_fits("it", Need(left + 1, left + 1), str, root)
