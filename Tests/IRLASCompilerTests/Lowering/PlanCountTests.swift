import Foundation
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import Testing

/// What plans of published networks cost, in numbers that no machine changes: a change that moves one shows it in
/// `Benchmarks/plan-counts.md`, which `IRLAS_WRITE_FIXTURES=1` writes anew.
@Suite struct PlanCountTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private struct Work {
    var file: String
    var network: String
    var arguments: [(name: String, value: String)] = []
    var batch: Int
    var trains = false
    var precision = Precision.float32

    var name: String {
      let settings = arguments.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
      let use = settings.isEmpty ? network : "\(network)(\(settings))"
      return "\(use), \(trains ? "a step of" : "inference of") \(batch)"
        + (precision == .float32 ? "" : ", \(precision.rawValue)")
    }
  }

  private static let works: [Work] = {
    let mobile = "samples/published/mobilenet_v2.irlas"
    let shuffle = "samples/published/shufflenet_v2.irlas"
    let darts = "samples/published/darts_imagenet.irlas"
    let dense = "samples/published/densenet40.irlas"
    let small: [(name: String, value: String)] = [("c", "16"), ("n", "2")]
    return [
      Work(file: mobile, network: "MobileNetV2", batch: 1),
      Work(file: mobile, network: "MobileNetV2", batch: 32),
      Work(file: mobile, network: "MobileNetV2", batch: 1, precision: .bfloat16),
      Work(file: shuffle, network: "ShuffleNetV2", batch: 1),
      Work(file: darts, network: "DARTSV2", batch: 1),
      Work(file: "samples/published/resnet50.irlas", network: "ResNet50", batch: 1),
      Work(file: "samples/published/resnext50.irlas", network: "ResNeXt50", batch: 32),
      Work(file: dense, network: "DenseNet40", batch: 8),
      Work(file: "samples/published/resnet20.irlas", network: "ResNet20", batch: 64, trains: true),
      Work(
        file: "samples/published/resnext29.irlas", network: "ResNeXt29", arguments: [("base", "16")],
        batch: 64,
        trains: true),
      Work(
        file: "Benchmarks/peers/networks/mobilenet_v2_cifar.irlas", network: "MobileNetV2", batch: 64,
        trains: true),
      Work(
        file: "samples/published/darts_v2.irlas", network: "DARTS", arguments: small, batch: 64, trains: true),
      Work(file: dense, network: "DenseNet40", batch: 64, trains: true),
    ]
  }()

  @Test func countsAreThoseOnRecord() throws {
    var text = """
      # What plans cost

      Calls of a step, different kernels, multiply-adds, numbers in the buffers that calls read and write (of a part of a larger map the whole map), and memory: of
      activations and what else lives within a step, and of weights in other forms. No machine changes them; `PlanCountTests` compares.

      | plan | calls | kernels | GMACs | millions of numbers | activations, MiB | prepared, MiB |
      |---|---|---|---|---|---|---|

      """
    for work in Self.works { text += try row(work) + "\n" }
    let file = Self.root.appendingPathComponent("Benchmarks/plan-counts.md")
    if ProcessInfo.processInfo.environment["IRLAS_WRITE_FIXTURES"] != nil {
      try Data(text.utf8).write(to: file)
    }
    let kept = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    let made = text.split(separator: "\n")
    #expect(kept.count == made.count, "IRLAS_WRITE_FIXTURES=1 writes Benchmarks/plan-counts.md anew")
    for (kept, made) in zip(kept, made) { #expect(kept == made) }
  }

  private func row(_ work: Work) throws -> String {
    let path = Self.root.appendingPathComponent(work.file)
    let source = SourceFile(name: work.file, text: try String(contentsOf: path, encoding: .utf8))
    let program = Program.load(entry: source) { path in
      (try? Data(contentsOf: Self.root.appendingPathComponent(path))).map { .bytes(Array($0)) } ?? .missing
    }
    let graph = try #require(
      program.elaborate(network: work.network, arguments: work.arguments).elaboration, "\(work.name)"
    ).graph
    let mode: CompileMode =
      work.trains
      ? .training(TrainingObjective(update: .sgd(momentum: 0.9, nesterov: false, decay: 1e-4))) : .inference
    let plan = try compile(
      work.trains ? graph : graph.withoutAuxiliaryOutputs,
      CompileOptions(mode: mode, batch: work.batch, precision: work.precision))
    var counted: Set<NodeID> = []
    let own = plan.step.filter { counted.insert($0.node).inserted }
    let moved = plan.step.reduce(0) { sum, call in
      sum + Set(call.operands.map(\.buffer)).reduce(0) { $0 + plan.buffers[$1].count }
    }
    func rounded(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    let cells = [
      work.name, "\(plan.step.count)", "\(plan.kernelInstances.count)",
      rounded(own.reduce(0) { $0 + plan.macs(of: $1) } / 1e9, 2),
      rounded(Double(moved) / 1e6, 1),
      rounded(Double(plan.byteCount(of: .arena)) / 0x1p20, 1),
      rounded(Double(plan.byteCount(of: .prepared)) / 0x1p20, 1),
    ]
    return "| \(cells.joined(separator: " | ")) |"
  }
}
