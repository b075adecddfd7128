import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// Decisions, samples and counts of spaces.
@Suite struct SpaceTests {
  private func program(_ text: String) -> Program {
    Program.load(entry: SourceFile(name: "space.irlas", text: text)) { _ in .missing }
  }

  private func space(
    _ text: String, _ name: String = "Net", settings: [(name: String, value: String)] = []
  ) throws -> OpenProgram {
    let program = program(text)
    #expect(program.diagnostics.isEmpty, "\(program.diagnostics.map(\.message))")
    let (space, diagnostics) = program.space(named: name, settings: settings)
    #expect(diagnostics.isEmpty, "\(diagnostics.map(\.message))")
    return try #require(space)
  }

  private func text(_ name: String) throws -> String {
    try #require(spacePrograms.first { $0.name == name }?.text)
  }

  /// The messages of a check, one line each.
  private func messages(_ text: String) -> [String] {
    let program = program(text)
    let renderer = DiagnosticRenderer(sources: program.sources)
    return program.check().diagnostics.map { renderer.renderShort($0) }
  }

  // MARK: Counts

  /// 6 kinds of element over i + 1 earlier values: 3 convolutions and 2 of each pool on any of them, the value itself, and
  /// sums and concatenations of two.
  @Test func blocksOfTheDesign() throws {
    var total = Natural.zero
    var blocks = Natural.one
    for element in 0..<8 {
      let sources = element + 1
      blocks = blocks * Natural(3 * sources + 2 * sources + 2 * sources + sources + 2 * sources * sources)
      if element >= 1 { total += blocks }
    }
    let count = try #require(try space(text("BlockQNN space")).count())
    #expect(count.programs == Natural(3) * total)
    #expect(count.ignored.count == 1)
  }

  /// Two cells of four nodes, each with two of the earlier ones and 8 operations on both: (1 * 3 * 6 * 10 * 8^8)^2
  /// (Liu et al., DARTS, 2019).
  @Test func cellsOfDARTS() throws {
    let cell = Natural(180 * 16_777_216)
    #expect(try space(text("DARTS space"), "DARTS").count()?.programs == cell * cell)
  }

  /// 5^6 cells (Dong and Yang, NAS-Bench-201, 2020).
  @Test func cellsOfNASBench201() throws {
    let open = try space(text("NAS-Bench-201"), "NB201")
    #expect(open.count()?.programs == Natural(15_625))
  }

  /// Once-for-all: per stage 2 to 4 layers of 3 expansions and 3 kernels; 4 resolutions and 2 widths.
  @Test func onceForAll() throws {
    let block = """

      cell MB(out, expand = 1, kernel: Kernel = 3x3, stride = 1, se = false, act: Layer = relu) {
        in x
        y = x -> conv(1x1, expand * x.c) -> bn -> act -> dwconv(kernel, stride: stride) -> bn -> act
        return if se { y -> conv(1x1, out) -> bn } else { y -> conv(1x1, out) -> bn -> relu }
      }
      """
    let open = try space(text("Once-for-all MobileNetV3") + block, "OFA")
    let stage = Natural(9 * 9 + 9 * 9 * 9 + 9 * 9 * 9 * 9)
    #expect(open.count()?.programs == Natural(8) * stage * stage * stage * stage * stage)
  }

  /// The cells of NAS-Bench-101 with up to 5 vertices: 1, 6, 84 and 2,441 with 2, 3, 4 and 5 of them
  /// (Ying et al., 2019).
  @Test func nasBench101() throws {
    let open = try #require(Samples.load("spaces/nb101.irlas").space(named: "Cells").space)
    var topologies: Set<GraphHash> = []
    open.space.enumerate { exploration in
      if let graph = exploration.graph { topologies.insert(graph.topologyHash) }
      return true
    }
    #expect(topologies.count == 2532)
  }

  /// Counting without programs and going through all of them agree where nothing is filtered by shapes.
  @Test(arguments: 0..<60) func countsAreThoseOfEnumeration(_ seed: UInt64) throws {
    let open = try space(randomSpace(seed: seed))
    let count = try #require(open.count())
    #expect(count.ignored.isEmpty)
    var number = 0
    let isComplete = open.space.enumerate { exploration in
      number += exploration.graph == nil ? 0 : 1
      return number < 20_000
    }
    if isComplete {
      #expect(count.programs == Natural(number), "seed \(seed)")
    } else {
      #expect(count.programs >= Natural(number), "seed \(seed)")
    }
  }

