#!/usr/bin/env python3
"""IRLAS beside PyTorch, ONNX Runtime and OpenVINO: the same networks, weights and inputs, in one session.

  usage: Benchmarks/peers/run.py IRLAS [--only train/resnet20,infer/*] [--rounds N] [--quick] ...

What it does, for each line of work (work.py):

1. `irlas show` gives the network's graph as text; network.py makes the same network of it in PyTorch, and PyTorch's
   exporter the ONNX file that ONNX Runtime and OpenVINO read.
2. `irlas bench --save` gives weights, input and results; every peer starts from these weights, computes the same, and
   has to agree: outputs and loss within 1e-4 (worker.py says of what). Gradients of networks with ReLUs and maxima jump
   where an operand is next to a kink, in which case rounding decides: PyTorch's own gradients in float32 are 2 % from
   those in float64 at the worst parameter of ResNet-20. So every gradient has to agree within 1e-3 on the network's
   smooth twin, in which ReLUs are SiLUs and maxima are means, and as a whole within 5 % on the network itself.
3. Every contender is a process of its own that is compiled and warmed up before the first measurement. Rounds go round:
   in each one every contender, in an order that moves on from round to round, runs a few steps that do not count and then
   those that do, while all others are stopped. Ratios are formed within a round (report.py), because a shared machine is
   slower at times.
4. A table, the raw times as JSON and a drawing are written to --output.

How it is kept fair: the same number of threads for all; channels last, fused SGD and denormals flushed to zero for
PyTorch; frozen weights for torch.compile's inference; all graph optimisations for ONNX Runtime; latency mode and one
stream for OpenVINO, which is told to compute in float32 (it would choose bfloat16 by itself). PyTorch trains once with
the system's allocator as it is and once with one that keeps memory (work.py), each compared by itself.

Peak memory is the highest resident memory of a process during three training steps once everything is compiled (VmHWM,
reset before). What PyTorch's process has after the training step of a tiny network is taken off, since that is the
library and not the network; from IRLAS nothing is taken off.

The first result is measured with empty caches: for IRLAS from the start of the process to the first output, for
torch.compile from the graph's text to the first output, the time to start Python and load PyTorch left out.

A result is called noisy, and is none, when its rounds disagree, when steps scatter, or when other work had more than a
twentieth of the machine.
"""

import argparse
import ast
import dataclasses
import datetime
import fnmatch
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import report
import work
from contender import Contender, Failure, machine_seconds

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
REPEATS = 3
"""How many processes of each contender are measured where a process gives one figure: memory and the first result."""
REQUIRED = ("torch", "onnx", "onnxruntime", "openvino", "safetensors", "numpy")


def say(message):
    print(message, file=sys.stderr, flush=True)


# Set-up

def peers_python(options):
    """The interpreter of a virtual environment with all peers; made once, and again when the requirements change."""
    if options.python:
        return options.python
    folder = REPOSITORY / ".build" / "peers-venv"
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    mark, python = folder / "requirements.sha256", folder / "bin" / "python"
    if not (mark.exists() and mark.read_text() == wanted):
        say(f"setting up the peers in {folder}; PyTorch is a large download")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        mark.write_text(wanted)
    return python


def versions(python):
    code = f"import importlib.metadata as m; print({{n: m.version(n) for n in {REQUIRED!r}}})"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True)
    if found.returncode != 0:
        sys.exit(f"{python} lacks a peer: {found.stderr.strip().splitlines()[-1]}")
    return ast.literal_eval(found.stdout)


