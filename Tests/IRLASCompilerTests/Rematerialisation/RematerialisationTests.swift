import Foundation
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASTestSupport
import Testing

/// Training steps under a limit of memory.
@Suite struct RematerialisationTests {
  /// A published network made small, and one of inverted residuals with masks of both kinds.
  enum Sample: String, CaseIterable {
    case resNet, denseNet, darts, mobile

    func graph() throws -> Graph {
      switch self {
      case .resNet: try Self.published("resnet20.irlas", "ResNet20", [("n", "2")])
      case .denseNet: try Self.published("densenet40.irlas", "DenseNet40", [("n", "4"), ("k", "6")])
      case .darts: try Self.published("darts_v2.irlas", "DARTS", [("c", "4"), ("n", "1")])
      case .mobile: try Self.elaborated(Self.mobileNet, "Mobile", [])
      }
    }

    private static let mobileNet = """
      irlas 1
      cell Inverted(out, expand = 4, stride = 1) {
        in x
        y = x -> conv(1x1, expand * x.c) -> bn -> relu6
              -> dwconv(3x3, stride: stride) -> bn -> silu
              -> conv(1x1, out) -> bn
        return if stride == 1 and x.c == out { (y -> drop_path(0.2)) + x } else { y }
      }
      network Mobile(classes = 3) {
        in image: [3, 16, 16]
        return image
          -> conv(3x3, 8) -> bn -> relu6
          -> repeat 3 Inverted(8)
          -> repeat 2 Inverted(12, stride: 2 then 1)
          -> conv(1x1, 32) -> bn -> hard_swish
          -> global_avg_pool -> dropout(0.2) -> linear(classes)
      }
      """

    private static func published(
      _ file: String, _ network: String, _ settings: [(name: String, value: String)]
    ) throws -> Graph {
      var root = URL(filePath: #filePath)
      for _ in 0..<4 { root.deleteLastPathComponent() }
      let text = try String(contentsOf: root.appending(path: "samples/published/\(file)"), encoding: .utf8)
      return try elaborated(text, network, settings)
    }

    private static func elaborated(
      _ text: String, _ network: String, _ settings: [(name: String, value: String)]
    ) throws -> Graph {
      let program = Program.load(entry: SourceFile(name: "sample.irlas", utf8: Array(text.utf8))) { _ in
        .missing
      }
      return try #require(program.elaborate(network: network, arguments: settings).0).graph
    }
  }

