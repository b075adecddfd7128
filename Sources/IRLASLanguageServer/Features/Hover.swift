import IRLASDSL
import IRLASGraph
import IRLASJSON

extension LanguageServer {
  /// What a name is, what it came to, what it costs.
  func hover(_ place: Place) -> JSON {
    let analysis = place.analysis
    guard let occurrence = analysis.index.occurrence(at: place.offset) else { return hoverLink(place) }
    let program = analysis.program
    let description = program.describe(occurrence.symbol)
    var signature = description.signature
    var facts: [String] = []
    switch occurrence.symbol {
    case .local(let bound):
      if let finding = analysis.record.finding(at: bound) { signature += " = \(finding.text)" }
    case .parameter:
      let bound = program.definition(of: occurrence.symbol)
      if let finding = bound.flatMap({ analysis.record.finding(at: $0) }) {
        facts.append("here `\(finding.text)`")
      }
    default: break
    }
    if let link = link(around: occurrence.span, analysis) {
      facts += figures(at: link, analysis)
    }
    if occurrence.role == .definition, case .module(let id) = occurrence.symbol {
      facts += totals(of: id, analysis)
    }
    var text = "```irlas\n\(signature)\n```"
    if let documentation = description.documentation { text += "\n\n\(documentation)" }
    if !facts.isEmpty { text += "\n\n" + facts.joined(separator: "  \n") }
    return [
      "contents": ["kind": "markdown", "value": .string(text)],
      "range": range(occurrence.span.range, in: analysis),
    ]
  }

  /// The shape and cost of a link that is no name, a sum for instance.
  private func hoverLink(_ place: Place) -> JSON {
    guard let tree = place.analysis.tree else { return .null }
    for node in tree.enclosing(place.offset) {
      guard place.analysis.record.finding(at: node.span) != nil else { continue }
      let facts = figures(at: node.span, place.analysis)
      return [
        "contents": ["kind": "markdown", "value": .string(facts.joined(separator: "  \n"))],
        "range": range(node.span.range, in: place.analysis),
      ]
    }
    return .null
  }

  /// The span of the call or link that a name begins.
  private func link(around name: SourceSpan, _ analysis: Analysis) -> SourceSpan? {
    if analysis.record.finding(at: name) != nil { return name }
    guard let tree = analysis.tree else { return nil }
    for node in tree.enclosing(Int(name.lower)) where node.span.lower == name.lower {
      if analysis.record.finding(at: node.span) != nil { return node.span }
      if node.kind != .name, node.kind != .call { return nil }
    }
    return nil
  }

  private func figures(at span: SourceSpan, _ analysis: Analysis) -> [String] {
    var facts: [String] = []
    if let finding = analysis.record.finding(at: span) { facts.append("gives `\(finding.text)`") }
    if let figures = analysis.record.figures(at: span) {
      facts.append(
        "\(grouped(figures.parameters)) parameters, \(grouped(figures.macs)) MACs"
          + (figures.uses > 1 ? " in \(figures.uses) uses" : ""))
    }
    return facts
  }

  private func totals(of module: Int, _ analysis: Analysis) -> [String] {
    guard let found = analysis.record.totals(of: module) else { return [] }
    return [
      "\(grouped(found.figures.parameters)) parameters, \(grouped(found.figures.macs)) MACs, depth \(found.depth)"
    ]
  }
}
