/// A source line with what is to be underlined on it, in display columns.
struct AnnotatedLine {
  /// A run of columns to underline.
  struct Segment {
    var columns: Range<Int>
    var style: Diagnostic.LabelStyle
    var text: String
  }

  /// A piece of an annotation row; blanks have no style.
  struct Piece {
    var text: String
    var style: Diagnostic.LabelStyle?
  }

  /// One row below a source line.
  typealias Row = [Piece]

  /// The line number, from 1.
  let number: Int
  /// The text with tabs expanded and nothing that a terminal would obey.
  let text: String
  /// What to underline.
  var segments: [Segment]

  /// A line as shown: tabs become blanks, control characters become replacement signs.
  static func expand(_ line: some StringProtocol) -> String {
    var result = String.UnicodeScalarView()
    var column = 0
    var scalars = Substring.UnicodeScalarView(line.unicodeScalars)
    if scalars.last == "\r" { scalars.removeLast() }
    for scalar in scalars {
      if scalar == "\t" {
        let width = tabWidth - column % tabWidth
        result.append(contentsOf: String(repeating: " ", count: width).unicodeScalars)
        column += width
      } else {
        result.append(printable(scalar))
        column += displayWidth(of: scalar)
      }
    }
    return String(result)
  }

  /// The rows below the line: the underlines, with the text of the rightmost label beside it, then the other texts
  /// from right to left, hung from their underlines.
  func annotationRows() -> [Row] {
    let ordered = segments.sorted {
      ($0.columns.lowerBound, $0.columns.upperBound) < ($1.columns.lowerBound, $1.columns.upperBound)
    }
    guard let last = ordered.last else { return [] }
    var cells: [Diagnostic.LabelStyle?] = []
    for segment in ordered {
      let end = max(segment.columns.upperBound, segment.columns.lowerBound + 1)
      if cells.count < end { cells += Array(repeating: nil, count: end - cells.count) }
      for column in segment.columns.lowerBound..<end where cells[column] != .primary {
        cells[column] = segment.style
      }
    }
    var underline = Self.pieces(of: cells) { $0 == .primary ? "^" : "-" }
    var hanging = ordered.filter { !$0.text.isEmpty }
    let lastEnd = max(last.columns.upperBound, last.columns.lowerBound + 1)
    if !last.text.isEmpty, lastEnd == cells.count {
      underline.append(Piece(text: " " + last.text, style: last.style))
      hanging.removeLast()
    }
    var rows = [underline]
    if !hanging.isEmpty { rows.append(Self.stems(hanging)) }
    while let label = hanging.popLast() {
      var row = Self.stems(hanging.filter { $0.columns.lowerBound < label.columns.lowerBound })
      let width = row.reduce(0) { $0 + $1.text.count }
      row.append(
        Piece(text: String(repeating: " ", count: max(0, label.columns.lowerBound - width)), style: nil))
      row.append(Piece(text: label.text, style: label.style))
      rows.append(row)
    }
    return rows
  }

  private static func stems(_ labels: [Segment]) -> Row {
    var cells: [Diagnostic.LabelStyle?] = []
    for label in labels {
      let column = label.columns.lowerBound
      if cells.count <= column { cells += Array(repeating: nil, count: column + 1 - cells.count) }
      cells[column] = label.style
    }
    return pieces(of: cells) { _ in "|" }
  }

  private static func pieces(
    of cells: [Diagnostic.LabelStyle?], _ sign: (Diagnostic.LabelStyle) -> Character
  ) -> Row {
    var row: Row = []
    for cell in cells {
      let character = cell.map(sign) ?? " "
      if let last = row.last, last.style == cell {
        row[row.count - 1].text.append(character)
      } else {
        row.append(Piece(text: String(character), style: cell))
      }
    }
    return row
  }
}

extension DiagnosticRenderer {
  /// The lines of one file that a message shows.
  struct Excerpt {
    /// The span whose place stands in the heading.
    let place: SourceSpan
    var lines: [AnnotatedLine]
  }

  /// The files and lines that a message shows, the file of the primary label first, lines in order.
  func excerpts(of diagnostic: Diagnostic) -> [Excerpt] {
    var files = [diagnostic.span.file]
    for label in diagnostic.labels where !files.contains(label.span.file) { files.append(label.span.file) }
    return files.compactMap { id in
      guard let file = sources[id] else { return nil }
      let labels = diagnostic.labels.filter { $0.span.file == id }
      let place = (labels.first { $0.style == .primary } ?? labels.first)?.span ?? diagnostic.span
      var marks: [(line: Int, bytes: Range<Int>, label: Diagnostic.Label, hasText: Bool)] = []
      for label in labels {
        let range = label.span.range.clamped(to: 0..<file.utf8.count)
        let first = file.lineIndex(at: range.lowerBound)
        let last = file.lineIndex(at: max(range.lowerBound, range.upperBound - 1))
        if first == last {
          marks.append((first, range, label, true))
        } else {
          // Of a span over several lines the first and the last are shown; the text stands beside the last.
          marks.append((first, range.lowerBound..<file.lineRange(first).upperBound, label, false))
          let start = file.lineRange(last).first { file.utf8[$0] != 0x20 && file.utf8[$0] != 0x09 }
          marks.append(
            (last, min(start ?? range.upperBound, range.upperBound)..<range.upperBound, label, true))
        }
      }
      let numbers = Set(marks.map(\.line)).sorted()
      let lines = numbers.map { number in
        annotatedLine(
          file, number, marks.filter { $0.line == number }.map { ($0.bytes, $0.label, $0.hasText) })
      }
      return Excerpt(place: place, lines: lines)
    }
  }

  /// A line longer than this is shown in part.
  private static let longestLine = 400

  private func annotatedLine(
    _ file: SourceFile, _ index: Int, _ marks: [(bytes: Range<Int>, label: Diagnostic.Label, hasText: Bool)]
  ) -> AnnotatedLine {
    var shown = file.lineRange(index)
    var prefix = ""
    var suffix = ""
    if shown.count > Self.longestLine {
      let focus =
        (marks.first { $0.label.style == .primary } ?? marks.first)?.bytes.lowerBound ?? shown.lowerBound
      var start = max(shown.lowerBound, focus - 60)
      while start < shown.upperBound, file.utf8[start] & 0xC0 == 0x80 { start += 1 }
      var end = min(shown.upperBound, start + 160)
      while end < shown.upperBound, file.utf8[end] & 0xC0 == 0x80 { end += 1 }
      if start > shown.lowerBound { prefix = "... " }
      if end < shown.upperBound { suffix = " ..." }
      shown = start..<end
    }
    func column(_ offset: Int) -> Int {
      let offset = min(max(offset, shown.lowerBound), shown.upperBound)
      return prefix.count + displayWidth(of: file.utf8[shown.lowerBound..<offset])
    }
    let segments = marks.map { mark in
      AnnotatedLine.Segment(
        columns: column(
          mark.bytes.lowerBound)..<max(column(mark.bytes.lowerBound), column(mark.bytes.upperBound)),
        style: mark.label.style, text: mark.hasText ? printable(mark.label.text) : "")
    }
    let text = String(decoding: file.utf8[shown], as: UTF8.self)
    return AnnotatedLine(
      number: index + 1, text: prefix + AnnotatedLine.expand(text) + suffix, segments: segments)
  }
}
