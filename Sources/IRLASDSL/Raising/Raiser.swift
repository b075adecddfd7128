import IRLASGraph

/// A cell of the raised program.
struct RaisedCell {
  /// What `return` gives, one value after the other.
  enum Return: Hashable {
    /// A result of a step.
    case value(step: Int, result: Int)
    /// An input that is passed on, so that the cell can be repeated.
    case input(Int)
  }

  var name: String
  /// The body of the first instance.
  var body: RaisedBody
  var parameters: RaisedParameters
  /// The values that some instance's surroundings read: the results of its steps.
  let outputs: [Return]
  /// What the text returns: the outputs, or what a repetition needs.
  var returns: [Return]
  /// Whether a repetition relies on `returns`.
  var isReturnFixed = false
}

/// Turns the scopes of a graph into cells and a network.
struct Raiser {
  let graph: Graph
  let scopes: RaisingScopes
  let standard: StandardCells
  var cells: [RaisedCell] = []
  /// By scope of a kept cell: its definition, its arguments, and its own body.
  private var definitions: [Int: Int] = [:]
  private var arguments: [Int: [RaisedArgument]] = [:]
  private var bodies: [Int: RaisedBody] = [:]
  let consumers: [[NodeID]]
  private let outputs: Set<Int>
  private var names: Set<String> = []
  /// Values that no node makes: the results of `fit` where it is the identity. By id from -1 downwards.
  private var standIns: [NodeID] = []

  init(_ graph: Graph, keepsScopes: Bool, standard: StandardCells) {
    self.graph = graph
    self.standard = standard
    scopes = RaisingScopes(graph, keepsScopes: keepsScopes)
    consumers = graph.consumers()
    outputs = Set(graph.outputs.map(\.value.index))
  }

  /// Finds all cells, the innermost first, and gives the body of the network.
  mutating func run() throws(RaisingIssue) -> RaisedBody {
    guard graph.updates.isEmpty else { throw RaisingIssue(reason: "a graph with updates is no program") }
    let kept = graph.scopes.indices.filter {
      scopes.isKept[$0] && graph.scopes[$0].kind == .cell && !standard.scopes.contains($0)
        && !scopes.items[$0].isEmpty
    }
    let heights = scopes.heights(without: standard.scopes)
    let tallest = kept.map { heights[$0] }.max() ?? -1
    if tallest >= 0 {
      for height in 0...tallest { try define(kept.filter { heights[$0] == height }) }
    }
    var body = try body(of: .root)
    body.outputs = graph.outputs.map(\.value)
    return body
  }

  /// The shape of a value of a body.
  func shape(_ id: NodeID) -> Shape {
    var id = id
    while id.index < 0 { id = standIns[-1 - id.index] }
    return graph[id].shape
  }

  // MARK: Definitions

  private struct Group {
    var name: String
    var scopes: [Int]
  }

  private mutating func define(_ instances: [Int]) throws(RaisingIssue) {
    var groups: [Group] = []
    var places: [String: Int] = [:]
    for index in instances {
      let body = try body(of: ScopeID(index))
      bodies[index] = body
      let name = scopes.baseName(ScopeID(index))
      let key = "\(name) \(key(of: body))"
      if let place = places[key] {
        groups[place].scopes.append(index)
      } else {
        places[key] = groups.count
        groups.append(Group(name: name, scopes: [index]))
      }
    }
    // An instance that was given one value twice looks as if it had fewer inputs.
    for index in groups.indices {
      guard let body = groups[index].scopes.first.flatMap({ bodies[$0] }) else { continue }
      for other in groups.indices where other != index && groups[other].name == groups[index].name {
        guard let whole = groups[other].scopes.first.flatMap({ bodies[$0] }),
          whole.inputs.count > body.inputs.count, inputs(of: body, as: whole) != nil
        else { continue }
        for scope in groups[index].scopes {
          if let own = bodies[scope], let inputs = inputs(of: own, as: whole) {
            bodies[scope]?.inputs = inputs
          }
        }
        groups[other].scopes += groups[index].scopes
        groups[index].scopes = []
        break
      }
    }
    for group in groups where !group.scopes.isEmpty { define(group) }
  }

