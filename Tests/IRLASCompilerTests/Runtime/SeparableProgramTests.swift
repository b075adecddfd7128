import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Programs that compute depthwise convolutions together with their neighbours.
@Suite struct SeparableProgramTests {
  /// Two inverted residuals and a depthwise separable convolution after them, large enough to leave a cache; `isOpen` gives the maps between as
  /// outputs, so that each has to exist.
  private func network(isOpen: Bool = false) throws -> Graph {
    var b = GraphBuilder(name: "Separable")
    var outputs: [Graph.Output] = []
    func conv(_ x: NodeID, _ out: Int, _ size: Int, groups: Int = 1, stride: Int = 1) throws -> NodeID {
      let border = Border(top: size / 2, left: size / 2, bottom: size / 2, right: size / 2)
      let window = Window(kernelSize: Extent(square: size), stride: Extent(square: stride), padding: border)
      return try b.batchNorm(b.conv(x, out: out, Convolution(window: window, groups: groups)).result).result
    }
    func relu(_ x: NodeID) throws -> NodeID {
      let y = try b.add(.activation(.relu6), [x])
      outputs.append(Graph.Output(name: "h\(outputs.count)", value: y))
      return y
    }
    let x = try b.add(.input(index: 0), declared: .image(16, 47, 45))
    var h = try relu(conv(x, 72, 1))
    h = try relu(conv(h, 72, 3, groups: 72))
    h = try b.add(.add, [conv(h, 16, 1), x])
    h = try relu(conv(h, 200, 1))
    h = try relu(conv(h, 200, 5, groups: 200, stride: 2))
    h = try relu(conv(h, 200, 1))
    h = try relu(conv(h, 200, 3, groups: 200))
    h = try relu(conv(h, 36, 1))
    let y = try b.add(.globalAveragePool, [h])
    return b.finish(outputs: [Graph.Output(name: "y", value: y)] + (isOpen ? outputs : []))
  }

  @Test func theyAreChosen() throws {
    let plan = try compile(network(), CompileOptions(mode: .inference, batch: 4))
    #expect(plan.step.map(\.kernel) == [.separable, .separable, .separable, .globalAveragePool])
    #expect(plan.step.map { $0.nodes.count } == [3, 3, 2, 1])
    // The work is all there.
    let open = try compile(network(isOpen: true), CompileOptions(mode: .inference, batch: 4))
    #expect(open.step.filter { $0.kernel == .separable }.isEmpty)
    #expect(plan.step.reduce(0) { $0 + plan.macs(of: $1) } == open.step.reduce(0) { $0 + open.macs(of: $1) })
    #expect(plan.arena.totalBytes < open.arena.totalBytes / 4)
    // Small maps stay in the cache anyway, and gradients need what is between.
    let small = try compile(network(), CompileOptions(mode: .inference, batch: 1))
    #expect(small.step.filter { $0.kernel == .separable }.count < 3)
    let training = CompileMode.training(
      TrainingObjective(update: .sgd(momentum: 0, nesterov: false, decay: 0)))
    #expect(
      try compile(network(), CompileOptions(mode: training, batch: 4)).step.allSatisfy {
        $0.kernel != .separable
      })
  }

  /// The same bytes as with every map in memory, in both tiers and precisions, for any number of threads.
  @Test(arguments: KernelTier.allCases.filter { $0 != .automatic }, Precision.allCases)
  func resultsAreTheSame(tier: KernelTier, precision: Precision) throws {
    var results: [[UInt32]?] = []
    for (isOpen, threads) in [(true, 1), (false, 1), (false, 2), (false, 3)] {
      let run = try ProgramRun(
        network(isOpen: isOpen), .inference, seed: 5, batch: 4, precision: precision)
      let executable = try run.executable(threads: threads, tier: tier)
      run.feed(executable, step: 0)
      results.append(executable.output("y")?.map(\.bitPattern))
    }
    #expect(results[0] != nil && results.allSatisfy { $0 == results[0] })
  }
}
