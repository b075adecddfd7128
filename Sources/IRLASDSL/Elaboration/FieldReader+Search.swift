import IRLASGraph

extension FieldReader {
  /// `Net`, `Net(classes: 100)`: a module of the given kind with values for its parameters.
  private mutating func use(_ expression: ExpressionSyntax, _ keyword: ModuleSyntax.Keyword) -> SearchPlan
    .Use?
  {
    let word = keyword == .space ? "space" : "network"
    let name: TokenSyntax
    var arguments: [ArgumentSyntax] = []
    switch expression {
    case .missing: return nil
    case .name(let view): name = view.token
    case .call(let view): (name, arguments) = (view.name, view.arguments)
    default:
      report(
        Diagnostic(.invalidField, "this is no \(word)", at: expression.span, label: "name one of the program")
      )
      return nil
    }
    guard case .module(let id)? = program.names.lookUp(name.name, in: file) else {
      let candidates = program.names.modules.filter { $0.keyword == keyword }.map(\.name)
      let near = nearest(to: name.name, among: candidates)
      report(
        Diagnostic(
          .unknownName, "no \(word) named `\(name.name)`", at: name.span,
          label: near.map { "did you mean `\($0)`?" } ?? "not known here",
          help: near.map { [.init("write `\($0)`", edits: [.init(name.span, $0)])] } ?? []))
      return nil
    }
    let header = program.names.modules[id]
    guard header.keyword == keyword, header.isEntry else {
      let isOther = header.keyword != keyword
      report(
        Diagnostic(
          .invalidField, isOther ? "`\(name.name)` is no \(word)" : "`\(name.name)` cannot stand by itself",
          at: name.span, label: isOther ? "a \(word) is needed here" : "its inputs have no shapes",
          secondary: [.init(header.nameSpan, "declared here", style: .secondary)]))
      return nil
    }
    var values: [SearchPlan.Use.Argument] = []
    for (position, argument) in arguments.enumerated() {
      let label =
        argument.label?.name ?? (position < header.parameters.count ? header.parameters[position].name : "")
      values.append(.init(name: label, value: argument.value.text))
    }
    let (_, problems) = program.use(of: header, arguments)
    for problem in problems { report(problem) }
    return problems.contains { $0.severity == .error }
      ? nil : SearchPlan.Use(name: header.name, arguments: values)
  }

  /// `over: Net`
  mutating func space(_ field: FieldSyntax) -> SearchPlan.Use? { use(field.value, .space) }

  /// `expert: ResNeXt29`, `expert: [ResNeXt29(cardinality: 16), DARTS]`
  mutating func experts(_ field: FieldSyntax) -> [SearchPlan.Use]? {
    var elements = [field.value]
    if case .list(let list) = field.value { elements = list.elements }
    guard !elements.isEmpty else {
      report(Diagnostic(.invalidField, "no expert is listed", at: field.value.span, label: "name a network"))
      return nil
    }
    let uses = elements.map { use($0, .network) }
    return uses.contains(nil) ? nil : uses.compactMap { $0 }
  }

  /// `mirror: max_entropy(weight: 0.1, mode: terminal, anneal: true)`
  mutating func mirror(_ field: FieldSyntax, experts: Int) -> SearchPlan.Mirror? {
    guard let (name, values) = form(field.value, of: SearchForm.mirrors, "mirror"),
      let method = SearchPlan.Mirror.Method(rawValue: name)
    else { return nil }
    var weights: [Double] = []
    if case .list(let list)? = values[0] { weights = list.elements.compactMap(\.number) }
    guard weights.count == 1 || weights.count == experts else {
      report(
        Diagnostic(
          .invalidField, "\(counted(weights.count, "weight")) for \(counted(experts, "expert"))",
          at: field.value.span, label: "one for all, or one for each"))
      return nil
    }
    return SearchPlan.Mirror(
      method: method, weights: weights,
      mode: values[1].word.flatMap(SearchPlan.Mirror.Mode.init) ?? .terminal, anneals: values[2].isTrue)
  }

  /// `reward: accuracy(Quick)`, `reward: pareto(max: accuracy(Quick), min: latency(batch: 1))`
  mutating func reward(_ field: FieldSyntax) -> SearchPlan.Reward? {
    guard case .call(let call) = field.value, call.name.name == "pareto" else {
      guard let figure = figure(field.value) else { return nil }
      return isSought(figure)
        ? SearchPlan.Reward(maximised: [figure]) : SearchPlan.Reward(maximised: [], minimised: [figure])
    }
    var reward = SearchPlan.Reward(maximised: [])
    for argument in call.arguments {
      guard let label = argument.label, label.name == "max" || label.name == "min" else {
        report(
          Diagnostic(
            .invalidField, "`pareto` says what is made as large or small as possible", at: argument.span,
            label: "neither `max:` nor `min:`"))
        return nil
      }
      var elements = [argument.value]
      if case .list(let list) = argument.value { elements = list.elements }
      for element in elements {
        guard let figure = figure(element) else { return nil }
        if label.name == "max" { reward.maximised.append(figure) } else { reward.minimised.append(figure) }
      }
    }
    guard reward.maximised.count + reward.minimised.count >= 2 else {
      report(
        Diagnostic(
          .invalidField, "a front has at least two figures", at: field.value.span,
          label: "for example pareto(max: accuracy(Quick), min: latency(batch: 1))"))
      return nil
    }
    return reward
  }

