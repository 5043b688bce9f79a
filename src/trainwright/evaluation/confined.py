"""Runs in a child process of its own: confines itself for good, then executes a program of unknown intent.

Started by `evaluation.sandbox` as `python -I -S -B confined.py FD`; stands on the standard library alone.
What the program may ask of the kernel is a list of about seventy calls: computing, memory, reading files.
Not on it: sockets, new processes and threads, writing or making files, signals to others, raising limits.
Where the kernel has Landlock, files can be read below the interpreter's own folders alone.
That the program and its tests came to their end is said by a secret word that is written to FD after them:
an exit before the last assertion says nothing.

Source: seccomp(2), bpf and landlock(7) of the Linux kernel; numbers of system calls are those of x86-64.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import struct
import sys
from pathlib import Path

_ARCHITECTURE = 0xC000003E  # AUDIT_ARCH_X86_64
_KILL, _REFUSE, _ALLOW = 0x80000000, 0x00050001, 0x7FFF0000  # refused with EPERM
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _THIRD = 0, 4, 32  # offsets in struct seccomp_data
_OPENAT = 257
_RULESET, _RULE, _RESTRICT = 444, 445, 446  # of Landlock
_ALL_ACCESS, _READ_FILE, _READ_FOLDER = (1 << 13) - 1, 1 << 2, 1 << 3
_READABLE = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo")
_WRITING = 0o3 | 0o100 | 0o1000 | 0o2000  # write, read and write, create, truncate, append
# fmt: off
_CALLS = (
    0, 1, 3, 4, 5, 6, 7, 8,  # read write close stat fstat lstat poll lseek
    9, 10, 11, 12, 25, 28,  # mmap mprotect munmap brk mremap madvise
    13, 14, 15, 131, 219,  # signal handlers of its own, restart
    17, 19, 20, 21, 23,  # pread readv writev access select
    24, 35, 37, 38, 230,  # sched_yield nanosleep alarm setitimer clock_nanosleep
    79, 89, 217, 262, 267, 269, 270, 271, 332, 439,  # looking at files, waiting
    39, 102, 104, 107, 108, 110, 186,  # who am I
    63, 96, 97, 98, 99, 100, 201, 204, 228, 229,  # uname, times, limits as they are
    60, 231, 202, 273, 318, 334,  # exit futex set_robust_list getrandom rseq
)
# fmt: on


def main() -> None:
    """Read the request, confine, execute, and say the word."""
    channel = int(sys.argv[1])
    request = json.loads(sys.stdin.buffer.read())
    program = compile(request["program"], "<program>", "exec", dont_inherit=True)
    word = request["word"].encode()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    limit(request["cpu_seconds"], request["memory_bytes"])
    confine()
    exec(program, {"__name__": "__main__", "__builtins__": __builtins__})
    os.write(channel, word)


def limit(cpu_seconds: int, memory_bytes: int) -> None:
    """Ceilings that cannot be raised again: raising them is not among the calls that stay."""
    for what, most in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def confine() -> None:
    """From here on only the listed calls work.

    Raises:
        OSError: the kernel has no such filter.
    """
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.prctl(38, 1, None, 0, 0) != 0:  # no new privileges
        raise OSError(ctypes.get_errno(), "privileges cannot be given up")
    hide_files(kernel)
    code = _filter()
    instructions = ctypes.create_string_buffer(b"".join(code), 8 * len(code))
    head = struct.pack("HxxxxxxP", len(code), ctypes.addressof(instructions))
    if kernel.prctl(22, 2, head, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no system call filter")


def hide_files(kernel: ctypes.CDLL) -> None:
    """Only the interpreter's library and the system's can be read; where Landlock is missing, nothing."""
    attributes = struct.pack("Q", _ALL_ACCESS)
    ruleset = kernel.syscall(_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return
    for folder in (Path(os.__file__).parent, *map(Path, _READABLE)):
        if folder.is_dir():
            below = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", _READ_FILE | _READ_FOLDER, below)
            kernel.syscall(_RULE, ruleset, 1, rule, 0)
            os.close(below)
    if kernel.syscall(_RESTRICT, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "files cannot be hidden")
    os.close(ruleset)


def _filter() -> list[bytes]:
    """The filter's program: a wrong machine kills, a listed call passes, all else is refused."""
    code = [
        _step(_LOAD, _MACHINE),
        _step(_EQUAL, _ARCHITECTURE, then=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, 0x40000000, other=1),  # the x32 numbering
        _step(_RETURN, _KILL),
    ]
    for call in _CALLS:
        code += [_step(_EQUAL, call, other=1), _step(_RETURN, _ALLOW)]
    return [
        *code,
        _step(_EQUAL, _OPENAT, then=1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _THIRD),
        _step(_ANY_BIT, _WRITING, other=1),
        _step(_RETURN, _REFUSE),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, *, then: int = 0, other: int = 0) -> bytes:
    return struct.pack("HBBI", code, then, other, value)


if __name__ == "__main__":
    main()
