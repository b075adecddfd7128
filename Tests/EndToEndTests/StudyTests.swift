import Foundation
import Testing

/// Searches from the command line: what they find is what they recorded, and nothing that happens to them changes it.
@Suite(.serialized) struct StudyTests {
  /// A small search on the bundled digits.
  private static func program(reward: String, budget: String, seeds: String = "[0]", more: String = "")
    -> String
  {
    """
    irlas 1
    use std
    space Net {
      in image: [1, 8, 8]
      n = choose(1, 2, 3)
      return image
        -> repeat n conv(choose(1x1, 3x3), choose(4, 8, 12)) -> choose(relu: relu, bn: bn -> relu, pool: max_pool(3x3))
        -> conv(choose(1x1, 3x3, 5x5), choose(4, 6, 8, 10))
        -> global_avg_pool -> linear(10)
    }
    recipe Quick {
      data:      idx(validation: 300) -> normalize
      batch:     100
      epochs:    4
      optimizer: sgd(lr: 0.1, momentum: 0.9)
    }
    search Small {
      over:     Net
      reward:   \(reward)
      fidelity: halving(from: 1, to: 4, by: 2)
      budget:   \(budget)
      seeds:    \(seeds)
    \(more)}

    """
  }

  private static let data = "samples/data/digits"

  /// A worker that trains nothing: what it says follows from the seed of the training. One in nine is a crash, one a loop,
  /// one eats memory, one diverges.
  private static let fakeWorker = """
    #!/bin/sh
    read -r job
    seed=${job#*\\"seed\\":\\"}; seed=${seed%%\\"*}
    epochs=${job#*\\"epochs\\":}; epochs=${epochs%%,*}
    number=1${seed#${seed%???}}
    case $((number % 9)) in
      0) kill -SEGV $$ ;;
      # A worker of ours ends with its parent; a script has to look, and a dead parent may still wait to be reaped.
      1) while [ -e /proc/$PPID/exe ]; do :; done; exit ;;
      2) eaten=0123456789abcdef; while [ -e /proc/$PPID/exe ]; do eaten=$eaten$eaten; done; exit ;;
      3) echo '{"end":"diverged","reason":"the loss is not a finite number any more"}'; exit ;;
    esac
    epoch=1
    while [ $epoch -le $epochs ]; do
      echo "{\\"epoch\\":$epoch,\\"accuracy\\":0.$((100 + (number * 7 + epoch * 13) % 900))}"
      epoch=$((epoch + 1))
    done
    sleep 0.0$((number % 5))
    echo '{"end":"trained","plan":"fake","summary":"tier fake","remarks":[]}'

    """

