import IRLASGraph

extension Lowering {
  /// Schedules the instructions that push the value of an expression.
  func lower(_ expression: ExpressionSyntax, _ context: Context) {
    let span = expression.span
    var inner = context
    inner.isLink = false
    inner.fitAfter = nil
    inner.endsOptionLater = false
    inner.isWholeBinding = false
    guard expression.node.allChildren.count <= 2 * Self.longest else {
      return fail(
        Diagnostic(
          .programTooBig, "this has more than \(grouped(Self.longest)) parts", at: span.start,
          label: "begins here"), span)
    }
    switch expression {
    case .missing: emit(.constant(.poison), span)
    case .number(let number): emit(.constant(Self.value(of: number)), span)
    case .kernel(let kernel):
      guard let size = kernel.size else { return emit(.constant(.poison), span) }
      emit(.constant(.kernel(Extent(size.height, size.width))), span)
    case .string(let string): emit(.constant(.string(string.value)), span)
    case .boolean(let boolean): emit(.constant(.boolean(boolean.value)), span)
    case .parenthesized(let view): lower(view.expression, context)
    case .name(let name): lowerName(name, context)
    case .call(let call): lowerCall(call, context)
    case .postfix(let postfix): lowerPostfix(postfix, inner)
    case .peer: lowerPeer(span, context)
    case .chain(let chain): lowerChain(chain, inner)
    case .operation(let operation):
      switch operation.family {
      case .or, .and: lowerLogic(operation, inner)
      case .sum: lowerSum(operation, inner, fitAfter: context.fitAfter)
      case .product: lowerProduct(operation, inner)
      }
    case .comparison(let comparison):
      guard let comparator = comparison.comparator.flatMap({ Comparator($0.kind) }) else {
        return emit(.constant(.poison), span)
      }
      schedule {
        $0.value(comparison.left, inner)
        $0.value(comparison.right, inner)
        $0.emit(.compare(comparator), span)
      }
    case .prefix(let prefix):
      schedule {
        $0.value(prefix.operand, inner)
        $0.emit(prefix.isNot ? .not : .negate, span)
      }
    case .range(let range): lowerRange(range, inner)
    case .sample(let sample): lowerSample(sample, inner)
    case .tuple(let tuple): lowerElements(tuple.elements, splices: true, span, inner)
    case .list(let list): lowerElements(list.elements, splices: false, span, inner)
    case .conditional(let view): lowerConditional(view, inner, isLink: context.isLink)
    case .repetition(let view): lowerRepetition(view, inner)
    case .each(let view): lowerEach(view, inner)
    case .then(let view): lowerThen(view, inner)
    }
  }

  /// The value of a literal; durations are in seconds, sizes in bytes.
  static func value(of number: NumberSyntax) -> Value {
    guard let literal = number.value else { return .poison }
    return literal.integer.map(Value.integer) ?? .float(literal.value)
  }

  private func lowerElements(
    _ elements: [ExpressionSyntax], splices: Bool, _ span: SourceSpan, _ context: Context
  ) {
    schedule { sequence in
      for element in elements { sequence.value(element, context) }
      sequence.emit(.collect(count: elements.count, splices: splices), span)
    }
  }

  private func lowerPeer(_ span: SourceSpan, _ context: Context) {
    if let slot = context.peerSlot { return emit(.peer(slot: slot), span) }
    fail(
      Diagnostic(
        .misplacedPeer, "`peer` is known only in an operand of a sum", at: span,
        label: "the shape of the other operands of `+`",
        help: [
          .init(
            "write it in an operand directly under `+`, or as the default of a cell that is applied there")
        ]),
      span)
  }

  // MARK: Chains and operators

  private func lowerChain(_ chain: ChainSyntax, _ context: Context) {
    let links = chain.links
    guard let first = links.first else { return emit(.constant(.poison), chain.span) }
    var linkContext = context
    linkContext.isLink = true
    var firstContext = context
    if links.count > 1, case .name(let name) = links[1], name.name == "fit" {
      let (end, last) = (first.span.end, links[1].span.end)
      firstContext.fitAfter = end.union(last)
    }
    schedule { sequence in
      sequence.value(first, firstContext)
      for (index, link) in links.enumerated().dropFirst() {
        // An option that is a layer is formed when it is applied.
        linkContext.endsOptionLater = isSpace && isChoice(link)
        sequence.value(link, linkContext)
        if let slot = context.peerSlot, case .name = link {
          sequence.emit(.attachPeer(slot: slot), link.span)
        }
        sequence.emit(.apply(isFirst: index == 1, start: first.span), link.span)
        if linkContext.endsOptionLater { sequence.emit(.endOption, link.span) }
      }
    }
  }

