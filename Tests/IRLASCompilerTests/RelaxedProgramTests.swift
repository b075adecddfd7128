import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASTestSupport
import Testing

/// The network of all options of a space computes what the space's programs compute.
@Suite struct RelaxedProgramTests {
  /// Spaces of layers whose weights are constants, so that programs can be compared without matching weights.
  static let spaces = [
    "return x -> choose(relu, silu, zero)",
    "return x -> maybe(abs -> choose(sigmoid, bn)) -> max_pool(3x3)",
    "b = sample Block(1) return x -> repeat 2 b -> repeat 2 Block(2)",
    "return x -> Block(choose(3, 3))",
    "h = each l in [relu, silu, abs] { x -> l } return pick(x, h) + (pick(2, x, h) -> mul)",
    "h = each l in [relu, silu, abs] { x -> l } return pick(2, x, h) -> concat",
    "h = each l in [relu, silu] { x -> l } return some(x, h) -> add",
    "h = each l in [relu, silu] { x -> l } return each v in some(x, h) { v -> layer_norm } -> add",
    """
    p = x -> max_pool(2x2, stride: 2)
    grow h[3] = each v in pick(2, x, p, h) {
      v -> Block(1) -> if v.h == x.h { avg_pool(2x2, stride: 2) } else { identity }
    } -> add
    return h.last
    """,
    "a = sample Block(1) b = choose(same: a, other: sample Block(2)) return x -> a -> b",
    "y = choose((x, x -> relu), (x -> silu, x)) return y -> mul",
  ]

  private func space(_ body: String) throws -> OpenProgram {
    let text = """
      irlas 1
      space Block(n) { in v  return v -> choose(relu, repeat n silu, v * learned([2, 1, 1], init: 0.5)) }
      space Net {
        in x: [2, 6, 6]
        \(body)
      }
      """.replacing("v * learned([2, 1, 1], init: 0.5)", with: "Half")
      .replacing("irlas 1", with: "irlas 1\ncell Half { in v  return v * learned([2, 1, 1], init: 0.5) }")
    let program = Program.load(entry: SourceFile(name: "s.irlas", text: text)) { _ in .missing }
    try #require(program.diagnostics.isEmpty, "\(program.diagnostics.map(\.message))")
    return try #require(program.space(named: "Net").space)
  }

  /// The outputs of a graph on fixed images with initial parameters, those of `logits` being given by path.
  private func outputs(_ graph: Graph, _ logits: [String: [Double]] = [:]) throws -> [[Double]] {
    let interpreter = ReferenceInterpreter(graph, batch: 2)
    var tensors = interpreter.initialTensors(seed: 1)
    for id in graph.ids { if let values = logits[graph.path(of: id)] { tensors[id] = values } }
    var numbers = RandomSource(seed: 5)
    let images = numbers.reals(2 * 2 * 36)
    let values = try interpreter.run(ReferenceInputs(images: [images], tensors: tensors))
    return graph.outputs.map { values[$0.value] }
  }

  private func check(_ open: OpenProgram, limit: Int) throws {
    let (relaxation, diagnostics) = open.relaxed()
    try #require(diagnostics.isEmpty, "\(diagnostics.map(\.message))")
    let relaxed = try #require(relaxation)
    var compared = 0
    var seen = 0
    var failure: (any Error)?
    open.space.enumerate { exploration in
      seen += 1
      // A prime stride through large spaces.
      guard seen % 7 == 0 || seen < 60, let graph = exploration.graph else { return seen < 10_000 }
      var options: [String: Int] = [:]
      for decision in exploration.decisions { options[decision.name] = decision.option }
      var logits: [String: [Double]] = [:]
      for decision in relaxed.decisions {
        guard let path = decision.logits else { continue }
        // What did not come up cannot matter.
        let option = options.removeValue(forKey: decision.name) ?? 0
        logits[path] = decision.labels.indices.map { $0 == option ? 0 : -1e4 }
      }
      do {
        let (a, b) = (try outputs(graph), try outputs(relaxed.graph, logits))
        let expected = a.flatMap { $0 }
        let actual = b.flatMap { $0 }
        #expect(expected.count == actual.count)
        for (x, y) in zip(expected, actual) where abs(x - y) > 1e-9 * max(1, abs(x)) {
          Issue.record("\(exploration.decisions.map(\.label)): \(x) and \(y)")
          break
        }
      } catch {
        failure = error
        return false
      }
      compared += 1
      return compared < limit
    }
    if let failure { throw failure }
    #expect(compared > 1)
  }

  /// Where all weight is on one option of each decision, the network is the program of those decisions.
  @Test(arguments: spaces.filter { !$0.contains("some(") && !$0.contains("2, x, h) -> concat") })
  func oneHotIsTheProgram(_ body: String) throws { try check(try space(body), limit: 40) }

  /// A subset that is summed is the sum of what is in it, weighed by how likely that is.
  @Test(arguments: spaces.filter { $0.contains("some(") })
  func oneHotSubsets(_ body: String) throws { try check(try space(body), limit: 40) }

  /// The first decisions of a fresh network are all alike: a mixture is the mean.
  @Test func withoutTrainingItIsTheMean() throws {
    let relaxed = try #require(try space("return x -> choose(relu, negate, zero)").relaxed().relaxation)
    let mixed = try outputs(relaxed.graph)[0]
    let plain = try outputs(try #require(try space("return x -> choose(relu)").relaxed().relaxation).graph)[0]
    let negated = try outputs(
      try #require(try space("return x -> choose(negate)").relaxed().relaxation).graph)[0]
    for index in mixed.indices { #expect(abs(mixed[index] - (plain[index] + negated[index]) / 3) < 1e-12) }
  }

  /// Parameters that are not trained get no gradient and stay; those that are get the same one as when all are.
  @Test func onlySomeParametersAreTrained() throws {
    let network = randomNetwork(seed: 12)
    let all = try differentiate(network, objective: TrainingObjective(update: .none))
    let names = all.outputs.map(\.name).filter { $0.hasSuffix(".grad") }
    let paths = names.map { String($0.dropLast(5)) }
    let some = Set(paths.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
    var objective = TrainingObjective(update: .none)
    objective.trained = .only(some)
    let few = try differentiate(network, objective: objective)
    #expect(
      few.outputs.map(\.name) == ["loss", "logits"] + names.filter { some.contains(String($0.dropLast(5))) })
    objective.trained = .allBut(Set(paths).subtracting(some))
    #expect(try differentiate(network, objective: objective) == few)
    func gradients(_ graph: Graph) throws -> [String: [Double]] {
      let values = try ReferenceExample(graph, batch: 3, seed: 2).run()
      var gradients: [String: [Double]] = [:]
      for output in graph.outputs { gradients[output.name] = values[output.value] }
      return gradients
    }
    let (a, b) = (try gradients(all), try gradients(few))
    for (name, values) in b {
      let expected = try #require(a[name])
      for (x, y) in zip(values, expected) { #expect(abs(x - y) <= 1e-9 * max(1, abs(y)), "\(name)") }
    }
    objective.update = .sgd(momentum: 0.9, nesterov: false, decay: 0)
    let step = try differentiate(network, objective: objective)
    let moved = step.updates.map { step.path(of: $0.target) }
    for path in paths { #expect(moved.contains(path) == some.contains(path)) }
  }
}