def machine():
    """What the numbers depend on."""
    processor = [
        line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")]
    commit = subprocess.run(["git", "-C", REPOSITORY, "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    return {
        "processor": processor[0] if processor else platform.machine(), "processors": os.cpu_count(),
        "system": platform.release(), "commit": commit.strip()}


# One line of work

class Session:
    """The contenders of one line of work, and the files they share."""

    def __init__(self, item, options, folder):
        self.item, self.options = item, options
        self.folder = folder / item.name.replace("/", "-")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.graph, self.onnx = self.folder / "graph.txt", self.folder / "network.onnx"
        self.weights = self.folder / "irlas.safetensors"
        self.cpus = options.cpus
        self.peers = [
            p for p in item.peers
            if (any(fnmatch.fnmatch(p.name, q) for q in options.peers) if options.peers else not p.optional)]

    def program(self):
        arguments = [self.item.program, self.item.network]
        for setting in self.item.settings:
            arguments += ["--set", setting]
        return arguments

    def environment(self, peer=None):
        threads = str(self.options.threads)
        shared = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads,
                  "TORCHINDUCTOR_CACHE_DIR": str(self.folder.parent / "inductor")}
        return {**shared, **dict(peer.environment if peer else ())}

    def write_graph(self):
        shown = subprocess.run(
            [self.options.irlas, "show", *self.program(), "--dump-after", "canonical"], check=True, capture_output=True,
            text=True)
        self.graph.write_text(shown.stdout)

    def export(self):
        """The ONNX file, with the weights that IRLAS saved; with drawn ones where IRLAS takes no part."""
        command = [self.options.peers_python, HERE / "worker.py", "--kind", "export", "--graph", self.graph,
                   "--onnx", self.onnx, "--batch", str(self.item.batch)]
        command += ["--draw", self.weights] if self.options.without_irlas else ["--reference", self.weights]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **self.environment()})
        if done.returncode != 0:
            raise Failure(f"no ONNX file: {done.stderr.strip().splitlines()[-1]}")

    def write_twin(self):
        """The network with SiLUs for ReLUs and means for maxima, as a program; the standard library's cells written out."""
        library = REPOSITORY / "Sources" / "IRLASDSL" / "Standard" / "std.irlas"
        raised = subprocess.run(
            [self.options.irlas, "raise", *self.program()], check=True, capture_output=True, text=True).stdout
        if "\nuse std\n" in raised:
            raised = raised.replace("\nuse std\n", "\n") + library.read_text().split("irlas 1\n", 1)[1]
        smooth = re.sub(r"\bmax_pool\b", "avg_pool", re.sub(r"\brelu6?\b", "silu", raised))
        path = self.folder / "twin.irlas"
        path.write_text(smooth)
        return path

    def start_irlas(self, save=False, environment=None):
        command = [self.options.irlas, "bench", *self.program(), "--batch", str(self.item.batch), "--threads",
                   str(self.options.threads), "--mode", self.item.mode, "--format", "json", "--rounds"]
        if self.item.precision != "f32":
            command += ["--precision", self.item.precision]
        if save:
            command += ["--save", self.weights]
        return Contender("irlas", "irlas", command, environment or {}, self.folder / "irlas.log", self.cpus)

    def start_peer(self, peer, reference=True, environment=None):
        command = [self.options.peers_python, HERE / "worker.py", "--kind", peer.kind, "--graph", self.graph,
                   "--onnx", self.onnx, "--mode", self.item.mode, "--batch", str(self.item.batch),
                   "--threads", str(self.options.threads), "--precision", self.item.precision, *peer.arguments]
        if reference and self.weights.exists():
            command += ["--reference", self.weights]
        return Contender(
            peer.name, peer.group, command, {**self.environment(peer), **(environment or {})},
            self.folder / f"{peer.name}.log", self.cpus)

    def record(self):
        """What is kept of the work besides the times."""
        item = self.item
        return {
            "name": item.name, "measure": item.measure, "mode": item.mode, "network": item.network,
            "settings": list(item.settings), "batch": item.batch, "precision": item.precision,
            "targets": {group: list(pair) for group, pair in item.targets.items()},
            "threads": self.options.threads,
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "contenders": {}}


def attempt(start, timeout):
    """A contender that is ready and stopped, or why there is none."""
    contender = None
    try:
        contender = start()
        contender.ready(timeout)
        contender.pause()
        return contender, None
    except (Failure, OSError) as failure:
        if contender:
            contender.close()
        return None, str(failure)
    except BaseException:
        if contender:
            contender.close()
        raise


def smooth_agreement(session):
    """How far the gradients of the network's smooth twin are from PyTorch's: see the head of this file."""
    twin = Session(
        dataclasses.replace(session.item, name=f"{session.item.name}/twin", program=session.write_twin(), settings=()),
        session.options, session.folder.parent)
    contender = None
    try:
        twin.write_graph()
        contender, error = attempt(lambda: twin.start_irlas(save=True), session.options.ready_timeout)
        if contender:
            contender.close()
            contender, error = attempt(lambda: twin.start_peer(work.SMOOTH), session.options.ready_timeout)
        if error:
            say(f"  the smooth twin: {error}")
            return None
        return contender.event["agreement"]
    except subprocess.CalledProcessError as failure:
        say(f"  the smooth twin: {failure.stderr}")
        return None
    finally:
        if contender:
            contender.close()


