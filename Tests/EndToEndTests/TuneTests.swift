import Foundation
import Testing

/// Kernels chosen by what was measured: what is measured is edited here, so that the choice is known.
@Suite(.serialized) struct TuneTests {
  private let folder: TemporaryFolder
  private let environment: [String: String]

  init() throws {
    folder = try TemporaryFolder()
    environment = ["XDG_CACHE_HOME": folder.path("cache")]
  }

  private func irlas(_ arguments: [String], threads: Int = 1) throws -> Command.Result {
    try Command.run(
      arguments + ["--threads", "\(threads)", "--kernels", "prebuilt"], environment: environment)
  }

  /// The calls of the program that a network of one dense 3x3 convolution is compiled to, and what was said.
  private func compile(_ options: [String] = [], threads: Int = 1) throws -> (program: String, errors: String)
  {
    let out = folder.path("compiled")
    let run = try irlas(
      // Without Strassen's products, so that Winograd's method is the one choice.
      [
        "compile", "samples/digits.irlas", "--for", "training", "--batch", "32", "--strassen", "never", "-o",
        out,
      ]
        + options,
      threads: threads)
    #expect(run.exitCode == 0, "\(run.errors)")
    return (try String(contentsOfFile: "\(out)/program.c", encoding: .utf8), run.errors)
  }

  /// Multiplies the times of kernels.
  private func edit(_ kernels: [String], by factor: Double) throws {
    let cache = folder.path("cache/irlas")
    let names = try FileManager.default.contentsOfDirectory(atPath: cache).filter { $0.hasPrefix("timings-") }
    try #require(names.count == 1)
    let lines = try String(contentsOfFile: "\(cache)/\(names[0])", encoding: .utf8).split(separator: "\n")
    let edited = lines.map { line in
      var fields = line.split(separator: " ").map(String.init)
      if fields.count == 6, kernels.contains(where: fields[1].hasPrefix), let seconds = Double(fields[5]) {
        fields[5] = "\(seconds * factor)"
      }
      return fields.joined(separator: " ")
    }
    try (edited.joined(separator: "\n") + "\n").write(
      toFile: "\(cache)/\(names[0])", atomically: true, encoding: .utf8)
  }

  @Test func choicesFollowTheMeasurements() throws {
    let estimated = try compile()
    #expect(!estimated.program.contains("conv_winograd") && estimated.errors.isEmpty)
    // Nothing was measured: the same program, and a note.
    let untuned = try compile(["--tuned"])
    #expect(untuned.program == estimated.program)
    #expect(untuned.errors.contains("never measured"), "\(untuned.errors)")

    let tune = try irlas(
      ["tune", "samples/digits.irlas", "--mode", "train", "--batch", "32", "--runs", "3"])
    #expect(tune.exitCode == 0 && tune.output.contains("of 13 choices"), "\(tune.output)\(tune.errors)")
    let winograd = ["conv_winograd", "winograd_weight", "batch_statistics_partial"]
    try edit(winograd, by: 1e6)
    let slow = try compile(["--tuned"])
    #expect(slow.program == estimated.program && slow.errors.isEmpty, "\(slow.errors)")
    try edit(winograd, by: 1e-12)
    let fast = try compile(["--tuned"])
    #expect(fast.program.contains("conv_winograd") && fast.errors.isEmpty, "\(fast.errors)")
    // Nobody who does not ask is concerned, nor other numbers of threads.
    #expect(try compile().program == estimated.program)
    let other = try compile(["--tuned"], threads: 2)
    #expect(other.program == estimated.program && other.errors.contains("2 threads"), "\(other.errors)")

    // A run that goes on with other kernels says so.
    func train(_ options: [String]) throws -> Command.Result {
      try irlas(["train", "samples/digits.irlas", "--out", folder.path("run"), "--quiet"] + options)
    }
    #expect(try train(["--epochs", "2", "--checkpoint-every", "20"]).exitCode == 0)
    let resumed = try train(["--epochs", "2", "--resume", "--tuned"])
    #expect(resumed.exitCode == 0 && resumed.errors.contains("another plan"), "\(resumed.errors)")
    let plain = try train(["--epochs", "2", "--resume"])
    #expect(plain.exitCode == 0, "\(plain.errors)")

    // Everything that runs a network takes it.
    let checkpoint = folder.path("run/checkpoint.safetensors")
    for command in [
      ["predict-latency", "samples/digits.irlas"], ["eval", "samples/digits.irlas", "--weights", checkpoint],
      ["profile", "samples/digits.irlas", "--runs", "2"],
    ] {
      let run = try irlas(command + ["--tuned"])
      #expect(run.exitCode == 0, "\(command[0]): \(run.errors)")
    }
  }
}
