import IRLASGraph

/// Lays two graphs side by side, scope by scope, and notes what differs.
struct GraphComparison {
  private let a: ComparedScopes
  private let b: ComparedScopes
  private var changes: [GraphDifference.Change] = []
  /// For each change what it has in common with the same change elsewhere.
  private var places: [String: Int] = [:]
  /// For each node of `a` its twin in `b`, and the other way.
  private var twins: [Int?]
  private var origins: [Int?]
  /// Pairs of layers whose operands are compared in the end.
  private var pairs: [(a: NodeID, b: NodeID, place: String)] = []
  /// Scopes still to compare.
  private var open: [(a: ScopeID, b: ScopeID, place: String, followsArguments: Bool)] = []

  init(_ a: Graph, _ b: Graph) {
    // A graph without cells is compared with the layers of the other.
    let keepsScopes =
      [a, b].allSatisfy { graph in graph.scopes.contains { $0.kind == .cell } }
      || [a, b].allSatisfy { graph in !graph.scopes.contains { $0.kind == .cell } }
    self.a = ComparedScopes(a, keepsScopes: keepsScopes)
    self.b = ComparedScopes(b, keepsScopes: keepsScopes)
    twins = [Int?](repeating: nil, count: a.nodes.count)
    origins = [Int?](repeating: nil, count: b.nodes.count)
  }

  /// All changes, each once.
  mutating func run() -> [GraphDifference.Change] {
    compareInputs()
    open = [(.root, .root, b.graph.name, false)]
    var next = 0
    while next < open.count {
      let (x, y, place, follows) = open[next]
      compare(a.items[x.index], b.items[y.index], x, y, place, follows)
      next += 1
    }
    compareConnections()
    compareOutputs()
    return changes
  }

  // MARK: Noting

  /// Notes a change; the same one in other copies and instances of a cell is one change.
  private mutating func note(
    _ kind: GraphDifference.Change.Kind, _ place: String, _ before: String?, _ after: String?, path: String,
    key: String? = nil
  ) {
    let key = "\(kind.rawValue)|\(place)|\(key ?? "\(before ?? "")|\(after ?? "")")"
    if let known = places[key] {
      changes[known].paths.append(path)
      // What differs between the instances is left out.
      if changes[known].before != before || changes[known].after != after {
        changes[known].before = Self.common(changes[known].before, before)
        changes[known].after = Self.common(changes[known].after, after)
      }
      return
    }
    places[key] = changes.count
    changes.append(.init(kind: kind, place: place, before: before, after: after, paths: [path]))
  }

  /// The arguments that two texts of the same layer share, and dots for the others.
  private static func common(_ a: String?, _ b: String?) -> String? {
    guard let a, let b, a != b else { return a }
    func parts(_ text: String) -> (String, [Substring])? {
      guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else { return nil }
      return (String(text[..<open]), text[text.index(after: open)...].dropLast().split(separator: ", "))
    }
    guard let (word, left) = parts(a), let (other, right) = parts(b), word == other else { return a }
    let kept = left.map { right.contains($0) ? String($0) : "..." }
    return "\(word)(\(kept.joined(separator: ", ")))"
  }

  // MARK: Scopes

  private mutating func compare(
    _ left: [ComparedItem], _ right: [ComparedItem], _ x: ScopeID, _ y: ScopeID, _ place: String,
    _ follows: Bool
  ) {
    // A projection that comes or goes with the shapes is not a change of the text.
    let fitsLeft = left.count { $0.word == "fit" } + a.scopes.idleFits[x.index]
    let fitsRight = right.count { $0.word == "fit" } + b.scopes.idleFits[y.index]
    let ignoresFit = fitsLeft == fitsRight
    for (index, column) in ItemAlignment(left, right).columns.enumerated() {
      switch column {
      case .removed(let i):
        if ignoresFit, left[i].word == "fit" { continue }
        note(.removed, place, left[i].text, nil, path: path(left[i], a))
      case .added(let j):
        if ignoresFit, right[j].word == "fit" { continue }
        note(.added, place, nil, right[j].text, path: path(right[j], b))
      case .pair(let i, let j): pair(left[i], right[j], place, follows, index)
      }
    }
  }

  private func path(_ item: ComparedItem, _ side: ComparedScopes) -> String {
    switch item.content {
    case .layer(let id, _): side.graph.path(of: id)
    case .cell(let scope), .repetition(let scope, _): side.graph.path(of: scope)
    }
  }

