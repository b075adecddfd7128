import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASTestSupport
import Testing

/// Operands of concatenations that are written in place, slices that are read in place.
@Suite struct PlacementTests {
  private let training = CompileMode.training(
    TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-3)))

  private func network(_ body: String) throws -> Graph {
    let text = "irlas 1\nnetwork Net {\n  in x: [8, 6, 6]\n  return x -> \(body)\n}\n" + Self.cells
    let program = Program.load(entry: SourceFile(name: "n.irlas", text: text)) { _ in .missing }
    try #require(program.diagnostics.isEmpty, "\(program.diagnostics.map(\.message))")
    return try #require(program.elaborate(network: "Net").elaboration?.graph)
  }

  private static let cells = """
    cell Dense(n, k) {
      in x
      grow h[n] = (x, h) -> concat -> bn -> relu -> conv(1x1, 4 * k) -> bn -> relu -> conv(3x3, k)
      return (x, h) -> concat
    }
    cell Chain(k) { in x  return (x, x -> relu -> conv(3x3, k)) -> concat }
    cell Unit {
      in x
      a, b = x -> split(2)
      r = b -> conv(1x1, x.c / 2) -> bn -> relu -> dwconv(3x3) -> bn -> conv(1x1, x.c / 2) -> bn -> relu
      return (a, r) -> concat -> shuffle(groups: 2)
    }
    cell Nodes(c) {
      in x
      p = x -> conv(1x1, c) -> bn
      q = x -> relu -> conv(1x1, c) -> bn
      u = (p -> relu -> dwconv(3x3) -> conv(1x1, c) -> bn) + q
      v = (u -> max_pool(3x3)) + (p -> avg_pool(3x3))
      return (u, v, u + v) -> concat
    }
    """

  private func plan(_ graph: Graph, _ mode: CompileMode, places: Bool) throws -> ExecutionPlan {
    try compile(graph, CompileOptions(mode: mode, batch: 2, placesValues: places))
  }

  /// How many calls do nothing but move data.
  private func moves(_ plan: ExecutionPlan) -> [Kernel] {
    plan.step.map(\.kernel).filter {
      [.concat, .split, .copy, .channelShuffle, .interleave].contains($0)
    }
  }

  @Test func aDenseBlockIsOneBuffer() throws {
    let graph = try network("conv(3x3, 8) -> Dense(10, 4) -> conv(1x1, 4)")
    #expect(try moves(plan(graph, .inference, places: false)).count > 10)
    #expect(try moves(plan(graph, .inference, places: true)) == [])
  }

  /// Gradients too: up to eleven slices of different maps are summed where they are.
  @Test func aDenseBlockTrainsWithFewerCopies() throws {
    let graph = try network("conv(3x3, 8) -> Dense(10, 4) -> conv(1x1, 4) -> global_avg_pool")
    let copied = try plan(graph, training, places: false)
    let placed = try plan(graph, training, places: true)
    #expect(moves(placed).count < moves(copied).count / 2)
    #expect(placed.arena.peakBytes < copied.arena.peakBytes)
  }

  @Test func aChainOfConcatenationsIsOneBuffer() throws {
    let graph = try network("conv(3x3, 8) -> repeat 5 Chain(4) -> conv(1x1, 4)")
    #expect(try moves(plan(graph, .inference, places: true)) == [])
  }

  @Test func aShuffleReadsTheOperands() throws {
    let graph = try network("conv(3x3, 8) -> repeat 3 Unit -> conv(1x1, 4)")
    #expect(
      try moves(plan(graph, .inference, places: true)) == [.interleave, .interleave, .interleave])
  }

  @Test func resultsOfACellAreWrittenSideBySide() throws {
    let graph = try network("repeat 2 Nodes(6) -> conv(1x1, 4)")
    #expect(try moves(plan(graph, .inference, places: true)) == [])
  }

  /// While training most are read by themselves so often that a copy costs less; what is placed spares calls.
  @Test func placingSparesCallsWhileTraining() throws {
    let graph = try network("repeat 2 Nodes(6) -> conv(1x1, 4) -> global_avg_pool")
    let copied = try plan(graph, training, places: false)
    let placed = try plan(graph, training, places: true)
    #expect(placed.step.count <= copied.step.count)
    #expect(moves(placed).count <= moves(copied).count)
  }

  /// An input of the network cannot be moved, and an operand that stands twice lies in one place.
  @Test func whatCannotBePlacedIsCopied() throws {
    #expect(try moves(plan(network("Chain(4) -> conv(1x1, 4)"), .inference, places: true)) == [.copy])
    var b = GraphBuilder(name: "Twice")
    let x = try b.add(.input(index: 0), declared: .image(3, 4, 4))
    let y = try b.add(.activation(.silu), [x])
    let whole = try b.add(.concat(.channel), [y, y])
    let graph = b.finish(outputs: [Graph.Output(name: "y", value: whole)])
    let plan = try plan(graph, .inference, places: true)
    #expect(plan.step.map(\.kernel) == [.activation, .copy])
    #expect(plan.outputs[0].operand.pitch == nil)
  }

  /// A long wait in a large buffer would cost more memory than a copy does.
  @Test(arguments: 0..<20) func memoryDoesNotGrow(seed: Int) throws {
    for mode in [.inference, training] {
      let graph = joiningNetwork(seed: UInt64(seed), layers: 20)
      let copied = try plan(graph, mode, places: false)
      let placed = try plan(graph, mode, places: true)
      #expect(placed.arena.conflicts.isEmpty)
      // Results that take the place of an operand are not known beforehand.
      #expect(placed.arena.peakBytes <= copied.arena.peakBytes * 5 / 4, "seed \(seed)")
    }
  }

  /// The same bytes with and without copies: outputs, and what three steps of training make of the parameters.
  @Test(arguments: 0..<30) func copiesGiveTheSameBytes(seed: Int) throws {
    try check(joiningNetwork(seed: UInt64(seed)), seed: seed, tier: .prebuilt)
  }

  @Test(arguments: 60..<63) func copiesGiveTheSameBytesSpecialised(seed: Int) throws {
    try check(joiningNetwork(seed: UInt64(seed)), seed: seed, tier: .specialised)
  }

  @Test(arguments: ["Dense(9, 3)", "repeat 3 Chain(5)", "repeat 3 Unit", "repeat 2 Nodes(5)"])
  func cellsGiveTheSameBytes(cell: String) throws {
    let graph = try network("conv(3x3, 8) -> \(cell) -> global_avg_pool -> linear(3)")
    try check(graph, seed: 5, tier: .prebuilt)
    for seed in 6..<14 { try check(graph, seed: seed, tier: .specialised) }
  }

  /// Depthwise convolutions in one call with their neighbours, from a slice, and into a concatenation.
  @Test func separablesGiveTheSameBytes() throws {
    let text = """
      irlas 1
      network Net {
        in x: [3, 40, 40]
        return x -> conv(1x1, 192) -> Unit -> Pair -> global_avg_pool -> linear(3)
      }
      cell Pair {
        in x
        a, b = x -> split(2)
        l = a -> dwconv(3x3) -> conv(1x1, 64) -> bn
        r = (b -> dwconv(3x3) -> conv(1x1, 96) -> bn) + b
        return (l, r) -> concat
      }

      """ + Self.cells
    let program = Program.load(entry: SourceFile(name: "n.irlas", text: text)) { _ in .missing }
    let graph = try #require(program.elaborate(network: "Net").elaboration?.graph)
    let plan = try compile(graph, CompileOptions(mode: .inference, batch: 3))
    #expect(
      plan.step.map(\.kernel) == [
        .convForward, .separable, .interleave, .separable, .separable, .globalAveragePool, .convForward,
      ])
    try check(graph, seed: 7, tier: .specialised, modes: [.inference])
  }

  /// Checks outputs and what three steps make of the parameters, by default of inference and of training.
  private func check(_ graph: Graph, seed: Int, tier: KernelTier, modes: [CompileMode]? = nil) throws {
    for mode in modes ?? [.inference, training] {
      let results = try [false, true].map { places in
        let run = try ProgramRun(graph, mode, seed: seed, placesValues: places)
        let executable = try run.executable(tier: tier)
        for step in 0..<3 { run.feed(executable, step: step) }
        let parameters = executable.parameters.tensors.map {
          (name: $0.path, bits: executable.parameters.read($0.path)?.map(\.bitPattern))
        }
        return parameters
          + run.plan.outputs.map { (name: $0.name, bits: executable.output($0.name)?.map(\.bitPattern)) }
      }
      let differing = zip(results[0], results[1]).filter { $0.bits != $1.bits }.map(\.0.name)
      #expect(differing == [], "seed \(seed), \(mode)")
    }
  }
}
