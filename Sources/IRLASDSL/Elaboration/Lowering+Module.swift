import IRLASGraph

extension Lowering {
  /// Lowers a whole module.
  static func lower(_ header: ModuleHeader, names: NameTable, budget: Budget) -> (
    code: Code, references: [(module: Int, span: SourceSpan)], diagnostics: [Diagnostic]
  ) {
    let lowering = Lowering(names: names, file: header.file, budget: budget)
    lowering.isSpace = header.keyword == .space
    lowering.run { $0.lowerModule(header) }
    if let choice = lowering.firstChoice { lowering.reportChoice(in: header, at: choice) }
    // A name may be read in text that the parser could not read.
    if !header.syntax.node.isBroken { lowering.reportUnused() }
    return (lowering.code, lowering.references, lowering.diagnostics)
  }

  /// Lowers a lone expression without names, and pushes its value.
  static func lower(value: ExpressionSyntax, names: NameTable, file: Int) -> (Code, [Diagnostic]) {
    let lowering = Lowering(names: names, file: file)
    lowering.run { $0.schedule { $0.value(value, Context()) } }
    return (lowering.code, lowering.diagnostics)
  }

  /// Lowers the sides of a claim of a `check`, which may name the metrics, in slots 0, 1, ...
  static func lower(claim: ExpressionSyntax, names: NameTable, file: Int) -> (Code, [Diagnostic]) {
    let lowering = Lowering(names: names, file: file)
    lowering.run { lowering in
      for metric in Metric.allCases { lowering.defineMetric(metric, span: claim.span) }
      lowering.schedule { sequence in
        if case .comparison(let view) = claim {
          sequence.value(view.left, Context())
          sequence.value(view.right, Context())
          sequence.emit(.collect(count: 2, splices: false), claim.span)
        } else {
          sequence.value(claim, Context())
        }
      }
    }
    return (lowering.code, lowering.diagnostics)
  }

  private func defineMetric(_ metric: Metric, span: SourceSpan) {
    let slot = newSlot(metric.rawValue)
    define(metric.rawValue, slot: slot, span: span)
    setMetricSlot(metric, slot)
  }

  // MARK: Parts of a module

  private func lowerModule(_ header: ModuleHeader) {
    guard header.syntax.node.allChildren.count <= Self.longest else {
      let span = header.nameSpan
      fail(
        Diagnostic(
          .programTooBig, "`\(header.name)` has more than \(grouped(Self.longest)) statements", at: span,
          label: "this one"), span)
      for _ in header.parameters.indices { _ = newSlot() }
      for _ in header.inputs.indices { _ = newSlot() }
      return emit(.leave(count: 1), span)
    }
    // Slots: parameters, inputs, then the rest in the order of the text.
    for parameter in header.parameters {
      _ = newSlot(parameter.name)
    }
    for input in header.inputs { _ = newSlot(input) }
    noteLaterNames(header)
    noteDoubtfulNames(header.syntax.node)
    peerTokens = Self.peerTokens(of: header, names)
    let statements = header.syntax.statements
    let isNetwork = header.isEntry
    let late = statements.filter { isNetwork && isLate($0) }
    let lateNodes = Set(late.map(\.node.id))
    schedule { sequence in
      for index in header.parameters.indices { sequence.run { $0.lowerParameter(header, index) } }
      sequence.run { $0.lowerInputs(header) }
      for statement in statements where !lateNodes.contains(statement.node.id) {
        sequence.run { $0.lowerStatement(statement, isNetwork: isNetwork) }
      }
      sequence.run { $0.lowerReturn(header) }
      sequence.run { lowering in
        guard !late.isEmpty else { return }
        lowering.pushScope()
        for metric in Metric.allCases where lowering.find(metric.rawValue) == nil {
          lowering.defineMetric(metric, span: header.nameSpan)
        }
      }
      for statement in late { sequence.run { $0.lowerStatement(statement, isNetwork: isNetwork) } }
      sequence.emit(.end, header.syntax.span)
    }
  }

  /// Whether a statement limits a figure of the whole network, which is known at its end only.
  private func isLate(_ statement: StatementSyntax) -> Bool {
    guard case .require(let require) = statement else { return false }
    let node = require.condition.node
    return node.tokenRange.contains { index in
      let token = TokenSyntax(tree: node.tree, index: index)
      return token.kind == .identifier && Metric(rawValue: token.name) != nil
        && laterNames[token.name] == nil && find(token.name) == nil
    }
  }

