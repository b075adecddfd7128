import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// Spaces as one network of all options. That it computes what the programs compute is tested with the reference
/// interpreter (`RelaxedProgramTests`).
@Suite struct RelaxationTests {
  private func space(
    _ program: Program, _ name: String, _ settings: [(name: String, value: String)] = []
  ) throws -> OpenProgram {
    #expect(program.diagnostics.isEmpty, "\(program.diagnostics.map(\.message))")
    let (space, diagnostics) = program.space(named: name, settings: settings)
    #expect(diagnostics.isEmpty, "\(diagnostics.map(\.message))")
    return try #require(space)
  }

  private func load(_ text: String) -> Program {
    Program.load(entry: SourceFile(name: "space.irlas", text: text)) { _ in .missing }
  }

  /// A network with the given lines in its body, and the messages of its relaxation, one line each.
  private func relaxed(_ body: String) throws -> (Relaxation?, [String]) {
    let program = load(
      """
      irlas 1
      space Block(c = 8) { in v  return v -> choose(relu, conv(3x3, c)) }
      space Net {
        in x: [8, 6, 6]
        \(body)
      }
      """)
    let (relaxation, diagnostics) = try space(program, "Net").relaxed()
    let renderer = DiagnosticRenderer(sources: program.sources)
    return (relaxation, diagnostics.map { renderer.renderShort($0) })
  }

