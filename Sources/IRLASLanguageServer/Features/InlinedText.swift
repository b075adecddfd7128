import IRLASDSL

/// The text of a cell's body with the arguments of one application in the places of its parameters.
struct InlinedText {
  private let program: Program
  private let names: NameIndex
  private let file: SourceFile
  private let tree: SyntaxTree
  /// For each parameter the text of its value, and whether it can stand anywhere without parentheses.
  private var values: [(text: String, isAtom: Bool, hasThen: Bool)?] = []
  private let module: Int

  /// The arguments of a link that applies a cell; nil when they fit the parameters in no way that can be written.
  init?(_ program: Program, _ module: Int, _ names: NameIndex, _ link: ExpressionSyntax) {
    let cell = program.module(module)
    guard let tree = program.tree(of: SourceID(cell.file)) else { return nil }
    self.program = program
    self.names = names
    self.tree = tree
    self.module = module
    file = tree.source
    values = Array(repeating: nil, count: cell.syntax.parameters.count)
    var arguments: [ArgumentSyntax] = []
    if case .call(let call) = link { arguments = call.arguments }
    var position = 0
    for argument in arguments {
      let label = argument.label?.name
      let target =
        label.map { name in cell.syntax.parameters.firstIndex { $0.name?.name == name } } ?? position
      if label == nil { position += 1 }
      guard let target, target < values.count, values[target] == nil,
        !argument.node.tokenRange.contains(where: { argument.node.tree.tokens[$0].kind == .peerKeyword })
      else { return nil }
      values[target] = Self.value(argument.value, argument.value.text)
    }
    // Defaults may read the parameters before them.
    for (index, parameter) in cell.syntax.parameters.enumerated() where values[index] == nil {
      guard let value = parameter.defaultValue, let text = substituted(value.span, [:]) else { return nil }
      values[index] = Self.value(value, text)
    }
  }

  private static func value(_ value: ExpressionSyntax, _ text: String) -> (String, Bool, Bool) {
    let isAtom: Bool
    switch value {
    case .number, .kernel, .string, .boolean, .name, .call, .parenthesized, .tuple, .list, .postfix:
      isAtom = true
    default: isAtom = false
    }
    let hasThen = value.node.tokenRange.contains { value.node.tree.tokens[$0].kind == .thenKeyword }
    return (text, isAtom, hasThen)
  }

  /// Whether a name is read in a range of the cell's file.
  func reads(_ name: String, in range: Range<Int>) -> Bool {
    names.occurrences.contains {
      $0.role == .use && range.contains(Int($0.span.lower)) && program.text($0.span) == name
    }
  }

  /// The text of a span with parameters replaced by their values and names by other names; nil when a value cannot
  /// stand where its parameter does.
  func substituted(_ span: SourceSpan, _ replacements: [Symbol: String]) -> String? {
    var bytes: [UInt8] = []
    var at = Int(span.lower)
    for occurrence in names.occurrences
    where span.lower <= occurrence.span.lower && occurrence.span.upper <= span.upper {
      let replacement: String
      if occurrence.role != .label, case .parameter(module, let index) = occurrence.symbol {
        guard index < values.count, let value = values[index],
          let text = text(of: value, at: occurrence.span)
        else { return nil }
        replacement = text
      } else if let name = replacements[occurrence.symbol] {
        replacement = name
      } else {
        continue
      }
      bytes += file.utf8[at..<Int(occurrence.span.lower)]
      bytes += replacement.utf8
      at = Int(occurrence.span.upper)
    }
    bytes += file.utf8[at..<Int(span.upper)]
    return String(decoding: bytes, as: UTF8.self)
  }

  private func text(of value: (text: String, isAtom: Bool, hasThen: Bool), at place: SourceSpan) -> String? {
    let around = tree.enclosing(Int(place.lower)).filter {
      $0.span.lower <= place.lower && $0.span.upper >= place.upper
    }
    if value.hasThen, around.contains(where: { $0.kind == .repetition }) { return nil }
    // The name itself, then what it is a part of.
    let parents = around.drop { $0.kind == .name }
    if around.first?.kind == .call, around.first?.span.lower == place.lower {
      // The parameter is called: only a name can stand there.
      return value.isAtom && value.text.utf8.allSatisfy { $0 == 0x5F || $0 >= 0x30 && $0 != 0x28 }
        ? value.text : nil
    }
    switch parents.first?.kind {
    case .argument: return value.text
    case .parenthesized, .tuple, .list: return value.hasThen ? "(\(value.text))" : value.text
    default: return value.isAtom ? value.text : "(\(value.text))"
    }
  }
}
