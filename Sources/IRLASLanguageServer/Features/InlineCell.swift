import IRLASDSL

/// Replaces the application of a cell by the cell's own text. A cell that is one chain is replaced in place; the
/// statements of others are put before the statement around the application.
struct InlineCell {
  let analysis: Analysis
  private var program: Program { analysis.program }

  /// The change for the application at a place; nil where there is none, or where the text would mean something else.
  func refactoring(_ range: Range<Int>) -> Refactoring? {
    guard let tree = analysis.tree, let (chain, position, module) = application(tree, range.lowerBound),
      let caller = program.module(at: Int(chain.span.lower), in: SourceID(0)), caller != module,
      program.module(caller).keyword != .space
    else { return nil }
    let cell = program.module(module)
    let file = SourceID(cell.file)
    guard cell.keyword == .cell, !cell.syntax.node.isBroken, !program.needsPeer(module) else { return nil }
    let names = cell.file == 0 ? analysis.index : program.nameIndex(of: file)
    let link = chain.links[position]
    guard let arguments = InlinedText(program, module, names, link), isVisible(cell.syntax, names, caller)
    else {
      return nil
    }
    let title = "Inline \(cell.name)"
    if let text = oneChain(cell.syntax, arguments) {
      return Refactoring(title: title, kind: "refactor.inline", edits: [.init(link.span, text)])
    }
    guard let edits = hoisted(cell.syntax, arguments, names, chain, position, caller) else { return nil }
    return Refactoring(title: title, kind: "refactor.inline", edits: edits)
  }

  /// The link at a place that applies a cell.
  private func application(_ tree: SyntaxTree, _ offset: Int) -> (ChainSyntax, Int, Int)? {
    guard let occurrence = analysis.index.occurrence(at: offset), occurrence.role == .use,
      case .module(let id)? = program.callee(occurrence.symbol, in: 0)
    else { return nil }
    for node in tree.enclosing(Int(occurrence.span.lower)) where node.kind == .chain {
      guard case .chain(let chain)? = ExpressionSyntax(node) else { continue }
      let found = chain.links.firstIndex { link in
        let kind = link.node.kind
        return link.span.lower == occurrence.span.lower && (kind == .name || kind == .call)
      }
      guard let position = found, position > 0 else { return nil }
      return (chain, position, id)
    }
    return nil
  }

  /// Whether everything that the cell's text names means the same in the caller.
  private func isVisible(_ cell: ModuleSyntax, _ names: NameIndex, _ caller: Int) -> Bool {
    let locals = Set((analysis.index.locals[caller] ?? []).map(\.name))
    for occurrence in names.occurrences where cell.span.range.contains(Int(occurrence.span.lower)) {
      switch occurrence.symbol {
      case .module, .primitive, .function, .alias:
        guard occurrence.role == .use else { continue }
        let name = program.text(occurrence.span)
        guard !locals.contains(name),
          program.visible(name, in: SourceID(0))
            == program.callee(occurrence.symbol, in: Int(cell.span.file.index))
        else { return false }
      case .file, .choice: return false
      default: continue
      }
    }
    return true
  }

  /// The links of a cell that is one chain from its only input.
  private func oneChain(_ cell: ModuleSyntax, _ text: InlinedText) -> String? {
    guard cell.inputs.count == 1, let input = cell.inputs.first, input.shape == nil, cell.statements.isEmpty,
      let outputs = cell.returnStatement?.outputs, outputs.count == 1, outputs[0].label == nil,
      case .chain(let chain) = outputs[0].value, case .name(let first) = chain.links[0],
      first.name == input.name?.name
    else { return nil }
    let range = chain.links[1].span.range.lowerBound..<chain.span.range.upperBound
    if let count = input.count, text.reads(count.text, in: cell.span.range) { return nil }
    guard !text.reads(first.name, in: range) else { return nil }
    return text.substituted(SourceSpan(file: chain.span.file, range), [:])
  }