  /// A small space with all kinds of decisions, whose shapes always fit.
  private func randomSpace(seed: UInt64) -> String {
    var hash = StableHash(seed: seed)
    func next(_ bound: Int) -> Int {
      hash.combine(1)
      return Int(hash.value % UInt64(bound))
    }
    let layers = [
      "relu", "conv(choose(1x1, 3x3), 8)", "choose(a: relu, b: sigmoid, c: maybe(relu6))", "bn", "Inner",
      "maybe(conv(3x3, 8) -> relu)", "repeat 1..2 relu", "repeat 2 choose(relu, silu)", "shared_block",
    ]
    let elements = [
      "pick(x, h) -> \(layers[next(layers.count)])", "some(x, h) -> add",
      "choose(p: pick(x, h) -> relu, q: x -> \(layers[next(layers.count)]))",
      "each v in (x, h) { v -> choose(zero, identity) } -> add",
    ]
    return """
      space Inner { in x  return x -> choose(relu, sigmoid) }
      space Net {
        in image: [8, 4, 4]
        k = \(next(2))..\(1 + next(2))
        shared_block = sample Inner
        x = image -> repeat k shared_block -> \(layers[next(layers.count)])
        grow h[1..\(1 + next(2))] = \(elements[next(elements.count)])
        require k + h.size <= 4
        return h.leaves -> add
      }
      """
  }

  // MARK: Samples

  /// The same seed gives the same program, and its decisions give it again.
  @Test func samplesRepeat() throws {
    for name in [("BlockQNN space", "Net"), ("DARTS space", "DARTS"), ("NAS-Bench-201", "NB201")] {
      let open = try space(text(name.0), name.1)
      for seed in 0..<6 as Range<UInt64> {
        let sample = try open.space.sample(seed: seed)
        let again = try open.space.sample(seed: seed)
        #expect(sample.decisions == again.decisions)
        #expect(sample.graph.programHash == again.graph.programHash)
        let elaboration = try #require(open.elaborate(sample.decisions))
        #expect(elaboration.graph.programHash == sample.graph.programHash)
        // Names of decisions are unique.
        #expect(Set(sample.decisions.map(\.name)).count == sample.decisions.count)
      }
    }
  }

  /// A sampled block is one block: all its uses take the same decisions.
  @Test func sampledBlocksAreShared() throws {
    let open = try space(
      """
      space Op { in x  return x -> choose(a: relu, b: sigmoid) }
      space Net {
        in x: [4, 4, 4]
        f = sample Op
        return x -> f -> f -> Op -> Op
      }
      """)
    #expect(open.count()?.programs == Natural(8))
    open.space.enumerate { exploration in
      guard let graph = exploration.graph else { return true }
      let ops = graph.nodes.map(\.op.mnemonic).filter { $0 != "input" }
      #expect(ops.count == 4)
      #expect(ops[0] == ops[1])
      return true
    }
  }

  /// Drawing depends on the names of decisions only: another decision elsewhere changes nothing.
  @Test func drawsSurviveAddedDecisions() throws {
    let body = "in x: [8, 4, 4]  k = choose(1x1, 3x3, 5x5)  n = 1..6"
    let before = try space("space Net { \(body)  return x -> repeat n conv(k, 8) }")
    let after = try space(
      "space Net { \(body)  m = 1..9  return x -> repeat n conv(k, 8) -> repeat m relu }")
    for seed in 0..<20 as Range<UInt64> {
      let first = try before.space.sample(seed: seed).decisions
      let second = try after.space.sample(seed: seed).decisions
      #expect(first.allSatisfy { second.contains($0) })
    }
  }

  @Test func oddsAreKept() throws {
    let open = try space(
      "space Net { in x: [4, 4, 4]  return x -> choose(relu, sigmoid, silu, odds: [6, 3, 0]) }")
    var counts = [0, 0, 0]
    for seed in 0..<900 as Range<UInt64> {
      counts[try open.space.sample(seed: seed).decisions[0].option] += 1
    }
    #expect(counts[2] == 0)
    // 600 expected; the standard deviation is 14.
    #expect((530...670).contains(counts[0]))
  }

  /// Options that cannot be formed are passed over, and `require` filters.
  @Test func infeasibleOptionsArePruned() throws {
    let open = try space(
      """
      space Net {
        in x: [6, 8, 8]
        g = choose(1, 2, 4, 3)
        a = x -> choose(conv(3x3, 6, groups: g), max_pool(9x9, padding: valid))
        n = 1..4
        require n + g <= 4
        return a -> repeat n relu
      }
      """)
    var programs = 0
    open.space.enumerate { exploration in
      programs += exploration.graph == nil ? 0 : 1
      return true
    }
    // g = 1 with n up to 3, 2 with n up to 2, 3 with n = 1; 4 groups do not split 6 channels.
    #expect(programs == 6)
    for seed in 0..<20 as Range<UInt64> { _ = try open.space.sample(seed: seed) }
  }