def measure_time(session):
    """Everybody ready, then round after round."""
    options, record = session.options, session.record()
    running = []

    def join(name, group, start):
        say(f"  preparing {name}")
        contender, error = attempt(start, options.ready_timeout)
        record["contenders"][name] = {
            "group": group, "rounds": [], "error": error, "ready": contender.event if contender else None}
        if contender:
            running.append(contender)
        else:
            say(f"  {name}: {error}")

    try:
        if not options.without_irlas:
            join("irlas", "irlas", lambda: session.start_irlas(save=True))
            if not running:
                return record
            if session.item.mode == "train":
                say("  comparing the gradients of the smooth twin")
                record["smooth"] = smooth_agreement(session)
        if any(p.kind in ("onnxruntime", "openvino") for p in session.peers):
            session.export()
        elif options.without_irlas:
            session.weights.unlink(missing_ok=True)
        for peer in session.peers:
            join(peer.name, peer.group, lambda: session.start_peer(peer))
        rounds(running, record, options)
    except Failure as failure:
        say(f"  {failure}")
        record["error"] = str(failure)
    finally:
        for contender in running:
            contender.close()
    return record


def rounds(running, record, options):
    """Measures the contenders in turn; one that fails on the way leaves."""
    turn = options.seconds / max(options.rounds * len(running), 1)
    steps = {}

    def take(contender, count, warm=0):
        contender.resume()
        try:
            return contender.round(warm + count)[warm:]
        except Failure as failure:
            record["contenders"][contender.name].update(rounds=[], error=str(failure))
            running.remove(contender)
            return None
        finally:
            contender.pause()

    for contender in list(running):
        if times := take(contender, 2):
            steps[contender.name] = max(1, min(2000, round(turn * 1e3 / max(min(times), 1e-3))))
    machine_before, own_before, clock = machine_seconds(), sum(c.processor_seconds() for c in running), time.time()
    for index in range(options.rounds):
        for contender in running[index % max(len(running), 1):] + running[:index % max(len(running), 1)]:
            count = steps[contender.name]
            # A contender that had to wait finds cold caches; long steps fill them by themselves.
            times = take(contender, count, warm=min(10, count // 4))
            if times is not None:
                record["contenders"][contender.name]["rounds"].append(times)
    elapsed = time.time() - clock
    own = sum(c.processor_seconds() for c in running) - own_before
    record["others_share"] = max(0.0, (machine_seconds() - machine_before - own) / (elapsed * os.cpu_count()))


def measure_memory(session):
    """Each contender alone, in a process that has compared nothing and saved nothing."""
    options, record = session.options, session.record()
    session.weights.unlink(missing_ok=True)
    starts = [("irlas", "irlas", session.start_irlas)] if not options.without_irlas else []
    starts += [(p.name, p.group, lambda p=p: session.start_peer(p, reference=False)) for p in session.peers]
    for name, group, start in starts:
        entry = record["contenders"][name] = {"group": group, "rounds": [], "error": None, "peak_bytes": []}
        for _ in range(REPEATS):
            contender, error = attempt(start, options.ready_timeout)
            entry["error"], entry["ready"] = error, contender.event if contender else None
            if not contender:
                say(f"  {name}: {error}")
                break
            try:
                contender.resume()
                contender.reset_peak()
                contender.round(3)
                peak = contender.peak_bytes()
                entry["peak_bytes"].append(peak)
                entry["rounds"].append([(peak - contender.event.get("base_bytes", 0)) / 2**20])
            except (Failure, OSError) as failure:
                entry["error"] = str(failure)
                break
            finally:
                contender.close()
    return record


def measure_first(session):
    """Each contender from nothing, several times, with caches in folders that are new and empty."""
    options, record = session.options, session.record()
    session.weights.unlink(missing_ok=True)
    starts = [] if options.without_irlas else [("irlas", "irlas", lambda e: session.start_irlas(environment=e))]
    starts += [
        (p.name, p.group, lambda e, p=p: session.start_peer(p, reference=False, environment=e)) for p in session.peers]
    for name, group, _ in starts:
        record["contenders"][name] = {"group": group, "rounds": [], "error": None, "from_start_seconds": []}
    for _ in range(REPEATS):
        for name, _, start in starts:
            entry = record["contenders"][name]
            with tempfile.TemporaryDirectory() as empty:
                caches = {"XDG_CACHE_HOME": empty, "TORCHINDUCTOR_CACHE_DIR": f"{empty}/inductor"}
                contender, error = attempt(lambda: start(caches), options.ready_timeout)
                if not contender:
                    entry["error"] = error
                    say(f"  {name}: {error}")
                    continue
                entry["ready"] = contender.event
                entry["from_start_seconds"].append(contender.ready_seconds)
                entry["rounds"].append([
                    contender.ready_seconds if name == "irlas" else contender.event["first_result_seconds"]])
                contender.close()
    return record


# The command

def chosen(options):
    """The work that the arguments ask for: patterns, or beginnings of names."""
    everything = work.everything()
    if not options.only:
        return [w for w in everything if w.name in work.QUICK] if options.quick else everything
    found = [
        w for w in everything
        if any(fnmatch.fnmatch(w.name, p) or w.name.startswith(p.rstrip("/") + "/") for p in options.only)]
    if not found:
        sys.exit("no work has such a name; there is:\n  " + "\n  ".join(w.name for w in everything))
    return found


def arguments():
    parser = argparse.ArgumentParser(
        description="Measures IRLAS beside PyTorch, ONNX Runtime and OpenVINO (see the head of this file).")
    def names(text):
        return [name for name in text.split(",") if name]

    def numbers(text):
        return {int(number) for number in names(text)}

    parser.add_argument("irlas", help="the program, a release build")
    parser.add_argument("--only", type=names, default=[], metavar="NAMES",
                        help="work by name or pattern: train,infer/*/b1")
    parser.add_argument("--peers", type=names, default=[], metavar="NAMES",
                        help="peers by name or pattern (torch-*,openvino); * has those that are left out by default")
    parser.add_argument("--rounds", type=int, help="rounds of each work (11; with --quick 5)")
    parser.add_argument("--seconds", type=float, help="measured seconds of each work, all contenders together (90; 15)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpus", type=numbers, metavar="NUMBERS", help="the processors to use, as 0,1; all by default")
    parser.add_argument("--quick", action="store_true", help="few rounds, and a small choice of work")
    parser.add_argument("--list", action="store_true", help="the names of all work")
    parser.add_argument("--output", type=pathlib.Path, default=REPOSITORY / ".build" / "peers",
                        help="folder of the results")
    parser.add_argument("--fresh", action="store_true", help="forget the work that the folder has results of")
    parser.add_argument("--python", help="an interpreter that has all peers, instead of one set up from PyPI")
    parser.add_argument("--ready-timeout", type=float, default=1200, metavar="SECONDS",
                        help="for compiling and warming up")
    parser.add_argument("--without-irlas", action="store_true", help="the peers alone, with weights drawn at random")
    options = parser.parse_args()
    options.rounds = options.rounds or (5 if options.quick else 11)
    options.seconds = options.seconds or (15 if options.quick else 90)
    return options


def main():
    options = arguments()
    # Ended from outside, it ends its contenders too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    if options.list:
        print("\n".join(w.name for w in work.everything()))
        return 0
    if not shutil.which(options.irlas):
        sys.exit(f"{options.irlas} is not a program")
    options.irlas = os.path.abspath(shutil.which(options.irlas))
    items = chosen(options)
    options.peers_python = peers_python(options)
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "results.json"
    earlier = json.loads(path.read_text())["work"] if path.exists() and not options.fresh else []
    results = {"machine": machine(), "versions": versions(options.peers_python), "threads": options.threads}
    done = {w["name"]: w for w in earlier}
    measures = {"time": measure_time, "memory": measure_memory, "first": measure_first}
    for index, item in enumerate(items):
        say(f"[{index + 1}/{len(items)}] {item.name}")
        session = Session(item, options, options.output / "files")
        session.write_graph()
        record = measures[item.measure](session)
        done[item.name] = record
        order = [w.name for w in work.everything()]
        results["work"] = sorted(done.values(), key=lambda w: order.index(w["name"]) if w["name"] in order else len(order))
        path.write_text(json.dumps(results) + "\n")
        say(report.text({"work": [record]}))
    print(report.text(results))
    if svg := report.drawing(results):
        (options.output / "ratios.svg").write_text(svg)
    print(f"raw times: {path}")
    measured = [w for w in results["work"] if w["name"] in {i.name for i in items}]
    wrong = [w for w in measured if report.disagreements(w)]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