  private func noteLaterNames(_ header: ModuleHeader) {
    for statement in header.syntax.statements {
      switch statement {
      case .binding(let view): for name in view.names { laterNames[name.name] = name.span }
      case .grow(let view): if let name = view.name { laterNames[name.name] = name.span }
      case .require: break
      }
    }
  }

  /// Binds a name once; a second time is an error, and the first stays.
  private func defineOnce(
    _ name: String, slot: Int, span: SourceSpan, mustBeUsed: Bool, isGrown: Bool = false
  ) {
    if let earlier = find(name) {
      report(
        Diagnostic(
          .duplicateName, "`\(name)` is bound twice", at: span, label: "again here",
          secondary: [.init(earlier.span, "first here", style: .secondary)]))
      return
    }
    define(name, slot: slot, span: span, mustBeUsed: mustBeUsed, isGrown: isGrown)
  }

  /// Notes the names in text of the body that is no statement: `y == x` may have been meant to bind `y`.
  private func noteDoubtfulNames(_ node: SyntaxNode) {
    guard node.isBroken else { return }
    for child in node.children where child.kind == .unexpected {
      for index in child.tokenRange {
        let token = TokenSyntax(tree: child.tree, index: index)
        if token.kind == .identifier { doubtfulNames.insert(token.name) }
      }
    }
  }

  /// Schedules a value; one in which the parser reported something is poison, so that it is reported once.
  private func schedule(
    _ value: ExpressionSyntax, of node: SyntaxNode, _ context: Context, in sequence: inout Sequence
  ) {
    if node.isBroken {
      sequence.emit(.constant(.poison), value.span)
    } else {
      sequence.value(value, context)
    }
  }

  private func lowerParameter(_ header: ModuleHeader, _ index: Int) {
    let parameter = header.parameters[index]
    let span = header.syntax.parameters[index].name?.span ?? parameter.span
    guard let value = parameter.defaultValue else {
      let given = newLabel()
      emit(.jumpIfGiven(slot: index, label: given), span)
      emit(.missingArgument(parameter: index), span)
      place(given)
      return defineOnce(parameter.name, slot: index, span: span, mustBeUsed: false)
    }
    let given = newLabel()
    emit(.jumpIfGiven(slot: index, label: given), span)
    // `peer` in a default is the shape that the caller's sum provides.
    let peer = parameter.readsPeer ? newSlot() : nil
    if let peer {
      emit(.callerPeer, value.span)
      emit(.store(peer), value.span)
    }
    schedule { sequence in
      let context = Context(peerSlot: peer).named(parameter.name)
      schedule(value, of: value.node, context, in: &sequence)
      sequence.emit(.storeDefault(parameter: index), value.span)
      sequence.place(given)
      sequence.run { $0.defineOnce(parameter.name, slot: index, span: span, mustBeUsed: false) }
    }
  }

  private func lowerInputs(_ header: ModuleHeader) {
    let inputs = header.syntax.inputs
    let firstSlot = header.parameters.count
    for (index, input) in inputs.enumerated() {
      if let name = input.name {
        defineOnce(name.name, slot: firstSlot + index, span: name.span, mustBeUsed: false)
      }
      if input.count != nil, index < inputs.count - 1 {
        report(
          Diagnostic(
            .arityMismatch, "only the last input can take the rest of the tuple", at: input.span,
            label: "another input follows"))
      }
    }
    schedule { sequence in
      for (index, input) in inputs.enumerated() {
        let slot = firstSlot + index
        if header.keyword == .network {
          sequence.run { $0.lowerNetworkInput(input, index, slot) }
        } else if header.isEntry {
          // Applied as a layer the space asks for these shapes; by itself it makes them.
          sequence.run { lowering in
            let (given, done) = (lowering.newLabel(), lowering.newLabel())
            lowering.emit(.jumpIfGiven(slot: slot, label: given), input.span)
            lowering.schedule { sequence in
              sequence.run { $0.lowerNetworkInput(input, index, slot) }
              sequence.emit(.jump(label: done), input.span)
              sequence.place(given)
              sequence.run { $0.lowerContract(input, index) }
              sequence.place(done)
            }
          }
        } else {
          sequence.run { $0.lowerContract(input, index) }
        }
      }
    }
  }

  private func lowerNetworkInput(_ input: InputSyntax, _ index: Int, _ slot: Int) {
    if let count = input.count {
      report(
        Diagnostic(
          .arityMismatch, "a network has a fixed number of inputs", at: count.span, label: "not here"))
    }
    guard let sizes = input.shape, sizes.count == 3 else {
      fail(
        Diagnostic(
          .shapeContract, "an input of a network has a shape [c, h, w]", at: input.shapeSpan ?? input.span,
          label: "three sizes are needed here"), input.span)
      return emit(.store(slot), input.span)
    }
    schedule { sequence in
      for size in sizes { sequence.value(size, Context()) }
      sequence.emit(.networkInput(index: index, slot: slot), input.shapeSpan ?? input.span)
    }
  }