  private mutating func pair(
    _ left: ComparedItem, _ right: ComparedItem, _ place: String, _ follows: Bool, _ index: Int
  ) {
    switch (left.content, right.content) {
    case (.layer(let id, let old), .layer(let other, let new)):
      twins[id.index] = other.index
      origins[other.index] = id.index
      pairs.append((id, other, place))
      if left.text == right.text || (follows && left.word == right.word) { return }
      note(
        .changed, place, left.text, right.text, path: b.graph.path(of: other),
        key: "\(index) \(Self.changedArguments(old, new) ?? "\(left.text)|\(right.text)")")
    case (.cell(let x), .cell(let y)):
      if left.word == "fit", right.word == "fit" { return match(x, y) }
      if left.word != right.word {
        return note(.changed, place, left.text, right.text, path: b.graph.path(of: y))
      }
      let isChanged = left.text != right.text && left.word != "copy"
      if isChanged, !follows { note(.changed, place, left.text, right.text, path: b.graph.path(of: y)) }
      let inner = left.word == "copy" ? place : right.word
      open.append((x, y, inner, follows || isChanged))
    case (.repetition(let x, let count), .repetition(let y, let other)):
      if count != other {
        note(
          .changed, place, Self.repeats(count, left), Self.repeats(other, right), path: b.graph.path(of: y))
      } else if left.word != right.word {
        return note(.changed, place, left.text, right.text, path: b.graph.path(of: y))
      }
      let copies = zip(a.items[x.index], b.items[y.index])
      for (one, two) in copies { pair(one, two, place, follows, index) }
    case (.cell(let x), .repetition(let y, _)):
      note(.changed, place, left.text, right.text, path: b.graph.path(of: y))
      if let copy = b.items[y.index].first, case .cell(let first) = copy.content,
        let inner = b.items[first.index].first, case .cell(let cell) = inner.content
      {
        open.append((x, cell, left.word, true))
      }
    case (.repetition(let x, _), .cell(let y)):
      note(.changed, place, left.text, right.text, path: b.graph.path(of: y))
      if let copy = a.items[x.index].first, case .cell(let first) = copy.content,
        let inner = a.items[first.index].first, case .cell(let cell) = inner.content
      {
        open.append((cell, y, right.word, true))
      }
    default: note(.changed, place, left.text, right.text, path: path(right, b))
    }
  }

  /// `repeat 3 Block`, without arguments that may change from copy to copy.
  private static func repeats(_ count: Int, _ item: ComparedItem) -> String {
    item.word == "repeat" ? item.text : "repeat \(count) \(item.word)"
  }

  /// Makes twins of the projections of two `fit`s.
  private mutating func match(_ x: ScopeID, _ y: ScopeID) {
    for (left, right) in zip(a.items[x.index], b.items[y.index]) {
      guard case .layer(let id, _) = left.content, case .layer(let other, _) = right.content else { continue }
      twins[id.index] = other.index
      origins[other.index] = id.index
    }
  }

  /// What differs between two layers of the same word: `kernel 3x3 5x5`; nil for others.
  private static func changedArguments(_ old: RaisedLayer, _ new: RaisedLayer) -> String? {
    guard old.callee == new.callee, old.arguments.map(\.role) == new.arguments.map(\.role) else { return nil }
    let changed = zip(old.arguments, new.arguments).filter { $0.value != $1.value }
    return changed.map { "\($0.role) \($0.value.text) \($1.value.text)" }.joined(separator: ", ")
  }

  // MARK: Inputs and outputs

  private mutating func compareInputs() {
    func inputs(_ graph: Graph) -> [NodeID] {
      graph.ids.filter { if case .input = graph[$0].op { true } else { false } }
    }
    let (left, right) = (inputs(a.graph), inputs(b.graph))
    for (x, y) in zip(left, right) {
      twins[x.index] = y.index
      origins[y.index] = x.index
      let (old, new) = (a.graph[x].shape, b.graph[y].shape)
      if old != new {
        note(.changed, b.graph.name, "input \(old)", "input \(new)", path: b.graph.path(of: y))
      }
    }
    for x in left.dropFirst(right.count) {
      note(.removed, b.graph.name, "input \(a.graph[x].shape)", nil, path: a.graph.path(of: x))
    }
    for y in right.dropFirst(left.count) {
      note(.added, b.graph.name, nil, "input \(b.graph[y].shape)", path: b.graph.path(of: y))
    }
  }

