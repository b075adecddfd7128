extension DiagnosticRenderer {
  /// One message as one JSON object without line ends. Lines and columns count from 1, offsets in bytes from 0.
  package func renderJSON(_ diagnostic: Diagnostic) -> String {
    let labels = diagnostic.labels.map { label in
      object([
        ("style", quoted(label.style.rawValue)), ("text", quoted(label.text)), ("at", place(label.span)),
      ])
    }
    let trace = diagnostic.trace.map { step in
      object([("text", quoted(step.text)), ("at", step.span.map(place) ?? "null")])
    }
    let help = diagnostic.help.map { help in
      let edits = help.edits.map {
        object([("at", place($0.span)), ("replacement", quoted($0.replacement))])
      }
      return object([
        ("message", quoted(help.message)), ("edits", array(edits)),
        ("automatic", help.edits.isEmpty || help.isOneOfSeveral ? "false" : "true"),
      ])
    }
    return object([
      ("code", quoted(diagnostic.code.code)), ("severity", quoted(diagnostic.severity.rawValue)),
      ("message", quoted(diagnostic.message)), ("at", place(diagnostic.span)), ("labels", array(labels)),
      ("notes", array(diagnostic.notes.map(quoted))), ("trace", array(trace)), ("help", array(help)),
    ])
  }

  private func place(_ span: SourceSpan) -> String {
    guard let file = sources[span.file] else { return "null" }
    let start = file.location(at: Int(span.lower))
    let end = file.location(at: Int(span.upper))
    return object([
      ("file", quoted(file.name)), ("line", String(start.line)), ("column", String(start.column)),
      ("end_line", String(end.line)), ("end_column", String(end.column)), ("offset", String(span.lower)),
      ("end_offset", String(span.upper)),
    ])
  }

  private func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
  }

  private func array(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20: result += "\\u" + hexadecimal(scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
