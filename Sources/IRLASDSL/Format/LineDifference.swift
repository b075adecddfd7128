/// Lines of an old text that other lines replace.
package struct LineChange: Hashable, Sendable {
  /// The lines that go, from 0; empty for an insertion.
  package let old: Range<Int>
  /// The lines of the new text that come; empty for a deletion.
  package let new: Range<Int>
}

/// Two texts line by line.
package struct LineDifference: Sendable {
  /// The lines of the old text, with their line ends.
  package let old: [ArraySlice<UInt8>]
  /// The lines of the new text, with their line ends.
  package let new: [ArraySlice<UInt8>]
  /// What differs, from the top.
  package let changes: [LineChange]

  /// More differing lines than this are not told apart: what lies between the first and the last is one change.
  private static let limit = 800

  /// Compares two texts (Myers, "An O(ND) difference algorithm and its variations", 1986). Linear where the texts
  /// differ in few lines; at most `limit` times the number of lines otherwise.
  package init(from before: [UInt8], to after: [UInt8]) {
    old = Self.lines(before)
    new = Self.lines(after)
    var numbers: [ArraySlice<UInt8>: Int] = [:]
    func number(_ line: ArraySlice<UInt8>) -> Int {
      if let number = numbers[line] { return number }
      numbers[line] = numbers.count
      return numbers.count - 1
    }
    let a = old.map(number)
    let b = new.map(number)
    var low = 0
    while low < min(a.count, b.count), a[low] == b[low] { low += 1 }
    var high = 0
    while high < min(a.count, b.count) - low, a[a.count - 1 - high] == b[b.count - 1 - high] { high += 1 }
    changes = Self.changes(a[low..<a.count - high], b[low..<b.count - high])
  }

  private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    for index in bytes.indices where bytes[index] == 0x0A {
      lines.append(bytes[start...index])
      start = index + 1
    }
    if start < bytes.count { lines.append(bytes[start...]) }
    return lines
  }

  private static func changes(_ a: ArraySlice<Int>, _ b: ArraySlice<Int>) -> [LineChange] {
    if a.isEmpty, b.isEmpty { return [] }
    let whole = [LineChange(old: a.startIndex..<a.endIndex, new: b.startIndex..<b.endIndex)]
    if a.isEmpty || b.isEmpty { return whole }
    guard let trace = trace(a, b) else { return whole }
    // Backwards along the path: single insertions and deletions, joined where they touch.
    var reversed: [LineChange] = []
    var (x, y) = (a.count, b.count)
    for step in stride(from: trace.count - 1, to: 0, by: -1) {
      let furthest = trace[step - 1]
      let diagonal = x - y
      let isDown =
        diagonal == -step || (diagonal != step && at(furthest, diagonal - 1) < at(furthest, diagonal + 1))
      let previous = isDown ? diagonal + 1 : diagonal - 1
      let startX = at(furthest, previous)
      let startY = startX - previous
      // The diagonal after the step, then the step.
      x = isDown ? startX : startX + 1
      y = isDown ? startY + 1 : startY
      let change = LineChange(
        old: a.startIndex + startX..<a.startIndex + x, new: b.startIndex + startY..<b.startIndex + y)
      if let last = reversed.last, last.old.lowerBound == change.old.upperBound,
        last.new.lowerBound == change.new.upperBound
      {
        reversed[reversed.count - 1] = LineChange(
          old: change.old.lowerBound..<last.old.upperBound, new: change.new.lowerBound..<last.new.upperBound)
      } else {
        reversed.append(change)
      }
      (x, y) = (startX, startY)
    }
    return reversed.reversed()
  }

  /// The furthest x on a diagonal of a step, whose array holds the diagonals -step...step.
  private static func at(_ furthest: [Int], _ diagonal: Int) -> Int {
    let index = diagonal + furthest.count / 2
    return furthest.indices.contains(index) ? furthest[index] : -1
  }

  /// For every number of differences the furthest places reached; nil beyond the limit.
  private static func trace(_ a: ArraySlice<Int>, _ b: ArraySlice<Int>) -> [[Int]]? {
    var trace: [[Int]] = []
    for step in 0...min(limit, a.count + b.count) {
      var furthest = [Int](repeating: -1, count: 2 * step + 1)
      for diagonal in stride(from: -step, through: step, by: 2) {
        var x = 0
        if step > 0 {
          let previous = trace[step - 1]
          let isDown =
            diagonal == -step || (diagonal != step && at(previous, diagonal - 1) < at(previous, diagonal + 1))
          x = isDown ? at(previous, diagonal + 1) : at(previous, diagonal - 1) + 1
        }
        var y = x - diagonal
        while x < a.count, y < b.count, a[a.startIndex + x] == b[b.startIndex + y] {
          x += 1
          y += 1
        }
        furthest[diagonal + step] = x
        if x >= a.count, y >= b.count {
          trace.append(furthest)
          return trace
        }
      }
      trace.append(furthest)
    }
    return nil
  }

  // MARK: Showing

  /// The changes in unified form with three lines around each; empty when the texts are equal.
  package func unified(oldName: String, newName: String) -> String {
    if changes.isEmpty { return "" }
    let context = 3
    var text = "--- \(oldName)\n+++ \(newName)\n"
    var start = 0
    while start < changes.count {
      var end = start + 1
      while end < changes.count,
        changes[end].old.lowerBound - changes[end - 1].old.upperBound <= 2 * context
      {
        end += 1
      }
      let group = changes[start..<end]
      let first = changes[start]
      let last = changes[end - 1]
      let before = min(context, first.old.lowerBound)
      let after = min(context, old.count - last.old.upperBound)
      let oldRange = first.old.lowerBound - before..<last.old.upperBound + after
      let newRange = first.new.lowerBound - before..<last.new.upperBound + after
      text += "@@ -\(Self.place(oldRange)) +\(Self.place(newRange)) @@\n"
      var line = oldRange.lowerBound
      for change in group {
        for index in line..<change.old.lowerBound { text += Self.shown(" ", old[index]) }
        for index in change.old { text += Self.shown("-", old[index]) }
        for index in change.new { text += Self.shown("+", new[index]) }
        line = change.old.upperBound
      }
      for index in line..<oldRange.upperBound { text += Self.shown(" ", old[index]) }
      start = end
    }
    return text
  }

  private static func place(_ range: Range<Int>) -> String {
    range.count == 1
      ? "\(range.lowerBound + 1)"
      : "\(range.isEmpty ? range.lowerBound : range.lowerBound + 1),\(range.count)"
  }

  private static func shown(_ sign: String, _ line: ArraySlice<UInt8>) -> String {
    let text = sign + String(decoding: line, as: UTF8.self)
    return line.last == 0x0A ? text : text + "\n\\ No newline at end of file\n"
  }
}
