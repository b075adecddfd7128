import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Choices by measurements: made-up ones, so that what should be chosen is known.
@Suite struct TunedKernelsTests {
  private static let training = CompileMode.training(
    TrainingObjective(update: .sgd(momentum: 0.9, nesterov: false, decay: 1e-4)))
  private static let rules = [FormRule.estimated, .everywhere, .nowhere]

  private struct Network {
    var builder: GraphBuilder

    mutating func conv(_ x: NodeID, _ out: Int, _ size: Int, groups: Int = 1) throws -> NodeID {
      let border = Border(top: size / 2, left: size / 2, bottom: size / 2, right: size / 2)
      let window = Window(kernelSize: Extent(square: size), padding: border)
      let y = try builder.conv(x, out: out, Convolution(window: window, groups: groups)).result
      return try builder.add(.activation(.relu), [builder.batchNorm(y).result])
    }

    mutating func finish(_ y: NodeID) throws -> Graph {
      let pooled = try builder.add(.globalAveragePool, [y])
      return builder.finish(outputs: [Graph.Output(name: "y", value: pooled)])
    }
  }

  /// Two dense 3x3 convolutions, of which the estimates take the second by Winograd's method, and more of its kind.
  private func dense(more: Int = 0) throws -> Graph {
    var network = Network(builder: GraphBuilder(name: "Dense"))
    let x = try network.builder.add(.input(index: 0), declared: .image(4, 15, 12))
    var y = try network.conv(network.conv(x, 20, 3), 40, 3)
    for _ in 0..<more { y = try network.conv(y, 40, 3) }
    return try network.finish(y)
  }

  /// Two depthwise convolutions with 1x1 convolutions around them, of which the estimates take the second in strips.
  private func separable() throws -> Graph {
    var network = Network(builder: GraphBuilder(name: "Separable"))
    let x = try network.builder.add(.input(index: 0), declared: .image(8, 47, 45))
    let small = try network.conv(network.conv(network.conv(x, 12, 1), 12, 3, groups: 12), 16, 1)
    let large = try network.conv(network.conv(network.conv(small, 72, 1), 72, 3, groups: 72), 16, 1)
    return try network.finish(large)
  }

  private func plan(
    _ graph: Graph, _ mode: CompileMode = .inference, _ forms: FormRule = .estimated,
    tuned: KernelTimings? = nil, threads: Int = 1, winograd: MethodUse = .auto, memoryLimit: Int? = nil,
    places: Bool = true
  ) throws -> ExecutionPlan {
    try compile(
      graph,
      CompileOptions(
        mode: mode, batch: 4, winograd: winograd, forms: forms,
        tuned: tuned.map { TunedKernels($0, threads: threads) }, placesValues: places,
        memoryLimit: memoryLimit))
  }

  /// Measurements of all kernels of the plans of a network.
  private func entries(
    _ graph: Graph, _ mode: CompileMode = .inference, places: Bool = true,
    seconds: (KernelLoad) -> Double?
  ) throws -> [KernelTimings.Entry] {
    try Self.rules.flatMap { try plan(graph, mode, $0, places: places).loads }.compactMap { load in
      seconds(load).map { KernelTimings.Entry(load, threads: 1, seconds: $0) }
    }
  }

  private func timings(_ entries: [KernelTimings.Entry]) -> KernelTimings {
    var timings = KernelTimings()
    timings.record(entries)
    return timings
  }

  /// Everything takes a millisecond, kernels of these families so many times as long.
  private func timings(
    _ graph: Graph, _ factors: [String: Double], _ mode: CompileMode = .inference
  ) throws -> KernelTimings {
    timings(
      try entries(graph, mode) { load in
        let name = load.family.split(separator: ".")[0]
        return 1e-3 * (factors[String(name)] ?? 1)
      })
  }

  private func text(_ plan: ExecutionPlan) -> String { GeneratedCode(plan).program }

  private func kernels(_ plan: ExecutionPlan) -> [Kernel] {
    plan.step.map(\.kernel).filter { $0 != .globalAveragePool }
  }