  /// Six edges of five operations, shared by all cells; a drawn program has the same decisions.
  @Test func nasBench201() throws {
    let open = try space(Samples.load("spaces/nb201.irlas"), "NB201")
    let (relaxation, diagnostics) = open.relaxed()
    #expect(diagnostics.isEmpty)
    let relaxed = try #require(relaxation)
    let drawn = try open.space.sample(seed: 1)
    #expect(relaxed.decisions.map(\.name) == drawn.decisions.map(\.name))
    #expect(relaxed.decisions.allSatisfy { $0.labels == ["none", "skip", "conv1", "conv3", "pool"] })
    #expect(relaxed.graph.verify().isEmpty)
    // 15 cells, each edge with a 1x1 and a 3x3 convolution and their batch norms.
    func edge(_ c: Int) -> Int { 10 * c * c + 4 * c }
    let fixed = try #require(
      open.elaborate(drawn.decisions.map { Decision(name: $0.name, option: 0, count: 5, label: "none") }))
    let cells = [16, 32, 64].reduce(0) { $0 + 5 * 6 * edge($1) }
    // With `none` everywhere nothing is left of the network but its head.
    let plain = open.elaborate(
      drawn.decisions.map { Decision(name: $0.name, option: 1, count: 5, label: "skip") })
    #expect(try #require(plain).graph.parameterCount + cells + 6 * 5 == relaxed.graph.parameterCount)
    #expect(fixed.graph.parameterCount < relaxed.graph.parameterCount)
    let logits = Set(relaxed.decisions.compactMap(\.logits))
    #expect(logits.count == 6)
    for id in relaxed.graph.ids where logits.contains(relaxed.graph.path(of: id)) {
      #expect(relaxed.graph[id].shape == .unbatched(5, 1, 1))
    }
  }

  /// The inputs of a node of a reduction differ in size, so that they are mixed behind the operations on them.
  @Test func darts() throws {
    let open = try space(
      Samples.load("spaces/darts.irlas"), "DARTS", [("c", "4"), ("n", "1"), ("classes", "10")])
    let (relaxation, diagnostics) = open.relaxed()
    #expect(diagnostics.isEmpty)
    let relaxed = try #require(relaxation)
    #expect(relaxed.graph.verify().isEmpty)
    let drawn = try open.space.sample(seed: 4)
    let options = Dictionary(uniqueKeysWithValues: relaxed.decisions.map { ($0.name, $0.labels) })
    for decision in drawn.decisions {
      #expect(options[decision.name]?.count == decision.count, "\(decision.name)")
      #expect(options[decision.name]?[decision.option] == decision.label)
    }
    // For each cell one pair for the first node needs no choice; the others have one, and two operations each.
    #expect(relaxed.decisions.count == drawn.decisions.count)
  }

  @Test func decisionsThatAreMadeAreNotMixed() throws {
    let open = try space(Samples.load("spaces/nb201.irlas"), "NB201")
    let name = try #require(open.relaxed().relaxation?.decisions.first?.name)
    let some = try space(Samples.load("spaces/nb201.irlas"), "NB201", [(name, "conv3")])
    let relaxed = try #require(some.relaxed().relaxation)
    #expect(relaxed.decisions.count == 5)
    #expect(!relaxed.decisions.contains { $0.name == name })
  }

  /// Nested choices, lists as options, repeats, shared layers and spaces within spaces.
  @Test(
    arguments: [
      ("return x -> choose(relu, choose(silu, bn))", 2),
      ("y = maybe(bn -> relu) return x -> y -> y", 1),
      ("l = [relu, silu, sigmoid] return x -> choose(l, bn)", 1),
      ("return x -> repeat 3 choose(relu, bn)", 3),
      ("return x -> repeat 3 Block", 3),
      ("b = sample Block return x -> repeat 3 b", 1),
      ("a = sample Block b = choose(same: a, other: sample Block) return x -> a -> b", 3),
      ("shared f = choose(conv(3x3, 8), conv(1x1, 8)) return x -> f -> f", 1),
      ("h = each l in [relu, silu] { x -> l } return pick(x, h)", 1),
      ("h = each l in [relu, silu] { x -> l } return pick(2, x, h) -> add", 1),
      ("h = each l in [relu, silu] { x -> l } return some(x, h) -> add", 1),
      ("grow h[3] = each v in pick(2, x, x, h) { v -> Block } -> add return h.last", 8),
      ("n = choose(2, 2) return x -> repeat n relu", 1),
      ("return x -> choose(relu)", 0),
      ("return x -> (choose(relu, bn) -> choose(relu, bn))", 2),
      ("return x + (x -> choose(relu, zero))", 1),
    ])
  func relaxes(_ body: String, _ decisions: Int) throws {
    let (relaxation, messages) = try relaxed(body)
    #expect(messages.isEmpty)
    #expect(relaxation?.decisions.count == decisions)
    #expect(relaxation?.graph.verify().isEmpty == true)
  }

  @Test(
    arguments: [
      ("return x -> conv(choose(1x1, 3x3), 8)", "5:20", "chooses between values"),
      ("return x -> conv(1x1, choose(4, 8))", "5:25", "chooses between numbers"),
      ("return x -> repeat 1..3 relu", "5:15", "chooses between numbers"),
      ("grow h[1..3] = x -> relu return h.last", "5:10", "chooses between numbers"),
      ("return x -> choose(relu, conv(1x1, 4))", "5:15", "tensors of different shapes"),
      ("y = x -> conv(1x1, 4) return pick(x, y) -> conv(1x1, 8)", "5:32", "tensors of different shapes"),
      ("return x -> if choose(true, false) { relu } else { bn }", "5:18", "chooses between values"),
      ("y = choose(x, relu) return (x, y) -> add", "5:7", "different kinds of values"),
      ("grow h[3] = pick(x, h) -> relu return h.leaves -> concat", "5:43", "depends on what is decided"),
    ])
  func saysWhatCannotBeMixed(_ body: String, _ place: String, _ reason: String) throws {
    let (relaxation, messages) = try relaxed(body)
    #expect(relaxation == nil)
    #expect(messages.count == 1)
    #expect(messages[0].contains(":\(place):"), "\(messages)")
    #expect(messages[0].contains("error[L0406]") && messages[0].contains(reason), "\(messages)")
  }

  /// A search says so before it starts.
  @Test func aSearchSaysWhatCannotBeMixed() {
    func check(_ agent: String) -> [DiagnosticCode] {
      let program = load(
        """
        irlas 1
        space Net {
          in x: [3, 8, 8]
          return x -> conv(choose(1x1, 3x3), 8) -> global_avg_pool -> linear(10)
        }
        recipe Quick { data: cifar10(validation: 100)  epochs: 1  optimizer: sgd(lr: 0.1) }
        search Two { over: Net  reward: accuracy(Quick)  agent: \(agent) }
        """)
      return program.check().diagnostics.filter { $0.severity == .error }.map(\.code)
    }
    #expect(check("random") == [])
    #expect(check("differentiable(epochs: 2, rate: 0.01)") == [.unmixableChoice])
  }

  /// Whatever a space says, its relaxation is a sound network or a message.
  @Test func everySpaceRelaxesOrSaysWhyNot() throws {
    var relaxed = 0
    for path in try Samples.programs(in: "spaces") {
      let program = try Samples.load(path)
      for name in program.standaloneSpaces {
        guard let open = program.space(named: name).space else { continue }
        let (relaxation, diagnostics) = open.relaxed()
        let hasError = diagnostics.contains { $0.severity == .error }
        #expect((relaxation == nil) == hasError, "\(path) \(name)")
        if let relaxation {
          relaxed += 1
          #expect(relaxation.graph.verify().isEmpty, "\(path) \(name)")
        }
      }
    }
    #expect(relaxed > 1)
  }
}
