import IRLASGraph

/// Relaxed runs: where a decision comes up all its options are evaluated, and what they give is mixed.
extension Machine {
  // MARK: Decisions

  /// Pushes a marker for all options of a decision, or the option that is fixed.
  func relax(_ relaxer: Relaxer, _ site: ChoiceSite, count: Int, _ labels: [String], _ span: SourceSpan) {
    let name = trail?.uniqueName(text(of: site.path)) ?? text(of: site.path)
    if count == 1 { return push(.integer(0)) }
    if let option = relaxer.setting(of: name, labels) { return push(.integer(option)) }
    guard site.kind != .range else { return fail(unmixable(name, "numbers", span)) }
    guard count == labels.count else {
      return fail(
        Diagnostic(
          .unmixableChoice, "`\(name)` has too many options to mix", at: span,
          label: "\(grouped(count)) options; at most \(grouped(Relaxer.mostOptions)) can be mixed"))
    }
    guard let assembly, mayGrow(by: count + 3, at: span) else { return push(.poison) }
    assembly.origin = assembly.origin(of: span)
    do throws(ShapeIssue) {
      guard let index = try relaxer.decision(name, labels, assembly) else {
        return fail(
          Diagnostic(
            .unmixableChoice, "`\(name)` has other options here than where it came up first", at: span,
            label: "\(counted(count, "option")) here"))
      }
      push(.integer(Relaxer.marker(ofDecision: index)))
    } catch {
      fail(Diagnostic(.unmixableChoice, "`\(name)` cannot be mixed: \(error)", at: span))
    }
  }

  /// Evaluates all options of a choice and pushes their mixture.
  func mix(_ site: ChoiceSite, _ index: Int, _ code: Code, _ span: SourceSpan) {
    guard let relaxer, relaxer.decisions.indices.contains(index) else { return push(.poison) }
    let decision = relaxer.decisions[index]
    switch site.kind {
    case .choose:
      var options: [Fork.Option] = []
      for part in site.options {
        guard let slot = part.slot else {
          options.append(.code(label: part.code))
          continue
        }
        if case .list(let list) = local(slot) {
          options += list.elements.map(Fork.Option.value)
        } else {
          options.append(.value(local(slot)))
        }
      }
      frames[frames.count - 1].forks.append(
        Fork(kind: .options(end: site.end, options), name: decision.name, gates: decision.gates, span: span))
      nextAlternative(code)
    case .range: push(.poison)
    case .pick, .some:
      guard let (elements, count) = elements(of: site, span) else { return push(.poison) }
      if site.kind == .pick, count == nil {
        return push(mixture(of: elements, decision.gates, decision.name, span))
      }
      push(superposition(of: elements, count: site.kind == .some ? nil : count, decision, span))
    }
  }

  /// Goes on with the next option of the innermost fork, or mixes what all of them gave.
  private func nextAlternative(_ code: Code) {
    let top = frames.count - 1
    while let fork = frames[top].forks.last, case .options(let end, let options) = fork.kind {
      guard fork.results.count < options.count else {
        frames[top].forks.removeLast()
        push(mixture(of: fork.results, fork.gates, fork.name, fork.span))
        return jump(end, code)
      }
      switch options[fork.results.count] {
      case .value(let value): frames[top].forks[frames[top].forks.count - 1].results.append(value)
      case .code(let label): return jump(label, code)
      }
    }
  }

  /// Takes the value of an option at the jump that ends it; false when the jump ends none.
  func endsAlternative(_ label: Int, _ code: Code) -> Bool {
    let top = frames.count - 1
    guard let fork = frames[top].forks.last, case .options(let end, _) = fork.kind, end == label else {
      return false
    }
    frames[top].forks[frames[top].forks.count - 1].results.append(pop())
    nextAlternative(code)
    return true
  }

  // MARK: Elements

