#!/usr/bin/env python3
"""How long `irlas lsp` takes from a keystroke to the messages about it.

    Benchmarks/keystrokes.py .build/release/irlas [LINES]

The text is made of the published networks in samples/published, one after the other under new names until it has
LINES lines (1000). Characters are typed and deleted at several places, one at a time, the next one when the
messages about the last one have arrived. Prints the median, the 95th percentile and the slowest, and the memory that
the server holds at the end. Also: the time of the requests that editors send after a change.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def program(lines):
    """Published networks under new names, with all their checks."""
    texts = [path.read_text() for path in sorted((ROOT / "samples" / "published").glob("*.irlas"))]
    parts, count, copy = ["irlas 1", "use std"], 2, 0
    while count < lines:
        text = texts[copy % len(texts)]
        text = re.sub(r"^(irlas 1|use std|//!.*)\n", "", text, flags=re.M)
        if re.search(r"^use ", text, flags=re.M):
            texts.pop(copy % len(texts))
            continue
        for name in set(re.findall(r"^(?:cell|network|recipe|space|search) (\w+)", text, flags=re.M)):
            text = re.sub(rf"\b{name}\b", f"{name}_{copy}", text)
        parts.append(text.strip())
        count += text.strip().count("\n") + 1
        copy += 1
    return "\n".join(parts) + "\n"


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.next_id = 1

    def send(self, **message):
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def request(self, method, params):
        self.next_id += 1
        self.send(id=self.next_id, method=method, params=params)
        while (message := self.receive()).get("id") != self.next_id:
            pass
        return message

    def messages(self, version):
        """Waits for the messages about a version of the text."""
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                if message["params"].get("version") == version:
                    return message["params"]["diagnostics"]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main():
    command = [sys.argv[1], "lsp"]
    text = program(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
    lines = text.split("\n")
    server = Server(command)
    server.request("initialize", {"capabilities": {}})
    server.send(method="initialized", params={})
    uri = "file:///typing.irlas"
    started = time.perf_counter()
    server.send(
        method="textDocument/didOpen",
        params={"textDocument": {"uri": uri, "languageId": "irlas", "version": 0, "text": text}},
    )
    found = server.messages(0)
    opened = time.perf_counter() - started
    networks = text.count("\nnetwork ")
    print(f"{len(lines)} lines, {len(text) / 1000:.0f} kB, {networks} networks, {text.count(chr(10) + 'check ')} checks")
    print(f"opened: {1000 * opened:.1f} ms, {len(found)} messages")

    version, times = 0, []

    def change(line, start, end, new):
        nonlocal version
        version += 1
        begun = time.perf_counter()
        edit = {
            "range": {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}},
            "text": new,
        }
        server.send(
            method="textDocument/didChange",
            params={"textDocument": {"uri": uri, "version": version}, "contentChanges": [edit]},
        )
        server.messages(version)
        times.append(1000 * (time.perf_counter() - begun))

    def processor_time():
        """Milliseconds of processor time that the server has used."""
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = processor_time()
    typed = " -> relu"
    for share in (0.02, 0.25, 0.5, 0.75, 0.97):
        line = int(share * len(lines))
        while "->" not in lines[line] or "//" in lines[line]:
            line = (line + 1) % len(lines)
        end = len(lines[line])
        for index, character in enumerate(typed):
            change(line, end + index, end + index, character)
        for index in reversed(range(len(typed))):
            change(line, end + index, end + index + 1, "")
    print(
        f"keystroke to messages: median {statistics.median(times):.1f} ms, 95 % {percentile(times, 0.95):.1f} ms, "
        f"slowest {max(times):.1f} ms ({len(times)} keystrokes), "
        f"{(processor_time() - before) / len(times):.1f} ms of processor time each"
    )

    document = {"textDocument": {"uri": uri}}
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": len(lines), "character": 0}}
    place = {**document, "position": {"line": line, "character": end}}
    for method, params in (
        ("semanticTokens/full", document),
        ("inlayHint", {**document, "range": whole}),
        ("codeLens", document),
        ("documentSymbol", document),
        ("foldingRange", document),
        ("completion", place),
        ("hover", place),
        ("formatting", {**document, "options": {"tabSize": 2, "insertSpaces": True}}),
    ):
        spent = []
        for _ in range(5):
            begun = time.perf_counter()
            server.request(f"textDocument/{method}", params)
            spent.append(1000 * (time.perf_counter() - begun))
        print(f"{method}: {statistics.median(spent):.1f} ms")
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    print(f"memory: {resident / 1024:.0f} MiB")
    server.request("shutdown", None)
    server.send(method="exit")
    sys.exit(server.process.wait())


if __name__ == "__main__":
    main()