  /// Writes the worker; only a wild one loops and eats memory, which takes its time.
  private static func fake(_ folder: TemporaryFolder, isWild: Bool = false) throws -> String {
    let text = isWild ? fakeWorker : fakeWorker.replacing("while [ -e /proc/$PPID/exe ]", with: "while false")
    let path = try folder.write(text, to: "worker")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  /// The trials of a study, but for how long they took.
  private static func trials(_ study: String) throws -> [String] {
    let result = try Command.run(["study", "export", study, "--format", "json"])
    #expect(result.exitCode == 0, "\(result.errors)")
    return result.output.split(separator: "\n").map { line in
      String(line).replacing(#/"seconds":[0-9.e+-]+/#, with: "")
    }
  }

  /// The programs that were found, but for the command in their heads.
  private static func found(_ study: String) throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(study)/found").sorted()
    return try names.map { name in
      try String(contentsOfFile: "\(study)/found/\(name)", encoding: .utf8)
        .split(separator: "\n").filter { !$0.hasPrefix("//! Found by") }.joined(separator: "\n")
    }
  }

  private static func arguments(_ file: String, _ out: String, _ worker: String) -> [String] {
    [
      "search", file, "--out", out, "--data", data, "--worker", worker, "--time-limit", "3", "--memory-limit",
      "64",
      "--quiet",
    ]
  }

  @Test func aRealSearchFindsProgramsThatElaborateToTheirHash() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      Self.program(
        reward: "pareto(max: accuracy(Quick), min: [latency(batch: 1), memory(batch: 2)])",
        budget: "trials(4)",
        more: "  require params <= 100K\n  require latency(batch: 1) <= 10s\n  require depth <= 5\n"),
      to: "net.irlas")
    let out = folder.path("study")
    let result = try Command.run(["search", file, "--out", out, "--data", Self.data])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors.contains("trials"))
    let trials = try Self.trials(out)
    #expect(trials.filter { !$0.contains(#""repeats":0"#) }.count >= 4)
    for trial in trials where trial.contains(#""state":"completed""#) {
      #expect(trial.contains("latency(batch: 1)") && trial.contains("memory(batch: 2)"))
    }
    let first = folder.path("study/found/1.irlas")
    let hash = try Command.run(["hash", first])
    let text = try String(contentsOfFile: first, encoding: .utf8)
    let recorded = try #require(hash.output.split(separator: "\n").first?.split(separator: " ").last)
    #expect(text.contains("//! Found by `irlas search \(file) --out \(out)`"))
    #expect(text.contains("program \(recorded)."))
    // It is in the one style, and it trains as it is.
    #expect(try Command.run(["fmt", "--check", first]).exitCode == 0)
    let train = try Command.run([
      "train", first, "--data", Self.data, "--epochs", "1", "--out", folder.path("run"), "--quiet",
    ])
    #expect(train.exitCode == 0, "\(train.errors)")
    let report = folder.path("study/report.html")
    let page = try String(contentsOfFile: report, encoding: .utf8)
    #expect(page.contains("<svg") && page.contains(recorded))
    let written = try Command.run(["study", "report", out, "-o", folder.path("again.html")])
    #expect(written.exitCode == 0, "\(written.errors)")
    #expect(try String(contentsOfFile: folder.path("again.html"), encoding: .utf8) == page)
    for command in [["list", out], ["show", out, "0"], ["best", out], ["list", folder.path("")]] {
      let shown = try Command.run(["study"] + command)
      #expect(shown.exitCode == 0 && !shown.output.isEmpty, "\(command): \(shown.errors)")
    }
    let again = try Command.run(["search", file, "--out", out, "--data", Self.data])
    #expect(again.exitCode == 2 && again.errors.contains("--resume"))
    let changed = try folder.write(
      Self.program(reward: "accuracy(Quick)", budget: "trials(5)"), to: "net.irlas")
    let other = try Command.run(["search", changed, "--out", out, "--data", Self.data, "--resume"])
    #expect(other.exitCode == 1 && other.errors.contains("another text"))
  }

  @Test func recipesWithoutValidationImagesAreRefused() throws {
    let folder = try TemporaryFolder()
    let text = Self.program(reward: "accuracy(Quick)", budget: "trials(4)")
      .replacing("idx(validation: 300)", with: "idx")
    let file = try folder.write(text, to: "net.irlas")
    let result = try Command.run(["search", file, "--out", folder.path("study"), "--data", Self.data])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("validation: 500"))
  }

  /// The drill: killed at random moments, with candidates that crash, loop, eat memory and diverge, a search comes to the
  /// result of one that nothing happened to. `IRLAS_DRILL_KILLS` sets how often it is killed.
  @Test func killedSearchesComeToTheSameResult() throws {
    let kills = ProcessInfo.processInfo.environment["IRLAS_DRILL_KILLS"].flatMap { Int($0) } ?? 4
    let folder = try TemporaryFolder()
    let file = try folder.write(
      Self.program(
        reward: "pareto(max: accuracy(Quick), min: params)", budget: "trials(18)", seeds: "[0, 1]"),
      to: "net.irlas")
    let worker = try Self.fake(folder, isWild: true)
    let calm = folder.path("calm")
    let reference = try Command.run(Self.arguments(file, calm, worker) + ["--workers", "1"])
    #expect(reference.exitCode == 0, "\(reference.errors)")
    let states = try Command.run(["study", "list", calm, "--last", "0"]).output
    for state in ["completed", "stopped", "failed", "timed_out", "diverged"] {
      #expect(states.contains(state), "the drill has no trial that \(state): \(states)")
    }
    let disturbed = folder.path("disturbed")
    func arguments() -> [String] {
      let exists = FileManager.default.fileExists(atPath: "\(disturbed)/study.sqlite")
      return Self.arguments(file, disturbed, worker) + (exists ? ["--resume"] : [])
    }
    var delays: [UInt32] = []
    for _ in 0..<kills {
      let (process, _, _) = try Command.start(arguments())
      delays.append(UInt32.random(in: 20_000..<1_500_000))
      usleep(delays[delays.count - 1])
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    print("killed after \(delays) microseconds")
    let last = try Command.run(arguments())
    #expect(last.exitCode == 0, "\(last.errors)")
    #expect(try Self.trials(disturbed) == Self.trials(calm))
    #expect(try Self.found(disturbed) == Self.found(calm))
  }

  @Test func aFullDiskLosesNothing() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      Self.program(reward: "accuracy(Quick)", budget: "trials(40)"), to: "net.irlas")
    let worker = try Self.fake(folder)
    let calm = folder.path("calm")
    #expect(try Command.run(Self.arguments(file, calm, worker)).exitCode == 0)
    let tight = folder.path("tight")
    let size = try #require(
      try FileManager.default.attributesOfItem(atPath: "\(calm)/study.sqlite")[.size] as? Int)
    // In blocks of 512 bytes: the database may grow to four fifths of what it needs.
    let words = [Command.executable.path()] + Self.arguments(file, tight, worker)
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", "ulimit -f \(size * 4 / 5 / 512); exec \(quoted)"]
    shell.currentDirectoryURL = Command.root
    let errors = Pipe()
    shell.standardError = errors
    try shell.run()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 3, "\(said)")
    #expect(said.contains("everything recorded so far is kept"), "\(said)")
    let before = try Self.trials(tight)
    #expect(!before.isEmpty)
    let resumed = try Command.run(Self.arguments(file, tight, worker) + ["--resume"])
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    let all = try Self.trials(calm)
    #expect(all.starts(with: before))
    #expect(try Self.trials(tight) == all)
  }

  @Test func aDamagedStudyIsSaidAndLeftAlone() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.program(reward: "accuracy(Quick)", budget: "trials(9)"), to: "net.irlas")
    let worker = try Self.fake(folder)
    let out = folder.path("study")
    #expect(try Command.run(Self.arguments(file, out, worker)).exitCode == 0)
    let url = URL(filePath: "\(out)/study.sqlite")
    var bytes = try Data(contentsOf: url)
    for place in bytes.count / 3..<bytes.count / 3 * 2 {
      bytes[place] = UInt8(truncatingIfNeeded: place &* 31)
    }
    try bytes.write(to: url)
    let result = try Command.run(Self.arguments(file, out, worker) + ["--resume"])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("damaged"), "\(result.errors)")
    #expect(try Data(contentsOf: url) == bytes)
  }

  @Test func twoSearchesDoNotShareAFolder() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(
      Self.program(reward: "accuracy(Quick)", budget: "trials(40)"), to: "net.irlas")
    let worker = try Self.fake(folder)
    let out = folder.path("study")
    let (process, _, _) = try Command.start(Self.arguments(file, out, worker))
    var waited = 0
    while !FileManager.default.fileExists(atPath: "\(out)/study.sqlite"), waited < 600 {
      usleep(50_000)
      waited += 1
    }
    let second = try Command.run(Self.arguments(file, out, worker) + ["--resume"])
    #expect(second.exitCode == 3 && second.errors.contains("another search"), "\(second.errors)")
    // Ctrl-C: everything is saved.
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130 || process.terminationStatus == 0)
    #expect(try Command.run(Self.arguments(file, out, worker) + ["--resume"]).exitCode == 0)
  }

  @Test func studiesAreCompared() throws {
    let folder = try TemporaryFolder()
    let worker = try Self.fake(folder)
    for (name, budget) in [("a", "trials(4)"), ("b", "trials(18)")] {
      let file = try folder.write(
        Self.program(reward: "accuracy(Quick)", budget: budget, seeds: "[0, 1, 2]"), to: "\(name).irlas")
      let result = try Command.run(Self.arguments(file, folder.path(name), worker))
      #expect(result.exitCode == 0, "\(result.errors)")
    }
    let result = try Command.run(["study", "compare", folder.path("a"), folder.path("b")])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("3 seeds in common") && result.output.contains("Holm"))
    let useless = try Command.run([
      "study", "compare", folder.path("a"), folder.path("b"), "--reference", "accuracy=0.1",
    ])
    #expect(useless.exitCode == 2 && useless.errors.contains("one figure"))
  }

  @Test func frontsAreComparedAboveACorner() throws {
    let folder = try TemporaryFolder()
    let worker = try Self.fake(folder)
    for (name, budget) in [("a", "trials(4)"), ("b", "trials(12)")] {
      let file = try folder.write(
        Self.program(
          reward: "pareto(max: accuracy(Quick), min: params)", budget: budget, seeds: "[0, 1]"),
        to: "\(name).irlas")
      let result = try Command.run(Self.arguments(file, folder.path(name), worker))
      #expect(result.exitCode == 0, "\(result.errors)")
    }
    func compare(_ reference: String) throws -> Command.Result {
      try Command.run([
        "study", "compare", folder.path("a"), folder.path("b"), "--reference", reference,
      ])
    }
    // Scales of 1 in accuracy and a factor of e in parameters: nothing is above a corner that nothing reaches.
    let wide = try compare("accuracy=0,params=1e9")
    #expect(wide.exitCode == 0 && !wide.output.contains(" 0.00000"), "\(wide.output)\(wide.errors)")
    let none = try compare("params=1,accuracy=0")
    #expect(none.exitCode == 0 && none.output.contains(" 0.00000"), "\(none.output)\(none.errors)")
    #expect(try compare("accuracy=0.1").errors.contains("says nothing of params"))
    for wrong in ["speed=1", "accuracy", "accuracy=high,params=1"] {
      let result = try compare(wrong)
      #expect(result.exitCode == 2 && result.errors.contains("--reference takes"), "\(result.errors)")
    }
  }
}