  /// What a body reads for each input of a like one that tells more inputs apart; nil where they differ.
  private func inputs(of body: RaisedBody, as whole: RaisedBody) -> [NodeID]? {
    guard body.steps.count == whole.steps.count else { return nil }
    var values: [NodeID: NodeID] = [:]
    for (step, other) in zip(body.steps, whole.steps) {
      guard step.inputs.count == other.inputs.count, step.results.count == other.results.count,
        step.sharing.map({ consumers[$0.index].count }) == other.sharing.map({ consumers[$0.index].count }),
        step.kind == other.kind
      else { return nil }
      for (own, twin) in zip(step.inputs, other.inputs) {
        if let known = values[twin], known != own { return nil }
        values[twin] = own
      }
      for (own, twin) in zip(step.results, other.results) {
        guard (own == nil) == (twin == nil) else { return nil }
        if let own, let twin { values[twin] = own }
      }
    }
    let inputs = whole.inputs.compactMap { values[$0] }
    return inputs.count == whole.inputs.count ? inputs : nil
  }

  private mutating func define(_ group: Group) {
    guard let first = group.scopes.first, let body = bodies[first] else { return }
    let all = group.scopes.compactMap { bodies[$0] }
    var returns: [RaisedCell.Return] = []
    for (step, content) in body.steps.enumerated() {
      for result in content.results.indices
      where all.contains(where: { body in
        body.steps[step].results[result].map { body.outputs.contains($0) } ?? false
      }) {
        returns.append(.value(step: step, result: result))
      }
    }
    let columns = self.columns(all)
    let inputNames = Self.inputNames(body.inputs.count)
    let outputChannels =
      body.outputs.count == 1 ? all.compactMap { $0.outputs.first.map { shape($0).channels } } : []
    let around = RaisedParameters.Surroundings(
      inputs: inputNames.enumerated().map { index, name in
        (name, all.map { shape($0.inputs[index]).channels })
      },
      outputChannels: outputChannels,
      labels: group.scopes.map { RaisedParameters.arguments(ofLabel: graph.scopes[$0].label) },
      isReserved: { ProgramWords.isReserved($0) || $0.isEmpty })
    let parameters = RaisedParameters(columns, around)
    let id = cells.count
    cells.append(
      RaisedCell(
        name: cellName(group.name), body: body, parameters: parameters, outputs: returns, returns: returns))
    for (place, scope) in group.scopes.enumerated() {
      definitions[scope] = id
      arguments[scope] = parameters.parameters.enumerated().map { position, parameter in
        RaisedArgument(
          parameter.name, parameter.values[place], labelled: position > 0, fallback: parameter.fallback)
      }
    }
  }

  /// The names of a cell's inputs.
  static func inputNames(_ count: Int) -> [String] {
    count == 1 ? ["x"] : (0..<count).map { "s\($0)" }
  }

  private mutating func cellName(_ base: String) -> String {
    let base = ProgramWords.isName(base) ? base : "Cell"
    var name = base
    var number = 2
    while ProgramWords.isReserved(name) || names.contains(name) || name == graph.name {
      name = "\(base)\(number)"
      number += 1
    }
    names.insert(name)
    return name
  }

  /// The arguments of all instances, one column for each place in the body.
  private func columns(_ all: [RaisedBody]) -> [RaisedParameters.Column] {
    let lists = all.map { $0.steps.flatMap { $0.layers.flatMap(\.arguments) } }
    guard let first = lists.first else { return [] }
    return first.indices.map { index in
      RaisedParameters.Column(
        role: first[index].role, values: lists.map { $0[index].value }, fallback: first[index].fallback)
    }
  }