  private func lowerLogic(_ operation: OperationSyntax, _ context: Context) {
    let isAnd = operation.family == .and
    let end = newLabel()
    let operands = operation.operands
    schedule { sequence in
      for (index, operand) in operands.enumerated() {
        sequence.value(operand, context)
        let step: Instruction =
          index == operands.count - 1 ? .requireBool : .shortCircuit(isAnd: isAnd, label: end)
        sequence.emit(step, operand.span)
      }
      sequence.place(end)
    }
  }

  private func lowerSum(_ operation: OperationSyntax, _ context: Context, fitAfter: SourceSpan?) {
    let operands = operation.operands
    // What needs the shape of the others is evaluated after them.
    let late = operands.map { mayNeedPeer($0.node) }
    let order = operands.indices.filter { !late[$0] } + operands.indices.filter { late[$0] }
    var described = site(of: operation, operands, order: order)
    described.fitAfter = fitAfter
    described.usesFit = operands.indices.contains { late[$0] && appliesFit(operands[$0].node) }
    let site = add(described)
    let slot = late.contains(true) ? newSlot() : nil
    schedule { sequence in
      for (position, index) in order.enumerated() {
        var operandContext = context
        operandContext.peerSlot = nil
        if late[index], let slot {
          sequence.emit(.capturePeer(slot: slot, count: position), operands[index].span)
          operandContext.peerSlot = slot
        }
        sequence.value(operands[index], operandContext)
      }
      sequence.emit(.sum(site: site), operation.span)
    }
  }

  private func lowerProduct(_ operation: OperationSyntax, _ context: Context) {
    let operands = operation.operands
    let site = add(site(of: operation, operands, order: Array(operands.indices)))
    schedule { sequence in
      for operand in operands { sequence.value(operand, context) }
      sequence.emit(.product(site: site), operation.span)
    }
  }

  private func site(of operation: OperationSyntax, _ operands: [ExpressionSyntax], order: [Int])
    -> OperationSite
  {
    let tokens = operation.operators
    var operators: [ArithmeticOperator] = [operation.family == .sum ? .add : .multiply]
    operators += tokens.map { ArithmeticOperator($0.kind) ?? .add }
    while operators.count < operands.count { operators.append(operators[0]) }
    return OperationSite(
      operators: operators, operandSpans: operands.map(\.span),
      operandNames: operands.map { if case .name(let name) = $0 { name.name } else { nil } },
      operatorSpans: tokens.map(\.span), order: order)
  }

  /// Whether an operand of a sum reads `peer`, applies a cell with such a default, or a layer that may be one.
  private func mayNeedPeer(_ node: SyntaxNode) -> Bool {
    let first = firstPeerToken(from: node.tokenRange.lowerBound)
    return first < peerTokens.count && peerTokens[first] < node.tokenRange.upperBound
  }

  /// Whether one of the first such tokens of an operand is `fit`.
  private func appliesFit(_ node: SyntaxNode) -> Bool {
    peerTokens[firstPeerToken(from: node.tokenRange.lowerBound)...].prefix(16).contains {
      $0 < node.tokenRange.upperBound && TokenSyntax(tree: node.tree, index: $0).name == "fit"
    }
  }

