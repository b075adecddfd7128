import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// The form of training graphs, and that following them trains.
@Suite struct TrainingGraphTests {
  private let sgd = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))

  @Test func everyParameterAndStatisticIsUpdatedOnce() throws {
    for seed in 0..<50 as Range<UInt64> {
      let forward = randomNetwork(seed: seed)
      let training = try differentiate(forward, objective: sgd)
      var targets: [NodeID] = []
      var velocities = 0
      for id in training.ids {
        switch training[id].op {
        case .parameter, .state(.runningMean), .state(.runningVariance): targets.append(id)
        case .state(.velocity):
          targets.append(id)
          velocities += 1
        default: break
        }
      }
      #expect(training.updates.map(\.target) == targets, "seed \(seed)")
      #expect(training.parameterCount == forward.parameterCount, "seed \(seed)")
      let parameters = forward.nodes.filter { if case .parameter = $0.op { true } else { false } }
      #expect(velocities == parameters.count, "seed \(seed)")
      for update in training.updates {
        #expect(training[update.target].shape == training[update.value].shape, "seed \(seed)")
      }
    }
  }

  @Test func namesAreUniqueAndForwardNodesKeepTheirs() throws {
    for seed in 0..<50 as Range<UInt64> {
      let forward = randomNetwork(seed: seed)
      let training = try differentiate(forward, objective: sgd)
      let paths = training.ids.map { training.path(of: $0) }
      #expect(Set(paths).count == paths.count, "seed \(seed)")
      for id in forward.ids {
        if case .identity = forward[id].op { continue }
        #expect(paths.contains(forward.path(of: id)), "seed \(seed): \(forward.path(of: id))")
      }
    }
  }

  @Test func hasTheNamesThatCallersLookFor() throws {
    var builder = GraphBuilder(name: "Tiny")
    let image = try builder.add(.input(index: 0), declared: .image(2, 1, 1))
    let logits = try builder.linear(image, out: 2, name: "linear").result
    let forward = builder.finish(outputs: [Graph.Output(name: "output", value: logits)])
    let training = try differentiate(forward, objective: sgd)
    #expect(training.outputs.map(\.name) == ["loss", "logits"])
    let paths = training.ids.map { training.path(of: $0) }
    for name in ["labels", "learning_rate", "linear.weight.velocity", "linear.bias.velocity"] {
      #expect(paths.contains(name), "\(name)")
    }
    let plain = try differentiate(forward, objective: TrainingObjective(update: .none))
    #expect(plain.outputs.map(\.name) == ["loss", "logits", "linear.weight.grad", "linear.bias.grad"])
    let still = try differentiate(
      forward, objective: TrainingObjective(update: .sgd(momentum: 0, nesterov: false, decay: 0)))
    #expect(!still.nodes.contains { $0.op == .state(.velocity) })
  }

  @Test func imagesGetNoGradient() throws {
    let forward = randomNetwork(seed: 3)
    let training = try differentiate(forward, objective: sgd)
    let stem = try #require(training.ids.first { if case .conv = training[$0].op { true } else { false } })
    #expect(!training.nodes.contains { $0.name == "\(training[stem].name).input_grad" && $0.scope == .root })
  }

  @Test func wrongGraphsAreRefused() throws {
    let forward = randomNetwork(seed: 5)
    let training = try differentiate(forward, objective: sgd)
    #expect(throws: DifferentiationError.updatesAlready) { try differentiate(training, objective: sgd) }

    var builder = GraphBuilder(name: "NoLogits")
    let image = try builder.add(.input(index: 0), declared: .image(2, 3, 3))
    let relu = try builder.add(.activation(.relu), [image])
    let map = builder.finish(outputs: [Graph.Output(name: "map", value: relu)])
    #expect(throws: DifferentiationError.notLogits(output: "map", shape: .image(2, 3, 3))) {
      try differentiate(map, objective: sgd)
    }
    let none = builder.finish(outputs: [])
    #expect(throws: DifferentiationError.outputCount(0)) { try differentiate(none, objective: sgd) }
    let pooled = try builder.add(.globalAveragePool, [relu])
    let fixed = builder.finish(outputs: [Graph.Output(name: "output", value: pooled)])
    #expect(throws: DifferentiationError.nothingToLearn) { try differentiate(fixed, objective: sgd) }
    let summed = try builder.add(.spatialSum, [relu])
    let backward = builder.finish(outputs: [Graph.Output(name: "output", value: summed)])
    #expect(throws: DifferentiationError.notForward(node: "spatial_sum", op: "spatial_sum")) {
      try differentiate(backward, objective: sgd)
    }
  }

  /// A stem that two heads share; the second one is auxiliary.
  private func twoHeads() throws -> Graph {
    var builder = GraphBuilder(name: "TwoHeads")
    let image = try builder.add(.input(index: 0), declared: .image(2, 4, 4))
    let x = try builder.conv(image, out: 3, Convolution(window: Window(kernelSize: .one)), bias: true).result
    let pooled = try builder.add(.globalAveragePool, [try builder.add(.activation(.gelu), [x])])
    let main = try builder.linear(try builder.add(.flatten, [x]), out: 3, name: "main").result
    let early = try builder.linear(pooled, out: 3, name: "early").result
    return builder.finish(outputs: [
      Graph.Output(name: "logits", value: main), Graph.Output(name: "early", value: early, isAuxiliary: true),
    ])
  }

  /// The gradients of a weighted sum of losses are those of the sum.
  @Test func weightedLosses() throws {
    let graph = try twoHeads()
    let both = Recipe.Loss([
      .init(output: "logits", smoothing: 0.1), .init(weight: 0.4, output: "early"),
      .init(weight: 0.2, output: "early", smoothing: 0.2),
    ])
    try checkGradients(of: graph, seed: 5, elements: 8, loss: both)
    let training = try differentiate(graph, objective: TrainingObjective(loss: both, update: .none))
    #expect(training.verify().isEmpty)
    let values = try ReferenceExample(training, batch: 3, seed: 5).run()
    var sum = 0.0
    for term in both.terms {
      let one = try differentiate(
        graph.keepingAuxiliaryOutputs { _ in true },
        objective: TrainingObjective(
          loss: Recipe.Loss([.init(output: "logits"), term]), update: .none))
      let first = try differentiate(
        graph, objective: TrainingObjective(loss: Recipe.Loss([.init(output: "logits")]), update: .none))
      sum += try loss(of: one, like: training) - loss(of: first, like: training)
    }
    #expect(abs(try #require(values.output("loss", of: training))[0] - sum) < 1e-12)
  }

  /// The loss of a training graph on the images and parameters that `other` has at its first step.
  private func loss(of graph: Graph, like other: Graph) throws -> Double {
    let example = ReferenceExample(other, batch: 3, seed: 5)
    var inputs = example.inputs
    let named = Dictionary(uniqueKeysWithValues: graph.ids.map { (graph.path(of: $0), $0) })
    inputs.tensors = [:]
    for (id, values) in example.inputs.tensors {
      if let same = named[other.path(of: id)] { inputs.tensors[same] = values }
    }
    let values = try ReferenceInterpreter(graph, batch: 3).run(inputs)
    return try #require(values.output("loss", of: graph))[0]
  }

  /// An auxiliary output that no term names is left out; main ones have to be trained.
  @Test func lossesNameOutputs() throws {
    let graph = try twoHeads()
    func training(_ terms: Recipe.Loss.Term...) throws -> Graph {
      try differentiate(graph, objective: TrainingObjective(loss: Recipe.Loss(terms), update: .none))
    }
    let plain = try training(.init())
    #expect(!plain.ids.contains { plain.path(of: $0).hasPrefix("early") })
    #expect(throws: DifferentiationError.noOutput("late", outputs: ["logits"])) {
      try training(.init(), .init(output: "late"))
    }
    #expect(throws: DifferentiationError.untrained(output: "logits")) {
      try training(.init(output: "early"))
    }
  }

  /// Steps on one batch fit it: the loss falls to a fraction.
  @Test(arguments: [(0.9, true), (0.9, false), (0.0, false)])
  func trainingReducesTheLoss(momentum: Double, nesterov: Bool) throws {
    for seed in [3, 7, 12] as [UInt64] {
      let forward = randomNetwork(seed: seed, options: RandomNetworkOptions(drops: false))
      let training = try differentiate(
        forward,
        objective: TrainingObjective(update: .sgd(momentum: momentum, nesterov: nesterov, decay: 1e-4)))
      let example = ReferenceExample(training, batch: 4, seed: seed)
      var inputs = example.inputs
      inputs.tensors = example.interpreter.initialTensors(seed: seed)
      inputs.hyperparameters[.learningRate] = momentum == 0 ? 0.05 : 0.01
      var losses: [Double] = []
      for _ in 0..<40 {
        let values = try example.interpreter.run(inputs)
        losses.append(try #require(values.output("loss", of: training))[0])
        inputs.tensors = example.interpreter.updated(inputs.tensors, by: values)
      }
      #expect(losses[39] < 0.7 * losses[0], "seed \(seed): \(losses[0]) to \(losses[39])")
    }
  }

  /// Twenty thousand layers: nothing recurses.
  @Test func depthIsNoLimit() throws {
    var builder = GraphBuilder(name: "Deep")
    var x = try builder.add(.input(index: 0), declared: .image(1, 1, 1))
    for _ in 0..<20_000 { x = try builder.linear(x, out: 1, bias: false).result }
    let forward = builder.finish(outputs: [Graph.Output(name: "output", value: x)])
    let training = try differentiate(forward, objective: sgd)
    #expect(training.updates.count == 40_000)
  }
}
