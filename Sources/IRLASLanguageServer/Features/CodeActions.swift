import IRLASDSL
import IRLASGraph
import IRLASJSON

/// A change of the text that the client may offer.
struct Refactoring {
  /// What the client shows.
  let title: String
  /// The protocol's kind.
  let kind: String
  /// The changes, which do not overlap.
  let edits: [Diagnostic.Edit]
}

extension LanguageServer {
  /// The fixes of the messages in a range, and the refactorings that are possible there.
  func actions(_ document: OpenDocument, in range: Range<Int>, only: [String]?) -> JSON {
    let analysis = document.analysis
    func isWanted(_ kind: String) -> Bool {
      guard let only else { return true }
      return only.contains { kind == $0 || kind.hasPrefix("\($0).") || $0.isEmpty }
    }
    var actions: [JSON] = []
    if isWanted("quickfix") {
      for diagnostic in analysis.diagnostics where diagnostic.span.file == SourceID(0) {
        let place = diagnostic.span.range
        guard place.lowerBound <= range.upperBound, range.lowerBound <= place.upperBound else { continue }
        var isFirst = true
        for help in diagnostic.help where !help.edits.isEmpty {
          guard let edit = workspaceEdit(help.edits, in: analysis) else { continue }
          actions.append([
            "title": .string(help.message), "kind": "quickfix", "diagnostics": [json(diagnostic, analysis)],
            "isPreferred": .bool(isFirst && !help.isOneOfSeveral), "edit": edit,
          ])
          isFirst = false
        }
      }
    }
    let refactorings = [
      ExtractCell(analysis: analysis).refactoring(range), InlineCell(analysis: analysis).refactoring(range),
      ProjectWithFit(analysis: analysis).refactoring(range),
    ]
    for refactoring in refactorings {
      guard let refactoring, isWanted(refactoring.kind),
        let edit = workspaceEdit(refactoring.edits, in: analysis)
      else { continue }
      actions.append(["title": .string(refactoring.title), "kind": .string(refactoring.kind), "edit": edit])
    }
    return .array(actions)
  }
}

extension Analysis {
  /// The shapes of the tensors that a value carries, where checking met it; nil for what is no tensor or is not known.
  func shapes(of expression: ExpressionSyntax) -> [String]? {
    switch expression {
    case .parenthesized(let view): return shapes(of: view.expression)
    case .name(let view):
      guard let occurrence = index.occurrence(at: Int(view.span.lower)), occurrence.span == view.span,
        let bound = program.definition(of: occurrence.symbol), let finding = record.finding(at: bound)
      else { return nil }
      return finding.shapes?.map(\.description)
    case .tuple(let view):
      var all: [String] = []
      for element in view.elements.prefix(64) {
        guard let shapes = shapes(of: element) else { return nil }
        all += shapes
      }
      return all
    case .chain(let view):
      guard let last = view.links.last else { return nil }
      return record.finding(at: last.span)?.shapes?.map(\.description)
    default: return record.finding(at: expression.span)?.shapes?.map(\.description)
    }
  }

  /// Whether a module stands in a bracket of tokens that name it: `peer`, and cells whose defaults read it.
  func readsPeer(_ range: Range<Int>) -> Bool {
    guard let tree else { return true }
    if tree.tokens.contains(where: { $0.kind == .peerKeyword && range.contains(Int($0.lower)) }) {
      return true
    }
    return index.occurrences.contains { occurrence in
      guard range.contains(Int(occurrence.span.lower)),
        case .module(let id)? = program.callee(occurrence.symbol, in: 0)
      else { return false }
      return program.needsPeer(id)
    }
  }
}
