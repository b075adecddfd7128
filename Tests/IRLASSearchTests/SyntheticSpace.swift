import IRLASGraph
import IRLASSearch

/// A space with a known accuracy, small enough to be walked in microseconds: a chain of layers, each of a kind with
/// its own decisions, like the blocks that are searched in earnest.
struct SyntheticSpace: Sendable {
  /// The numbers of layers that there may be.
  let layers: ClosedRange<Int>
  /// What the accuracies are drawn from.
  let seed: UInt64
  /// Whether a network with two layers of kind `add` in a row cannot be formed.
  var forbidsPairs = false

  var space: Space {
    Space(name: "Net") { decide in walk(decide) }
  }

  private static let kinds = ["conv", "pool", "add"]

  private func walk(_ decide: (DecisionPoint) -> Int?) -> Exploration {
    var decisions: [Decision] = []
    func ask(_ name: String, _ labels: [String]) -> Int? {
      let point = DecisionPoint(name: name, count: labels.count) { labels[$0] }
      guard let option = decide(point) else { return nil }
      decisions.append(Decision(name: name, option: option, count: labels.count, label: labels[option]))
      return option
    }
    var widths: [Int] = []
    var wasAdd = false
    guard let size = ask("Net.h.count", layers.map(String.init)) else {
      return Exploration(decisions: decisions, outcome: .stopped)
    }
    for layer in 0..<(layers.lowerBound + size) {
      guard let kind = ask("Net.h[\(layer)]", Self.kinds) else {
        return Exploration(decisions: decisions, outcome: .stopped)
      }
      if forbidsPairs, wasAdd, kind == 2 {
        return Exploration(
          decisions: decisions,
          outcome: .infeasible(culprit: decisions.count - 1, reason: "two sums in a row"))
      }
      wasAdd = kind == 2
      let labels = [["1x1", "3x3", "5x5"], ["max", "avg"], (0...layer).map { "h[\($0)]" }][kind]
      guard let detail = ask("Net.h[\(layer)].\(Self.kinds[kind])", labels) else {
        return Exploration(decisions: decisions, outcome: .stopped)
      }
      widths.append(1 + kind * 16 + detail)
    }
    return Exploration(decisions: decisions, outcome: .program(Self.graph(widths)))
  }

  /// A graph that tells the options apart by its widths.
  private static func graph(_ widths: [Int]) -> Graph {
    var builder = GraphBuilder(name: "Net")
    do {
      var x = try builder.add(.input(index: 0), declared: .image(1, 1, 1))
      for width in widths {
        x = try builder.conv(x, out: width, Convolution(window: Window(kernelSize: .one))).result
      }
      return builder.finish(outputs: [.init(name: "y", value: x)])
    } catch { fatalError("\(error)") }
  }

  /// The widths of a graph's layers, which say what the options were.
  static func widths(_ graph: Graph) -> [Int] {
    graph.nodes.filter { if case .conv = $0.op { true } else { false } }.map(\.shape.channels)
  }

  /// A fixed number in [0, 1) for each key.
  private func noise(_ words: Int...) -> Double {
    var hash = StableHash(seed: seed)
    for word in words { hash.combine(word) }
    return Double(hash.value >> 11) * 0x1p-53
  }

  /// The known accuracy, in (0, 1): the mean over the layers of what their kind is worth, what they are worth at their
  /// place, and what they are worth after the one before.
  func accuracy(_ graph: Graph) -> Double {
    var sum = 0.0
    var before = 0
    let widths = Self.widths(graph)
    for (layer, width) in widths.enumerated() {
      sum += (2 * noise(1, width) + noise(2, layer, width) + noise(3, before, width)) / 4
      before = width
    }
    return 0.9 * sum / Double(layers.upperBound) + 0.1 * noise(4, widths.count)
  }

  /// A likeness that knows the worth of the options, and nothing of their places.
  var guidance: Guidance {
    Guidance(hasMirror: true) { graph in
      let widths = Self.widths(graph)
      let sum = widths.reduce(0.0) { $0 + noise(1, $1) }
      return Appraisal(features: widths.map(Double.init), likeness: [sum / Double(layers.upperBound)])
    }
  }

  /// The best accuracy of all programs, by going through them.
  var optimum: Double {
    var best = 0.0
    space.enumerate { exploration in
      if let graph = exploration.graph { best = max(best, accuracy(graph)) }
      return true
    }
    return best
  }
}

/// A plan that seeks accuracy.
func plan(
  _ agent: SearchPlan.Agent = .random, _ budget: SearchPlan.Budget = .trials(40),
  mirror: SearchPlan.Mirror? = nil, minimised: [SearchPlan.Figure] = [], limits: [SearchPlan.Limit] = [],
  fidelity: SearchPlan.Fidelity = .full
) -> SearchPlan {
  SearchPlan(
    name: "S", space: .init(name: "Net"), mirror: mirror,
    reward: .init(maximised: [.accuracy(recipe: "R")], minimised: minimised), agent: agent,
    fidelity: fidelity,
    budget: budget, limits: limits)
}

/// A mirror's part in a plan.
func mirror(_ mode: SearchPlan.Mirror.Mode = .terminal, weight: Double = 0.1) -> SearchPlan.Mirror {
  .init(method: .maximumEntropy, weights: [weight], mode: mode, anneals: true)
}

extension SearchLoop {
  /// The next batch, with what `evaluate` makes of each trial; nil at the end.
  func nextResults(_ evaluate: (ProposedTrial) -> TrialResult) -> [TrialResult]? {
    guard case .batch(let trials) = propose() else { return nil }
    return trials.map(evaluate)
  }

  /// Runs to the end and returns all results by batch.
  mutating func run(_ evaluate: (ProposedTrial) -> TrialResult) throws -> [[TrialResult]] {
    var batches: [[TrialResult]] = []
    while let results = nextResults(evaluate) {
      try tell(results)
      batches.append(results)
    }
    return batches
  }
}

extension SyntheticSpace {
  /// The result of a trial: its accuracy, and as latency the number of its layers in ms.
  func evaluate(_ trial: ProposedTrial) -> TrialResult {
    let graph = trial.candidate.graph
    return TrialResult(
      trial, state: .completed,
      measurements: [
        .init(.accuracy(recipe: "R"), accuracy(graph)),
        .init(.latency(batch: 1), 1e-3 * Double(Self.widths(graph).count)),
      ])
  }
}