  private func isSought(_ figure: SearchPlan.Figure) -> Bool {
    if case .accuracy = figure { true } else { false }
  }

  private mutating func figure(_ expression: ExpressionSyntax) -> SearchPlan.Figure? {
    guard let (name, values) = form(expression, of: SearchForm.figures, "figure") else { return nil }
    switch name {
    case "accuracy": return values[0].word.map { .accuracy(recipe: $0) }
    case "latency": return .latency(batch: values[0].int)
    case "memory": return .memory(batch: values[0].int)
    case "params": return .params
    case "macs": return .macs
    default: return .depth
    }
  }

  /// `agent: q_learning(state: prefix, epsilon: [1.0, 0.1])`
  mutating func agent(_ field: FieldSyntax) -> SearchPlan.Agent? {
    guard let (name, values) = form(field.value, of: SearchForm.agents, "agent") else { return nil }
    switch name {
    case "random": return .random
    case "evolution":
      guard values[1].int <= values[0].int else {
        report(
          Diagnostic(
            .invalidField, "the sample is drawn from the population", at: field.value.span,
            label: "\(values[1].int) of \(values[0].int)"))
        return nil
      }
      return .evolution(population: values[0].int, sample: values[1].int)
    case "q_learning":
      var exploration: [Double] = []
      if case .list(let list)? = values[1] { exploration = list.elements.compactMap(\.number) }
      return .qLearning(
        state: values[0].word.flatMap(SearchPlan.Agent.QState.init) ?? .prefix, exploration: exploration,
        rate: values[2].float)
    case "reinforce": return .reinforce(rate: values[0].float, entropy: values[1].float)
    default: return .differentiable(epochs: values[0].int, rate: values[1].float)
    }
  }

  /// `fidelity: halving(from: 1, to: 12, by: 3)`
  mutating func fidelity(_ field: FieldSyntax) -> SearchPlan.Fidelity? {
    guard let (name, values) = form(field.value, of: SearchForm.fidelities, "fidelity") else { return nil }
    if name == "full" { return .full }
    guard values[0].int <= values[1].int else {
      report(
        Diagnostic(
          .invalidField, "halving goes from few epochs to many", at: field.value.span,
          label: "from \(values[0].int) to \(values[1].int)"))
      return nil
    }
    return .halving(from: values[0].int, to: values[1].int, factor: values[2].int)
  }

  /// `budget: trials(500)`
  mutating func budget(_ field: FieldSyntax) -> SearchPlan.Budget? {
    guard let (name, values) = form(field.value, of: SearchForm.budgets, "budget") else { return nil }
    switch name {
    case "trials": return .trials(values[0].int)
    case "feasible": return .feasible(values[0].int)
    default: return .time(values[0].float)
    }
  }

  /// `seeds: [0, 1, 2]`
  mutating func seeds(_ field: FieldSyntax) -> [UInt64]? {
    guard case .list(let list)? = argument(field.value, .seeds, "seeds") else { return nil }
    return (list.integers ?? []).map(UInt64.init)
  }

  /// `require latency(batch: 1) <= 5ms`
  mutating func limit(_ view: RequireSyntax) -> SearchPlan.Limit? {
    guard case .comparison(let comparison) = view.condition, let sign = comparison.comparator?.text,
      let kind = SearchPlan.Limit.Comparison(rawValue: sign)
    else {
      report(
        Diagnostic(
          .invalidField, "a limit compares a figure with a number", at: view.condition.span,
          label: "for example latency(batch: 1) <= 5ms"))
      return nil
    }
    guard let figure = figure(comparison.left) else { return nil }
    let range = FieldForm.Argument.float(0...Double.greatestFiniteMagnitude)
    guard case .float(let bound)? = argument(comparison.right, range, "the limit") else { return nil }
    return SearchPlan.Limit(figure: figure, comparison: kind, bound: bound, message: view.message?.value)
  }
}

extension Value? {
  fileprivate var int: Int { if case .integer(let value)? = self { value } else { 0 } }
  fileprivate var float: Double { self?.number ?? 0 }
  fileprivate var word: String? { if case .string(let value)? = self { value } else { nil } }
  fileprivate var isTrue: Bool { if case .boolean(true)? = self { true } else { false } }
}
