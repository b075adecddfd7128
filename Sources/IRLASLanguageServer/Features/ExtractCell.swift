import IRLASDSL

/// Makes a cell of selected links of a chain. What the links read besides the tensors becomes a parameter.
struct ExtractCell {
  let analysis: Analysis

  /// The change for a selection; nil when it is no run of links, or its meaning depends on what is around it.
  func refactoring(_ selection: Range<Int>) -> Refactoring? {
    guard let tree = analysis.tree, !selection.isEmpty, let (chain, selected) = links(tree, selection),
      let module = analysis.program.module(at: Int(chain.span.lower), in: SourceID(0)),
      analysis.program.module(module).keyword != .space
    else { return nil }
    let links = chain.links
    let range =
      links[selected.lowerBound].span.range.lowerBound..<links[selected.upperBound].span.range.upperBound
    guard !analysis.readsPeer(range), !hasOuterThen(chain, range),
      let tensors = entering(links, selected.lowerBound), let parameters = parameters(range)
    else { return nil }
    let program = analysis.program
    let taken = program.declaredNames(in: SourceID(0))
    var name = "Extracted"
    var number = 2
    while taken.contains(name) || program.visible(name, in: SourceID(0)) != nil {
      name = "Extracted\(number)"
      number += 1
    }
    var input = tensors == 1 ? "x" : "xs"
    while parameters.contains(where: { $0.name == input }) { input += "_" }
    var count = "n"
    while parameters.contains(where: { $0.name == count }) || count == input { count += "_" }
    let text = program.text(SourceSpan(file: SourceID(0), range))
    let head = parameters.map { name, type in type.map { "\(name): \($0)" } ?? name }
    let cell = """
      cell \(name)\(head.isEmpty ? "" : "(\(head.joined(separator: ", ")))") {
        in \(tensors == 1 ? input : "\(input)[\(count)]")
        return \(input)\(text.contains("\n") ? "\n    " : " ")-> \(text)
      }


      """
    let call =
      parameters.isEmpty
      ? name : "\(name)(\(parameters.map { "\($0.name): \($0.name)" }.joined(separator: ", ")))"
    return Refactoring(
      title: "Extract into a cell", kind: "refactor.extract",
      edits: [
        .init(insertion(before: analysis.program.module(module).syntax), cell),
        .init(SourceSpan(file: SourceID(0), range), call),
      ])
  }

  /// The chain and the indices of its links that a selection covers exactly; the first link, which is what the chain
  /// begins with, stays where it is.
  private func links(_ tree: SyntaxTree, _ selection: Range<Int>) -> (ChainSyntax, ClosedRange<Int>)? {
    var tokens = tree.tokens.filter {
      $0.kind != .endOfFile && selection.lowerBound <= Int($0.lower) && Int($0.upper) <= selection.upperBound
    }[...]
    while tokens.first?.kind == .arrow { tokens = tokens.dropFirst() }
    while tokens.last?.kind == .arrow { tokens = tokens.dropLast() }
    guard let first = tokens.first, let last = tokens.last else { return nil }
    for node in tree.enclosing(Int(first.lower)) where node.kind == .chain {
      guard case .chain(let chain)? = ExpressionSyntax(node) else { continue }
      let links = chain.links
      guard let start = links.firstIndex(where: { $0.span.lower == first.lower }),
        let end = links.firstIndex(where: { $0.span.upper == last.upper }), max(start, 1) <= end,
        !node.isBroken
      else { continue }
      return (chain, max(start, 1)...end)
    }
    return nil
  }

  /// How many tensors enter a link; nil when it is not known.
  private func entering(_ links: [ExpressionSyntax], _ index: Int) -> Int? {
    // What the chain begins with has to be tensors: a chain that begins with a layer is one.
    guard let first = analysis.shapes(of: links[0]) else { return nil }
    if index == 1 { return first.count }
    return analysis.record.finding(at: links[index - 1].span)?.shapes?.count
  }

  /// Whether a `then` belongs to a `repeat` around the links.
  private func hasOuterThen(_ chain: ChainSyntax, _ range: Range<Int>) -> Bool {
    let inside = chain.node.descendants.filter {
      range.lowerBound <= Int($0.span.lower) && Int($0.span.upper) <= range.upperBound
    }
    let repeats = inside.filter { $0.kind == .repetition }.map(\.span.range)
    return inside.contains { node in
      node.kind == .then && !repeats.contains { $0.contains(Int(node.span.lower)) }
    }
  }

  /// The names that the links read and that are bound outside, with their types; nil when one cannot be a parameter.
  private func parameters(_ range: Range<Int>) -> [(name: String, type: String?)]? {
    let program = analysis.program
    var seen: Set<Symbol> = []
    var found: [(String, String?)] = []
    for occurrence in analysis.index.occurrences
    where range.contains(Int(occurrence.span.lower)) && occurrence.role == .use {
      let type: String?
      switch occurrence.symbol {
      case .parameter(let module, let index): type = program.typeName(ofParameter: index, of: module)
      case .local(let span):
        if range.contains(Int(span.lower)) { continue }
        guard let known = analysis.record.finding(at: span)?.typeName else { return nil }
        type = known == "Int" ? nil : known
      default: continue
      }
      guard seen.insert(occurrence.symbol).inserted else { continue }
      found.append((program.sources.files[0].text(occurrence.span), type))
    }
    return found
  }

  /// The start of the line on which a declaration, with its comments, begins.
  private func insertion(before module: ModuleSyntax) -> SourceSpan {
    let source = analysis.source
    var line = source.lineIndex(at: Int(module.span.lower))
    while line > 0 {
      let above = source.utf8[source.lineRange(line - 1)].drop { $0 == 0x20 || $0 == 0x09 }
      guard above.starts(with: [0x2F, 0x2F]), !above.starts(with: [0x2F, 0x2F, 0x21]) else { break }
      line -= 1
    }
    let start = Int(source.lineStarts[line])
    // Something else may stand on the same line before the declaration.
    let text = source.utf8[start..<max(start, Int(module.span.lower))]
    let isOwnLine =
      line < source.lineIndex(at: Int(module.span.lower)) || text.allSatisfy { $0 == 0x20 || $0 == 0x09 }
    return isOwnLine ? SourceSpan(file: SourceID(0), start..<start) : module.span.start
  }
}
