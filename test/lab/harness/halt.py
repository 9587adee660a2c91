"""One thread of a process halted, while the others run on, as one that hangs in a call would be (ptrace(2))."""

import contextlib
import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000


def _ptrace(request, thread):
    if _LIBC.ptrace(ctypes.c_long(request), ctypes.c_long(thread), ctypes.c_void_p(0), ctypes.c_void_p(0)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"ptrace({request:#x}, {thread}): {os.strerror(code)}")


def thread_named(pid, name):
    """The thread of the process that has this name."""
    for task in os.scandir(f"/proc/{pid}/task"):
        with open(f"{task.path}/comm", encoding="utf-8") as comm:
            if comm.read().strip() == name:
                return int(task.name)
    raise LookupError(f"process {pid} has no thread named {name}")


@contextlib.contextmanager
def halted(pid, name):
    """The thread, by its number, does nothing meanwhile. It is this thread's own to hold: leave by the thread that entered."""
    thread = thread_named(pid, name)
    _ptrace(_SEIZE, thread)
    try:
        _ptrace(_INTERRUPT, thread)
        os.waitpid(thread, _WALL)
        yield thread
    finally:
        with contextlib.suppress(ProcessLookupError):  # its process has ended
            _ptrace(_DETACH, thread)


def has_ended(thread):
    """Whether a halted thread's process has ended: until somebody has asked, the kernel tells nobody of that."""
    try:
        return os.waitpid(thread, _WALL | os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True