  /// The index in `peerTokens` of the first one at or after a token.
  private func firstPeerToken(from token: Int) -> Int {
    var low = 0
    var high = peerTokens.count
    while low < high {
      let middle = (low + high) / 2
      if peerTokens[middle] < token { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The tokens of a module that may need the peers of the sum around them, in order: `peer`, cells with such a
  /// default, and parameters that may be one of those.
  static func peerTokens(of header: ModuleHeader, _ names: NameTable) -> [Int] {
    var layers: Set<String> = []
    for parameter in header.parameters where parameter.type == .layer || parameter.type == .any {
      layers.insert(parameter.name)
    }
    let tree = header.syntax.node.tree
    return header.syntax.node.tokenRange.filter { index in
      let token = TokenSyntax(tree: tree, index: index)
      if token.kind == .peerKeyword { return true }
      guard token.kind == .identifier else { return false }
      if layers.contains(token.name) { return true }
      var declaration = names.lookUp(token.name, in: header.file)
      if index >= 2, tree.tokens[index - 1].kind == .dot, tree.tokens[index - 2].kind == .identifier,
        let file = names.scopes[header.file].files[TokenSyntax(tree: tree, index: index - 2).name]
      {
        // `std.fit`, whatever else is called `fit` here.
        declaration = names.scopes[file].own[token.name] ?? declaration
      }
      guard case .module(let id)? = declaration else { return false }
      return names.modules[id].needsPeer
    }
  }

  // MARK: Control

  private func lowerConditional(_ view: IfSyntax, _ context: Context, isLink: Bool) {
    var branchContext = context
    branchContext.isLink = isLink
    let end = newLabel()
    schedule { sequence in
      for branch in view.branches {
        let next = newLabel()
        sequence.value(branch.condition, context)
        sequence.emit(.branch(ifFalse: next, poison: end), branch.condition.span)
        sequence.value(branch.value, branchContext)
        sequence.emit(.jump(label: end), branch.span)
        sequence.place(next)
      }
      sequence.value(view.otherwise, branchContext)
      sequence.place(end)
    }
  }

  private func lowerThen(_ view: ThenSyntax, _ context: Context) {
    guard let slot = context.copySlot else {
      return fail(
        Diagnostic(
          .misplacedThen, "`then` outside `repeat`", at: view.span,
          label: "there is no first copy here",
          help: [.init("`a then b` gives a to the first copy of a `repeat` and b to the rest")]),
        view.span)
    }
    let parts = view.parts
    guard parts.count <= 2 else {
      return fail(
        Diagnostic(
          .misplacedThen, "`then` gives the value of the first copy and of the rest; it takes two values",
          at: parts[2].span, label: "a third value",
          help: [.init("number the copies to tell more of them apart: repeat 3 as i ... if i == 1 { ... }")]),
        view.span)
    }
    let end = newLabel()
    schedule { sequence in
      for (index, part) in parts.enumerated() {
        guard index < parts.count - 1 else {
          sequence.value(part, context)
          break
        }
        let next = newLabel()
        sequence.emit(.unlessCopy(slot: slot, index: index, label: next), part.span)
        sequence.value(part, context)
        sequence.emit(.jump(label: end), part.span)
        sequence.place(next)
      }
      sequence.place(end)
    }
  }

  private func lowerRepetition(_ view: RepeatSyntax, _ context: Context) {
    let (countSlot, indexSlot) = (newSlot(), newSlot())
    let (top, end, poison, done) = (newLabel(), newLabel(), newLabel(), newLabel())
    let span = view.span
    let index = view.index
    let isUniform = index == nil && !view.body.node.contains(.thenKeyword) && !mayDecide(view.body.node)
    let named = isSpace ? group(name(ofRepeated: view.body), context) : context
    var body = named.element(indexSlot)
    body.copySlot = indexSlot
    body.isLink = true
    schedule { sequence in
      if let upper = view.upperCount {
        sequence.run { $0.lowerRange(view.count, upper, span, named.named("count")) }
      } else {
        sequence.value(view.count, context)
      }
      sequence.emit(
        .loopCount(countSlot: countSlot, indexSlot: indexSlot, poison: poison), view.count.span)
      if isUniform {
        sequence.value(view.body, body)
        sequence.emit(.repetition(countSlot: countSlot, isUniform: true), span)
      } else {
        sequence.run { lowering in
          lowering.pushScope()
          if let index { lowering.define(index.name, slot: indexSlot, span: index.span) }
          lowering.place(top)
          lowering.emit(.loopTest(countSlot: countSlot, indexSlot: indexSlot, end: end), span)
        }
        sequence.value(view.body, body)
        sequence.run { $0.popScope() }
        sequence.emit(.loopNext(indexSlot: indexSlot, top: top), span)
        sequence.place(end)
        sequence.emit(.repetition(countSlot: countSlot, isUniform: false), span)
      }
      sequence.emit(.jump(label: done), span)
      sequence.place(poison)
      sequence.emit(.constant(.poison), span)
      sequence.place(done)
    }
  }

  private func lowerEach(_ view: EachSyntax, _ context: Context) {
    let (listSlot, countSlot, indexSlot) = (newSlot(), newSlot(), newSlot())
    let elementSlot = newSlot(view.element?.name)
    let (top, end, poison, done) = (newLabel(), newLabel(), newLabel(), newLabel())
    let span = view.span
    schedule { sequence in
      sequence.value(view.list, context)
      sequence.emit(
        .loopList(listSlot: listSlot, countSlot: countSlot, indexSlot: indexSlot, poison: poison),
        view.list.span)
      sequence.run { lowering in
        lowering.pushScope()
        if let element = view.element {
          lowering.define(element.name, slot: elementSlot, span: element.span)
        }
        if let index = view.index { lowering.define(index.name, slot: indexSlot, span: index.span) }
        lowering.place(top)
        lowering.emit(.loopTest(countSlot: countSlot, indexSlot: indexSlot, end: end), span)
        lowering.emit(
          .loopElement(listSlot: listSlot, indexSlot: indexSlot, elementSlot: elementSlot), span)
      }
      sequence.value(view.body, context.element(indexSlot))
      sequence.run { $0.popScope() }
      sequence.emit(.loopNext(indexSlot: indexSlot, top: top), span)
      sequence.place(end)
      sequence.emit(.collectLoop(countSlot: countSlot), span)
      sequence.emit(.jump(label: done), span)
      sequence.place(poison)
      sequence.emit(.constant(.poison), span)
      sequence.place(done)
    }
  }
}