  @Test func aConvolutionTakesTheFasterForm() throws {
    let graph = try dense()
    #expect(kernels(try plan(graph)) == [.convForward, .convWinograd])
    func chosen(_ winograd: Double) throws -> [Kernel] {
      kernels(try plan(graph, tuned: try timings(graph, ["conv_winograd": winograd])))
    }
    #expect(try chosen(0.5) == [.convWinograd, .convWinograd])
    #expect(try chosen(2) == [.convForward, .convForward])
    // Less than two percent are noise.
    #expect(try chosen(0.985) == [.convForward, .convWinograd])
    #expect(try chosen(1) == [.convForward, .convWinograd])
    #expect(try chosen(1.015) == [.convForward, .convWinograd])
    #expect(try chosen(0.97) == [.convWinograd, .convWinograd])
    #expect(try chosen(1.03) == [.convForward, .convForward])
    // What is excluded stays so.
    let fast = try timings(graph, ["conv_winograd": 0.5])
    #expect(kernels(try plan(graph, tuned: fast, winograd: .never)) == [.convForward, .convForward])
  }

  @Test func aChainTakesTheFasterForm() throws {
    let graph = try separable()
    let chain = [Kernel.convForward, .convForward, .convForward]
    #expect(kernels(try plan(graph)) == chain + [.separable])
    func chosen(_ separable: Double) throws -> [Kernel] {
      kernels(try plan(graph, tuned: try timings(graph, ["separable": separable])))
    }
    #expect(try chosen(2) == [.separable, .separable])
    #expect(try chosen(4) == chain + chain)
    #expect(try chosen(3) == chain + [.separable])
  }

