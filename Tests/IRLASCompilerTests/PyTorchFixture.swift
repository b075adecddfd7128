import Foundation
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import Testing

/// What `Tests/Reference/pytorch_fixtures.py` stored of one network.
struct PyTorchFixture: Decodable {
  struct Optimizer: Decodable {
    let lr: Double
    let momentum: Double
    let nesterov: Bool
    let decay: Double

    enum CodingKeys: String, CodingKey {
      case lr, momentum, nesterov
      case decay = "weight_decay"
    }
  }

  /// A term of a loss that names its outputs.
  struct Term: Decodable {
    let of: String
    let weight: Double
  }

  let network: String
  let batch: Int
  let batches: Int
  /// Where the streams of images and labels start.
  let offset: Int
  let smoothing: Double
  let optimizer: Optimizer
  /// The gain of the convolutions; 4 when it is not there.
  private let gain: Double?
  /// Empty, or not there, when the loss is of the only output.
  private let losses: [Term]?
  let parameters: Int
  /// The class scores with running statistics, and with those of the batch, `[batch][classes]`.
  let inference: [Double]
  let logits: [Double]
  /// Norm and projection of the gradient of every parameter at the first step.
  let gradients: [[Double]]
  /// The loss at every step.
  let curve: [Double]
  /// Norm and projection of every parameter and running statistic after the last step.
  let final: [[Double]]

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Reference")

  init(_ name: String) throws {
    let url = Self.folder.appending(path: "fixtures/\(name).json")
    self = try JSONDecoder().decode(PyTorchFixture.self, from: Data(contentsOf: url))
  }

  var objective: TrainingObjective {
    TrainingObjective(
      loss: loss,
      update: .sgd(momentum: optimizer.momentum, nesterov: optimizer.nesterov, decay: optimizer.decay))
  }

  var loss: Recipe.Loss {
    guard let losses, !losses.isEmpty else { return .crossEntropy(smoothing: smoothing) }
    return Recipe.Loss(losses.map { .init(weight: $0.weight, output: $0.of, smoothing: smoothing) })
  }

  /// The network as `Tests/Reference/programs` writes it.
  func graph() throws -> Graph {
    let url = Self.folder.appending(path: "programs/\(network).irlas")
    let text = try String(contentsOf: url, encoding: .utf8)
    let entry = SourceFile(id: SourceID(0), name: "\(network).irlas", text: text)
    let program = Program.load(entry: entry) { _ in .missing }
    let name = try #require(program.networks.first, "\(network): \(program.diagnostics)")
    let (elaboration, diagnostics) = program.elaborate(network: name)
    return try #require(elaboration, "\(network): \(diagnostics)").graph
  }

  /// The images of a step, `[batch][channels][height][width]`.
  func images(step: Int, count: Int) -> [Double] {
    FixtureNumbers(stream: 1_000_000 + offset + step % batches).values(count).map { Double(Float($0)) }
  }

  func labels(step: Int, classes: Int) -> [Double] {
    let words = FixtureNumbers(stream: 2_000_000 + offset + step % batches)
    return (0..<batch).map { Double(Int(words[$0]) % classes) }
  }

  /// The initial values of all parameters and states, by path. Stream `k` belongs to the `k`-th of them.
  func initialValues(_ graph: Graph) -> [(path: String, values: [Double])] {
    let tensors = graph.ids.filter { graph[$0].op.isTensor }
    return tensors.enumerated().map { stream, id in
      let shape = graph[id].shape
      let (centre, spread) = distribution(graph[id].op, shape)
      let values = FixtureNumbers(stream: stream).values(shape.elementCount)
      return (graph.path(of: id), values.map { Double(Float(centre + spread * $0)) })
    }
  }

  private func distribution(_ op: Op, _ shape: Shape) -> (centre: Double, spread: Double) {
    // `GAIN` in the script says why.
    let gain = gain ?? 4
    switch op {
    case .state(.runningVariance): return (gain * gain, 0.25)
    case .state: return (0, 0.25)
    case .parameter(let parameter):
      switch parameter.role {
      case .weight:
        let fanIn = Double(shape.elementCount / shape[0])
        return (0, (shape.rank == 4 ? gain : 1) * (3 / fanIn).squareRoot())
      case .scale: return (1, 0.25)
      case .bias, .shift, .value: return (0, 0.125)
      }
    default: preconditionFailure("not a tensor")
    }
  }

  /// The two numbers that a fixture keeps of the `index`-th tensor.
  static func sketch(_ index: Int, _ values: [Double]) -> [Double] {
    let direction = FixtureNumbers(stream: 3_000_000 + index).values(values.count)
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return [norm, zip(values, direction).reduce(0) { $0 + $1.0 * $1.1 }]
  }
}

extension Op {
  /// Whether a node holds learned numbers or running statistics.
  var isTensor: Bool {
    switch self {
    case .parameter, .state(.runningMean), .state(.runningVariance): true
    default: false
    }
  }
}

/// The numbers both sides make for themselves: a multiply-xorshift hash of (stream, index).
struct FixtureNumbers {
  let stream: Int

  subscript(index: Int) -> UInt32 {
    var x = UInt32(truncatingIfNeeded: stream) &* 0x9E37_79B1 &+ 0x1656_67B1
    x = x &+ UInt32(truncatingIfNeeded: index) &* 0x85EB_CA77
    x ^= x >> 15
    x = x &* 0x2C1B_3C6D
    x ^= x >> 12
    x = x &* 0x297A_2D39
    return x ^ (x >> 15)
  }

  /// Multiples of 2^-23 in `-1 ..< 1`.
  func values(_ count: Int) -> [Double] { (0..<count).map { Double(self[$0] >> 8) * 0x1p-23 - 1 } }
}
