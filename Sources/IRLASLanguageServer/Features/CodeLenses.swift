import IRLASDSL
import IRLASGraph
import IRLASJSON

extension LanguageServer {
  /// The figures of networks and cells above their declarations.
  func lenses(_ document: OpenDocument) -> JSON {
    let analysis = document.analysis
    var lines = LineMap(analysis.source, encoding)
    var lenses: [JSON] = []
    for id in analysis.program.modules(in: SourceID(0)) {
      let module = analysis.program.module(id)
      guard let name = module.syntax.name, let title = title(of: id, analysis) else { continue }
      lenses.append([
        "range": lines.json(name.span.range), "command": ["title": .string(title), "command": ""],
      ])
    }
    return .array(lenses)
  }

  private func title(of id: Int, _ analysis: Analysis) -> String? {
    let module = analysis.program.module(id)
    switch module.keyword {
    case .space: return nil
    case .network:
      guard let found = analysis.record.totals(of: id) else {
        // The line stays while the text is broken, so that the text does not jump.
        return analysis.isComplete ? "not elaborated" : "..."
      }
      return
        "\(short(found.figures.parameters)) parameters, \(short(found.figures.macs)) MACs, depth \(found.depth)"
    case .cell:
      var total = Figures()
      for occurrence in analysis.index.occurrences
      where occurrence.role == .use && analysis.program.callee(occurrence.symbol, in: 0) == .module(id) {
        guard let tree = analysis.tree else { continue }
        for node in tree.enclosing(Int(occurrence.span.lower)) where node.span.lower == occurrence.span.lower
        {
          guard node.kind == .name || node.kind == .call else { break }
          guard let figures = analysis.record.figures(at: node.span) else { continue }
          total.parameters = saturatingSum(total.parameters, figures.parameters)
          total.macs = saturatingSum(total.macs, figures.macs)
          total.uses += figures.uses
          break
        }
      }
      guard total.uses > 0 else { return analysis.isComplete ? "not applied" : "..." }
      return
        "\(total.uses) use\(total.uses == 1 ? "" : "s"): \(short(total.parameters)) parameters, \(short(total.macs)) MACs"
    }
  }

  /// Three or four digits and a suffix: `34.4 M`.
  private func short(_ number: Int) -> String {
    for (unit, suffix) in [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")]
    where number >= unit {
      let tenths = number / (unit / 10)
      return tenths >= 1000 ? "\(tenths / 10) \(suffix)" : "\(tenths / 10).\(tenths % 10) \(suffix)"
    }
    return "\(number)"
  }
}
