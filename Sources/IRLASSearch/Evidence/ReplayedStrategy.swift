package import IRLASGraph

/// A way to search that is compared with others on a table: an agent, with or without the mirror.
package struct ReplayedStrategy: Hashable, Sendable {
  /// What it is called: `evolution+mirror`.
  package let name: String
  /// The same without what it says of the mirror: `evolution`.
  package let agentName: String
  /// The plan of its searches.
  package let plan: SearchPlan

  /// The agents of a plan's space that propose programs one by one, the plan's own settings kept for its agent: each
  /// without the mirror and, where the plan has one, with it. Random search without a mirror comes first.
  package static func all(of plan: SearchPlan) -> [ReplayedStrategy] {
    var agents: [(String, SearchPlan.Agent)] = [
      ("random", .random), ("evolution", .evolution(population: 20, sample: 5)),
      ("q_learning", .qLearning(state: .prefix, exploration: [1, 0.1], rate: 0.01)),
      ("q_learning(linear)", .qLearning(state: .linear, exploration: [1, 0.1], rate: 0.01)),
      ("q_learning(last_layer)", .qLearning(state: .lastLayer, exploration: [1, 0.1], rate: 0.01)),
      ("reinforce", .reinforce(rate: 0.01, entropy: 0.001)),
    ]
    for index in agents.indices where agents[index].1.isAlike(plan.agent) { agents[index].1 = plan.agent }
    var strategies: [ReplayedStrategy] = []
    for (name, agent) in agents {
      for usesMirror in plan.mirror == nil ? [false] : [false, true] {
        var own = plan
        own.agent = agent
        own.fidelity = .full
        if !usesMirror {
          own.mirror = nil
          own.experts = []
        }
        strategies.append(
          ReplayedStrategy(name: usesMirror ? "\(name)+mirror" : name, agentName: name, plan: own))
      }
    }
    return strategies
  }
}

extension SearchPlan.Agent {
  /// Whether both are the same agent, whatever its settings.
  fileprivate func isAlike(_ other: SearchPlan.Agent) -> Bool {
    switch (self, other) {
    case (.random, .random), (.evolution, .evolution), (.reinforce, .reinforce),
      (.differentiable, .differentiable):
      true
    case (.qLearning(let own, _, _), .qLearning(let others, _, _)): own == others
    default: false
    }
  }
}