  private func lowerContract(_ input: InputSyntax, _ index: Int) {
    schedule { sequence in
      if let count = input.count {
        sequence.run { lowering in
          if let (name, slot) = lowering.symbolicSize(count) {
            lowering.define(name, slot: slot, span: count.span)
            lowering.emit(.bindCount(input: index, slot: slot), count.span)
          } else {
            lowering.schedule {
              $0.value(count, Context())
              $0.emit(.checkCount(input: index), count.span)
            }
          }
        }
      }
      guard let sizes = input.shape else { return }
      guard sizes.count == 3 else {
        sequence.run {
          $0.report(
            Diagnostic(
              .shapeContract, "the shape of an input is [c, h, w]", at: input.shapeSpan ?? input.span,
              label: "\(counted(sizes.count, "size")) here"))
        }
        return
      }
      for (size, axis) in zip(sizes, Axis.allCases) {
        if case .name(let name) = size, name.name == "_" { continue }
        sequence.run { lowering in
          if let (name, slot) = lowering.symbolicSize(size) {
            lowering.symbolicSizes.append(
              (lowering.define(name, slot: slot, span: size.span), name, size.span))
            lowering.emit(.bindSize(input: index, axis: axis, slot: slot), size.span)
          } else {
            lowering.schedule {
              $0.value(size, Context())
              $0.emit(.checkSize(input: index, axis: axis), size.span)
            }
          }
        }
      }
    }
  }

  /// A name in an input's shape that means nothing yet stands for a size of its own.
  private func symbolicSize(_ expression: ExpressionSyntax) -> (name: String, slot: Int)? {
    guard case .name(let name) = expression, find(name.name) == nil else { return nil }
    return (name.name, newSlot(name.name))
  }

  // MARK: Statements

  private func lowerStatement(_ statement: StatementSyntax, isNetwork: Bool) {
    switch statement {
    case .binding(let view): lowerBinding(view)
    case .grow(let view): lowerGrow(view)
    case .require(let view): lowerRequire(view, isNetwork: isNetwork)
    }
  }

  private func lowerBinding(_ view: BindingSyntax) {
    let tokens = view.names
    schedule { sequence in
      let name = tokens.lazy.map(\.name).first { $0 != "_" }
      var context = Context()
      if let name { context = context.named(name) }
      context.isWholeBinding = true
      schedule(view.value, of: view.node, context, in: &sequence)
      if view.isShared { sequence.emit(.share, view.value.span) }
      sequence.run { lowering in
        let slots = tokens.map { $0.name == "_" ? nil : lowering.newSlot($0.name) }
        if tokens.count == 1 {
          lowering.emit(slots[0].map(Instruction.store) ?? .pop, view.span)
        } else {
          lowering.emit(.destructure(slots), view.span)
        }
        for (token, slot) in zip(tokens, slots) {
          guard let slot else { continue }
          lowering.defineOnce(token.name, slot: slot, span: token.span, mustBeUsed: true)
        }
      }
    }
  }

  private func lowerGrow(_ view: GrowSyntax) {
    guard let token = view.name else { return }
    let (slot, countSlot, indexSlot) = (newSlot(token.name), newSlot(), newSlot())
    let (top, end, poison) = (newLabel(), newLabel(), newLabel())
    schedule { sequence in
      let context = Context().named(token.name)
      schedule(view.count, of: view.node, context.named("count"), in: &sequence)
      sequence.emit(.loopCount(countSlot: countSlot, indexSlot: indexSlot, poison: poison), view.count.span)
      sequence.run { lowering in
        lowering.emit(.growBegin(slot: slot), token.span)
        lowering.defineOnce(token.name, slot: slot, span: token.span, mustBeUsed: true, isGrown: true)
        lowering.pushScope()
        if let index = view.index { lowering.define(index.name, slot: indexSlot, span: index.span) }
        lowering.place(top)
        lowering.emit(.loopTest(countSlot: countSlot, indexSlot: indexSlot, end: end), view.span)
      }
      schedule(view.element, of: view.node, context.element(indexSlot), in: &sequence)
      sequence.run { lowering in
        lowering.popScope()
        // What the elements read of the list is no use of the list.
        lowering.setUsed(token.name, lowering.earlyNames.contains(token.name))
        lowering.emit(.growAppend(slot: slot), view.element.span)
        lowering.emit(.loopNext(indexSlot: indexSlot, top: top), view.span)
        // Reached by a jump only: a poisoned count leaves the list poisoned.
        lowering.place(poison)
        lowering.emit(.constant(.poison), view.span)
        lowering.emit(.store(slot), view.span)
        lowering.place(end)
      }
    }
  }

