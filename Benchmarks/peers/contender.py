"""A contender of a measurement: a process that runs steps when it is told, and stands still otherwise."""

import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time


class Failure(Exception):
    """A contender that does not work: why."""


class Contender:
    """A running process that speaks the protocol of rounds (`irlas bench --rounds`, worker.py).

    The process is stopped by a signal whenever it is not its turn, so that no thread that spins while it waits for
    work takes a core from the one that is measured.
    """

    def __init__(self, name, group, command, environment, log, cpus=None):
        self.name, self.group, self.log = name, group, pathlib.Path(log)
        self.event, self.paused = {}, False
        self.started, self.ready_seconds = time.time(), None
        with open(self.log, "w") as errors:
            self.process = subprocess.Popen(
                [str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                bufsize=1, env={**os.environ, **environment}, start_new_session=True,
                preexec_fn=(lambda: os.sched_setaffinity(0, cpus)) if cpus else None)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self._lines.put(line)
        self._lines.put(None)

    def _next(self, event, timeout):
        """The next event of a kind; other lines of JSON are passed over."""
        deadline = time.time() + timeout
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.time(), 0.01))
            except queue.Empty:
                raise Failure(f"no answer in {timeout:.0f} s") from None
            if line is None:
                self.process.wait()
                said = [text for text in self.log.read_text(errors="replace").splitlines() if text.strip()]
                errors = [text for text in said if text.lower().startswith("error")] or said[-1:] or ["no message"]
                raise Failure(f"ended with {self.process.returncode}: {errors[0][:200]}")
            content = json.loads(line)
            if content.get("event") == event:
                return content

    def ready(self, timeout):
        """Waits until it is ready, and what it says then."""
        self.event = self._next("ready", timeout)
        self.ready_seconds = time.time() - self.started
        return self.event

    def round(self, steps, timeout=600):
        """The milliseconds of each of so many steps."""
        try:
            self.process.stdin.write(f"{steps}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        times = [round(ms, 5) for ms in self._next("round", timeout)["ms"]]
        if len(times) != steps:
            raise Failure(f"{len(times)} times for {steps} steps")
        return times

    def pause(self):
        if self.process.poll() is None and not self.paused:
            os.killpg(self.process.pid, signal.SIGSTOP)
            self.paused = True

    def resume(self):
        if self.process.poll() is None and self.paused:
            os.killpg(self.process.pid, signal.SIGCONT)
            self.paused = False

    def reset_peak(self):
        """Makes the highest resident memory so far that of now."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_bytes(self):
        """The highest resident memory of the process since it was reset (VmHWM)."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise Failure("the system does not tell the peak of its memory")

    def processor_seconds(self):
        """The processor time of all its threads."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        """Lets it end, and ends it where it does not."""
        self.resume()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            pass
        # What it has started itself (torch.compile's compilers) belongs to its group and ends with it.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def machine_seconds():
    """Processor time that the machine has spent on anything since it started, time taken by other guests included."""
    fields = [int(f) for f in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _, _, interrupts, soft_interrupts, steal = fields
    return (user + nice + system + interrupts + soft_interrupts + steal) / os.sysconf("SC_CLK_TCK")
