extension SearchPlan: CustomStringConvertible {
  /// The search in the language, with all its values: two searches do the same if and only if these texts agree, as far
  /// as the modules they name do.
  package var description: String {
    var fields = ["over: \(space)"]
    if !experts.isEmpty { fields.append("expert: [\(experts.map(\.description).joined(separator: ", "))]") }
    if let mirror { fields.append("mirror: \(mirror)") }
    fields += ["reward: \(reward)", "agent: \(agent)", "fidelity: \(fidelity)", "budget: \(budget)"]
    fields.append("seeds: [\(seeds.map(String.init).joined(separator: ", "))]")
    fields += limits.map { "require \($0)" }
    return "search \(name) {\n" + fields.map { "  \($0)\n" }.joined() + "}\n"
  }

  /// All figures that are sought or limited, each once, in the order in which the search names them.
  package var figures: [Figure] {
    var figures: [Figure] = []
    for figure in reward.maximised + reward.minimised + limits.map(\.figure) where !figures.contains(figure) {
      figures.append(figure)
    }
    return figures
  }
}

extension SearchPlan.Mirror: CustomStringConvertible {
  package var description: String {
    let weights = weights.map(\.description).joined(separator: ", ")
    return "\(method.rawValue)(weight: [\(weights)], mode: \(mode.rawValue), anneal: \(anneals))"
  }
}

extension SearchPlan.Figure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .accuracy(let recipe): "accuracy(\(recipe))"
    case .latency(let batch): "latency(batch: \(batch))"
    case .memory(let batch): "memory(batch: \(batch))"
    case .params: "params"
    case .macs: "macs"
    case .depth: "depth"
    }
  }
}

extension SearchPlan.Reward: CustomStringConvertible {
  package var description: String {
    if maximised.count + minimised.count == 1, let figure = (maximised + minimised).first {
      return "\(figure)"
    }
    func list(_ figures: [SearchPlan.Figure]) -> String {
      "[\(figures.map(\.description).joined(separator: ", "))]"
    }
    let parts =
      (maximised.isEmpty ? [] : ["max: \(list(maximised))"])
      + (minimised.isEmpty ? [] : ["min: \(list(minimised))"])
    return "pareto(\(parts.joined(separator: ", ")))"
  }
}

extension SearchPlan.Agent: CustomStringConvertible {
  package var description: String {
    switch self {
    case .random: "random"
    case .evolution(let population, let sample): "evolution(population: \(population), sample: \(sample))"
    case .qLearning(let state, let exploration, let rate):
      "q_learning(state: \(state.rawValue), epsilon: [\(exploration.map(\.description).joined(separator: ", "))], "
        + "rate: \(rate))"
    case .reinforce(let rate, let entropy): "reinforce(rate: \(rate), entropy: \(entropy))"
    case .differentiable(let epochs, let rate): "differentiable(epochs: \(epochs), rate: \(rate))"
    }
  }
}

extension SearchPlan.Fidelity: CustomStringConvertible {
  package var description: String {
    switch self {
    case .full: "full"
    case .halving(let from, let to, let factor): "halving(from: \(from), to: \(to), by: \(factor))"
    }
  }
}

extension SearchPlan.Budget: CustomStringConvertible {
  package var description: String {
    switch self {
    case .trials(let count): "trials(\(count))"
    case .time(let seconds): "time(\(seconds)s)"
    case .feasible(let count): "feasible(\(count))"
    }
  }
}

extension SearchPlan.Limit: CustomStringConvertible {
  package var description: String { "\(figure) \(comparison.rawValue) \(bound)" }
}