  private func lowerRequire(_ view: RequireSyntax, isNetwork: Bool) {
    if view.node.isBroken { return }
    let node = view.condition.node
    for index in node.tokenRange {
      let token = TokenSyntax(tree: node.tree, index: index)
      guard token.kind == .identifier, find(token.name) == nil else { continue }
      if Metric.measured.contains(token.name) {
        return report(
          Diagnostic(
            .measuredFigure, "`\(token.name)` is measured by the search only", at: token.span,
            label: "not known while elaborating"))
      }
      if !isNetwork, Metric(rawValue: token.name) != nil {
        return report(
          Diagnostic(
            .requirementFailed, "`\(token.name)` is a figure of a whole network", at: token.span,
            label: "a cell cannot limit it", help: [.init("move the `require` to the network")]))
      }
    }
    // Of `a and b` each is required by itself, so that the message points at the one that does not hold.
    var conditions = [view.condition]
    if case .operation(let operation) = view.condition, operation.family == .and {
      conditions = operation.operands
    }
    schedule { sequence in
      for condition in conditions {
        var comparator: Comparator?
        if case .comparison(let comparison) = condition,
          let sign = comparison.comparator.flatMap({ Comparator($0.kind) })
        {
          comparator = sign
          sequence.value(comparison.left, Context())
          sequence.value(comparison.right, Context())
        } else {
          sequence.value(condition, Context())
        }
        var metric: Metric?
        for index in condition.node.tokenRange where metric == nil {
          let token = TokenSyntax(tree: node.tree, index: index)
          if token.kind == .identifier, isNetwork { metric = Metric(rawValue: token.name) }
        }
        let site = RequirementSite(
          text: condition.text, message: view.message?.value, comparator: comparator, metric: metric)
        sequence.run { lowering in
          lowering.emit(.require(site: lowering.add(site)), condition.span)
        }
      }
    }
  }

  private func lowerReturn(_ header: ModuleHeader) {
    let outputs = header.syntax.returnStatement?.outputs ?? []
    var labels: [String: SourceSpan] = [:]
    for output in outputs {
      guard let label = output.label else { continue }
      if let earlier = labels[label.name] {
        report(
          Diagnostic(
            .duplicateName, "two outputs are called `\(label.name)`", at: label.span, label: "again here",
            secondary: [.init(earlier, "first here", style: .secondary)]))
      }
      labels[label.name] = label.span
      if output.isAuxiliary, !header.isEntry {
        report(
          Diagnostic(
            .misplacedStatement, "only a network has auxiliary outputs", at: output.span,
            label: "this is a \(header.keyword == .space ? "space without shapes" : "cell")"))
      }
    }
    setOutputs(
      outputs.map {
        OutputSite(label: $0.label?.name, isAuxiliary: $0.isAuxiliary, span: $0.value.span)
      })
    let span = header.syntax.returnStatement?.span ?? header.nameSpan
    schedule { sequence in
      let isBroken = header.syntax.returnStatement?.node.isBroken ?? true
      for output in outputs {
        // A network without inputs has nothing to return.
        if isBroken || header.inputs.isEmpty {
          sequence.emit(.constant(.poison), output.value.span)
        } else {
          sequence.value(output.value, output.label.map { Context().named($0.name) } ?? Context())
        }
      }
      if outputs.isEmpty { sequence.emit(.constant(.poison), span) }
      sequence.emit(.leave(count: max(outputs.count, 1)), span)
    }
  }

  // MARK: Uses

  private func reportUnused() {
    for local in unusedLocals {
      let name = code.slotNames[local.slot] ?? ""
      report(
        Diagnostic(
          .unusedBinding, "`\(name)` is never used", at: local.span, label: "nothing reads it",
          help: local.isGrown
            ? [.init("remove it")]
            : [
              .init("remove it, or bind it to `_`", edits: [.init(local.span, "_")], isOneOfSeveral: true)
            ])
      )
    }
    for (local, name, span) in symbolicSizes where useCount(local) == 0 {
      let near = near(name, visibleNames)
      report(
        Diagnostic(
          .unknownSize, "the size `\(name)` is named once and never used", at: span,
          label: near.map { "did you mean `\($0)`?" } ?? "any size is accepted here",
          help: [.init("if no parameter was meant, write `_`")]))
    }
  }
}