  /// Sizes that explode make a program infeasible, nothing worse.
  @Test func explodingSizes() throws {
    let open = try space(
      "space Net { in x: [64, 4, 4]  grow h[1..40] = (x, h) -> concat -> conv(1x1, pow(2, h.size + 50))  return h.last }"
    )
    var reasons: Set<String> = []
    open.space.enumerate { exploration in
      if case .infeasible(_, let reason) = exploration.outcome { reasons.insert(reason) }
      return true
    }
    #expect(!reasons.isEmpty)
    #expect(throws: Space.SampleFailure.self) { _ = try open.space.sample(seed: 1, runs: 20) }
  }

  // MARK: Names and settings

  @Test func decisionsHaveStableNames() throws {
    let open = try space(text("BlockQNN space"))
    let sample = try open.space.sample(seed: 0, fixed: ["Net.n": 1, "Net.block.h.count": 0])
    #expect(sample.decisions[0] == Decision(name: "Net.n", option: 1, count: 3, label: "2"))
    #expect(sample.decisions[1] == Decision(name: "Net.block.h.count", option: 0, count: 7, label: "2"))
    #expect(sample.decisions.contains { $0.name == "Net.block.h[1]" })
    let allowed = [
      "Net.n", "Net.block.h.count", "Net.block.h[i]", "Net.block.h[i].conv.input",
      "Net.block.h[i].conv.kernel",
      "Net.block.h[i].max_pool.input", "Net.block.h[i].max_pool.kernel", "Net.block.h[i].avg_pool.input",
      "Net.block.h[i].avg_pool.kernel", "Net.block.h[i].identity.input", "Net.block.h[i].add.input",
      "Net.block.h[i].add.input.2", "Net.block.h[i].concat.input", "Net.block.h[i].concat.input.2",
    ]
    for seed in 0..<50 as Range<UInt64> {
      for decision in try open.space.sample(seed: seed).decisions {
        var name = decision.name
        for index in 0..<8 { name = name.replacing("[\(index)]", with: "[i]") }
        #expect(allowed.contains(name), "\(decision.name)")
      }
    }
  }

  @Test func settingsDecide() throws {
    let text = "space Net { in x: [4, 4, 4]  n = choose(1, 2)  return x -> repeat n relu }"
    let program = program(text)
    let (elaboration, diagnostics) = program.elaborate(network: "Net", arguments: [("Net.n", "2")])
    #expect(diagnostics.isEmpty)
    #expect(elaboration?.graph.nodes.count == 3)
    let (none, wrong) = program.elaborate(network: "Net", arguments: [("Net.n", "3")])
    #expect(none == nil && wrong.map(\.code) == [.unknownDecision])
    #expect(
      program.elaborate(network: "Net", arguments: [("Net.m", "1")]).diagnostics.map(\.code) == [
        .unknownDecision
      ])
    let (open, message) = program.elaborate(network: "Net")
    #expect(open == nil && message.map(\.code) == [.openDecisions])
  }

  // MARK: Messages

  /// A choice whose operands are wrong is one mistake, and what follows is still read.
  @Test func brokenOperands() {
    for (choice, column) in [("i..3", 34), ("pick(i, x)", 39), ("some(i)", 39), ("choose(i, 2)", 41)] {
      let found = messages("space Net { in x: [4, 4, 4]  n = \(choice)  return x -> repeat n relu }")
      #expect(found == ["space.irlas:1:\(column): error[L0105]: no value named `i`"], "\(choice)")
    }
  }

  @Test(arguments: [
    (
      "cell C { in x  return x -> choose(relu, silu) }",
      "1:28: error[L0401]: the cell `C` leaves a decision open; only a space does"
    ),
    (
      "space Net { in x: [4, 4, 4]  return x -> choose() }",
      "1:42: error[L0403]: `choose` has nothing to choose from"
    ),
    (
      "space Net { in x: [4, 4, 4]  return x -> choose(relu, silu, odds: [1]) }",
      "1:42: error[L0403]: 1 number for 2 options"
    ),
    (
      "space Net { in x: [4, 4, 4]  n = 3..2  return x -> repeat n relu }",
      "1:34: error[L0403]: the range from 3 to 2 is empty"
    ),
    (
      "space Net { in x: [4, 4, 4]  return pick(3, x, x) -> add }",
      "1:37: error[L0403]: 3 distinct elements cannot be picked from 2"
    ),
    (
      "space Net { in x: [4, 4, 4]  f = sample relu  return x -> f }",
      "1:34: error[L0405]: `relu` leaves nothing open"
    ),
    (
      "space Net { in x: [6, 4, 4]  return x -> choose(a: conv(3x3, 6, groups: 4), b: relu) }",
      "1:42: warning[L0404]: 1 of 2 options can never be formed here"
    ),
    (
      "space Net { in x: [6, 4, 4]  return x -> choose(conv(3x3, 6, groups: 4), conv(3x3, 6, groups: 5)) }",
      "1:42: error[L0402]: no option of this choice can be formed"
    ),
  ])
  func mistakes(_ text: String, _ expected: String) {
    #expect(messages(text).map { $0.replacing("space.irlas:", with: "") } == [expected])
  }
}