  /// What a body has in common with other instances of the same cell.
  private func key(of body: RaisedBody) -> String {
    var local: [NodeID: Int] = [:]
    for input in body.inputs { local[input] = local.count }
    var shared: [NodeID: Int] = [:]
    for step in body.steps { if let key = step.sharing { shared[key, default: 0] += 1 } }
    var classes: [NodeID: Int] = [:]
    var key = "\(body.inputs.count)"
    for step in body.steps {
      key += ";\(step.kind)"
      for input in step.inputs { key += " \(local[input] ?? -1)" }
      for result in step.results {
        if let result { local[result] = local.count }
        key += result == nil ? "_" : "."
      }
      if let sharing = step.sharing, shared[sharing, default: 0] > 1 {
        classes[sharing] = classes[sharing] ?? classes.count
        key += "s\(classes[sharing] ?? 0)"
      }
    }
    return key
  }

  // MARK: Bodies

  private func isInside(_ node: NodeID, _ scope: ScopeID) -> Bool {
    var current: ScopeID? = graph[node].scope
    while let id = current, id != scope {
      // A scope that was dropped is inside all the same; numbers grow inwards.
      if id < scope { return false }
      current = graph[id].parent
    }
    return current == scope
  }

  private mutating func body(of scope: ScopeID) throws(RaisingIssue) -> RaisedBody {
    var list = StepList()
    try collect(scope, into: &list, depth: 0)
    var made: Set<NodeID> = []
    for step in list.steps { for result in step?.results ?? [] { if let result { made.insert(result) } } }
    var outputs: [NodeID] = []
    for step in list.steps {
      for result in step?.results ?? [] {
        guard let result else { continue }
        let isRead = consumers[result.index].contains { !isInside($0, scope) }
        if isRead || self.outputs.contains(result.index) { outputs.append(result) }
      }
    }
    for repetition in list.repetitions { compress(repetition, in: &list, outputs: Set(outputs)) }
    var steps = Self.growing(unshared(list.steps.compactMap { $0 }), outputs: outputs)
    insertFits(scopes.idleFits[scope.index], &steps, made: made)
    var inputs: [NodeID] = []
    if scope == .root {
      inputs = graph.ids.filter { if case .input = graph[$0].op { true } else { false } }
    } else {
      var isKnown: Set<NodeID> = []
      for step in steps {
        for input in step.inputs where !isKnown.contains(input) {
          inputs.append(input); isKnown.insert(input)
        }
        for result in step.results { if let result { isKnown.insert(result) } }
      }
    }
    return RaisedBody(inputs: inputs, steps: steps, outputs: outputs)
  }

  /// The steps, of which only those whose weights several layers use say so.
  private func unshared(_ steps: [RaisedStep]) -> [RaisedStep] {
    steps.map { step in
      guard let key = step.sharing, consumers[key.index].count < 2 else { return step }
      var step = step
      step.sharing = nil
      return step
    }
  }

  /// Adds the steps of a scope, and of the repetitions in it, in the order of the graph.
  private mutating func collect(_ scope: ScopeID, into list: inout StepList, depth: Int) throws(RaisingIssue)
  {
    guard depth < 64 else { throw RaisingIssue(reason: "repeats nest more than 64 levels deep") }
    for item in scopes.items[scope.index] {
      switch item {
      case .node(let id): try collect(id, in: scope, &list)
      case .scope(let child):
        switch graph[child].kind {
        case .cell: list.steps.append(try cellStep(child))
        case .repetition:
          var copies: [Range<Int>] = []
          for case .scope(let copy) in scopes.items[child.index] {
            let start = list.steps.count
            try collect(copy, into: &list, depth: depth + 1)
            copies.append(start..<list.steps.count)
          }
          list.repetitions.append(copies)
        case .copy, .network: try collect(child, into: &list, depth: depth + 1)
        }
      }
    }
  }

