/// Turns messages into text for people and machines.
///
/// The long form shows the lines that the labels stand on, primary spans underlined with carets and secondary ones
/// with dashes, then notes, the instantiation trace, and help with the lines as they would become.
package struct DiagnosticRenderer: Sendable {
  /// The files that spans refer to.
  package let sources: SourceSet
  /// Whether to colour the long and short forms with ANSI escapes.
  package let color: Bool

  /// A renderer for messages about the given files.
  package init(sources: SourceSet, color: Bool = false) {
    self.sources = sources
    self.color = color
  }

  /// The long form of several messages with an empty line between them, without a last line end.
  package func render(_ diagnostics: [Diagnostic]) -> String {
    diagnostics.map { render($0) }.joined(separator: "\n\n")
  }

  /// `file:line:column: error[L0201]: message`
  package func renderShort(_ diagnostic: Diagnostic) -> String {
    "\(location(of: diagnostic.span)): \(heading(of: diagnostic))"
  }

  /// `file:line:column`
  func location(of span: SourceSpan) -> String {
    guard let file = sources[span.file] else { return "<unknown>" }
    let place = file.location(at: Int(span.lower))
    return "\(printable(file.name)):\(place.line):\(place.column)"
  }

  private func heading(of diagnostic: Diagnostic) -> String {
    let severity = paint(
      "\(diagnostic.severity.rawValue)[\(diagnostic.code.code)]", severityColor(diagnostic))
    return severity + paint(": \(printable(diagnostic.message))", .bold)
  }

  /// The long form: message, source lines, notes, trace and help, without a last line end.
  package func render(_ diagnostic: Diagnostic) -> String {
    var lines = [heading(of: diagnostic)]
    let excerpts = excerpts(of: diagnostic)
    let width = max(2, excerpts.flatMap(\.lines).map { String($0.number).count }.max() ?? 0)
    let gutter = String(repeating: " ", count: width + 1)
    for (index, excerpt) in excerpts.enumerated() {
      let arrow = paint(String(repeating: " ", count: width) + (index == 0 ? "-->" : ":::"), .blue)
      lines.append("\(arrow) \(location(of: excerpt.place))")
      lines.append(paint(gutter + "|", .blue))
      for line in excerpt.lines {
        let number = String(line.number)
        let margin = String(repeating: " ", count: width - number.count) + number
        lines.append(trimmed(paint(margin + " |", .blue) + " " + line.text))
        for row in line.annotationRows() {
          lines.append(paint(gutter + "|", .blue) + " " + paintRow(row, diagnostic))
        }
      }
    }
    var facts = diagnostic.notes.map(printable)
    facts += diagnostic.trace.map { step in
      "in \(printable(step.text))" + (step.span.map { " (\(location(of: $0)))" } ?? "")
    }
    if !facts.isEmpty {
      lines.append(paint(gutter + "|", .blue))
      for fact in facts { lines.append(paint(gutter + "=", .blue) + " " + fact) }
    }
    for help in diagnostic.help {
      lines.append(paint("help", .green) + ": " + printable(help.message))
      for line in preview(of: help.edits) { lines.append(trimmed(paint(gutter + "|", .blue) + " " + line)) }
    }
    return lines.joined(separator: "\n")
  }

  private func trimmed(_ line: String) -> String {
    var line = Substring(line)
    while line.last == " " { line.removeLast() }
    return String(line)
  }

  // MARK: Colour

  enum Paint: String {
    case bold = "1"
    case red = "1;31"
    case yellow = "1;33"
    case blue = "1;34"
    case green = "1;32"
  }

  private func severityColor(_ diagnostic: Diagnostic) -> Paint {
    switch diagnostic.severity {
    case .error: .red
    case .warning: .yellow
    case .note: .bold
    }
  }

  private func paint(_ text: String, _ paint: Paint) -> String {
    color ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
  }

  private func paintRow(_ row: AnnotatedLine.Row, _ diagnostic: Diagnostic) -> String {
    guard color else { return trimmed(row.map(\.text).joined()) }
    return row.map { piece in
      switch piece.style {
      case nil: piece.text
      case .primary: paint(piece.text, severityColor(diagnostic))
      case .secondary: paint(piece.text, .blue)
      }
    }.joined()
  }

  // MARK: Help

  /// The lines that edits touch, as they would become; nothing when they are many or long.
  private func preview(of edits: [Diagnostic.Edit]) -> [String] {
    guard let first = edits.min(by: { $0.span.lower < $1.span.lower }), let file = sources[first.span.file]
    else { return [] }
    guard edits.allSatisfy({ $0.span.file == file.id && Int($0.span.upper) <= file.utf8.count }) else {
      return []
    }
    let last = edits.map(\.span.upper).max() ?? first.span.upper
    let start = file.lineRange(file.lineIndex(at: Int(first.span.lower))).lowerBound
    let end = max(file.lineRange(file.lineIndex(at: Int(last))).upperBound, Int(last))
    guard end - start <= 800, let text = applying(edits, to: file, within: start..<end) else { return [] }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return lines.count <= 6 ? lines.map { AnnotatedLine.expand($0) } : []
  }
}

/// The bytes `range` of a file after edits; nil when edits overlap or leave the range.
package func applying(_ edits: [Diagnostic.Edit], to file: SourceFile, within range: Range<Int>? = nil)
  -> [UInt8]?
{
  let range = range ?? 0..<file.utf8.count
  var result: [UInt8] = []
  var place = range.lowerBound
  for edit in edits.enumerated().sorted(by: {
    ($0.element.span.lower, $0.offset) < ($1.element.span.lower, $1.offset)
  }) {
    let span = edit.element.span.range
    guard span.lowerBound >= place, span.upperBound <= range.upperBound else { return nil }
    result += file.utf8[place..<span.lowerBound]
    result += edit.element.replacement.utf8
    place = span.upperBound
  }
  return result + file.utf8[place..<range.upperBound]
}
