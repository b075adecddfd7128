import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Programs that compute a batch in several passes.
@Suite struct SplitBatchTests {
  /// What a program of a few samples says of a batch, those samples at a time.
  private func outputs(
    _ plan: ExecutionPlan, samples: Int, threads: Int, tier: KernelTier, seed: Int
  ) throws -> [[UInt32]] {
    var whole = plan
    whole.samples = samples
    let store = try ParameterStore(for: plan)
    store.initialize(seed: UInt64(seed))
    let kernels = try KernelSet(plan.kernelInstances, tier: tier, SharedToolchain.options)
    let program = try Executable(
      whole, parameters: store, kernels: kernels, pool: KernelPool(threads: threads))
    let data = data(for: whole, seed: seed)
    // The second run finds what the first one left.
    for _ in 0..<2 {
      for (index, values) in data.enumerated() { program.setPlanarInput(index, values) }
      #expect(program.run())
    }
    return try plan.outputs.map { try #require(program.planarOutput($0.name)).map(\.bitPattern) }
  }

  private func data(for plan: ExecutionPlan, seed: Int) -> [[Float]] {
    var random = RandomSource(seed: UInt64(seed) + 3)
    return plan.inputs.map { random.reals(plan.samples * $0.shape.elementCount).map { Float($0) } }
  }

  /// Every sample as a program without passes computes it, for any number of threads: those that have passes of their own, and
  /// those that are too many for that.
  @Test(arguments: 0..<12) func passesAreBatchesOfTheirOwn(seed: Int) throws {
    let network = randomNetwork(seed: UInt64(seed), options: RandomNetworkOptions(drops: false))
    let batch = 1 + seed % 3
    let samples = [7, 12, 8, 5][seed % 4]
    let plan = try compile(network, CompileOptions(mode: .inference, batch: batch))
    let tier: KernelTier = seed < 3 ? .specialised : .prebuilt
    let results = try (1...4).map { threads in
      try outputs(plan, samples: samples, threads: threads, tier: tier, seed: seed)
    }
    for threads in 2...4 { #expect(results[threads - 1] == results[0], "seed \(seed), \(threads) threads") }

    let store = try ParameterStore(for: plan)
    store.initialize(seed: UInt64(seed))
    let kernels = try KernelSet(plan.kernelInstances, tier: tier, SharedToolchain.options)
    let program = try Executable(plan, parameters: store, kernels: kernels, pool: KernelPool(threads: 2))
    var whole = plan
    whole.samples = samples
    let data = data(for: whole, seed: seed)
    for first in stride(from: 0, to: samples, by: batch) {
      let count = min(batch, samples - first)
      for (index, port) in plan.inputs.enumerated() {
        let size = port.shape.elementCount
        let part = Array(data[index][first * size..<(first + count) * size])
        program.setPlanarInput(index, part + [Float](repeating: 0, count: (batch - count) * size))
      }
      #expect(program.run())
      for (index, port) in plan.outputs.enumerated() {
        let size = port.shape.elementCount
        let expected = try #require(program.planarOutput(port.name)).prefix(count * size).map(\.bitPattern)
        let actual = results[0][index][first * size..<(first + count) * size]
        #expect(Array(actual) == expected, "seed \(seed): samples from \(first)")
      }
    }
  }

  /// A chain of `depth` depthwise or dense convolutions.
  private func network(_ channels: Int, side: Int, groups: Int, depth: Int) throws -> Graph {
    var b = GraphBuilder(name: "Chain")
    var h = try b.add(.input(index: 0), declared: .image(channels, side, side))
    for _ in 0..<depth {
      let window = Window(
        kernelSize: Extent(square: 3), padding: Border(top: 1, left: 1, bottom: 1, right: 1))
      h = try b.conv(h, out: channels, Convolution(window: window, groups: groups)).result
    }
    let y = try b.add(.globalAveragePool, [h])
    return b.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  /// Splitting pays where maps are large for what is done with them, and where they leave the caches.
  @Test func whereItPays() throws {
    func passes(_ network: Graph, _ batch: Int) throws -> Int {
      let plan = try compile(network, CompileOptions(mode: .inference, batch: batch, splitsBatch: true))
      #expect(plan.samples == batch)
      return plan.passes
    }
    let light = try network(64, side: 56, groups: 64, depth: 4)
    #expect(try passes(light, 32) >= 8)
    #expect(try passes(light, 1) == 1)
    // A batch that is no power of two, and one that is prime.
    #expect(try passes(light, 48) >= 8)
    #expect(try passes(light, 61) >= 8)
    // Multiply-adds bound this one, and these maps stay where they are.
    #expect(try passes(network(64, side: 56, groups: 1, depth: 4), 32) == 1)
    #expect(try passes(network(8, side: 8, groups: 8, depth: 4), 32) == 1)
    // Nobody asked.
    #expect(try compile(light, CompileOptions(mode: .inference, batch: 32)).passes == 1)
  }

  @Test func timesAndCancellation() throws {
    let plan = try compile(
      network(64, side: 56, groups: 64, depth: 4),
      CompileOptions(mode: .inference, batch: 32, splitsBatch: true))
    for threads in [1, 2, 3, 5] {
      let store = try ParameterStore(for: plan)
      store.initialize(seed: 1)
      let kernels = try KernelSet(plan.kernelInstances, tier: .prebuilt, SharedToolchain.options)
      let program = try Executable(
        plan, parameters: store, kernels: kernels, pool: KernelPool(threads: threads))
      #expect(program.profile().allSatisfy { $0 > 0 }, "\(threads) threads")
      let cancellation = Cancellation()
      cancellation.request()
      #expect(!program.run(cancellation: cancellation))
      #expect(program.run())
    }
  }
}