  /// What stands for some elements of a list: for `pick` so many values, each of them a mixture of the elements that may
  /// stand there; for `some` (no count) all elements, weighed by how likely each one is a member.
  private func superposition(
    of elements: [Value], count: Int?, _ decision: Relaxer.Decision, _ span: SourceSpan
  ) -> Value {
    guard let assembly, mayGrow(by: elements.count * (count ?? 1) * 2, at: span) else { return .poison }
    assembly.origin = assembly.origin(of: span)
    // For each place and element the weights of the options that put it there.
    var gates = [[[NodeID]]](
      repeating: [[NodeID]](repeating: [], count: count == nil ? 1 : elements.count),
      count: count ?? elements.count)
    for (option, gate) in decision.gates.enumerated() {
      if let count {
        for (place, member) in Self.combination(option, elements.count, count).enumerated() {
          gates[place][member].append(gate)
        }
      } else {
        for member in Self.subset(option) { gates[member][0].append(gate) }
      }
    }
    steps += decision.gates.count
    var places: [[Superposition.Alternative]] = []
    for (place, members) in gates.enumerated() {
      var alternatives: [Superposition.Alternative] = []
      for (member, parts) in members.enumerated() where !parts.isEmpty {
        guard let gate = parts.count == 1 ? parts[0] : try? assembly.add(.add, parts) else { return .poison }
        alternatives.append(.init(value: elements[count == nil ? place : member], gate: gate))
      }
      places.append(alternatives)
    }
    // Where shapes differ only `each` can use the elements; others find poison, and the reason.
    let values = places.map { alternatives -> Value in
      let values = alternatives.map(\.value)
      if let problem = disagreement(values, decision.name, span) {
        relaxer?.note(problem)
        return .poison
      }
      return mixture(of: values, alternatives.map(\.gate), decision.name, span)
    }
    var list = Value.List(values)
    list.superposition = Superposition(places, name: decision.name, span: span)
    return .list(list)
  }

  /// Begins the body of an `each` with the first alternative of an element.
  func beginElement(
    _ alternatives: [Superposition.Alternative], _ slot: Int, _ index: Int, name: String, _ span: SourceSpan
  ) {
    guard let first = alternatives.first, let trail else { return }
    let top = frames.count - 1
    set(slot, first.value)
    frames[top].forks.append(
      Fork(
        kind: .element(alternatives, slot: slot, index: index, body: frames[top].pc, names: trail.names),
        name: name, gates: alternatives.map(\.gate), span: span))
  }

  /// Takes what the body of an `each` gave for an alternative; false when the element has no other one, its mixture
  /// being on the stack.
  func endsElement(_ index: Int) -> Bool {
    let top = frames.count - 1
    guard var fork = frames[top].forks.last,
      case .element(let alternatives, let slot, index, let body, let names) = fork.kind
    else { return false }
    fork.results.append(pop())
    if fork.results.count < alternatives.count {
      set(slot, alternatives[fork.results.count].value)
      // The alternatives are the same place of the text: what they decide, they decide alike.
      trail?.names = names
      frames[top].pc = body
      frames[top].forks[frames[top].forks.count - 1] = fork
      return true
    }
    frames[top].forks.removeLast()
    push(mixture(of: fork.results, fork.gates, fork.name, fork.span))
    return false
  }

  // MARK: Mixtures

  /// The weighted sum of values; poison after a report when they cannot be mixed.
  private func mixture(of values: [Value], _ gates: [NodeID], _ name: String, _ span: SourceSpan) -> Value {
    steps += values.count
    if values.contains(where: \.isPoison) { return .poison }
    if let problem = disagreement(values, name, span) {
      report(problem)
      return .poison
    }
    switch values.first {
    case .layer(let first)?:
      let layers = values.compactMap { if case .layer(let layer) = $0 { layer } else { nil } }
      let mixture = LayerMixture(name: name, gates: gates, layers: layers)
      return bounded(
        .layer(LayerValue(.mixture(mixture), name: "mix of \(first.name), ...", span: span)), span)
    case .tensor?: return mixture(ofTensors: values, gates, span)
    case .list(let first)?:
      let lists = values.compactMap { if case .list(let list) = $0 { list } else { nil } }
      var result = Value.List(
        first.elements.indices.map { element in
          mixture(ofTensors: lists.map { $0.elements[element] }, gates, span)
        })
      result.labels = first.labels
      return .list(result)
    default:
      // They are all the same.
      return values.first ?? .poison
    }
  }