  private func collect(_ id: NodeID, in scope: ScopeID, _ list: inout StepList) throws(RaisingIssue) {
    let node = graph[id]
    switch node.op {
    case .slice(.channel, let start, let length):
      let channels = graph[node.inputs[0]].shape.channels
      guard length > 0, channels % length == 0, start % length == 0, channels / length > 1 else {
        throw graph.issue(id, "its part is not one of equal parts")
      }
      let place = start / length
      let matching = list.steps.indices.last { index in
        guard let step = list.steps[index], case .layer(let layer) = step.action else { return false }
        return layer.callee == .layer("split") && step.inputs == node.inputs
          && step.results.count == channels / length && step.results[place] == nil && index >= list.splitFloor
      }
      if let matching {
        list.steps[matching]?.results[place] = id
        return
      }
      let parts = RaisedArgument("n", .number(channels / length), labelled: false)
      var results = [NodeID?](repeating: nil, count: channels / length)
      results[place] = id
      list.steps.append(
        RaisedStep(
          action: .layer(RaisedLayer(callee: .layer("split"), arguments: [parts])), inputs: node.inputs,
          results: results))
    case .concat(.channel)
    where node.inputs.count == 2 && isPadding(node.inputs[1]) && !isZero(node.inputs[0]):
      let to = RaisedArgument("to", .number(node.shape.channels), labelled: false)
      list.steps.append(
        RaisedStep(
          action: .layer(RaisedLayer(callee: .layer("pad_channels"), arguments: [to])),
          inputs: [node.inputs[0]], results: [id]))
    default:
      guard !node.inputs.contains(where: isPadding) else { throw graph.issue(id, "it reads constant zeros") }
      list.steps.append(try graph.raisedStep(id))
    }
  }

  /// Whether a node is zeros that the program does not write.
  private func isPadding(_ id: NodeID) -> Bool { isZero(id) && !scopes.zeros.contains(id) }

  private func isZero(_ id: NodeID) -> Bool { if case .zero = graph[id].op { true } else { false } }

  /// The application of a cell.
  private func cellStep(_ scope: ScopeID) throws(RaisingIssue) -> RaisedStep {
    if let step = standard.step(scope) { return step }
    guard let id = definitions[scope.index], let body = bodies[scope.index] else {
      throw RaisingIssue(reason: "the cell \(graph.path(of: scope)) has no definition")
    }
    let layer = RaisedLayer(
      callee: .cell(id), arguments: arguments[scope.index] ?? [])
    let results: [NodeID?] = cells[id].outputs.map { part in
      switch part {
      case .value(let step, let result):
        let value = body.steps[step].results[result]
        return value.flatMap { body.outputs.contains($0) ? $0 : nil }
      case .input: return nil
      }
    }
    return RaisedStep(action: .layer(layer), inputs: body.inputs, results: results)
  }

  /// Puts `fit` back where it was the identity: under a sum, preferably on an input.
  private mutating func insertFits(_ count: Int, _ steps: inout [RaisedStep], made: Set<NodeID>) {
    var left = count
    var isFitted: Set<NodeID> = []
    for step in steps where step.isFit {
      for result in step.results { if let result { isFitted.insert(result) } }
    }
    var index = 0
    while index < steps.count, left > 0 {
      defer { index += 1 }
      guard case .sum = steps[index].action else { continue }
      let operands = steps[index].inputs
      let free = operands.indices.filter { !isFitted.contains(operands[$0]) }
      guard free.count >= 2, let place = free.last(where: { !made.contains(operands[$0]) }) ?? free.last
      else { continue }
      standIns.append(operands[place])
      let result = NodeID(-standIns.count)
      steps[index].inputs[place] = result
      steps.insert(
        RaisedStep(
          action: .layer(RaisedLayer(callee: .layer("fit"))), inputs: [operands[place]], results: [result],
          isFit: true), at: index)
      index += 1
      left -= 1
    }
  }
}

/// The steps of a body under construction.
struct StepList {
  /// Nil where a repetition has taken a step's place.
  var steps: [RaisedStep?] = []
  /// The copies of each repetition, inner ones first.
  var repetitions: [[Range<Int>]] = []
  /// Parts of a split before this step are not added to.
  var splitFloor: Int { repetitions.last?.last?.upperBound ?? 0 }
}
