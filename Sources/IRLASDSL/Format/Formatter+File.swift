extension Formatter {
  /// The version, the `use` lines and the declarations; one empty line around each declaration of several lines.
  mutating func emitFile() {
    var previous: (kind: SyntaxKind, isOneLine: Bool)?
    let elements = Array(tree.elementRange(of: tree.nodes.count - 1))
    alignChecks(elements)
    for index in elements {
      let element = tree.elements[index]
      let first = firstToken(element)
      guard element.isNode else {
        // The end of the file: what comments remain.
        if !measure.commentRange(before: first).isEmpty { startLine(first, indent: 0, .closing) }
        break
      }
      let kind = kind(of: element.index)
      let isOneLine = isOneLine(element.index)
      switch kind {
      case .version, .use: startLine(first, indent: 0, previous == nil ? .opening : separation(first))
      default:
        let isRow = previous.map { $0.kind == kind && $0.isOneLine && isOneLine } ?? true
        startLine(first, indent: 0, previous == nil ? .opening : isRow ? .keep : .one)
      }
      emitDeclaration(element.index, kind, isOneLine: isOneLine)
      previous = (kind, isOneLine)
    }
    while let last = output.last, last == 0x0A || last == 0x20 { output.removeLast() }
    if !output.isEmpty { output.append(0x0A) }
  }

  /// The lines at the top stand together, comments between them apart.
  private func separation(_ first: Int) -> EmptyLines {
    measure.commentRange(before: first).contains { !measure.comments[$0].isTrailing } ? .keep : .never
  }

  /// Whether a declaration stands on one line: it fits, and its body stands on one line in the source.
  private func isOneLine(_ node: Int) -> Bool {
    let range = tokens(of: node)
    guard measure.isFlat(range), measure.width(range) <= Self.width else { return false }
    switch kind(of: node) {
    case .module, .recipe, .search:
      let elements = tree.elementRange(of: node)
      if elements.contains(where: { isNode(tree.elements[$0], .attribute) }) { return false }
      guard let brace = elements.first(where: { tokenKind(tree.elements[$0]) == .leftBrace }) else {
        return true
      }
      let open = tree.elements[brace].index
      if open + 2 == range.upperBound { return true }
      return measure.places[range.upperBound - 1].lines == measure.places[open].lines
    default: return true
    }
  }

  private func isNode(_ element: SyntaxTree.Element, _ kind: SyntaxKind) -> Bool {
    element.isNode && self.kind(of: element.index) == kind
  }

  private mutating func emitDeclaration(_ node: Int, _ kind: SyntaxKind, isOneLine: Bool) {
    if isOneLine { return emitFlat(tokens(of: node)) }
    let elements = tree.elementRange(of: node)
    switch kind {
    case .module: emitModule(elements)
    case .recipe, .search: emitFields(elements)
    case .check, .use:
      let brace = elements.first { tokenKind(tree.elements[$0]) == .leftBrace } ?? elements.upperBound
      emitChildren(elements.lowerBound..<brace, tail: 2)
      if brace < elements.upperBound {
        follow(tree.elements[brace].index)
        emitBracketed(brace..<elements.upperBound, kind)
      }
    default: emitChildren(elements, tail: 0)
    }
  }

  /// Aligns the braces of `check` lines that follow one another.
  private mutating func alignChecks(_ elements: [Int]) {
    var run: [(node: Int, brace: Int, width: Int)] = []
    for index in elements {
      let element = tree.elements[index]
      var brace: Int?
      if isNode(element, .check), isOneLine(element.index) {
        brace = tree.elementRange(of: element.index).first { tokenKind(tree.elements[$0]) == .leftBrace }
      }
      if run.isEmpty || brace == nil || measure.isSeparated(firstToken(element)) {
        align(run)
        run = []
      }
      if let brace {
        let token = tree.elements[brace].index
        run.append(
          (element.index, token, measure.width(tokens(of: element.index).lowerBound..<token)))
      }
    }
    align(run)
  }

  /// Puts tokens of lines that follow one another below each other, if all lines still fit.
  private mutating func align(_ run: [(node: Int, brace: Int, width: Int)], indent: Int = 0) {
    guard run.count > 1, let widest = run.map(\.width).max() else { return }
    let fits = run.allSatisfy {
      indent + measure.width(tokens(of: $0.node)) + widest - $0.width <= Self.width
    }
    guard fits else { return }
    for line in run { extra[line.brace] = UInt32(widest - line.width) }
  }

  // MARK: Cells, networks and spaces

  private mutating func emitModule(_ elements: Range<Int>) {
    var index = elements.lowerBound
    while index < elements.upperBound, isNode(tree.elements[index], .attribute) {
      if index > elements.lowerBound { startLine(firstToken(tree.elements[index]), indent: 0, .opening) }
      emitChildren(tree.elementRange(of: tree.elements[index].index), tail: 0)
      index += 1
    }
    guard index < elements.upperBound else { return }
    if index > elements.lowerBound { startLine(firstToken(tree.elements[index]), indent: 0, .opening) }
    let brace =
      (index..<elements.upperBound).first { tokenKind(tree.elements[$0]) == .leftBrace }
      ?? elements.upperBound
    guard brace < elements.upperBound else { return }
    emitHeader(index..<brace)
    follow(tree.elements[brace].index)
    put(tree.elements[brace].index)
    emitBody(brace + 1..<elements.upperBound)
  }

  /// The keyword, the name and the parameters.
  private mutating func emitHeader(_ elements: Range<Int>) {
    let brace = firstToken(tree.elements[elements.upperBound])
    let range = tree.elements[elements.lowerBound].index..<brace
    if fits(range, tail: 2) { return emitFlat(range) }
    let opener = elements.first { tokenKind(tree.elements[$0]) == .leftParenthesis } ?? elements.upperBound
    emitChildren(elements.lowerBound..<opener, tail: 2)
    if opener < elements.upperBound {
      follow(tree.elements[opener].index)
      emitBracketed(opener..<elements.upperBound, .module)
    }
  }

  /// What stands in the braces of a cell, network or space, and the closing brace.
  private mutating func emitBody(_ elements: Range<Int>) {
    let statements =
      elements.first {
        let element = tree.elements[$0]
        return element.isNode
          ? kind(of: element.index) != .input
          : element.index != firstInput(elements)
            && tree.tokens[element.index].kind == .rightBrace
      } ?? elements.upperBound
    if elements.lowerBound < statements { emitInputs(elements.lowerBound..<statements) }
    alignBindings(statements..<elements.upperBound)
    for index in statements..<elements.upperBound {
      let element = tree.elements[index]
      let first = firstToken(element)
      guard element.isNode else {
        startLine(first, indent: 0, .closing, commentIndent: Self.indent)
        put(first)
        continue
      }
      startLine(first, indent: Self.indent, .keep)
      if kind(of: element.index) == .returnStatement {
        emitReturn(element.index)
      } else {
        emit(element.index, tail: 0)
      }
    }
  }

  private func firstInput(_ elements: Range<Int>) -> Int { firstToken(tree.elements[elements.lowerBound]) }

  /// `in` and the inputs; those that do not fit on one line below each other.
  private mutating func emitInputs(_ elements: Range<Int>) {
    let first = firstInput(elements)
    let last = tree.elements[elements.upperBound - 1]
    let end = last.isNode ? tokens(of: last.index).upperBound : last.index + 1
    startLine(first, indent: Self.indent, .opening)
    if fits(first..<end) { return emitFlat(first..<end) }
    for index in elements {
      let element = tree.elements[index]
      if element.isNode {
        if index > elements.lowerBound + 1 {
          startLine(firstToken(element), indent: Self.indent + 3, .never)
        } else {
          follow(firstToken(element))
        }
        emit(element.index, tail: 1)
      } else {
        if index > elements.lowerBound { putComma(element.index) } else { put(element.index) }
      }
    }
  }

  /// Aligns the `=` of bindings on consecutive lines, unless their names differ widely in length.
  private mutating func alignBindings(_ elements: Range<Int>) {
    var run: [(node: Int, brace: Int, width: Int)] = []
    for index in elements {
      let element = tree.elements[index]
      var line: (node: Int, brace: Int, width: Int)?
      if isNode(element, .binding) {
        let range = tokens(of: element.index)
        if measure.isFlat(range), Self.indent + measure.width(range) <= Self.width,
          let sign = tree.elementRange(of: element.index).first(where: {
            tokenKind(tree.elements[$0]) == .equal
          })
        {
          let token = tree.elements[sign].index
          line = (element.index, token, measure.width(range.lowerBound..<token))
        }
      }
      let isFar = line.map { new in run.last.map { abs($0.width - new.width) > 4 } ?? false } ?? true
      if isFar || measure.isSeparated(firstToken(element)) {
        align(run, indent: Self.indent)
        run = []
      }
      if let line { run.append(line) }
    }
    align(run, indent: Self.indent)
  }

  /// `return`; several outputs that do not fit on one line each on a line.
  private mutating func emitReturn(_ node: Int) {
    let range = tokens(of: node)
    if fits(range) { return emitFlat(range) }
    let elements = tree.elementRange(of: node)
    let outputs = elements.filter { tree.elements[$0].isNode }.map { tree.elements[$0].index }
    guard outputs.count > 1 else { return emitChildren(elements, tail: 0) }
    put(range.lowerBound)
    let indent = 2 * Self.indent
    alignLabels(outputs, indent: indent, tail: 1)
    for (number, output) in outputs.enumerated() {
      startLine(tokens(of: output).lowerBound, indent: indent, number == 0 ? .opening : .keep)
      emit(output, tail: 1)
      let comma = tokens(of: output).upperBound
      if number < outputs.count - 1 { putComma(comma) }
    }
  }

  // MARK: Recipes and searches

  private mutating func emitFields(_ elements: Range<Int>) {
    let brace = elements.first { tokenKind(tree.elements[$0]) == .leftBrace } ?? elements.upperBound
    emitChildren(elements.lowerBound..<brace, tail: 2)
    guard brace < elements.upperBound else { return }
    follow(tree.elements[brace].index)
    put(tree.elements[brace].index)
    alignLabels(
      (brace..<elements.upperBound).filter { tree.elements[$0].isNode }.map { tree.elements[$0].index },
      indent: Self.indent, tail: 0)
    for index in brace + 1..<elements.upperBound {
      let element = tree.elements[index]
      let first = firstToken(element)
      if element.isNode {
        startLine(first, indent: Self.indent, index == brace + 1 ? .opening : .keep)
        emit(element.index, tail: 0)
      } else {
        startLine(first, indent: 0, .closing, commentIndent: Self.indent)
        put(first)
      }
    }
  }
}
