"""A gRPC server and a client, each a process of its own, on python3-grpcio: bytes as messages, so that nothing is generated.

grpc_peer.py serve ADDRESS:PORT IDENTITY.PEM            says "listening" and serves until it is ended
grpc_peer.py call ADDRESS:PORT NAME ROOTS.PEM [CASE…]   makes the calls of these cases, prints {case: what came of it} as JSON
"""

import hashlib
import json
import queue
import sys
import threading
import time
import traceback
from concurrent import futures

import grpc

_SERVICE = "lab.Test"
_LIMITS = [("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)]
_LARGE = bytes(range(256)) * (4 << 12)  # 4 MiB
_PATIENCE = 30


class Server:
    """What the server noticed of each call, by the call's name in its metadata, is told by the method Report."""

    def __init__(self):
        self._noticed, self._changed = {}, threading.Condition()

    def _notice(self, context, what):
        name = dict(context.invocation_metadata()).get("x-call", "")
        with self._changed:
            self._noticed.setdefault(name, []).append(what)
            self._changed.notify_all()

    def _begin(self, context):
        left = context.time_remaining()
        self._notice(context, f"deadline {left:.3f}" if left is not None and left < 1e6 else "no deadline")
        context.add_callback(lambda: self._notice(context, "over"))

    def unary(self, message, context):
        self._begin(context)
        given = [(key, value) for key, value in context.invocation_metadata() if key.startswith("x-given")]
        context.send_initial_metadata([(f"{key}", value) for key, value in given])
        context.set_trailing_metadata([(key.replace("x-given", "x-back"), value) for key, value in given])
        return message

    def gather(self, messages, context):
        self._begin(context)
        digest, count = hashlib.sha256(), 0
        for message in messages:
            digest.update(message)
            count += 1
        return f"{count} {digest.hexdigest()}".encode()

    def scatter(self, message, context):
        self._begin(context)
        for number in range(int(message)):
            yield b"%d" % number

    def converse(self, messages, context):
        self._begin(context)
        context.send_initial_metadata([("x-begun", "yes")])
        for message in messages:
            yield b"re: " + message

    def refuse(self, message, context):
        self._begin(context)
        context.set_trailing_metadata([("grpc-status-details-bin", bytes(range(256))), ("x-reason", "tired")])
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "ünïcode, 100 %\nand a second line: " + message.decode())

    def break_off(self, message, context):
        """A few messages, then an error."""
        self._begin(context)
        for number in range(3):
            yield b"%s %d" % (message, number)
        context.abort(grpc.StatusCode.DATA_LOSS, "the rest is lost")

    def linger(self, _message, context):
        """One message, then nothing while the call lives."""
        self._begin(context)
        yield b"begun"
        over = threading.Event()
        if context.add_callback(over.set):
            over.wait(_PATIENCE)

    def report(self, message, _context):
        """What was noticed of the call named, once it is over."""
        name = message.decode()
        with self._changed:
            self._changed.wait_for(lambda: "over" in self._noticed.get(name, ()), _PATIENCE)
            return json.dumps(self._noticed.get(name, [])).encode()

    def handler(self):
        return grpc.method_handlers_generic_handler(_SERVICE, {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Gather": grpc.stream_unary_rpc_method_handler(self.gather),
            "Scatter": grpc.unary_stream_rpc_method_handler(self.scatter),
            "Converse": grpc.stream_stream_rpc_method_handler(self.converse),
            "Refuse": grpc.unary_unary_rpc_method_handler(self.refuse),
            "BreakOff": grpc.unary_stream_rpc_method_handler(self.break_off),
            "Linger": grpc.unary_stream_rpc_method_handler(self.linger),
            "Report": grpc.unary_unary_rpc_method_handler(self.report),
        })


def serve(address, identity):
    with open(identity, "rb") as file:
        pem = file.read()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64), options=_LIMITS)
    server.add_generic_rpc_handlers((Server().handler(),))
    begin = pem.index(b"-----BEGIN PRIVATE KEY") if b"-----BEGIN PRIVATE KEY" in pem else pem.index(b"-----BEGIN EC PRIVATE")
    if server.add_secure_port(address, grpc.ssl_server_credentials([(pem[begin:], pem[:begin])])) == 0:
        raise OSError(f"cannot listen on {address}")
    server.start()
    print("listening", flush=True)
    server.wait_for_termination()


