import ArgumentParser
import Glibc
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASTraining

/// `irlas bench FILE [NETWORK]`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how long a network takes on this machine.",
    discussion: """
      Runs the network on numbers until its times have settled and then for --seconds, and prints the median, the 10th and \
      the 90th percentile, the rate in GF/s (two operations for each multiply-add of convolutions and linear layers; three \
      times as many in training), and its share of what the threads reach with nothing but multiply-adds. A run whose \
      times spread by more than a quarter of their median is repeated, and after three attempts called noisy, which \
      is an error: other work on the machine has been measured too.

      With --rounds, a line of JSON is printed when the network is ready, and another with the times for each line of \
      standard input, which says how many runs there are to be: so that several programs can take turns.

      Example:
        irlas bench samples/published/mobilenet_v2.irlas --batch 1 --threads 2
      """)

  @OptionGroup var source: ProgramOptions

  @OptionGroup var work: BenchmarkOptions
  @OptionGroup var tuning: TuningOptions

  @Option(help: "How long to measure.")
  var seconds = 2.0

  @Flag(help: "Take turns: runs are asked for on standard input.")
  var rounds = false

  @Option(
    help: "Writes what another implementation needs to compute the same, and the results (safetensors).",
    completion: .file(extensions: ["safetensors"]))
  var save: String?

  @Option(help: "text or json.")
  var format = OutputFormat.text

  func validate() throws {
    if !(seconds > 0 && seconds <= 86_400) { throw ValidationError("--seconds takes a positive number") }
  }

  func run() throws {
    let started = monotonicSeconds()
    let network = try source.elaborate().elaboration.graph
    var benchmark = try work.benchmark(of: network, tuning)
    let compiled = monotonicSeconds()
    KernelOptions.report(benchmark.remarks)
    if let save {
      let record = try reportingFailures { () throws(TrainingError) in try benchmark.record() }
      try OutputFile.write(record.encoded(), to: save)
    }
    let first = monotonicSeconds()
    benchmark.run()
    let start = Start(
      compileSeconds: compiled - started,
      firstResultSeconds: compiled - started + monotonicSeconds() - first)
    if rounds {
      takeTurns(&benchmark, start)
    } else {
      try measure(&benchmark, network.name, start)
    }
  }

  /// How long it took until the network ran.
  private struct Start {
    let compileSeconds: Double
    let firstResultSeconds: Double
  }

  private func time(_ benchmark: inout NetworkBenchmark) -> Double {
    let before = monotonicSeconds()
    benchmark.run()
    return monotonicSeconds() - before
  }

  // MARK: Turns

  private func takeTurns(_ benchmark: inout NetworkBenchmark, _ start: Start) {
    StandardOutput.line(
      JSON.object([
        .init("event", .string("ready")),
        .init("compile_seconds", .number(start.compileSeconds)),
        .init("first_result_seconds", .number(start.firstResultSeconds)),
        .init("planned_memory_bytes", JSON(benchmark.plannedBytes)),
        .init("peak_memory_bytes", JSON(peakMemory)),
      ]).line)
    while let line = readLine() {
      guard let count = Int(line), (1...1_000_000).contains(count) else {
        StandardError.write("a line holds the number of runs, not `\(line)`\n")
        continue
      }
      let times = (0..<count).map { _ in JSON.number(1000 * time(&benchmark)) }
      StandardOutput.line(
        JSON.object([.init("event", .string("round")), .init("ms", .array(times))]).line)
    }
  }

  // MARK: One measurement

  /// More than this share of the median between the 10th and the 90th percentile is noise.
  private static let spreadLimit = 0.25
  private static let attempts = 3

  private func measure(_ benchmark: inout NetworkBenchmark, _ name: String, _ start: Start) throws {
    var best: TimeSample?
    for _ in 0..<Self.attempts {
      let sample = self.sample(&benchmark)
      if best.map({ sample.spread < $0.spread }) ?? true { best = sample }
      if sample.spread <= Self.spreadLimit { break }
    }
    guard let sample = best else { return }
    let peak = try reportingFailures { () throws(TrainingError) in try benchmark.peakRate() }
    let rate = benchmark.flops / sample.median
    let isNoisy = sample.spread > Self.spreadLimit
    switch format {
    case .json:
      StandardOutput.line(
        JSON.object([
          .init("network", .string(name)), .init("mode", .string(work.mode.rawValue)),
          .init("batch", JSON(work.batch)),
          .init("threads", JSON(try work.machine.threadCount())), .init("runs", JSON(sample.count)),
          .init("median_ms", .number(1000 * sample.median)), .init("p10_ms", .number(1000 * sample.low)),
          .init("p90_ms", .number(1000 * sample.high)), .init("gflops", .number(rate / 1e9)),
          .init("peak_gflops", .number(peak / 1e9)), .init("peak_share", .number(rate / peak)),
          .init("compile_seconds", .number(start.compileSeconds)),
          .init("first_result_seconds", .number(start.firstResultSeconds)),
          .init("planned_memory_bytes", JSON(benchmark.plannedBytes)),
          .init("peak_memory_bytes", JSON(peakMemory)), .init("noisy", .bool(isNoisy)),
        ]).line)
    case .text:
      let what = work.mode == .infer ? "inference" : "a training step"
      StandardOutput.line(
        """
        \(name), \(what), batch \(work.batch), \(try work.machine.threadCount()) threads: \(sample.count) runs
        median         \(decimal(1000 * sample.median, 3)) ms (10 to 90 %: \(decimal(1000 * sample.low, 3)) to \
        \(decimal(1000 * sample.high, 3)))
        rate           \(decimal(rate / 1e9, 1)) GF/s, \(percent(rate / peak)) of the peak of \
        \(decimal(peak / 1e9, 1))
        memory         \(mebibytes(benchmark.plannedBytes)) planned, \(mebibytes(peakMemory)) for the process
        first result   after \(decimal(start.firstResultSeconds, 2)) s, compilation included
        """)
    }
    if isNoisy {
      throw CommandFailure.input(
        "noisy: the times spread by \(percent(sample.spread)) of their median, so that this is no result\n"
          + "help: measure while the machine does nothing else, or for longer (--seconds)")
    }
  }

  private func sample(_ benchmark: inout NetworkBenchmark) -> TimeSample {
    let begin = monotonicSeconds()
    var settling = 0
    while settling < 3 || (monotonicSeconds() - begin < seconds / 4 && settling < 10_000) {
      benchmark.run()
      settling += 1
    }
    var times: [Double] = []
    let start = monotonicSeconds()
    while times.count < 5 || monotonicSeconds() - start < seconds { times.append(time(&benchmark)) }
    return TimeSample(times)
  }

  /// The most memory that this process has had, in bytes.
  private var peakMemory: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  private func mebibytes(_ bytes: Int) -> String { "\(decimal(Double(bytes) / 1_048_576, 1)) MiB" }
}

/// Times of equal runs.
private struct TimeSample {
  let count: Int
  let low: Double
  let median: Double
  let high: Double

  /// Of at least one time.
  init(_ times: [Double]) {
    let sorted = times.sorted()
    func quantile(_ share: Double) -> Double { sorted[Int(Double(sorted.count - 1) * share + 0.5)] }
    count = times.count
    (low, median, high) = (quantile(0.1), quantile(0.5), quantile(0.9))
  }

  /// The distance of the outer deciles as a share of the median.
  var spread: Double { (high - low) / median }
}
