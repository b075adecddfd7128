extension Formatter {
  /// A bracketed list, broken: one item a line with a comma after each, or plain values as many as fit.
  ///
  /// - Parameters:
  ///   - elements: the opening bracket, items and commas, and the closing bracket.
  ///   - kind: the node; parentheses around one value take no comma.
  mutating func emitBracketed(_ elements: Range<Int>, _ kind: SyntaxKind) {
    let base = lineIndent
    let (opener, closer) = (elements.lowerBound, elements.upperBound - 1)
    put(tree.elements[opener].index)
    let items = (opener + 1..<max(opener + 1, closer)).filter { tree.elements[$0].isNode }
      .map { tree.elements[$0].index }
    let tokens = tree.elements[opener].index..<tree.elements[closer].index + 1
    if canFill(items, kind, tokens) {
      emitFilled(items, indent: base + Self.indent)
    } else {
      alignLabels(items, indent: base + Self.indent, tail: 1)
      for (number, item) in items.enumerated() {
        startLine(
          self.tokens(of: item).lowerBound, indent: base + Self.indent, number == 0 ? .opening : .keep)
        emit(item, tail: 1)
        let comma = self.tokens(of: item).upperBound
        if tree.tokens[comma].kind == .comma {
          putComma(comma)
        } else if kind != .parenthesized {
          insertComma()
        }
      }
    }
    startLine(
      tree.elements[closer].index, indent: base, .closing, commentIndent: base + Self.indent)
    put(tree.elements[closer].index)
  }

  /// Whether the items are plain values, which share lines.
  private func canFill(_ items: [Int], _ kind: SyntaxKind, _ range: Range<Int>) -> Bool {
    guard kind == .list || kind == .tuple || kind == .inputShape, items.count > 1 else { return false }
    let comments = measure.places[range.upperBound - 1].commentEnd
    guard measure.places[range.lowerBound].commentEnd == comments else { return false }
    return items.allSatisfy { tokens(of: $0).count == 1 }
  }

  private mutating func emitFilled(_ items: [Int], indent: Int) {
    for (number, item) in items.enumerated() {
      let token = tokens(of: item).lowerBound
      let width = Int(measure.places[token].width)
      if number == 0 || column + width + 2 > Self.width {
        startLine(token, indent: indent, .never)
      } else {
        blanks(1)
      }
      put(token)
      insertComma()
    }
  }

  /// Aligns the values of labelled items on consecutive lines (`label:  value`), where all still fit.
  mutating func alignLabels(_ items: [Int], indent: Int, tail: Int) {
    var start = 0
    while start < items.count {
      guard let first = labelWidth(items[start]) else {
        start += 1
        continue
      }
      var end = start + 1
      var widest = first
      while end < items.count, !measure.isSeparated(tokens(of: items[end]).lowerBound),
        let width = labelWidth(items[end])
      {
        widest = max(widest, width)
        end += 1
      }
      alignLabels(items[start..<end], to: widest, indent: indent, tail: tail)
      start = end
    }
  }

  private mutating func alignLabels(_ items: ArraySlice<Int>, to widest: Int, indent: Int, tail: Int) {
    for item in items {
      let range = tokens(of: item)
      let pad = widest - (labelWidth(item) ?? widest)
      let width = indent + measure.width(range) + tail
      if measure.isFlat(range), width <= Self.width, width + pad > Self.width { return }
    }
    for item in items {
      guard let width = labelWidth(item), let value = labelledValue(item) else { continue }
      extra[value] = UInt32(widest - width)
    }
  }

  /// The first token after the label and colon of an argument, field or output.
  private func labelledValue(_ item: Int) -> Int? {
    switch kind(of: item) {
    case .argument, .field, .output:
      for index in tree.elementRange(of: item) {
        let element = tree.elements[index]
        if element.isNode { return nil }
        if tree.tokens[element.index].kind == .colon { return element.index + 1 }
      }
      return nil
    default: return nil
    }
  }

  /// The columns of a label with its colon.
  private func labelWidth(_ item: Int) -> Int? {
    labelledValue(item).map { measure.width(tokens(of: item).lowerBound..<$0) }
  }
}