  /// While training the transforms of weights count, and the pass that batch norm needs for its statistics where the convolution
  /// does not leave them.
  @Test func allThatAFormCostsCounts() throws {
    let graph = try dense()
    func forward(_ factors: [String: Double]) throws -> [Kernel] {
      try plan(graph, Self.training, tuned: timings(graph, factors, Self.training)).step.map(\.kernel)
        .filter { $0 == .convStatistics || $0 == .convWinograd }
    }
    let free = ["conv_winograd": 0.2, "winograd_weight": 0.2, "winograd_gradient_weight": 0.2]
    #expect(
      try forward(free.merging(["batch_statistics_partial": 0.2]) { $1 }).count { $0 == .convWinograd } == 3)
    for cost in ["winograd_weight", "batch_statistics_partial"] {
      let slow = try forward(free.merging([cost: 5]) { $1 })
      #expect(slow.count { $0 == .convStatistics } == 2, "\(cost)")
      // The gradient of the second convolution's input needs neither.
      #expect(slow.count { $0 == .convWinograd } == 1, "\(cost)")
    }
    #expect(
      try !forward(free.merging(["winograd_gradient_weight": 5, "batch_statistics_partial": 0.2]) { $1 })
        .dropFirst(2).contains(.convWinograd))
  }

  @Test func whatWasNotMeasuredChangesNothing() throws {
    let graph = try dense()
    let expected = text(try plan(graph))
    // The estimates are wrong about both convolutions; the second has more to do.
    let plain = try plan(graph, .inference, .nowhere).loads
    let isSecond = { (load: KernelLoad) in load.macs == plain[1].macs }
    let all = try entries(graph) { load in
      !load.family.hasPrefix("conv_winograd") ? 1e-3 : isSecond(load) ? 2e-3 : 0.5e-3
    }
    #expect(kernels(try plan(graph, tuned: timings(all))) == [.convWinograd, .convForward])
    #expect(text(try plan(graph, tuned: timings([]))) == expected)
    #expect(text(try plan(graph, tuned: timings(all), threads: 2)) == expected)
    // Without one of its kernels a choice stays, and only that one.
    for load in all.map(\.load) {
      let tuned = try plan(graph, tuned: timings(all.filter { $0.load.symbol != load.symbol }))
      #expect(
        kernels(tuned)
          == (load.macs == 0
            ? [.convWinograd, .convForward]
            : isSecond(load) ? [.convWinograd, .convWinograd] : [.convForward, .convForward]),
        "\(load.symbol)")
    }
  }

  @Test func theOrderOfMeasurementsDoesNotMatter() throws {
    let graph = try dense()
    var all = try entries(graph, Self.training) {
      1e-6 * Double(1 + $0.symbol.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 1023)
    }
    let expected = text(try plan(graph, Self.training, tuned: timings(all)))
    var random = RandomSource(seed: 1)
    for _ in 0..<5 {
      for index in all.indices.dropFirst() { all.swapAt(index, random.pick(0...index)) }
      #expect(text(try plan(graph, Self.training, tuned: timings(all))) == expected)
    }
    let again = try KernelTimings(parsing: timings(all).text)
    #expect(text(try plan(graph, Self.training, tuned: again)) == expected)
  }

  /// Random networks with random times: the calls of a plan by measurement take no longer together than those of the estimates,
  /// of all forms or of none, up to the share that counts as noise.
  @Test(arguments: 0..<12) func nothingIsLost(seed: UInt64) throws {
    let graph = seed < 2 ? try (seed == 0 ? dense() : separable()) : randomNetwork(seed: seed)
    for mode in [CompileMode.inference, Self.training] {
      let all = timings(
        try entries(graph, mode, places: false) { load in
          var random = RandomSource(seed: seed &+ load.symbol.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
          return 1e-6 * Double(random.pick(10...400))
        })
      func total(_ plan: ExecutionPlan) throws -> Double {
        try plan.loads.reduce(0) { try $0 + #require(all.seconds(of: $1, threads: 1), "\($1.symbol)") }
      }
      let tuned = try plan(graph, mode, tuned: all, places: false)
      #expect(tuned.arena.conflicts.isEmpty)
      for rule in Self.rules {
        let other = try total(try plan(graph, mode, rule, places: false))
        let bound = rule == .estimated ? other : other / (1 - TunedKernels.leastGain)
        #expect(try total(tuned) <= bound * (1 + 1e-12), "seed \(seed), \(rule)")
      }
    }
  }

  /// Both choices compute the same: to the bit in strips, within the bound of Winograd's method elsewhere.
  @Test func resultsAgree() throws {
    for (graph, kernel, tolerance) in [
      (try dense(), "conv_winograd", 1e-5), (try separable(), "separable", 1e-5),
    ] {
      var outputs: [[UInt32]?] = []
      for factor in [0.5, 8] {
        let measured = TunedKernels(try timings(graph, [kernel: factor]), threads: 1)
        let run = try ProgramRun(graph, .inference, seed: 6, batch: 4, tuned: measured)
        let executable = try run.executable()
        try run.checkOutputs(executable, step: 0, tolerance: tolerance)
        outputs.append(executable.output("y")?.map(\.bitPattern))
      }
      #expect((outputs[0] == outputs[1]) == (kernel == "separable"))
    }
    for factor in [0.1, 10] {
      let measured = TunedKernels(try timings(dense(), ["conv_winograd": factor], Self.training), threads: 1)
      let run = try ProgramRun(dense(), Self.training, seed: 7, batch: 4, tuned: measured)
      try run.checkTraining(tier: .prebuilt, steps: 2, tolerance: 2e-4)
    }
  }

  /// Values that are computed again are so by the same kernels.
  @Test func aLimitOfMemoryChangesNoChoice() throws {
    let graph = try dense(more: 6)
    let measured = try timings(graph, ["conv_winograd": 0.1, "winograd_weight": 0.1], Self.training)
    let whole = try plan(graph, Self.training, tuned: measured)
    let limit = whole.ownedBytes * 9 / 10
    let small = try plan(graph, Self.training, tuned: measured, memoryLimit: limit)
    #expect(small.ownedBytes <= limit && small.step.count > whole.step.count)
    #expect(Set(small.forms.map(\.form)) == Set(whole.forms.map(\.form)))
  }
}
