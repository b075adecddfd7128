extension Formatter {
  /// A link of a chain.
  struct Link {
    /// The token `->`.
    let arrow: Int
    /// The node after it.
    let node: Int
    /// The tokens of the node.
    let tokens: Range<Int>
  }

  /// The last column of an arrow on the first line of a chain with which the other lines are aligned.
  private static let hangingColumn = 14

  /// A chain that does not fit on one line, or that has lines of its own in the source.
  ///
  /// The lines begin where the author began them. Where there are none, or one is too long, lines begin before
  /// repeats and the final pool, before the links that have the name of the first one, and where links with arguments
  /// follow plain ones; when that is not enough every link has its line.
  mutating func emitChain(_ node: Int, tail: Int) {
    let base = lineIndent
    let elements = tree.elementRange(of: node)
    let head = tree.elements[elements.lowerBound].index
    let links = chainLinks(elements)
    var starts = links.map(startsLine)
    if !starts.contains(true) {
      if emitHugging(head, links, tail: tail) { return }
      for unit in units(links, 0..<links.count) { starts[unit.lowerBound] = true }
    }
    var firstLine: Range<Int>?
    var indent = base + Self.indent
    var lines: [Range<Int>] = []
    if !starts[0] {
      let end = starts.firstIndex(of: true) ?? links.count
      let range = tokens(of: head).lowerBound..<links[end - 1].tokens.upperBound
      if fits(range) {
        firstLine = 0..<end
        let hanging = column + measure.width(tokens(of: head)) + 1
        if hanging <= Self.hangingColumn,
          let fitting = brokenLines(links, starts, from: end, indent: hanging, tail: tail, strict: true)
        {
          indent = hanging
          lines = fitting
        }
      } else {
        starts[0] = true
      }
    }
    if lines.isEmpty {
      lines =
        brokenLines(
          links, starts, from: firstLine?.upperBound ?? 0, indent: indent, tail: tail, strict: false)
        ?? []
    }
    var aligned = lines
    if let firstLine, indent != base + Self.indent { aligned.insert(firstLine, at: 0) }
    alignLines(links, aligned, indent: indent, tail: tail)
    if let firstLine {
      emitFlat(tokens(of: head).lowerBound..<links[firstLine.upperBound - 1].tokens.upperBound)
    } else {
      emit(head, tail: 0)
    }
    for line in lines {
      emitLine(links, line, indent: indent, tail: line.upperBound == links.count ? tail : 0)
    }
  }

  private func chainLinks(_ elements: Range<Int>) -> [Link] {
    var links: [Link] = []
    links.reserveCapacity(elements.count / 2)
    var index = elements.lowerBound + 1
    while index + 1 < elements.upperBound {
      let node = tree.elements[index + 1].index
      links.append(Link(arrow: tree.elements[index].index, node: node, tokens: tokens(of: node)))
      index += 2
    }
    return links
  }

  /// Whether a link starts a line whatever the width: in the source, or because of a comment before it.
  private func startsLine(_ link: Link) -> Bool {
    let place = measure.places[link.arrow]
    return place.flags.contains(.needsLine)
      || measure.places[link.arrow - 1].commentEnd != measure.places[link.tokens.lowerBound].commentEnd
  }

  private mutating func emitLine(_ links: [Link], _ line: Range<Int>, indent: Int, tail: Int) {
    let (first, last) = (links[line.lowerBound], links[line.upperBound - 1])
    startLine(first.arrow, indent: indent, .never, through: first.tokens.lowerBound)
    put(first.arrow)
    follow(first.tokens.lowerBound)
    if line.count > 1 {
      emitFlat(first.tokens.lowerBound..<last.tokens.lowerBound)
      follow(last.tokens.lowerBound)
    }
    emit(last.node, tail: tail)
  }

  // MARK: One broken part

  /// A chain on one line but for its last or first part, which has to be broken wherever it stands: a list of options
  /// that opens at the end of the line, or a block after which the chain goes on.
  private mutating func emitHugging(_ head: Int, _ links: [Link], tail: Int) -> Bool {
    let range = tokens(of: head)
    let last = links[links.count - 1]
    if let opening = openingWidth(last.node),
      !fitsAlone(last, indent: lineIndent + Self.indent, tail: tail),
      fits(range.lowerBound..<links[links.count - 1].arrow, tail: 4 + opening)
    {
      emitFlat(range.lowerBound..<last.arrow)
      follow(last.arrow)
      put(last.arrow)
      follow(last.tokens.lowerBound)
      emit(last.node, tail: tail)
      return true
    }
    let rest = links[0].arrow..<last.tokens.upperBound
    if openingWidth(head) != nil, kind(of: head) != .conditional, !fits(range), measure.isFlat(rest),
      lineIndent + 2 + measure.width(rest) + tail <= Self.width
    {
      emit(head, tail: 0)
      follow(rest.lowerBound)
      emitFlat(rest)
      return true
    }
    return false
  }

  private func fitsAlone(_ link: Link, indent: Int, tail: Int) -> Bool {
    measure.isFlat(link.tokens) && indent + 3 + measure.width(link.tokens) + tail <= Self.width
  }

  /// The columns up to the bracket at which a node can be broken, if it has one.
  private func openingWidth(_ node: Int) -> Int? {
    let range = tokens(of: node)
    switch kind(of: node) {
    case .list, .tuple, .parenthesized: return 1
    case .call: return measure.width(range.lowerBound..<range.lowerBound + 2)
    case .conditional, .each:
      let brace = range.first { tree.tokens[$0].kind == .leftBrace }
      return brace.map { measure.width(range.lowerBound..<$0 + 1) }
    case .repetition, .sample:
      guard let body = tree.elementRange(of: node).last, tree.elements[body].isNode else { return nil }
      let inner = tree.elements[body].index
      guard kind(of: inner) != .repetition else { return nil }
      return openingWidth(inner).map {
        $0 + 1 + measure.width(range.lowerBound..<tokens(of: inner).lowerBound)
      }
    default: return nil
    }
  }

  // MARK: Lines

  /// The links `from...` in lines that fit at `indent`; nil in strict mode when one does not.
  private func brokenLines(
    _ links: [Link], _ starts: [Bool], from: Int, indent: Int, tail: Int, strict: Bool
  ) -> [Range<Int>]? {
    var lines: [Range<Int>] = []
    var start = from
    while start < links.count {
      var end = start + 1
      while end < links.count, !starts[end] { end += 1 }
      let after = end == links.count ? tail : 0
      guard divide(links, start..<end, indent: indent, tail: after, strict: strict, into: &lines) else {
        return nil
      }
      start = end
    }
    return lines
  }

  private func divide(
    _ links: [Link], _ line: Range<Int>, indent: Int, tail: Int, strict: Bool, into lines: inout [Range<Int>]
  ) -> Bool {
    let last = links[line.upperBound - 1]
    let start = links[line.lowerBound].tokens.lowerBound
    let tokens = start..<last.tokens.upperBound
    if measure.isFlat(tokens), indent + 3 + measure.width(tokens) + tail <= Self.width {
      lines.append(line)
      return true
    }
    if line.count == 1 {
      lines.append(line)
      return !strict
    }
    if !strict, let opening = openingWidth(last.node), !fitsAlone(last, indent: indent, tail: tail) {
      let before = start..<last.arrow
      if measure.isFlat(before), indent + 7 + measure.width(before) + opening <= Self.width {
        lines.append(line)
        return true
      }
    }
    let parts = units(links, line)
    let isSplit = parts.count > 1
    for part in isSplit ? parts : line.map({ $0..<$0 + 1 }) {
      let after = part.upperBound == line.upperBound ? tail : 0
      guard divide(links, part, indent: indent, tail: after, strict: strict, into: &lines) else {
        return false
      }
    }
    return true
  }

  /// The runs of links that belong together.
  private func units(_ links: [Link], _ line: Range<Int>) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = line.lowerBound
    let name = callee(of: links[start].node)
    for index in line.dropFirst() {
      let (link, before) = (links[index], links[index - 1])
      let isRepeat =
        kind(of: link.node) == .repetition || (kind(of: before.node) == .repetition && isLight(link))
      let isSame =
        name.map { text in callee(of: link.node).map { isSameText($0.name, text.name) } ?? false } ?? false
      if isRepeat || isSame || isHead(link) || (!isLight(links[start]) && !isLight(link) && isLight(before)) {
        parts.append(start..<index)
        start = index
      }
    }
    parts.append(start..<line.upperBound)
    return parts
  }

  /// Whether a link opens the last part of a network: the pool over all places.
  private func isHead(_ link: Link) -> Bool {
    isLight(link)
      && tree.source.utf8[tree.tokens[link.tokens.lowerBound].range].elementsEqual("global_avg_pool".utf8)
  }

  /// Whether a link is a plain name such as `relu`.
  private func isLight(_ link: Link) -> Bool { kind(of: link.node) == .name }

  // MARK: Names

  /// The name that a link calls, and the argument list if there is one; a `repeat` before it is looked through.
  func callee(of node: Int) -> (name: Int, arguments: Int?)? {
    var node = node
    while kind(of: node) == .repetition {
      guard let body = tree.elementRange(of: node).last, tree.elements[body].isNode else { return nil }
      node = tree.elements[body].index
    }
    let first = tokens(of: node).lowerBound
    switch kind(of: node) {
    case .name: return (first, nil)
    case .call: return (first, tree.elements[tree.elementRange(of: node).lowerBound + 1].index)
    default: return nil
    }
  }

  /// Whether two tokens are spelt alike.
  func isSameText(_ a: Int, _ b: Int) -> Bool {
    let bytes = tree.source.utf8
    let (x, y) = (tree.tokens[a].range, tree.tokens[b].range)
    guard x.count == y.count else { return false }
    for offset in 0..<x.count where bytes[x.lowerBound + offset] != bytes[y.lowerBound + offset] {
      return false
    }
    return true
  }
}