  private let training = CompileMode.training(
    TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3)))

  private func plan(_ graph: Graph, batch: Int = 4, limit: Int? = nil) throws -> ExecutionPlan {
    try compile(graph, CompileOptions(mode: training, batch: batch, memoryLimit: limit))
  }

  /// The least bytes that are reached, as the message for a limit that is too small says.
  private func least(_ graph: Graph, batch: Int = 4, limit: Int = 1) throws -> Int {
    do {
      _ = try plan(graph, batch: batch, limit: limit)
    } catch CompileError.memoryLimit(limit, let least, _, batch) {
      return least
    }
    throw CompileError.batchNotPositive(limit)
  }

  /// Losses and everything that a checkpoint holds after three steps have the same bits, at every limit.
  @Test(arguments: Sample.allCases) func theResultsAreTheSame(sample: Sample) throws {
    let graph = try sample.graph()
    let whole = try ProgramRun(graph, training, seed: 5, batch: 4)
    let least = try least(graph)
    let kept = try bits(of: whole, threads: 1)
    for share in [0.0, 0.3, 0.6, 0.9] {
      let limit = least + Int(share * Double(whole.plan.ownedBytes - least))
      let run = try ProgramRun(graph, training, seed: 5, batch: 4, memoryLimit: limit)
      #expect(run.plan.ownedBytes <= limit)
      #expect(run.plan.graph.nodes.count > whole.plan.graph.nodes.count)
      #expect(try bits(of: run, threads: 2) == kept, "\(sample), \(limit) bytes")
    }
  }

  private func bits(of run: ProgramRun, threads: Int) throws -> [[UInt32]] {
    let program = try run.executable(threads: threads)
    var bits: [[UInt32]] = []
    for step in 0..<3 {
      run.feed(program, step: step)
      bits.append(try #require(program.output("loss")).map(\.bitPattern))
    }
    for tensor in program.parameters.tensors {
      bits.append(try #require(program.parameters.read(tensor.path)).map(\.bitPattern))
    }
    return bits
  }

  /// Random networks with all ops, at the least memory, against the reference interpreter.
  @Test(arguments: 0..<12) func equalsTheReference(seed: Int) throws {
    let graph = randomNetwork(seed: UInt64(seed), options: RandomNetworkOptions(layers: 14))
    let limit = try least(graph, batch: 3)
    let run = try ProgramRun(graph, training, seed: seed, memoryLimit: limit)
    let program = try run.executable()
    for step in 0..<2 {
      for (path, values) in try run.checkOutputs(program, step: step) {
        let actual = try #require(program.parameters.read(path))
        #expect(run.distance(actual, values) <= 2e-4 * Double(step + 1), "seed \(seed) step \(step): \(path)")
      }
    }
  }

  /// Every limit is respected, and a smaller one never leads to a larger program.
  @Test(arguments: Sample.allCases) func limitsAreRespected(sample: Sample) throws {
    let graph = try sample.graph()
    let whole = try plan(graph).ownedBytes
    let copied = try compile(graph, CompileOptions(mode: training, batch: 4, placesValues: false)).ownedBytes
    let least = try least(graph)
    // Half of the memory besides parameters is the least that these networks can do without; values in place save some of it
    // by themselves.
    #expect(least < copied * 2 / 3 && least < whole, "\(sample): \(least) of \(copied)")
    var smallest = Int.max
    for step in (0...12).reversed() {
      let limit = least + (whole - least) * step / 12
      let plan = try plan(graph, limit: limit)
      #expect(plan.ownedBytes <= limit)
      #expect(plan.arena.conflicts.isEmpty)
      #expect(plan.ownedBytes <= smallest)
      smallest = plan.ownedBytes
    }
    #expect(smallest == least)
    #expect(try self.least(graph, limit: least - 1) == least)
  }

  /// What fits is left as it is.
  @Test func aLargeLimitChangesNothing() throws {
    let graph = try Sample.resNet.graph()
    let free = try plan(graph)
    for limit in [free.ownedBytes, .max] {
      let limited = try plan(graph, limit: limit)
      #expect(limited.graph == free.graph && limited.step == free.step && limited.buffers == free.buffers)
    }
  }

  /// Cheap values go first: at a mild limit no convolution is computed again.
  @Test func convolutionsComeLast() throws {
    let graph = try Sample.resNet.graph()
    let free = try plan(graph)
    let mild = try plan(graph, limit: free.ownedBytes * 9 / 10)
    #expect(mild.graph.macs == free.graph.macs)
    let hard = try plan(graph, limit: least(graph))
    #expect(hard.graph.macs > free.graph.macs)
  }

  @Test func whatCannotFitIsRefused() throws {
    let graph = try Sample.mobile.graph()
    let least = try least(graph, batch: 64, limit: 100_000)
    let failure = #expect(throws: CompileError.self) { try plan(graph, batch: 64, limit: 100_000) }
    let text = try #require(failure).description
    #expect(
      text.contains("at least \(MemorySize(bytes: least)) (\(least) bytes) for a batch of 64"), "\(text)")
    #expect(text.contains("the limit of 97.66 KiB") && text.contains("help: a smaller batch"), "\(text)")
    #expect(try plan(graph, batch: 8, limit: least).ownedBytes <= least)

    let forward = try compile(graph, CompileOptions(mode: .inference, batch: 2))
    let same = try compile(
      graph, CompileOptions(mode: .inference, batch: 2, memoryLimit: forward.ownedBytes))
    #expect(same.step == forward.step)
    #expect(throws: CompileError.self) {
      try compile(graph, CompileOptions(mode: .inference, batch: 2, memoryLimit: forward.ownedBytes - 1))
    }
  }

  @Test func theGraphAfterItCanBeShown() throws {
    #expect(passNames.contains("remat"))
    let graph = try Sample.mobile.graph()
    var shown = ""
    let options = CompileOptions(
      mode: training, batch: 4, dumpAfter: "remat", memoryLimit: try plan(graph).ownedBytes * 3 / 4)
    _ = try compile(graph, options) { shown = $0 }
    #expect(shown.contains(".again"))
  }

  // MARK: Sizes

  @Test(arguments: [
    ("1500000", 1_500_000), ("2GiB", 2 << 30), ("512MiB", 512 << 20), ("64 kib", 64 << 10),
    ("1.5GiB", 3 << 29), ("0.1 KiB", 102), ("800MB", 800_000_000), ("1.25 GB", 1_250_000_000), ("7B", 7),
    ("1TiB", 1 << 40), ("1024TiB", 1 << 50), ("1125899906842624", 1 << 50),
    ("0.000000001TB", 1000), ("2.999999999MiB", 3_145_727),
  ])
  func sizesAreRead(text: String, bytes: Int) { #expect(MemorySize(text)?.bytes == bytes, "\(text)") }

  @Test(arguments: [
    "", "GiB", "0", "-1", "+5", "2 Gi", "2G", "1e9", "2GiBs", "1.", ".5GiB", "1.2.3MB", "0.4B", "1025TiB",
    "1024.5TiB", "99999999999999999999", "1.1234567891GiB", "٣MiB", "2GiB ", " 2GiB",
  ])
  func otherTextIsNoSize(text: String) { #expect(MemorySize(text) == nil, "\(text)") }

  @Test func sizesAreWritten() {
    let written = [(1023, "1023 bytes"), (1024, "1.00 KiB"), (1025, "1.01 KiB"), (3 << 29, "1.50 GiB")]
    for (bytes, text) in written { #expect(MemorySize(bytes: bytes).description == text) }
    // What is written is enough.
    for bytes in [1 << 20, (1 << 20) + 1, 123_456_789, (1 << 30) - 1, 1 << 45] {
      let read = MemorySize(MemorySize(bytes: bytes).description)?.bytes ?? 0
      #expect(read >= bytes && read <= bytes + bytes / 100 + 11, "\(bytes)")
    }
  }
}