  private mutating func compareOutputs() {
    func text(_ output: Graph.Output) -> String { "\(output.isAuxiliary ? "aux " : "")output \(output.name)" }
    for (old, new) in zip(a.graph.outputs, b.graph.outputs) where old.isAuxiliary != new.isAuxiliary {
      note(.changed, b.graph.name, text(old), text(new), path: new.name)
    }
    for old in a.graph.outputs.dropFirst(b.graph.outputs.count) {
      note(.removed, b.graph.name, text(old), nil, path: old.name)
    }
    for new in b.graph.outputs.dropFirst(a.graph.outputs.count) {
      note(.added, b.graph.name, nil, text(new), path: new.name)
    }
    for (old, new) in zip(a.graph.outputs, b.graph.outputs) {
      guard let twin = twins[old.value.index], twin != new.value.index, origins[new.value.index] != nil else {
        continue
      }
      note(
        .connection, b.graph.name, "\(text(old)) = \(name(old.value, a))",
        "\(text(new)) = \(name(new.value, b))",
        path: new.name)
    }
  }

  // MARK: Connections

  private func name(_ id: NodeID, _ side: ComparedScopes) -> String { side.graph[id].name }

  /// Compares what paired layers read; what was added, removed or replaced in between has been said already.
  private mutating func compareConnections() {
    let (sourcesA, sourcesB) = (Self.sources(a.graph, twins), Self.sources(b.graph, origins))
    for (x, y, place) in pairs {
      var old: [(id: NodeID, sources: Set<Int>)] = []
      for input in a.graph[x].inputs where !a.graph[input].op.isSource || twins[input.index] != nil {
        old.append((input, Set(sourcesA[input.index].compactMap { twins[$0] })))
      }
      var new: [(id: NodeID, sources: Set<Int>)] = []
      for input in b.graph[y].inputs where !b.graph[input].op.isSource || origins[input.index] != nil {
        new.append((input, sourcesB[input.index]))
      }
      let reader = b.graph[y].op.mnemonic
      if !a.graph[x].op.isCommutative {
        if old.count == new.count, zip(old, new).allSatisfy({ $0.sources == $1.sources }) { continue }
        let sortedOld = old.map { $0.sources.sorted() }.sorted { $0.lexicographicallyPrecedes($1) }
        let sortedNew = new.map { $0.sources.sorted() }.sorted { $0.lexicographicallyPrecedes($1) }
        if sortedOld == sortedNew {
          let (before, after) = (old.map { name($0.id, a) }, new.map { name($0.id, b) })
          note(
            .connection, place, "\(reader) reads \(before.joined(separator: ", "))",
            "\(reader) reads \(after.joined(separator: ", "))", path: b.graph.path(of: y))
          continue
        }
      }
      var index = 0
      while index < old.count {
        if let twin = new.firstIndex(where: { $0.sources == old[index].sources }) {
          old.remove(at: index)
          new.remove(at: twin)
        } else {
          index += 1
        }
      }
      // An operand that is itself new, gone or replaced is no connection of its own.
      let gone = old.filter { twins[$0.id.index] != nil }
      let come = new.filter { origins[$0.id.index] != nil }
      if old.count != new.count || (old.count == gone.count && new.count == come.count) {
        for (place, parts, isNew) in [(place, gone, false), (place, come, true)] {
          for part in parts {
            let text = "\(reader) reads \(name(part.id, isNew ? b : a))"
            note(.connection, place, isNew ? nil : text, isNew ? text : nil, path: b.graph.path(of: y))
          }
        }
      }
    }
    compareSharing()
  }

  /// For each value the paired values that it is made of: itself, or those of the nodes before it that have no twin.
  private static func sources(_ graph: Graph, _ twins: [Int?]) -> [Set<Int>] {
    var sources = [Set<Int>](repeating: [], count: graph.nodes.count)
    for id in graph.ids {
      if twins[id.index] != nil {
        sources[id.index] = [id.index]
      } else {
        for input in graph[id].inputs { sources[id.index].formUnion(sources[input.index]) }
      }
    }
    return sources
  }

  /// Layers that share weights on one side only.
  private mutating func compareSharing() {
    for (x, y, place) in pairs {
      guard let old = a.graph[x].inputs.dropFirst().first, let new = b.graph[y].inputs.dropFirst().first,
        case .parameter = a.graph[old].op, case .parameter = b.graph[new].op
      else { continue }
      if let twin = twins[old.index] {
        if twin != new.index {
          note(.connection, place, "\(b.graph[y].op.mnemonic) shares weights", nil, path: b.graph.path(of: y))
        }
      } else if let origin = origins[new.index], origin != old.index {
        note(.connection, place, nil, "\(b.graph[y].op.mnemonic) shares weights", path: b.graph.path(of: y))
      } else {
        twins[old.index] = new.index
        origins[new.index] = old.index
      }
    }
  }
}
