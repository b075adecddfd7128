extension Formatter {
  /// Aligns consecutive lines of a chain that say the same kind of thing: names after `repeat`, arguments of the same
  /// layer, and the arrows after them.
  ///
  /// - Parameters:
  ///   - lines: the links of each line; all lines start at one column.
  ///   - indent: that column.
  ///   - tail: the columns after the last line.
  mutating func alignLines(_ links: [Link], _ lines: [Range<Int>], indent: Int, tail: Int) {
    guard lines.count > 1 else { return }
    var rows = lines.map { line in
      let tokens = links[line.lowerBound].tokens.lowerBound..<links[line.upperBound - 1].tokens.upperBound
      let width = indent + 3 + measure.width(tokens) + (line.upperBound == links.count ? tail : 0)
      return Row(links: line, width: width, isFlat: measure.isFlat(tokens) && width <= Self.width)
    }
    var pending: [(rows: Range<Int>, cell: Int)] = [(0..<rows.count, 0)]
    while let (range, cell) = pending.popLast() {
      for row in range { rows[row].pad = 0 }
      runs(range, where: { isParallel(links, rows[$0], rows[$1], cell) }) { run in
        guard cell > 0 || alignPrefixes(links, &rows, run) else { return }
        alignArguments(links, &rows, run, cell)
      }
      runs(range, where: { isArrowParallel(links, rows[$0], rows[$1], cell) }) { run in
        if alignArrows(links, &rows, run, cell) { pending.append((run, cell + 1)) }
      }
    }
  }

  /// A line of a chain while it is aligned.
  private struct Row {
    /// Its links.
    let links: Range<Int>
    /// Its columns, with the blanks added so far.
    var width: Int
    /// Whether it stands on one line.
    let isFlat: Bool
    /// The blanks added to the current cell.
    var pad = 0
  }

  /// Calls `body` with each maximal run of two rows or more whose neighbours satisfy the predicate.
  private func runs(
    _ range: Range<Int>, where isLinked: (Int, Int) -> Bool, _ body: (Range<Int>) -> Void
  ) {
    var start = range.lowerBound
    for row in range {
      if row + 1 < range.upperBound, isLinked(row, row + 1) { continue }
      if row > start { body(start..<row + 1) }
      start = row + 1
    }
  }

  private func node(_ links: [Link], _ row: Row, _ cell: Int) -> Int? {
    cell < row.links.count ? links[row.links.lowerBound + cell].node : nil
  }

  /// Whether two rows call the same layer in a cell.
  private func isParallel(_ links: [Link], _ a: Row, _ b: Row, _ cell: Int) -> Bool {
    guard a.isFlat, b.isFlat, let left = node(links, a, cell).flatMap(callee(of:)),
      let right = node(links, b, cell).flatMap(callee(of:)), isSameText(left.name, right.name)
    else { return false }
    // Only the first cell pads what stands before the name.
    return cell == 0 || prefixWidth(links, a, cell) == prefixWidth(links, b, cell)
  }

  /// Whether the arrows after a cell belong below each other: the layers before or after them are the same.
  private func isArrowParallel(_ links: [Link], _ a: Row, _ b: Row, _ cell: Int) -> Bool {
    guard a.isFlat, b.isFlat, cell + 1 < a.links.count, cell + 1 < b.links.count else { return false }
    for index in cell...cell + 1 {
      if let left = node(links, a, index).flatMap(callee(of:)),
        let right = node(links, b, index).flatMap(callee(of:)), isSameText(left.name, right.name)
      {
        return true
      }
    }
    return false
  }

  /// The columns of `repeat 3 ` before the name in a cell.
  private func prefixWidth(_ links: [Link], _ row: Row, _ cell: Int) -> Int {
    guard let node = node(links, row, cell), let name = callee(of: node)?.name else { return 0 }
    let first = tokens(of: node).lowerBound
    return Int(measure.places[name].start - measure.places[first].start)
  }

  /// Puts the names of the first cells below each other; says whether they are.
  private mutating func alignPrefixes(_ links: [Link], _ rows: inout [Row], _ run: Range<Int>) -> Bool {
    let widths = run.map { prefixWidth(links, rows[$0], 0) }
    let widest = widths.max() ?? 0
    let pads = widths.map { widest - $0 }
    guard add(pads, to: &rows, run) else { return pads.allSatisfy { $0 == 0 } }
    for (row, pad) in zip(run, pads) {
      guard pad > 0, let node = node(links, rows[row], 0), let name = callee(of: node)?.name else { continue }
      extra[name] += UInt32(pad)
    }
    return true
  }

  /// Adds blanks to rows, if all still fit.
  private func add(_ pads: [Int], to rows: inout [Row], _ run: Range<Int>) -> Bool {
    for (row, pad) in zip(run, pads) where rows[row].width + pad > Self.width { return false }
    for (row, pad) in zip(run, pads) {
      rows[row].width += pad
      rows[row].pad += pad
    }
    return true
  }

  private mutating func alignArrows(_ links: [Link], _ rows: inout [Row], _ run: Range<Int>, _ cell: Int)
    -> Bool
  {
    let widths = run.map { measure.width(links[rows[$0].links.lowerBound + cell].tokens) + rows[$0].pad }
    let widest = widths.max() ?? 0
    let pads = widths.map { widest - $0 }
    guard add(pads, to: &rows, run) else { return false }
    for (row, pad) in zip(run, pads) {
      extra[links[rows[row].links.lowerBound + cell + 1].arrow] += UInt32(pad)
    }
    return true
  }

  // MARK: Arguments

  /// Puts the arguments of one layer below each other as far as their labels agree; numbers without labels end below
  /// each other.
  private mutating func alignArguments(_ links: [Link], _ rows: inout [Row], _ run: Range<Int>, _ cell: Int) {
    let arguments = run.map { row -> [Int] in
      guard let node = node(links, rows[row], cell), let list = callee(of: node)?.arguments else { return [] }
      return tree.elementRange(of: list).filter { tree.elements[$0].isNode }.map { tree.elements[$0].index }
    }
    let first = run.lowerBound
    // How many leading arguments a row has in common with the next one.
    let common = run.dropLast().map { commonArguments(arguments[$0 - first], arguments[$0 - first + 1]) }
    var pending: [(rows: Range<Int>, column: Int)] = []
    func push(_ range: Range<Int>, _ column: Int) {
      runs(range, where: { row, _ in common[row - first] > column }) { pending.append(($0, column)) }
    }
    push(run, 0)
    while let (rowRange, column) = pending.popLast() {
      var widths = rowRange.map { measure.width(tokens(of: arguments[$0 - first][column])) }
      let widest = widths.max() ?? 0
      if rowRange.allSatisfy({ isNumber(arguments[$0 - first][column]) }) {
        let pads = widths.map { widest - $0 }
        guard add(pads, to: &rows, rowRange) else { continue }
        for (row, pad) in zip(rowRange, pads) {
          extra[tokens(of: arguments[row - first][column]).lowerBound] += UInt32(pad)
        }
        widths = widths.map { _ in widest }
      }
      runs(rowRange, where: { row, _ in common[row - first] > column + 1 }) { next in
        let start = rowRange.lowerBound
        let widest = next.map { widths[$0 - start] }.max() ?? 0
        let pads = next.map { widest - widths[$0 - start] }
        guard add(pads, to: &rows, next) else { return }
        for (row, pad) in zip(next, pads) {
          extra[tokens(of: arguments[row - first][column + 1]).lowerBound] += UInt32(pad)
        }
        pending.append((next, column + 1))
      }
    }
  }

  /// The number of leading arguments that have the same labels, or none, in both lists.
  private func commonArguments(_ a: [Int], _ b: [Int]) -> Int {
    var count = 0
    while count < min(a.count, b.count) {
      let (left, right) = (tokens(of: a[count]).lowerBound, tokens(of: b[count]).lowerBound)
      let isLabelled = isLabel(left, of: a[count])
      guard isLabelled == isLabel(right, of: b[count]), !isLabelled || isSameText(left, right) else { break }
      count += 1
    }
    return count
  }

  private func isLabel(_ token: Int, of argument: Int) -> Bool {
    let elements = tree.elementRange(of: argument)
    return elements.count > 1 && !tree.elements[elements.lowerBound].isNode
  }

  private func isNumber(_ argument: Int) -> Bool {
    let range = tokens(of: argument)
    return range.count == 1 && tree.tokens[range.lowerBound].kind == .number
  }
}

/// The text with the comments after code on consecutive lines below each other, two blanks after the longest line.
/// Lines whose lengths differ by more than `reach` columns stay apart.
func aligningComments(_ text: [UInt8], _ comments: [Formatter.TrailingComment], reach: Int = 30) -> [UInt8] {
  if comments.isEmpty { return text }
  var result: [UInt8] = []
  result.reserveCapacity(text.count + comments.count * 8)
  var copied = 0
  var start = 0
  while start < comments.count {
    var end = start + 1
    var widest = comments[start].column
    while end < comments.count, comments[end].line == comments[end - 1].line + 1,
      abs(comments[end].column - comments[end - 1].column) <= reach
    {
      widest = max(widest, comments[end].column)
      end += 1
    }
    for comment in comments[start..<end] {
      result += text[copied..<comment.offset]
      for _ in 0..<widest + 2 - comment.column { result.append(0x20) }
      copied = comment.offset
    }
    start = end
  }
  result += text[copied...]
  return result
}
