import Foundation
import Testing

/// Measuring from the command line. How long something takes is not tested; that what is said fits together is.
@Suite struct BenchTests {
  private func json(_ line: Substring) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test(arguments: ["infer", "train"]) func aMeasurementFitsTogether(mode: String) throws {
    let run = try Command.run([
      "bench", "samples/digits.irlas", "--mode", mode, "--batch", "8", "--threads", "1", "--seconds", "0.1",
      "--format", "json",
    ])
    // Beside other tests a run may well be noisy, which is said.
    #expect(run.exitCode == 0 || (run.exitCode == 1 && run.errors.contains("noisy")), "\(run.errors)")
    let result = try json(run.output.split(separator: "\n")[0])
    func number(_ key: String) throws -> Double { try #require(result[key] as? Double, "\(key)") }
    #expect(try number("p10_ms") > 0)
    #expect(try number("p10_ms") <= number("median_ms"))
    #expect(try number("median_ms") <= number("p90_ms"))
    #expect(try number("runs") >= 5)
    #expect(try number("peak_share") > 0)
    #expect(try abs(number("gflops") / number("peak_gflops") - number("peak_share")) < 1e-9)
    #expect(try number("first_result_seconds") >= number("compile_seconds"))
    #expect(try number("peak_memory_bytes") > number("planned_memory_bytes"))
    #expect(result["noisy"] as? Bool == (run.exitCode == 1))
  }

  @Test func programsTakeTurns() throws {
    let run = try Command.run(
      ["bench", "samples/digits.irlas", "--threads", "1", "--rounds"], input: "3\nmany\n2\n")
    #expect(run.exitCode == 0)
    let lines = run.output.split(separator: "\n")
    try #require(lines.count == 3)
    #expect(try json(lines[0])["event"] as? String == "ready")
    #expect(try (json(lines[1])["ms"] as? [Double])?.count == 3)
    #expect(try (json(lines[2])["ms"] as? [Double])?.count == 2)
    #expect(run.errors.contains("not `many`"))
  }

  @Test func whatIsSavedIsTheSameOnOneAndTwoThreads() throws {
    let folder = try TemporaryFolder()
    var files: [Data] = []
    for threads in ["1", "2"] {
      let path = folder.path("record\(threads).safetensors")
      let run = try Command.run(
        [
          "bench", "samples/digits.irlas", "--mode", "train", "--batch", "8", "--threads", threads,
          "--rounds",
          "--save", path,
        ], input: "")
      #expect(run.exitCode == 0, "\(run.errors)")
      files.append(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
    #expect(files[0] == files[1])
    let length = files[0].prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try #require(
      try JSONSerialization.jsonObject(with: files[0].dropFirst(8).prefix(length)) as? [String: Any])
    #expect(header["loss"] != nil && header["labels"] != nil)
    #expect(header.keys.contains { $0.hasPrefix("input:") })
    let gradients = header.keys.filter { $0.hasSuffix(".grad") }
    #expect(!gradients.isEmpty && gradients.allSatisfy { header[String($0.dropLast(5))] != nil })
  }

  @Test func batchesThatAreNoneAreRefused() throws {
    for arguments in [["--batch", "0"], ["--seconds", "-1"], ["--mode", "fly"], ["--threads", "0"]] {
      #expect(try Command.run(["bench", "samples/digits.irlas"] + arguments).exitCode == 2, "\(arguments)")
    }
  }

  @Test func memoryIsLimited() throws {
    let arguments = ["bench", "samples/digits.irlas", "--mode", "train", "--threads", "1", "--rounds"]
    func planned(_ options: [String]) throws -> Int {
      let run = try Command.run(arguments + ["--batch", "64"] + options, input: "1\n")
      #expect(run.exitCode == 0, "\(run.errors)")
      return try #require(try json(run.output.split(separator: "\n")[0])["planned_memory_bytes"] as? Int)
    }
    let whole = try planned([])
    #expect(try planned(["--memory", "1GiB"]) == whole)
    #expect(try planned(["--memory", "\(whole * 9 / 10)"]) <= whole * 9 / 10)
    let small = try Command.run(arguments + ["--memory", "1KiB"], input: "")
    #expect(small.exitCode == 1 && small.errors.contains("at least"), "\(small.errors)")
    for text in ["much", "0", "2G", "-1"] {
      let wrong = try Command.run(arguments + ["--memory=\(text)"], input: "")
      #expect(wrong.exitCode == 2 && wrong.errors.contains("2GiB"), "\(text): \(wrong.errors)")
    }
  }

  @Test(arguments: ["infer", "train"]) func aProfileAddsUp(mode: String) throws {
    let folder = try TemporaryFolder()
    let svg = folder.path("time.svg")
    let arguments = [
      "profile", "samples/digits.irlas", "--mode", mode, "--batch", "4", "--threads", "1", "--runs", "3",
    ]
    let run = try Command.run(arguments + ["--format", "json", "--svg", svg])
    #expect(run.exitCode == 0, "\(run.errors)")
    let result = try json(run.output.split(separator: "\n")[0])
    func sum(_ list: String, _ key: String) throws -> Double {
      let rows = try #require(result[list] as? [[String: Any]])
      return rows.reduce(0) { $0 + (($1[key] as? Double) ?? .nan) }
    }
    let total = try #require(result["total"] as? [String: Any])
    for key in ["ms", "flops", "bytes", "roofline_ms"] {
      let whole = try #require(total[key] as? Double)
      #expect(try abs(sum("operations", key) - whole) <= 1e-9 * whole, "\(key)")
      // Everything belongs to some layer, but for the loss.
      #expect(try sum("layers", key) <= whole * (1 + 1e-9), "\(key)")
      #expect(try sum("layers", key) > whole * 0.8, "\(key)")
    }
    let stats = try Command.run(["stats", "samples/digits.irlas", "--format", "json"])
    let macs = try #require(try json(stats.output.split(separator: "\n")[0])["macs"] as? Double)
    let flops = try #require(total["flops"] as? Double)
    if mode == "infer" {
      #expect(flops == 2 * 4 * macs)
    } else {
      // All three products, but for the gradient of the image.
      #expect(flops > 4 * 4 * macs && flops < 6 * 4 * macs)
    }
    let path = try #require(result["slowest_path"] as? [String])
    #expect(path.first == "image" && path.count > 5)
    let drawing = try String(contentsOfFile: svg, encoding: .utf8)
    #expect(drawing.contains("batch 4, 1 threads") && drawing.contains(" %"))
    let text = try Command.run(arguments)
    #expect(text.exitCode == 0 && text.output.contains("roofline") && text.output.contains("Bottleneck"))
  }

  @Test func latencyIsPredictedFromKernels() throws {
    let folder = try TemporaryFolder()
    let environment = ["XDG_CACHE_HOME": folder.path("cache")]
    let machine = ["--threads", "1", "--kernels", "prebuilt"]
    func predict(_ file: String) throws -> Command.Result {
      try Command.run(["predict-latency", file, "--format", "json"] + machine, environment: environment)
    }
    let unknown = try predict("samples/digits.irlas")
    #expect(
      unknown.exitCode == 1 && unknown.errors.contains("irlas tune FILE --batch 1 --threads 1"),
      "\(unknown.errors)")
    let tune = ["tune", "samples/digits.irlas", "--runs", "3"] + machine
    let tuned = try Command.run(tune, environment: environment)
    #expect(tuned.exitCode == 0 && tuned.output.contains("for the first time"), "\(tuned.errors)")
    let again = try Command.run(tune, environment: environment)
    #expect(again.output.contains(" 0 of them for the first time"))
    let known = try json(try predict("samples/digits.irlas").output.split(separator: "\n")[0])
    let calls = try #require(known["calls"] as? Int)
    #expect(known["measured_calls"] as? Int == calls && calls > 10)
    // One that shares few kernels is estimated.
    let other = try json(try predict("samples/published/resnet20.irlas").output.split(separator: "\n")[0])
    #expect(try #require(other["measured_calls"] as? Int) < (try #require(other["calls"] as? Int)))
    let time = try #require(other["predicted_ms"] as? Double)
    #expect(time > 0 && time < 1e6)
    // What is damaged is said, and left alone.
    let cache = folder.path("cache/irlas")
    let names = try FileManager.default.contentsOfDirectory(atPath: cache).filter { $0.hasPrefix("timings-") }
    try #require(names.count == 1)
    try "irlas timings 1\nnonsense\n".write(toFile: "\(cache)/\(names[0])", atomically: true, encoding: .utf8)
    let damaged = try predict("samples/digits.irlas")
    #expect(damaged.exitCode == 3 && damaged.errors.contains("line 2"), "\(damaged.errors)")
  }
}
