import IRLASDSL

/// Projects an operand of a sum whose shape differs from another's: `x` becomes `(x -> fit)`.
struct ProjectWithFit {
  let analysis: Analysis

  /// The change for the operand at a place; nil where there is nothing to project.
  func refactoring(_ range: Range<Int>) -> Refactoring? {
    guard let tree = analysis.tree else { return nil }
    for node in tree.enclosing(range.lowerBound) where node.kind == .sum {
      guard case .operation(let sum)? = ExpressionSyntax(node) else { continue }
      let operands = sum.operands
      guard
        let operand = operands.first(where: {
          $0.span.range.lowerBound <= range.lowerBound && range.upperBound <= $0.span.range.upperBound
        }), let shapes = analysis.shapes(of: operand), shapes.count == 1
      else { continue }
      let others = operands.filter { $0.span != operand.span }.compactMap { analysis.shapes(of: $0) }
      guard others.contains(where: { $0 != shapes }) else { continue }
      var edits: [Diagnostic.Edit] = []
      if case .parenthesized(let view) = operand {
        edits.append(.init(view.expression.span.end, " -> fit"))
      } else {
        edits += [.init(operand.span.start, "("), .init(operand.span.end, " -> fit)")]
      }
      if analysis.program.visible("fit", in: SourceID(0)) == nil {
        guard let use = analysis.program.useOfStandard(in: SourceID(0)) else { return nil }
        edits.append(use)
      }
      return Refactoring(title: "Project with fit", kind: "refactor.rewrite", edits: edits)
    }
    return nil
  }
}
