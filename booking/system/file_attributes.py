"""Who owns a file and who may use it: owner, group, mode, access list, extended attributes."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

ACCESS_LIST = "system.posix_acl_access"
_XATTRS = hasattr(os, "listxattr")


@dataclass(frozen=True, slots=True)
class FileAttributes:
    """Attributes that a file which takes another one's place must have, too."""

    owner: int
    group: int
    mode: int
    extended: tuple[tuple[str, bytes], ...] = ()


def attributes_of(file: int | str) -> FileAttributes:
    """Return the attributes of an open file, or of the file that a path names."""
    facts = os.stat(file)  # noqa: PTH116 - a descriptor, too
    return FileAttributes(
        facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode), tuple(_extended(file))
    )


def extended_of(file: int | str) -> tuple[tuple[str, bytes], ...]:
    """Return the extended attributes that may be read, the access list among them."""
    return tuple(_extended(file))


def writers_of(inventory: str) -> FileAttributes:
    """Return attributes of a file for the users who may write to an inventory, and no other.

    It is for locks and markers beside the inventory. Where there is no inventory, this user is the
    only one.
    """
    only_owner = stat.S_IRUSR | stat.S_IWUSR
    try:
        there = attributes_of(inventory)
    except OSError:
        return FileAttributes(os.geteuid(), os.getegid(), only_owner)
    lists = tuple(entry for entry in there.extended if entry[0] == ACCESS_LIST)
    writers = there.mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    mode = there.mode & 0o666 if lists else writers | writers << 1
    return FileAttributes(there.owner, there.group, mode | only_owner, lists)


def may_miss(missed: Sequence[str], wanted: FileAttributes) -> bool:
    """Return whether no user loses a right where only these attributes are missed.

    Only root can give a file away. A member of the group need not, where the owner may do as a
    member of the group all that it may do as the owner.
    """
    if not missed:
        return True
    group_bits = wanted.mode >> 3 & 0o6
    alike = wanted.mode >> 6 & 0o6 == group_bits
    return list(missed) == ["owner"] and alike and not wanted.extended and _is_member(wanted)


def _is_member(wanted: FileAttributes) -> bool:
    import pwd

    try:
        user = pwd.getpwuid(wanted.owner)
    except KeyError:
        return False
    return wanted.group in os.getgrouplist(user.pw_name, user.pw_gid)


def give(fd: int, wanted: FileAttributes) -> list[str]:
    """Set the attributes of an open file of ours; return those that cannot be set."""
    facts = os.fstat(fd)
    missed = []
    if (facts.st_uid, facts.st_gid) != (wanted.owner, wanted.group):
        missed += _give_owner(fd, facts, wanted)
    missed += _give_extended(fd, dict(wanted.extended))
    # Last: a change of the owner drops bits of the mode, and an access list sets some.
    mode = wanted.mode if "group" not in missed else wanted.mode & ~(stat.S_IRWXG | stat.S_ISGID)
    if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
        os.fchmod(fd, mode)
    return missed


def _give_owner(fd: int, facts: os.stat_result, wanted: FileAttributes) -> list[str]:
    """Change owner and group; the group alone where only root may give files away."""
    missed = []
    if facts.st_uid != wanted.owner:
        try:
            os.fchown(fd, wanted.owner, wanted.group)
        except OSError:
            missed.append("owner")
        else:
            return []
    try:
        os.fchown(fd, -1, wanted.group)
    except OSError:
        missed.append("group")
    return missed


def _extended(file: int | str) -> list[tuple[str, bytes]]:
    if not _XATTRS:
        return []
    try:
        names = os.listxattr(file)
    except OSError:
        return []  # this file system has none
    found = []
    for name in sorted(names):
        with suppress(OSError):  # one that only root may read
            found.append((name, os.getxattr(file, name)))
    return found


def _give_extended(fd: int, wanted: dict[str, bytes]) -> list[str]:
    """Make the extended attributes equal, as far as they are ours to give."""
    there = dict(_extended(fd))
    missed = []
    for name, value in wanted.items():
        if there.get(name) != value:
            try:
                os.setxattr(fd, name, value)
            except OSError:
                missed.append(name)
    for name in there.keys() - wanted.keys():
        # A label of a security module belongs to the place; a folder's default list does not.
        if name.startswith("user.") or name == ACCESS_LIST:
            try:
                os.removexattr(fd, name)
            except OSError:
                missed.append(name)
    return missed
