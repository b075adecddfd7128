import Foundation
import Testing

/// Training through the command line: what a run leaves behind is a function of program, seed and data.
@Suite(.serialized) struct TrainingTests {
  /// A network with everything that carries state: batch norm, dropout, augmentation, momentum.
  static let program = """
    irlas 1
    network Small(classes = 10) {
      in image: [1, 8, 8]
      h = image -> conv(3x3, 16) -> bn -> relu -> dropout(0.2)
      y = h -> conv(3x3, 16, groups: 4) -> bn
      return (h + (y -> drop_path(0.1))) -> relu -> max_pool(2x2, stride: 2)
        -> global_avg_pool -> linear(classes)
    }
    recipe Digits {
      data:      idx("\(Command.root.path())samples/data/digits", validation: 137) -> shift(1) -> cutout(2) -> normalize
      batch:     50
      epochs:    3
      loss:      cross_entropy(smoothing: 0.1)
      optimizer: sgd(lr: 0.1, momentum: 0.9, nesterov: true, decay: 5e-4)
      schedule:  warmup(epochs: 1) then cosine
      seed:      3
    }
    """

  struct Run {
    let folder = try! TemporaryFolder()
    let program: String

    init() throws { program = try folder.write(TrainingTests.program, to: "small.irlas") }

    func train(_ out: String, _ options: [String] = []) throws -> Command.Result {
      try Command.run(["train", program, "--out", folder.path(out), "--format", "json", "--quiet"] + options)
    }

    func checkpoint(_ out: String) throws -> Data { try folder.read("\(out)/checkpoint.safetensors") }
  }

  @Test func theNumberOfThreadsChangesNoByte() throws {
    let run = try Run()
    let one = try run.train("one", ["--threads", "1"])
    #expect(one.exitCode == 0, "\(one.errors)")
    #expect(try run.train("two", ["--threads", "2"]).exitCode == 0)
    #expect(try run.train("three", ["--threads", "3"]).exitCode == 0)
    #expect(try run.checkpoint("one") == run.checkpoint("two"))
    #expect(try run.checkpoint("one") == run.checkpoint("three"))
    #expect(try run.folder.read("one/metrics.jsonl") == run.folder.read("two/metrics.jsonl"))
  }

  /// A transformer with an auxiliary classifier trains, to the same bytes every time, and is evaluated without it.
  @Test func auxiliaryOutputsTrain() throws {
    let folder = try TemporaryFolder()
    let program = try folder.write(
      """
      irlas 1
      network Tokens {
        in image: [1, 8, 8]
        patches = image -> conv(2x2, 12, stride: 2, padding: valid, bias: true) -> flatten_places
        a = patches + learned(patches.shape, init: trunc_normal(0.02))
        b = a + (a -> layer_norm -> attention(3))
        y = b -> layer_norm -> global_avg_pool
        return logits: y -> dropout(0.1) -> linear(10), aux early: a -> gelu -> global_avg_pool -> linear(10)
      }
      recipe R {
        data: idx("\(Command.root.path())samples/data/digits") -> normalize
        batch: 50  epochs: 2  optimizer: sgd(lr: 0.1, momentum: 0.9)
        loss: cross_entropy(of: logits) + 0.4 * cross_entropy(of: early, smoothing: 0.1)
      }
      """, to: "tokens.irlas")
    func train(_ out: String, _ options: [String]) throws -> Command.Result {
      try Command.run(["train", program, "--out", folder.path(out), "--quiet"] + options)
    }
    let whole = try train("whole", ["--threads", "1"])
    #expect(whole.exitCode == 0 && whole.errors.isEmpty, "\(whole.errors)")
    #expect(try train("again", ["--threads", "2"]).exitCode == 0)
    let checkpoint = try folder.read("whole/checkpoint.safetensors")
    #expect(try checkpoint == folder.read("again/checkpoint.safetensors"))
    #expect(String(decoding: checkpoint.prefix(20_000), as: UTF8.self).contains("linear2.weight"))
    let eval = try Command.run(["eval", program, "--weights", folder.path("whole/checkpoint.safetensors")])
    #expect(eval.exitCode == 0, "\(eval.errors)")
    let wrong = try folder.write(
      try String(contentsOfFile: program, encoding: .utf8).replacingOccurrences(
        of: "of: early", with: "of: late"),
      to: "wrong.irlas")
    let failed = try Command.run(["train", wrong, "--out", folder.path("wrong"), "--quiet"])
    #expect(failed.exitCode == 1)
    #expect(failed.errors.contains("'late'"), "\(failed.errors)")
  }

