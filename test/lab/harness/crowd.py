"""Many clients at a time, by asyncio, in one thread that lives in the client's namespace."""

import asyncio
import dataclasses
import threading
import time

from . import topology


@dataclasses.dataclass
class Tally:
    """What a crowd has seen. `errors` holds the first texts."""

    answered: int = 0
    failed: int = 0
    seconds: float = 0.0
    errors: list = dataclasses.field(default_factory=list)

    def fail(self, error):
        self.failed += 1
        if len(self.errors) < 10:
            self.errors.append(str(error)[:200] or repr(error))


class Crowd:
    """`clients` connections, each asking `requests` times for a name of `names`; stops early once `stop` is set."""

    def __init__(self, lab, context, names, clients, requests, address=topology.ORIGIN, pause=0.0):
        self._lab, self._context, self._names, self._address = lab, context, names, address
        self._clients, self._requests, self._pause = clients, requests, pause
        self.tally, self.stop = Tally(), threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def wait(self, timeout=400):
        self._thread.join(timeout)
        return self.tally

    def _live(self):
        began = time.monotonic()
        with self._lab.client_side.inside():
            asyncio.run(self._all())
        self.tally.seconds = time.monotonic() - began

    async def _all(self):
        await asyncio.gather(*(self._one(number) for number in range(self._clients)))

    async def _one(self, number):
        name = self._names[number % len(self._names)]
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(
                self._address, 443, ssl=self._context, server_hostname=name), 60)
        except (OSError, asyncio.TimeoutError) as error:
            self.tally.fail(error)
            return
        try:
            for asked in range(self._requests):
                if self.stop.is_set() or not await self._ask(reader, writer, name, f"/{number}-{asked}"):
                    break
                if self._pause:
                    await asyncio.sleep(self._pause)
        finally:
            writer.close()

    async def _ask(self, reader, writer, name, path):
        """One request; false once the connection is at its end."""
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = await reader.readexactly(length)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, IndexError, ValueError) as error:
            self.tally.fail(f"{path}: {error!r}")
            return False
        if " 200 " not in head.split("\r\n")[0] or path.encode() not in body:
            self.tally.fail(f"{path}: {head.splitlines()[0]}")
        self.tally.answered += 1
        return "connection: close" not in head
