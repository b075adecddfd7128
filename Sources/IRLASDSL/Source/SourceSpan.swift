/// The number of a source file within one `SourceSet`.
package struct SourceID: Hashable, Comparable, Sendable {
  /// The index of the file in its set.
  package let index: UInt32

  /// Makes the id of the file at `index`.
  package init(_ index: Int) { self.index = UInt32(clamping: index) }

  /// Orders ids by the order in which files were added.
  package static func < (a: SourceID, b: SourceID) -> Bool { a.index < b.index }
}

/// A half-open range of UTF-8 bytes in one source file.
package struct SourceSpan: Hashable, Sendable {
  /// The file that the bytes belong to.
  package let file: SourceID
  /// Offset of the first byte.
  package let lower: UInt32
  /// Offset one past the last byte; equal to `lower` for a position between two bytes.
  package let upper: UInt32

  /// The bytes `lower..<upper` of `file`; an inverted range becomes the empty one at `lower`.
  package init(file: SourceID, lower: UInt32, upper: UInt32) {
    self.file = file
    self.lower = lower
    self.upper = max(lower, upper)
  }

  /// The bytes `range` of `file`; offsets beyond 4 GiB are clamped.
  package init(file: SourceID, _ range: Range<Int>) {
    self.init(
      file: file, lower: UInt32(clamping: range.lowerBound), upper: UInt32(clamping: range.upperBound))
  }

  /// The byte offsets as a range of `Int`.
  package var range: Range<Int> { Int(lower)..<Int(upper) }

  /// Whether the span holds no byte.
  package var isEmpty: Bool { lower == upper }

  /// The smallest span that holds this one and `other`; `other` is ignored when it is in another file.
  package func union(_ other: SourceSpan) -> SourceSpan {
    guard other.file == file else { return self }
    return SourceSpan(file: file, lower: min(lower, other.lower), upper: max(upper, other.upper))
  }

  /// The empty span before the first byte.
  package var start: SourceSpan { SourceSpan(file: file, lower: lower, upper: lower) }

  /// The empty span after the last byte.
  package var end: SourceSpan { SourceSpan(file: file, lower: upper, upper: upper) }
}

/// A position as people count it: line and display column, both from 1.
package struct SourceLocation: Hashable, Sendable {
  /// The line, from 1.
  package let line: Int
  /// The display column, from 1: a tab goes to the next multiple of four, a wide character takes two columns,
  /// a combining one takes none.
  package let column: Int

  /// The position in `line` at `column`.
  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}
