import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// What `search` blocks say, and what is wrong with them.
@Suite struct SearchTests {
  private static let head = """
    irlas 1
    space Net(classes = 10) {
      in x: [3, 8, 8]
      n = 1..3
      return x -> repeat n conv(3x3, 8) -> global_avg_pool -> linear(classes)
    }
    network Expert(c = 8) { in x: [3, 8, 8]  return x -> conv(3x3, c) }
    cell Cell(c) { in x  return x -> conv(3x3, c) }
    recipe Quick { data: cifar10 -> normalize  optimizer: sgd(lr: 0.1) }

    """

  private func load(_ search: String) -> Program {
    Program.load(entry: SourceFile(name: "search.irlas", text: Self.head + search)) { _ in .missing }
  }

  @Test func everythingIsRead() throws {
    let program = load(
      """
      search All {
        over:     Net(classes: 100)
        expert:   [Expert, Expert(c: 16)]
        mirror:   projection(weight: [0.1, 0.05], mode: per_step, anneal: false)
        reward:   pareto(max: accuracy(Quick), min: [latency(batch: 1), params])
        agent:    q_learning(state: linear, epsilon: [1, 0.1])
        fidelity: halving(from: 1, to: 12, by: 3)
        budget:   time(2h)
        seeds:    [3, 1]
        require latency(batch: 4) <= 5ms, "slow"
        require macs < 1M
      }
      """)
    let (plan, diagnostics) = program.search(named: "All")
    #expect(diagnostics.isEmpty && program.diagnostics.isEmpty)
    let expected = SearchPlan(
      name: "All", space: .init(name: "Net", arguments: [.init(name: "classes", value: "100")]),
      experts: [.init(name: "Expert"), .init(name: "Expert", arguments: [.init(name: "c", value: "16")])],
      mirror: .init(method: .projection, weights: [0.1, 0.05], mode: .perStep, anneals: false),
      reward: .init(maximised: [.accuracy(recipe: "Quick")], minimised: [.latency(batch: 1), .params]),
      agent: .qLearning(state: .linear, exploration: [1, 0.1], rate: 0.01),
      fidelity: .halving(from: 1, to: 12, factor: 3), budget: .time(7200), seeds: [3, 1],
      limits: [
        .init(figure: .latency(batch: 4), comparison: .lessOrEqual, bound: 0.005, message: "slow"),
        .init(figure: .macs, comparison: .less, bound: 1_000_000),
      ])
    #expect(plan == expected)
    #expect(plan?.recipe == "Quick")
    #expect(program.searches == ["All"])
  }

  @Test func defaults() throws {
    let plan = try #require(
      load("search S { over: Net  reward: accuracy(Quick)  expert: Expert }").search(named: "S").plan)
    #expect(plan.mirror == .init(method: .maximumEntropy, weights: [0.1], mode: .terminal, anneals: true))
    #expect(
      plan.agent == .random && plan.fidelity == .full && plan.budget == .trials(100) && plan.seeds == [0])
    let alone = try #require(load("search S { over: Net  reward: params }").search(named: "S").plan)
    #expect(alone.mirror == nil && alone.recipe == nil && alone.reward.minimised == [.params])
  }

  @Test(arguments: [
    ("over: Net", ["L0504 lacks `reward`"]),
    ("ovr: Net  reward: params", ["L0502 searches have no field `ovr`"]),
    ("over: Cell  reward: params", ["L0505 `Cell` is no space"]),
    ("over: Nett  reward: params", ["L0105 no space named `Nett`"]),
    ("over: Net  over: Net  reward: params", ["L0503 `over` is given twice"]),
    ("over: Net(classes: true)  reward: params", ["L0301 `classes` of `Net`"]),
    ("over: Net  reward: accuracy(Quik)", ["L0105 no recipe named `Quik`"]),
    ("over: Net  reward: pareto(max: accuracy(Quick))", ["L0505 a front has at least two figures"]),
    ("over: Net  reward: params  mirror: max_entropy", ["L0505 a mirror needs an expert"]),
    (
      "over: Net  reward: params  expert: Expert  mirror: max_entropy(mode: final)",
      ["L0505 `mode` is terminal or"]
    ),
    (
      "over: Net  reward: params  expert: [Expert]  mirror: max_entropy(weight: [1, 2])",
      ["L0505 2 weights for 1 expert"]
    ),
    ("over: Net  reward: params  agent: evolution(population: 5)", ["L0505 the sample is drawn from"]),
    ("over: Net  reward: params  fidelity: halving(from: 9, to: 3)", ["L0505 halving goes from few"]),
    ("over: Net  reward: params  budget: 500", ["L0505 this is no budget"]),
    ("over: Net  reward: params  budget: time(0s)", ["L0505 `limit` is a time"]),
    ("over: Net  reward: params  seeds: [1, 1]", ["L0505 `seeds` is a list"]),
    ("over: Net  reward: params  require params", ["L0505 a limit compares"]),
  ])
  func mistakes(_ fields: String, _ expected: [String]) {
    let messages = load("search S { \(fields) }").check().diagnostics.map { "\($0.code.code) \($0.message)" }
    #expect(messages.count == expected.count, "\(messages)")
    for (message, part) in zip(messages, expected) {
      let words = part.split(separator: " ", maxSplits: 1)
      #expect(message.hasPrefix(String(words[0])) && message.contains(words[1]), "\(message)")
    }
  }
}