  @Test func theLastLineIsTheSummary() throws {
    let run = try Run()
    let result = try run.train("out", ["--epochs", "10"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "epochs", "train_loss", "test_accuracy", "seconds", "samples_per_second", "checkpoint",
      ])
    #expect(object["epochs"] as? Int == 10)
    let accuracy = try #require(object["test_accuracy"] as? Double)
    #expect(accuracy > 0.5 && accuracy <= 1)
    let evaluated = try Command.run([
      "eval", run.program, "--weights", run.folder.path("out/checkpoint.safetensors"), "--format", "json",
      "--quiet",
    ])
    let again = try #require(
      try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any])
    #expect(again["test_accuracy"] as? Double == accuracy)
  }

  @Test func aKilledRunGoesOnToTheSameBytes() throws {
    let run = try Run()
    #expect(try run.train("whole", ["--epochs", "100"]).exitCode == 0)
    let wanted = try run.checkpoint("whole")
    // Checkpoints come every other step, so that the kill falls into an epoch, and often into a write.
    let options = ["--checkpoint-every", "2", "--epochs", "100"]
    var kills = 0
    for attempt in 0..<60 {
      let resume = FileManager.default.fileExists(atPath: run.folder.path("killed/checkpoint.safetensors"))
      let (process, _, _) = try Command.start(
        ["train", run.program, "--out", run.folder.path("killed"), "--quiet"] + options
          + (resume ? ["--resume"] : []))
      // The delays spread over start, epochs and writes; the last attempts are left alone.
      if attempt < 12 { usleep(useconds_t(60_000 + 37_000 * attempt)) } else { process.waitUntilExit() }
      if process.isRunning {
        kill(process.processIdentifier, SIGKILL)
        kills += 1
      }
      process.waitUntilExit()
      if process.terminationReason == .exit, process.terminationStatus == 0 { break }
    }
    #expect(kills >= 2, "\(kills) kills: this test shows little on so fast a machine")
    #expect(try run.checkpoint("killed") == wanted)
    #expect(try run.folder.read("killed/metrics.jsonl") == run.folder.read("whole/metrics.jsonl"))
  }

  @Test func controlCSavesAndSaysHowToGoOn() throws {
    let run = try Run()
    let (process, _, errors) = try Command.start(
      ["train", run.program, "--out", run.folder.path("stopped"), "--epochs", "100000", "--quiet"])
    // Wait for the first epochs before interrupting.
    for _ in 0..<600 where (try? run.folder.read("stopped/metrics.jsonl"))?.isEmpty ?? true { usleep(50_000) }
    process.interrupt()
    process.waitUntilExit()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(process.terminationStatus == 130)
    #expect(text.contains("--resume"))
    #expect(try !run.checkpoint("stopped").isEmpty)
  }

  @Test func aCheckpointOfAnotherRunIsRefused() throws {
    let run = try Run()
    #expect(try run.train("out").exitCode == 0)
    let other = try run.train("out", ["--resume", "--seed", "4"])
    #expect(other.exitCode == 1)
    #expect(other.errors.contains("belongs to another run"))
    let fresh = try run.train("out")
    #expect(fresh.exitCode == 2, "an existing run must not be overwritten silently")
  }

  @Test func aDamagedCheckpointIsNamed() throws {
    let run = try Run()
    #expect(try run.train("out").exitCode == 0)
    let whole = try run.checkpoint("out")
    try whole.prefix(whole.count / 2).write(to: run.folder.url.appending(path: "out/checkpoint.safetensors"))
    let result = try run.train("out", ["--resume"])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("checkpoint.safetensors"))
  }

  @Test func weightsStartAnotherNetworkWithAnotherHead() throws {
    let run = try Run()
    #expect(try run.train("out").exitCode == 0)
    let weights = run.folder.path("out/checkpoint.safetensors")
    let result = try run.train("transfer", ["--init", weights, "--set", "classes=12", "--epochs", "1"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors.contains("linear"), "the fresh head is named")
  }

  @Test func withoutACompilerThePrebuiltKernelsServe() throws {
    let run = try Run()
    let cache = run.folder.path("cache")
    let result = try Command.run(
      ["train", run.program, "--out", run.folder.path("out"), "--epochs", "1", "--quiet"],
      environment: ["PATH": "/nonexistent", "IRLAS_CC": "", "XDG_CACHE_HOME": cache])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors.contains("compiler"))
  }

  @Test func twoRunsCannotShareAFolder() throws {
    let run = try Run()
    let (process, _, _) = try Command.start([
      "train", run.program, "--out", run.folder.path("out"), "--epochs", "100000", "--quiet",
    ])
    for _ in 0..<600 where (try? run.folder.read("out/metrics.jsonl"))?.isEmpty ?? true { usleep(20_000) }
    let second = try run.train("out", ["--resume", "--epochs", "100000"])
    process.terminate()
    process.waitUntilExit()
    #expect(second.exitCode == 3)
    #expect(second.errors.contains("another process is training"))
  }

  @Test func noEpochsStillMakeACheckpoint() throws {
    let run = try Run()
    #expect(try run.train("out", ["--epochs", "0"]).exitCode == 0)
    #expect(try !run.checkpoint("out").isEmpty)
  }

  @Test func aNormalisationThatCannotBeReadIsNamed() throws {
    let run = try Run()
    #expect(try run.train("out", ["--epochs", "1"]).exitCode == 0)
    var bytes = try run.checkpoint("out")
    // The key keeps its length, so that the file stays well-formed; the text is no longer JSON with a mean.
    let mark = try #require(bytes.range(of: Data(#"\"mean"#.utf8)))
    bytes.replaceSubrange(mark, with: Data(#"\"neam"#.utf8))
    try bytes.write(to: run.folder.url.appending(path: "out/checkpoint.safetensors"))
    let result = try Command.run([
      "eval", run.program, "--weights", run.folder.path("out/checkpoint.safetensors"),
    ])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("normalisation"))
  }
}