  private func mixture(ofTensors values: [Value], _ gates: [NodeID], _ span: SourceSpan) -> Value {
    let nodes = values.compactMap { if case .tensor(let tensor) = $0 { tensor.node } else { nil } }
    guard let assembly, mayGrow(by: 2 * nodes.count + 1, at: span) else { return .poison }
    assembly.origin = assembly.origin(of: span)
    // The shapes agree.
    guard let node = try? assembly.mixture(of: nodes, gates: gates) else { return .poison }
    return .tensor(Tensor(node: node, source: span))
  }

  /// Why values cannot be mixed: they are no layers or tensors, or of different kinds or shapes; nil when they can.
  private func disagreement(_ values: [Value], _ name: String, _ span: SourceSpan) -> Diagnostic? {
    guard let first = values.first else { return nil }
    for value in values.dropFirst() {
      switch (first, value) {
      case (.poison, _), (_, .poison), (.layer, .layer): continue
      case (.tensor, .tensor):
        if let problem = disagreement(ofTensors: [first, value], name, span) { return problem }
      case (.list(let a), .list(let b)) where a.elements.count == b.elements.count:
        for (x, y) in zip(a.elements, b.elements) {
          if let problem = disagreement(ofTensors: [x, y], name, span) { return problem }
        }
      case (.layer, _), (_, .layer), (.tensor, _), (_, .tensor), (.list, _), (_, .list):
        return Diagnostic(
          .unmixableChoice, "`\(name)` chooses between different kinds of values, which cannot be mixed",
          at: span, label: "\(first.kindDescription) and \(value.kindDescription)")
      default:
        guard first.text != value.text else { continue }
        return unmixable(name, first.number == nil ? "values" : "numbers", span)
      }
    }
    return nil
  }

  private func disagreement(ofTensors values: [Value], _ name: String, _ span: SourceSpan) -> Diagnostic? {
    guard let assembly, case .tensor(let a) = values[0], case .tensor(let b) = values[1] else {
      return Diagnostic(
        .unmixableChoice, "`\(name)` chooses between lists that hold more than tensors", at: span,
        label: "only tensors and layers can be mixed")
    }
    let (x, y) = (assembly.shape(a.node), assembly.shape(b.node))
    guard x != y else { return nil }
    return Diagnostic(
      .unmixableChoice, "`\(name)` chooses between tensors of different shapes, which cannot be mixed",
      at: span,
      label: "\(x) and \(y)",
      help: [.init("make the options alike, for example with the same stride and number of channels")])
  }

  private func unmixable(_ name: String, _ what: String, _ span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .unmixableChoice, "`\(name)` chooses between \(what), which cannot be mixed", at: span,
      label: "a differentiable search mixes what layers compute",
      help: [.init("choose between layers: choose(conv(3x3, c), conv(5x5, c)), maybe(conv(3x3, c))")])
  }

  /// One step of the application of a mixture of layers.
  func advanceMixture(_ mixture: LayerMixture, _ input: Value, _ results: [Value]) {
    let top = frames.count - 1
    guard results.count < mixture.layers.count else {
      let site = frames[top].site
      frames.removeLast()
      return push(self.mixture(of: results, mixture.gates, mixture.name, site))
    }
    frames[top].work = .mixing(mixture, input: input, results: results, isWaiting: true)
    let layer = mixture.layers[results.count]
    apply(layer, to: input, site: layer.span)
  }
}
