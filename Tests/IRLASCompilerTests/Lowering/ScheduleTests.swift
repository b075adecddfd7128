import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

@Suite struct ScheduleTests {
  private let sgd = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3))

  /// Every computed node once, operands first, and nobody reads a parameter after its new value is written over
  /// it.
  @Test(arguments: 0..<60) func orderRespectsValuesAndUpdates(seed: Int) throws {
    let graph = try differentiate(randomNetwork(seed: UInt64(seed)), objective: sgd)
    let schedule = Schedule(graph, parametersAreConstant: false)
    let all = schedule.prepare + schedule.step
    #expect(all.sorted() == graph.ids.filter { !graph[$0].op.isSource }, "seed \(seed)")
    var place: [NodeID: Int] = [:]
    for (index, id) in all.enumerated() {
      #expect(
        graph[id].inputs.allSatisfy { graph[$0].op.isSource || place[$0] != nil }, "seed \(seed): \(id)")
      place[id] = index
    }
    for (value, target) in schedule.inPlace {
      for id in all where graph[id].inputs.contains(target) && id != value {
        #expect(place[id]! < place[value]!, "seed \(seed): \(id) reads \(target) after it changed")
      }
    }
    #expect(schedule.inPlace.count + schedule.copies.count == graph.updates.count, "seed \(seed)")
    // The optimiser's updates never need a copy.
    #expect(schedule.copies.isEmpty, "seed \(seed)")
  }

  /// Two states that exchange their values: one of the updates has to wait for a copy.
  @Test func exchangedStates() throws {
    var builder = GraphBuilder(name: "Swap")
    let image = try builder.add(.input(index: 0), declared: .image(4, 2, 2))
    let a = try builder.add(.state(.runningMean), declared: .unbatched(4), name: "a")
    let b = try builder.add(.state(.runningVariance), declared: .unbatched(4), name: "b")
    let statistics = try builder.add(.batchStatistics, [image])
    let nextA = try builder.add(.runningMean(momentum: 0.5), [b, statistics])
    let nextB = try builder.add(.runningMean(momentum: 0.25), [a, statistics])
    let graph = builder.finish(
      outputs: [Graph.Output(name: "y", value: image)],
      updates: [.init(target: a, value: nextA), .init(target: b, value: nextB)])
    let plan = try ExecutionPlan(lowering: graph, batch: 3, parametersAreConstant: false)
    try checkUpdates(graph, plan)
  }

  /// Plain exchange: the values are the old states themselves.
  @Test func rotatedStates() throws {
    var builder = GraphBuilder(name: "Rotate")
    let image = try builder.add(.input(index: 0), declared: .image(4, 2, 2))
    let states = try (0..<3).map {
      try builder.add(.state(.runningMean), declared: .unbatched(4), name: "state\($0)")
    }
    let graph = builder.finish(
      outputs: [Graph.Output(name: "y", value: image)],
      updates: (0..<3).map { .init(target: states[$0], value: states[($0 + 1) % 3]) })
    try checkUpdates(graph, ExecutionPlan(lowering: graph, batch: 1, parametersAreConstant: false))
  }

  /// At inference what depends on parameters alone is computed once.
  @Test func foldedParametersArePrepared() throws {
    for seed in 0..<30 as Range<UInt64> {
      let plan = try compile(randomNetwork(seed: seed), CompileOptions(mode: .inference, batch: 2))
      for call in plan.step {
        switch plan.graph[call.node].op {
        case .foldedWeight, .foldedBias, .composedWeight, .composedBias, .zero:
          Issue.record("seed \(seed): \(call.node) runs on every step")
        default: break
        }
      }
    }
  }

  private func checkUpdates(_ graph: Graph, _ plan: ExecutionPlan) throws {
    var random = RandomSource(seed: 1)
    let reference = ReferenceInterpreter(graph, batch: plan.batch)
    let pixels = random.integers(16 * plan.batch, in: 0...3)
    let store = try ParameterStore(for: plan)
    var tensors: [NodeID: [Double]] = [:]
    for id in graph.ids {
      if case .state = graph[id].op {
        let values = random.integers(4, in: -8...8)
        tensors[id] = values
        #expect(store.write(values.map { Float($0) }, to: graph.path(of: id)))
      }
    }
    let values = try reference.run(ReferenceInputs(images: [pixels], tensors: tensors))
    let kernels = KernelSet(prebuilt: plan.kernelInstances)
    let executable = try Executable(plan, parameters: store, kernels: kernels, pool: KernelPool(threads: 1))
    executable.setPlanarInput(0, pixels.map { Float($0) })
    #expect(executable.run())
    for (id, expected) in reference.updated(tensors, by: values) {
      let actual = try #require(store.read(graph.path(of: id)))
      #expect(zip(actual, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 }, "\(graph.path(of: id))")
    }
  }
}