class Client:
    def __init__(self, address, name, roots):
        with open(roots, "rb") as file:
            credentials = grpc.ssl_channel_credentials(root_certificates=file.read())
        self.channel = grpc.secure_channel(f"ipv4:{address}", credentials, options=[
            *_LIMITS, ("grpc.ssl_target_name_override", name), ("grpc.default_authority", name), ("grpc.enable_retries", 0)])
        self.unary, self.refuse, self.report = (self.channel.unary_unary(f"/{_SERVICE}/{method}")
                                                for method in ("Unary", "Refuse", "Report"))
        self.gather = self.channel.stream_unary(f"/{_SERVICE}/Gather")
        self.converse = self.channel.stream_stream(f"/{_SERVICE}/Converse")
        self.scatter, self.break_off, self.linger = (self.channel.unary_stream(f"/{_SERVICE}/{method}")
                                                     for method in ("Scatter", "BreakOff", "Linger"))

    def _noticed(self, name):
        return json.loads(self.report(name.encode(), timeout=_PATIENCE))

    # --- the cases; each gives what json can show

    def case_unary(self):
        given = (("x-given", "text, with a comma"), ("x-given-bin", bytes(range(256))), ("x-given-empty", ""))
        answer, call = self.unary.with_call(b"hello", metadata=given, timeout=_PATIENCE)
        first, last = dict(call.initial_metadata()), dict(call.trailing_metadata())
        return {"answer": answer.decode(), "code": call.code().name,
                "initial": all(first.get(key) == value for key, value in given),
                "trailing": all(last.get(key.replace("x-given", "x-back")) == value for key, value in given)}

    def case_large(self):
        return {"same": self.unary(_LARGE, timeout=_PATIENCE) == _LARGE}

    def case_gather(self):
        messages = [b"%d" % number * 100 for number in range(1000)]
        answer = self.gather(iter(messages), timeout=_PATIENCE).decode()
        return {"same": answer == f"1000 {hashlib.sha256(b''.join(messages)).hexdigest()}"}

    def case_scatter(self):
        got = [int(message) for message in self.scatter(b"1000", timeout=_PATIENCE)]
        return {"in order": got == list(range(1000))}

    def case_converse(self):
        """Each message waits for the answer to the one before; and the head of the answer comes before all of them."""
        outbox = queue.Queue()
        call = self.converse(iter(outbox.get, None), timeout=_PATIENCE)
        begun = dict(call.initial_metadata()).get("x-begun")
        good = 0
        for number in range(200):
            message = b"%d " % number * (number % 50)
            outbox.put(message)
            good += next(call) == b"re: " + message
        outbox.put(None)
        return {"begun": begun, "good": good, "rest": len(list(call)), "code": call.code().name}

    def case_converse_large(self):
        """4 MiB each way at once, four times."""
        got = list(self.converse(iter([_LARGE] * 4), timeout=_PATIENCE))
        return {"same": got == [b"re: " + _LARGE] * 4}

    def case_refused(self):
        try:
            self.refuse(b"x", timeout=_PATIENCE)
            return {}
        except grpc.RpcError as error:
            last = dict(error.trailing_metadata())
            return {"code": error.code().name, "details": error.details(), "reason": last.get("x-reason"),
                    "binary": last.get("grpc-status-details-bin") == bytes(range(256))}

    def case_broken_off(self):
        got = []
        try:
            for message in self.break_off(b"part", timeout=_PATIENCE):
                got.append(message.decode())
            return {"got": got}
        except grpc.RpcError as error:
            return {"got": got, "code": error.code().name, "details": error.details()}

    def case_unknown_method(self):
        try:
            self.channel.unary_unary(f"/{_SERVICE}/Nothing")(b"", timeout=_PATIENCE)
            return {}
        except grpc.RpcError as error:
            return {"code": error.code().name}

    def case_deadline_told(self):
        self.unary(b"", timeout=25, metadata=(("x-call", "told"),))
        seen = self._noticed("told")
        return {"deadline": float(seen[0].split()[1]) if seen and seen[0].startswith("deadline") else None}

    def case_deadline_passed(self):
        began = time.monotonic()
        try:
            list(self.linger(b"", timeout=1, metadata=(("x-call", "late"),)))
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        return {"code": code, "seconds": time.monotonic() - began, "noticed": "over" in self._noticed("late")}

    def case_cancelled(self):
        call = self.linger(b"", timeout=_PATIENCE, metadata=(("x-call", "cancelled"),))
        first = next(call).decode()
        call.cancel()
        began = time.monotonic()
        noticed = "over" in self._noticed("cancelled")
        return {"first": first, "code": call.code().name, "noticed": noticed and time.monotonic() - began < _PATIENCE / 2}

    def case_many(self):
        calls = [self.unary.future(b"%d" % number * 1000, timeout=_PATIENCE) for number in range(300)]
        return {"good": sum(call.result() == b"%d" % number * 1000 for number, call in enumerate(calls))}


def call(address, name, roots, *cases):
    client = Client(address, name, roots)
    known = [one[len("case_"):] for one in dir(client) if one.startswith("case_")]
    results = {}
    for case in cases or known:
        try:
            results[case] = getattr(client, f"case_{case}")()
        except Exception:  # pylint: disable=broad-except
            results[case] = {"error": traceback.format_exc()[-700:]}
    print(json.dumps(results))


if __name__ == "__main__":
    {"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:])
