import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Training graphs in which any values are computed again: the same meaning, and the same bits.
@Suite struct RecomputationTests {
  private let sgd = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))

  /// A training graph after all passes.
  private func training(_ seed: UInt64) throws -> Graph {
    var graph = randomNetwork(seed: seed, options: RandomNetworkOptions(layers: 16))
    for pass in GraphPass.beforeDifferentiation { graph = pass.apply(graph) }
    graph = try differentiate(graph, objective: sgd)
    for pass in GraphPass.forTraining { graph = pass.apply(graph) }
    return graph
  }

  /// Values drawn by `seed` are computed again: one in `one`, of those that may be.
  private func again(_ graph: Graph, seed: UInt64, one: Int) throws -> Recomputation {
    let boundary = try #require(Recomputation.boundary(of: graph))
    var random = RandomSource(seed: seed)
    let isDropped = graph.ids.map { id in
      let isDrawn = random.once(in: one)
      return isDrawn && id < boundary && Recomputation.mayRecompute(graph[id].op)
    }
    return Recomputation(graph, dropping: isDropped, boundary: boundary)
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func theGraphStaysRight(seed: UInt64) throws {
    let graph = try training(seed)
    for one in 1...3 {
      let result = try again(graph, seed: seed, one: one)
      #expect(result.graph.verify() == [], "seed \(seed)")
      let paths = result.graph.ids.map { result.graph.path(of: $0) }
      #expect(Set(paths).count == paths.count, "seed \(seed)")
      for (copy, original) in result.originals {
        #expect(original < copy && result.graph[copy].op == result.graph[original].op, "seed \(seed)")
      }
      // What happens once in a step still does.
      let isOnce: (Node) -> Bool = { node in
        switch node.op {
        case .batchStatistics, .runningMean, .runningVariance, .sgdVelocity, .sgdStep: true
        default: node.op.isSource
        }
      }
      #expect(result.graph.nodes.count(where: isOnce) == graph.nodes.count(where: isOnce), "seed \(seed)")
      #expect(result.graph.updates.count == graph.updates.count)
    }
  }

  @Test func nothingDroppedIsTheSameGraph() throws {
    let graph = try training(3)
    #expect(try again(graph, seed: 0, one: .max).graph == graph)
  }

  /// Two steps of the program with and without: losses, parameters, running statistics and momentum have equal bits,
  /// whatever was dropped, and no two values share memory at the same time.
  @Test(arguments: 0..<40 as Range<UInt64>) func theBitsAreTheSame(seed: UInt64) throws {
    let graph = try training(seed)
    let kept = try steps(of: ExecutionPlan(lowering: graph, batch: 3, parametersAreConstant: false), seed)
    for one in 1...2 {
      let result = try again(graph, seed: seed, one: one)
      let plan = try ExecutionPlan(
        lowering: result.graph, batch: 3, parametersAreConstant: false, originals: result.originals)
      #expect(plan.arena.conflicts.isEmpty, "seed \(seed)")
      #expect(try steps(of: plan, seed) == kept, "seed \(seed), one in \(one)")
    }
  }

  /// The bits of everything after two steps.
  private func steps(of plan: ExecutionPlan, _ seed: UInt64) throws -> [[UInt32]] {
    let parameters = try ParameterStore(for: plan)
    for tensor in parameters.tensors {
      var hash = StableHash(seed: seed)
      hash.combine(tensor.path)
      var random = RandomSource(seed: hash.value)
      let values = random.reals(tensor.shape.elementCount).map { Float(0.75 + 0.5 * $0) }
      #expect(parameters.write(values, to: tensor.path))
    }
    let program = try Executable(
      plan, parameters: parameters, kernels: KernelSet(prebuilt: plan.kernelInstances),
      pool: KernelPool(threads: 2))
    var random = RandomSource(seed: seed + 1)
    program.withInput(0) { input in
      for (place, value) in random.reals(input.count).enumerated() { input[place] = Float(value) }
    }
    program.withLabels { labels in for place in labels.indices { labels[place] = Float(place % 3) } }
    program.learningRate = 0.125
    var bits: [[UInt32]] = []
    for step in 0..<2 as Range<UInt64> {
      program.setRandomKey(seed: seed, step: step)
      #expect(program.run())
      bits.append(try #require(program.output("loss")).map(\.bitPattern))
    }
    for tensor in parameters.tensors {
      bits.append(try #require(parameters.read(tensor.path)).map(\.bitPattern))
    }
    return bits
  }
}