  /// The statements of the cell before the statement around the application.
  private func hoisted(
    _ cell: ModuleSyntax, _ text: InlinedText, _ names: NameIndex, _ chain: ChainSyntax, _ position: Int,
    _ caller: Int
  ) -> [Diagnostic.Edit]? {
    let links = chain.links
    guard cell.inputs.allSatisfy({ $0.shape == nil && $0.count == nil }),
      analysis.shapes(of: links[0]) != nil,
      let statement = statement(around: chain, caller), let outputs = cell.returnStatement?.outputs,
      outputs.allSatisfy({ $0.label == nil })
    else { return nil }
    var taken = Set((analysis.index.locals[caller] ?? []).map(\.name))
    taken.formUnion(program.declaredNames(in: SourceID(0)))
    var replacements: [Symbol: String] = [:]
    func fresh(_ name: String) -> String {
      var candidate = name
      var number = 2
      while taken.contains(candidate) || program.visible(candidate, in: SourceID(0)) != nil {
        candidate = "\(name)\(number)"
        number += 1
      }
      taken.insert(candidate)
      return candidate
    }
    var lines: [String] = []
    // The inputs: names as they are, anything else is bound.
    let inputs = cell.inputs.compactMap(\.name)
    guard inputs.count == cell.inputs.count else { return nil }
    let prefix = SourceSpan(
      file: SourceID(0), Int(links[0].span.lower)..<Int(links[position - 1].span.upper))
    if position == 1, let given = simpleNames(links[0]), given.count == inputs.count {
      for (input, name) in zip(inputs, given) { replacements[.local(input.span)] = name }
    } else {
      let bound = inputs.map { fresh($0.name) }
      for (input, name) in zip(inputs, bound) { replacements[.local(input.span)] = name }
      lines.append("\(bound.joined(separator: ", ")) = \(program.sources.files[0].text(prefix))")
    }
    for occurrence in names.occurrences
    where occurrence.role == .definition && cell.span.range.contains(Int(occurrence.span.lower)) {
      guard case .local = occurrence.symbol, replacements[occurrence.symbol] == nil else { continue }
      replacements[occurrence.symbol] = fresh(program.text(occurrence.span))
    }
    for statement in cell.statements {
      guard let line = text.substituted(statement.span, replacements) else { return nil }
      lines.append(line)
    }
    var results: [String] = []
    for output in outputs {
      guard let result = text.substituted(output.value.span, replacements) else { return nil }
      results.append(result)
    }
    let result = results.count == 1 ? results[0] : "(\(results.joined(separator: ", ")))"
    let indent = indentation(of: statement)
    let replaced = SourceSpan(file: SourceID(0), Int(links[0].span.lower)..<Int(links[position].span.upper))
    return [
      .init(statement.start, lines.map { "\($0)\n\(indent)" }.joined()), .init(replaced, result),
    ]
  }

  private func simpleNames(_ value: ExpressionSyntax) -> [String]? {
    switch value {
    case .name(let name): return [name.span.isEmpty ? "" : program.sources.files[0].text(name.span)]
    case .parenthesized(let view): return simpleNames(view.expression)
    case .tuple(let view):
      var names: [String] = []
      for element in view.elements {
        guard case .name(let name) = element else { return nil }
        // A name may stand for several tensors.
        guard analysis.shapes(of: element)?.count == 1 else { return nil }
        names.append(program.sources.files[0].text(name.span))
      }
      return names
    default: return nil
    }
  }

  /// The statement of the caller that holds a chain outside of all conditionals, loops and layers.
  private func statement(around chain: ChainSyntax, _ caller: Int) -> SourceSpan? {
    guard let tree = analysis.tree else { return nil }
    var isInside = false
    for node in tree.enclosing(Int(chain.links[0].span.lower)) {
      if node == chain.node { isInside = true }
      guard isInside else { continue }
      switch node.kind {
      case .binding, .returnStatement: return node.token(.sharedKeyword) == nil ? node.span : nil
      case .chain, .sum, .product, .parenthesized, .tuple, .output: continue
      default: return nil
      }
    }
    return nil
  }

  private func indentation(of statement: SourceSpan) -> String {
    let source = analysis.source
    let line = source.lineRange(source.lineIndex(at: Int(statement.lower)))
    let blanks = source.utf8[line].prefix { $0 == 0x20 || $0 == 0x09 }
    return String(decoding: blanks, as: UTF8.self)
  }
}
